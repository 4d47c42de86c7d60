import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.errors import ModelError, UsageError
from macrohard.files import write_atomic
from macrohard.llm.base import Asker, Message, Request, Tool, ToolCall
from macrohard.llm.mailbox import (
    AnswerError,
    Letter,
    MailboxModel,
    letters,
    put_answer,
    read_answer,
)
from macrohard.llm.mailbox.box import LARGEST_BYTES, SETTLED_S
from macrohard.work import Submission

WRITE = Tool(
    name="write_file",
    description="Write a file.",
    parameters={"properties": {"path": {"type": "string"}, "content": {"type": "string"}}},
)
WAIT = Tool(name="wait", description="Wait.", parameters={"properties": {"s": {"type": "number"}}})


def request(text: str = "Do it.", tools: tuple[Tool, ...] = (WRITE, WAIT)) -> Request:
    return Request(
        asker=Asker(role="cli-engineer", stage="coding", item="W1"),
        messages=(Message(role="user", content=text),),
        tools=tools,
    )


async def answered(folder: Path, text: str, *, is_json: bool = False) -> Request:
    """Wait until a request is in the box, and answer it."""
    while not (found := [letter for letter in letters(folder) if not letter.answered]):
        await asyncio.sleep(0.02)
    put_answer(found[0], text, is_json=is_json, unchecked=True)
    return found[0].request()


async def test_a_request_waits_for_its_answer(tmp_path: Path) -> None:
    model = MailboxModel(tmp_path)
    reply, asked = await asyncio.gather(
        model.complete(request()),
        answered(tmp_path, "=== write_file\n--- path\na.py\n--- content\nx = 1\n\n"),
    )
    assert asked == request()
    (call,) = reply.tool_calls
    assert json.loads(call.arguments) == {"path": "a.py", "content": "x = 1\n\n"}


async def test_a_page_tells_a_person_what_is_asked(tmp_path: Path) -> None:
    await asyncio.gather(
        MailboxModel(tmp_path).complete(request("Count the sheep.")), answered(tmp_path, "12")
    )
    (letter,) = letters(tmp_path)
    page = letter.page_path.read_text()
    assert "Count the sheep." in page
    assert "- `write_file`: path?, content?\n  Write a file." in page


async def test_a_later_start_finds_the_answer(tmp_path: Path) -> None:
    await asyncio.gather(MailboxModel(tmp_path).complete(request()), answered(tmp_path, "yes"))
    again = await asyncio.wait_for(MailboxModel(tmp_path).complete(request()), 5)
    assert again.content == "yes"
    assert len(list(letters(tmp_path))) == 1


async def test_many_at_once(tmp_path: Path) -> None:
    model = MailboxModel(tmp_path)
    asking = [asyncio.create_task(model.complete(request(str(n), ()))) for n in range(20)]
    for _ in asking:
        await answered(tmp_path, "ok")
    assert [reply.content for reply in await asyncio.gather(*asking)] == ["ok"] * 20


async def test_an_unreadable_answer_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    asking = asyncio.create_task(MailboxModel(tmp_path).complete(request()))
    while not (found := list(letters(tmp_path))):
        await asyncio.sleep(0.02)
    path = found[0].answer_paths()[0]
    path.write_text("=== fly\n{}")
    os.utime(path, (1, 1))
    problem = tmp_path / f"{found[0].name}.problem.md"
    while not problem.exists():
        await asyncio.sleep(0.02)
    assert "there is no such tool; there are write_file, wait" in problem.read_text()
    await answered(tmp_path, "sorry")
    assert (await asking).content == "sorry"
    assert not problem.exists()


async def test_half_an_answer_is_not_taken(tmp_path: Path) -> None:
    asking = asyncio.create_task(MailboxModel(tmp_path).complete(request(tools=())))
    while not (found := list(letters(tmp_path))):
        await asyncio.sleep(0.02)
    path = found[0].answer_paths()[0]
    path.write_text("the first ha")
    await asyncio.sleep(0.4)
    assert not asking.done()
    path.write_text("the whole")
    assert (await asyncio.wait_for(asking, 10)).content == "the whole"


def test_numbers_and_json_bodies() -> None:
    reply = read_answer('=== wait\n--- s\n2.5\n=== wait\n{"s": 1}\n', request(), is_json=False)
    assert [json.loads(call.arguments) for call in reply.tool_calls] == [{"s": 2.5}, {"s": 1}]
    assert len({call.id for call in reply.tool_calls}) == 2


def test_a_reply_as_json() -> None:
    text = json.dumps({"tool_calls": [{"name": "wait", "arguments": {"s": 1}}]})
    assert read_answer(text, request(), is_json=True).finish_reason == "tool_calls"
    assert read_answer('{"approved": true}', request(), is_json=True).content.startswith("{")


@pytest.mark.parametrize(
    ("text", "is_json", "words"),
    [
        ("  ", False, "empty"),
        ("=== wait\n--- s\nsoon\n", False, "is not JSON"),
        ("=== wait\n--- t\n1\n", False, "no argument 't'; it has s"),
        ("=== wait\nsoon", False, "not followed by a JSON object"),
        ("{", True, "not JSON"),
        ('{"tool_calls": [{"arguments": 1}]}', True, "no reply"),
        ('{"tool_calls": 3}', True, "no reply"),
    ],
)
def test_bad_answers_say_why(text: str, is_json: bool, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        read_answer(text, request(), is_json=is_json)


@given(st.text(), st.booleans())
def test_any_text_is_a_reply_or_an_answer_error(text: str, is_json: bool) -> None:
    try:
        reply = read_answer(text, request(), is_json=is_json)
    except AnswerError:
        return
    assert reply.content or reply.tool_calls


def test_an_answer_is_given_once(tmp_path: Path) -> None:
    async def scene() -> None:
        await asyncio.gather(MailboxModel(tmp_path).complete(request()), answered(tmp_path, "a"))

    asyncio.run(scene())
    (letter,) = letters(tmp_path)
    with pytest.raises(UsageError, match="answered already"):
        put_answer(letter, "b")
    assert letter.answer_paths()[0].read_text() == "a"


async def test_an_answer_that_is_put_counts_at_once(tmp_path: Path) -> None:
    asking = asyncio.create_task(MailboxModel(tmp_path).complete(request("Hm?", ())))
    await answered(tmp_path, "now")
    (letter,) = letters(tmp_path)
    age = time.time() - letter.answer_paths()[0].stat().st_mtime
    assert age > SETTLED_S
    assert (await asking).content == "now"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def conversation(*calls: str) -> Request:
    """A request after calls of ``wait`` were answered."""
    messages = [
        Message(role="system", content="THE ROLE"),
        Message(role="user", content="THE TASK"),
    ]
    for n, text in enumerate(calls):
        call = ToolCall(id=f"c{n}", name="wait", arguments=f'{{"s": {n}}}')
        messages.append(Message(role="assistant", content="", tool_calls=(call,)))
        messages.append(Message(role="tool", content=text, tool_call_id=call.id))
    return request().model_copy(update={"messages": tuple(messages)})


async def test_a_page_shows_what_is_new_and_another_all_of_it(tmp_path: Path) -> None:
    asking = asyncio.create_task(
        MailboxModel(tmp_path).complete(conversation("FIRST RESULT", "SECOND ```RESULT```"))
    )
    await answered(tmp_path, "=== wait\n{}\n")
    await asking
    (letter,) = letters(tmp_path)
    page, whole = letter.page_path.read_text(), letter.conversation_path.read_text()
    assert "## Result of wait s=1\n\n````\nSECOND ```RESULT```\n````" in page
    assert "- `write_file`: path?, content?" in page
    for said in ("THE ROLE", "THE TASK", "FIRST RESULT"):
        assert said not in page
        assert said in whole
    assert len(page) < len(whole)


def _letter(folder: Path, asked: Request, name: str = "coding-W1-x-000-abc") -> Letter:
    letter = Letter(name, folder)
    write_atomic(letter.request_path, asked.model_dump_json())
    return letter


SUBMIT = Tool(name="submit", description="Done.", parameters=Submission.model_json_schema())
DONE: dict[str, Any] = {"summary": "s", "files": ["a.py"], "tests_run": "t"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Well, I would wait.", "calls no tool. Write `=== TOOL`"),
        ('=== wait\n--- s\n"soon"\n', r"\$.s: 'soon' is not of type 'number'"),
        ("=== submit\n{}\n", "`=== submit` does not fit.*'summary' is a required property"),
        ('{"tool_calls": [{"name": "fly", "arguments": {}}]}', "no tool 'fly'; there are"),
        ('{"tool_calls": [{"name": "wait", "arguments": "{"}]}', "arguments are not JSON"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_at_once(tmp_path: Path, text: str, words: str) -> None:
    letter = _letter(tmp_path, request(tools=(WAIT, SUBMIT)))
    with pytest.raises(AnswerError, match=f"(?s){words}"):
        put_answer(letter, text, is_json=text.startswith("{"))
    assert not letter.answered
    put_answer(letter, text, is_json=text.startswith("{"), unchecked=True)
    assert letter.answered


def test_content_that_does_not_fit_is_told_at_once(tmp_path: Path) -> None:
    asker = Asker(role="cli-engineer", stage="coding", output="Submission")
    asked = Request(
        asker=asker,
        messages=(Message(role="user", content="Do it."),),
        output_schema=Submission.model_json_schema(),
    )
    letter = _letter(tmp_path, asked)
    for text, words in (
        ("It cannot be done.", "holds no JSON object"),
        ('{"summary": "It wo', "holds no JSON object. It begins, and ends in its midst"),
        (json.dumps(DONE | {"files": 3}), "not of type 'array'"),
        (json.dumps(DONE | {"files": ["../../etc/passwd"]}), r"\$.files\[0\]: "),
    ):
        with pytest.raises(AnswerError, match=words):
            put_answer(letter, text)
    assert not letter.answered
    assert put_answer(letter, f"Here:\n```json\n{json.dumps(DONE)}\n```\n").content


def test_texts_with_lines_like_ours_are_texts() -> None:
    body = "Title\n=====\n\n-----\n--- a/x.py\n=== ok ===\n"
    reply = read_answer(
        f"=== write_file\r\n--- path\r\na.md\r\n--- content\r\n{body}", request(), is_json=False
    )
    assert json.loads(reply.tool_calls[0].arguments) == {"path": "a.md", "content": body}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"content": "\\ud800"}', "half a sign"),
        ('{"tool_calls": [{"name": "wait", "arguments": "\\ud800"}]}', "half a sign"),
        ('{"content": ' + "[" * 100_000, "not JSON"),
        ('{"content": "x"}' + " " * LARGEST_BYTES, "too many"),
    ],
)
async def test_an_answer_that_no_file_can_hold_is_set_aside(
    tmp_path: Path, text: str, reason: str
) -> None:
    model = MailboxModel(tmp_path)
    asking = asyncio.ensure_future(model.complete(request()))
    while not (found := list(letters(tmp_path))):
        await asyncio.sleep(0.02)
    path = found[0].answer_paths()[1]
    path.write_text(text)
    os.utime(path, (1, 1))
    while not found[0].problem_path.exists():
        await asyncio.sleep(0.02)
    assert reason in found[0].problem_path.read_text()
    put_answer(found[0], '{"content": "better"}', is_json=True, unchecked=True)
    assert (await asking).content == "better"


async def test_a_box_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    model = MailboxModel(tmp_path)
    asking = asyncio.ensure_future(model.complete(request()))
    while not (found := list(letters(tmp_path))):
        await asyncio.sleep(0.02)
    found[0].answer_paths()[0].mkdir()
    os.utime(found[0].answer_paths()[0], (1, 1))
    with pytest.raises(ModelError, match="cannot be read: Is a directory"):
        await asking
