"""Pictures of messages: a hash in all that is kept, whole on the wire, left out where refused."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.bad_server import BadServer, completion, error, good, response
from support.chat_server import plain_png
from support.scripted import ScriptedModel, says

from macrohard.artifacts import Artifacts
from macrohard.budget import Budget
from macrohard.config import Caps, Routing, Settings
from macrohard.errors import ModelError
from macrohard.journal import Journal, read_journal
from macrohard.llm import Model, open_model
from macrohard.llm.base import Asker, Message, Reply, Request, ToolCall
from macrohard.llm.cassette import CassetteModel, cassette_key, record_cassette
from macrohard.llm.chat import ChatModel
from macrohard.llm.endpoint import Endpoint, Preset
from macrohard.llm.mailbox import MailboxModel, letters, put_answer
from macrohard.llm.metered import most_input_tokens
from macrohard.llm.picture import Picture
from macrohard.llm.responses import ResponsesModel
from macrohard.llm.routing import metered_alone, open_models, sees_of
from macrohard.llm.secret import Secret
from macrohard.llm.service import Patience
from macrohard.llm.store import StoredModel, restore_request, stored_calls
from macrohard.llm.usage import estimated_usage
from macrohard.roles import load_roles

HASTE = Patience(timeout_s=5, attempts=2, first_wait_s=0.01)
LOOKER = Asker(role="novice", stage="users", item="t1", output="Verdict", looks=True)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    one = Journal(tmp_path / "events.jsonl")
    yield one
    one.close()


def picture(shade: int = 200, name: str = "001.png", side: int = 40) -> Picture:
    return Picture.of(plain_png(side, (shade, shade, shade)), "image/png", (side, side), name)


def asked(*pictures: Picture) -> Request:
    """Two results of one turn; pictures go with the first, to see that they move behind both."""
    calls = tuple(ToolCall(id=f"c{n}", name="click", arguments="{}") for n in range(2))
    return Request(
        asker=LOOKER,
        messages=(
            Message(role="system", content="You look."),
            Message(role="user", content="Try it."),
            Message(role="assistant", tool_calls=calls),
            Message(role="tool", content="a page", tool_call_id="c0", pictures=pictures),
            Message(role="tool", content="the same", tool_call_id="c1"),
        ),
    )


def opened(server: BadServer, **fields: Any) -> ChatModel | ResponsesModel:
    preset = Preset(server.url, stream=False, **fields)
    endpoint = Endpoint("t:m", "m", server.url, Secret(""), preset)
    kind = ResponsesModel if preset.api == "responses" else ChatModel
    return kind(endpoint, HASTE)


async def wire(request: Request, *script: Any, **fields: Any) -> tuple[Reply, list[Any]]:
    async with BadServer(*script) as server:
        model = opened(server, **fields)
        try:
            return await model.complete(request), server.requests
        finally:
            await model.close()


# -- what is kept ------------------------------------------------------------------------------


def test_a_request_without_pictures_is_what_it_always_was() -> None:
    plain = Message(role="user", content="x")
    assert plain.canonical == (
        '{"content":"x","echo":"","role":"user","tool_call_id":"","tool_calls":[]}'
    )
    asker = Asker(role="r", stage="s")
    assert "looks" not in asker.model_dump_json()
    assert "unseen" not in Reply(content="x").model_dump_json()


def test_a_request_is_another_one_with_another_picture_and_holds_no_bytes() -> None:
    keys = {asked().key, asked(picture(1)).key, asked(picture(2)).key, asked(picture(1)).key}
    assert len(keys) == 3
    encoded = base64.b64encode(picture(1).data).decode()[:40]
    for text in (asked(picture(1)).canonical(), asked(picture(1)).model_dump_json()):
        assert picture(1).sha256 in text
        assert encoded not in text


async def test_a_stored_call_names_its_picture_and_finds_it_again(
    tmp_path: Path, journal: Journal
) -> None:
    model = ScriptedModel([says("one"), says("two")])
    artifacts = Artifacts(tmp_path / "artifacts")
    (tmp_path / "calls").mkdir()

    def start() -> StoredModel:
        return StoredModel(
            metered_alone(model, Budget(Caps())),
            folder=tmp_path / "calls",
            artifacts=artifacts,
            journal=journal,
            concurrency=1,
        )

    first = await start().complete(asked(picture()))
    assert await start().complete(asked(picture())) == first, "another start asks no second time"
    await start().complete(asked(picture(), picture(9)))
    assert len(model.requests) == 2
    kept = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    assert sum(path.read_bytes() == picture().data for path in kept) == 1
    for call in stored_calls(tmp_path / "calls"):
        restored = restore_request(call["request"], artifacts)
        assert restored.key == call["key"]
        assert restored.pictures[0].data == picture().data
    files = [*(tmp_path / "calls").iterdir(), tmp_path / "events.jsonl"]
    encoded = base64.b64encode(picture().data).decode()[:40]
    assert all(encoded not in path.read_text() for path in files)

    tape = tmp_path / "x.tape"
    assert (
        record_cassette(
            tmp_path / "calls", artifacts, tape, {"seeing": {"novice": 9}, "windows": {"novice": 8}}
        )
        == 2
    )
    replay = CassetteModel(tape)
    assert replay.sees(LOOKER)
    assert replay.window_tokens(LOOKER) == 9
    assert replay.window_tokens(LOOKER.model_copy(update={"looks": False})) == 8
    assert not replay.sees(LOOKER.model_copy(update={"role": "careful"}))
    assert (await replay.complete(asked(picture()))).content == "one"
    # Another machine draws the same page a little differently, and in the same size.
    assert (await replay.complete(asked(picture(201)))).content == "one"
    with pytest.raises(ModelError, match=r"\+picture 001.png 41x41"):
        await replay.complete(asked(picture(side=41)))
    assert cassette_key(asked(picture())) != cassette_key(asked())


def test_pictures_count_in_what_is_reserved_and_in_what_is_estimated() -> None:
    screen = Picture(media="image/png", sha256="0" * 64, width=1024, height=768)
    plain, seen = asked(), asked(screen)
    assert screen.tokens == 1049  # 1024 * 768 / 750
    # Four tiles by the guide of the one that counts most, 5,667 each and 2,833 at first.
    assert most_input_tokens(seen) - most_input_tokens(plain) == 25_501
    more = estimated_usage(seen, "", []).input_tokens - estimated_usage(plain, "", []).input_tokens
    assert 1049 <= more <= 1049 + 60


# -- on the wire -------------------------------------------------------------------------------


async def test_chat_completions_get_pictures_behind_the_results() -> None:
    _, (body,) = await wire(asked(picture()), good(completion("ok")))
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "user"]
    assert [m["content"] for m in body["messages"][3:5]] == ["a page", "the same"]
    words, title, shown = body["messages"][5]["content"]
    assert (words["type"], title) == ("text", {"type": "text", "text": "001.png:"})
    kind, _, data = shown["image_url"]["url"].partition(";base64,")
    assert (shown["type"], kind) == ("image_url", "data:image/png")
    assert base64.b64decode(data) == picture().data


async def test_responses_get_pictures_behind_the_results() -> None:
    answer = good(response(completion("ok")))
    _, (body,) = await wire(asked(picture()), answer, api="responses")
    assert [item.get("type") for item in body["input"][-3:-1]] == ["function_call_output"] * 2
    last = body["input"][-1]
    assert last["role"] == "user"
    assert [part["type"] for part in last["content"]] == ["input_text", "input_text", "input_image"]
    assert last["content"][2]["image_url"].startswith("data:image/png;base64,iVBOR")


REFUSALS = [
    ("400 Bad Request", "image_url is only supported by certain models."),
    ("422 Unprocessable", "unknown variant `image_url`, expected `text`"),
    ("400 Bad Request", "messages[5].content: expected a string"),
    ("500 Oops", "image input is not supported - hint: you may need to provide the mmproj"),
]


@pytest.mark.parametrize(("status", "said"), REFUSALS)
@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_server_that_refuses_pictures_is_asked_with_words(
    status: str, said: str, api: str
) -> None:
    form = response if api == "responses" else (lambda data: data)
    fine = good(form(completion("ok")))
    async with BadServer(error(status, said), fine, fine, fine) as server:
        model = opened(server, api=api)
        first = await model.complete(asked(picture()))
        second = await model.complete(asked(picture()))
        third = await model.complete(asked())
        await model.close()
    assert first.content == "ok"
    assert said[:15] in first.unseen
    assert second.unseen == first.unseen
    assert third.unseen == ""
    sent = [json.dumps(body) for body in server.requests]
    assert ["base64" in text for text in sent] == [True, False, False, False]
    assert ["001.png cannot be shown to you" in text for text in sent] == [False, True, True, False]


async def test_a_failure_that_only_speaks_of_an_image_blinds_no_model_that_sees() -> None:
    down = error("500 Oops", "the image service is overloaded")
    reply, sent = await wire(asked(picture()), down, good(completion("ok")), sees=True)
    assert (reply.unseen, len(sent)) == ("", 2)
    assert "base64" in json.dumps(sent[1])


async def test_other_complaints_take_no_picture_away() -> None:
    wrong = error("400 Bad Request", "Unsupported parameter: 'max_tokens'")
    reply, sent = await wire(asked(picture()), wrong, good(completion("ok")))
    assert (reply.unseen, "base64" in json.dumps(sent[1])) == ("", True)


async def test_what_is_left_out_is_told_in_the_journal_once_a_trial(
    tmp_path: Path, journal: Journal
) -> None:
    (tmp_path / "calls").mkdir()
    refused = error(*REFUSALS[0])
    async with BadServer(refused, *[good(completion("ok"))] * 3) as server:
        stored = StoredModel(
            metered_alone(opened(server), Budget(Caps())),
            folder=tmp_path / "calls",
            artifacts=Artifacts(tmp_path / "artifacts"),
            journal=journal,
            concurrency=1,
        )
        for shade in range(2):
            await stored.complete(asked(picture(shade)))
    told = [e for e in read_journal(tmp_path / "events.jsonl") if e["type"] == "pictures_left_out"]
    assert [(e["role"], e["item"], e["model"]) for e in told] == [("novice", "t1", "t:m")]
    assert "image_url" in told[0]["reason"]


async def test_a_mailbox_has_the_files_and_its_pages_their_paths(tmp_path: Path) -> None:
    model = MailboxModel(tmp_path)
    assert model.sees(LOOKER)
    answer = asyncio.ensure_future(model.complete(asked(picture())))
    while not (found := list(letters(tmp_path))):
        await asyncio.sleep(0.02)
    (letter,) = found
    (file,) = (tmp_path / "pictures").iterdir()
    assert file.read_bytes() == picture().data
    for page in (letter.page_path, letter.conversation_path):
        assert str(file) in page.read_text()
    assert letter.request().key == asked(picture()).key
    put_answer(letter, "seen")
    assert (await answer).content == "seen"


# -- who sees ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("offline", Settings(), False),
        ("mailbox:x", Settings(), True),
        ("openai:gpt-5-mini", Settings(), True),
        ("openai:gpt-3.5-turbo", Settings(), None),
        ("anthropic:claude-opus-4-5", Settings(), True),
        ("deepseek:deepseek-chat", Settings(), False),
        ("ollama:qwen3", Settings(), None),
        ("ollama:llava", Settings(routing=Routing(tiers={"vision": ("ollama:llava",)})), True),
        ("ollama:x", Settings(routing=Routing(endpoints={"ollama": {"sees": True}})), True),
        ("ollama:y", Settings(routing=Routing(endpoints={"ollama": {"sees": ["y*"]}})), True),
        ("openai:gpt-5", Settings(routing=Routing(endpoints={"openai": {"sees": False}})), False),
    ],
)
def test_which_models_see(name: str, settings: Settings, told: bool | None) -> None:
    assert sees_of(name, settings) is told


class Named:
    """A model of a name, that sees or not, and answers with its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def sees(self, _asker: Asker) -> bool | None:
        return {"seeing": True, "blind": False}.get(self.name.partition("-")[0])

    async def complete(self, _request: Request) -> Reply:
        return Reply(content=self.name)


async def test_tier_vision_plays_those_who_look_unless_a_role_has_its_own(journal: Journal) -> None:
    settings = Settings(
        model="offline",
        routing=Routing(
            tiers={"vision": ("mailbox:eyes",)}, roles={"careful": ("mailbox:careful",)}
        ),
    )
    names = {"offline": "blind", "mailbox:eyes": "unknown-eyes", "mailbox:careful": "blind-own"}

    def opener(name: str) -> Model:
        return Named(names[name])

    model = open_models(settings, load_roles(), Budget(Caps()), journal, opener)
    for role, looks, answered, seen in (
        ("novice", True, "unknown-eyes", True),  # named for it: seeing unless it says not to
        ("novice", False, "blind", False),
        ("careful", True, "blind-own", False),
    ):
        asker = Asker(role=role, stage="users", looks=looks)
        request = Request(asker=asker, messages=(Message(role="user", content="x"),))
        assert (await model.answer(request)).reply.content == answered, role
        assert model.sees(asker) is seen, role


def test_offline_never_sees() -> None:
    assert getattr(open_model("offline"), "sees", None) is None
