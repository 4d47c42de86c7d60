"""The file of a cassette: all that was said, each text once, and no key."""

import base64
import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrohard import build
from macrohard.artifacts import Artifacts
from macrohard.budget import Budget
from macrohard.config import Caps
from macrohard.errors import UsageError
from macrohard.journal import Journal
from macrohard.llm.base import Asker, Message, Reply, Request, Tool, ToolCall, Usage
from macrohard.llm.cassette import CassetteModel, cassette_key, record_cassette
from macrohard.llm.routing import metered_alone
from macrohard.llm.store import StoredModel
from macrohard.llm.tape import read_tape, write_tape

TOOL = Tool(name="t", description="d", parameters={"type": "object"})
_TEXT = st.text() | st.sampled_from(["x" * 300, f'<document name="a">\n{"y" * 200}\n</document>'])
_MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=_TEXT,
    echo=_TEXT,
    tool_calls=st.lists(
        st.builds(ToolCall, id=st.text(), name=st.text(), arguments=_TEXT), max_size=2
    ).map(tuple),
)
_CALLS = st.tuples(
    st.builds(
        Request,
        asker=st.just(Asker(role="r", stage="s")),
        messages=st.lists(_MESSAGES, max_size=4).map(tuple),
        tools=st.sampled_from([(), (TOOL,)]),
        output_schema=st.none() | st.just({"type": "object"}),
    ),
    st.builds(Reply, content=_TEXT, echo=_TEXT, usage=st.just(Usage(input_tokens=3))),
)


@settings(max_examples=25)
@given(st.lists(_CALLS, max_size=4))
def test_what_is_written_is_read(
    tmp_path_factory: object, calls: list[tuple[Request, Reply]]
) -> None:
    path = tmp_path_factory.mktemp("tape") / "x.tape"  # type: ignore[attr-defined]
    by_key = {request.key: (request, reply) for request, reply in calls}
    write_tape(path, {"model": "m"}, by_key)
    tape = read_tape(path)
    assert tape.header["model"] == "m"
    assert dict(tape.calls) == by_key


def conversation(turns: int, size: int) -> dict[str, tuple[Request, Reply]]:
    """An agent that writes a file of its own in each turn."""
    messages = [
        Message(role="system", content="S" * size),
        Message(role="user", content="U" * size),
    ]
    calls = {}
    for turn in range(turns):
        request = Request(
            asker=Asker(role="r", stage="coding"), messages=tuple(messages), tools=(TOOL,)
        )
        text = "".join(chr(97 + (turn * 7 + n * n) % 26) for n in range(size))
        call = ToolCall(id=f"c{turn}", name="write_file", arguments=json.dumps({"content": text}))
        reply = Reply(tool_calls=(call,), finish_reason="tool_calls")
        calls[request.key] = request, reply
        messages += [reply.message, Message(role="tool", content="ok", tool_call_id=call.id)]
    return calls


def test_a_long_conversation_stays_small(tmp_path: Path) -> None:
    """Forty turns of 3 kB each repeat 2.4 MB; the file holds each kilobyte once."""
    calls = conversation(40, 3000)
    write_tape(tmp_path / "x.tape", {}, calls)
    plain = gzip.decompress((tmp_path / "x.tape").read_bytes())
    said = sum(len(request.canonical()) for request, _ in calls.values())
    assert said > 2_000_000
    assert len(plain) < 40 * 3000 * 1.4


KEY = "sk-canary+/7391=x"


async def test_no_key_enters_a_cassette(tmp_path: Path) -> None:
    forms = (KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode())
    asked = Request(
        asker=Asker(role="r", stage="s"),
        messages=tuple(Message(role="user", content=f"the key is {form}") for form in forms),
    )
    calls = tuple(ToolCall(id="1", name="bash", arguments=f"echo {form}") for form in forms)

    class Leaky:
        name = "leaky"

        async def complete(self, _request: Request) -> Reply:
            return Reply(content=" ".join(forms), tool_calls=calls, echo=KEY)

    artifacts = Artifacts(tmp_path / "artifacts")
    journal = Journal(tmp_path / "events.jsonl")
    stored = StoredModel(
        metered_alone(Leaky(), Budget(Caps())),
        folder=tmp_path / "calls",
        artifacts=artifacts,
        journal=journal,
        concurrency=1,
    )
    (tmp_path / "calls").mkdir()
    await stored.complete(asked)
    journal.close()
    environment = {"MY_API_KEY": KEY, "SHORT_API_KEY": "the", "X_BASE_URL": "http://the-key-is/v1"}
    record_cassette(tmp_path / "calls", artifacts, tmp_path / "x.tape", {}, environment)
    plain = gzip.decompress((tmp_path / "x.tape").read_bytes()).decode()
    assert "the key is ***" in plain
    for form in (*forms, "canary"):
        assert form not in plain
    played = await CassetteModel(tmp_path / "x.tape").complete(asked)
    assert "canary" not in played.content
    assert cassette_key(asked) in plain


@given(st.binary(max_size=40), st.integers(0, 400))
def test_a_damaged_file_is_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int
) -> None:
    path = tmp_path_factory.mktemp("tape") / "a.gz"
    asker = Asker(role="r", stage="s")
    call = Request(asker=asker, messages=(Message(role="user", content="y" * 99),)), Reply()
    write_tape(path, {"model": "m"}, {"k": call})
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + junk + whole[at + len(junk) :])
    try:
        read_tape(path)
    except UsageError as error:
        assert str(path) in str(error)  # noqa: PT017 - luck may leave it whole


def test_a_damaged_stream_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"{}")[:10] + b"\xff" * 20)
    with pytest.raises(UsageError, match="is no cassette"):
        read_tape(path)


@pytest.mark.parametrize("made", ["other", "folder", "below a file"])
def test_what_cannot_be_recorded_is_told_before_a_build(tmp_path: Path, made: str) -> None:
    target = tmp_path / "precious"
    if made == "folder":
        target.mkdir()
    else:
        target.write_text("mine")
    with pytest.raises(UsageError, match="--record"):
        build(
            "examples/specs/expenses.md",
            out=tmp_path / "run",
            record=target / "x.gz" if made == "below a file" else target,
        )
    assert not (tmp_path / "run").exists()
    assert target.is_dir() or target.read_text() == "mine"
