"""`macrohard mailbox`: what waits is seen and answered; what does not fit is told at once."""

import json
from pathlib import Path

import pytest
from support.commands import Command

from macrohard.files import write_atomic
from macrohard.llm.base import Asker, Message, Request, Tool
from macrohard.llm.mailbox import Letter

TOOL = Tool(
    name="wait",
    description="Wait.",
    parameters={"properties": {"s": {"type": "number"}}, "required": ["s"]},
)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A mailbox with two requests."""
    folder = tmp_path / "box"
    for name, text in (("coding-W1-x-000-aa", "FIRST"), ("coding-W2-x-000-bb", "SECOND")):
        asked = Request(
            asker=Asker(role="x", stage="coding", item=name[7:9]),
            messages=(Message(role="user", content=text),),
            tools=(TOOL,),
        )
        write_atomic(Letter(name, folder).request_path, asked.model_dump_json())
    return folder


def test_what_waits_is_listed_shown_and_answered(
    macrohard: Command, box: Path, tmp_path: Path
) -> None:
    said = macrohard("mailbox", "list", str(box))
    assert said.out.splitlines() == ["waiting   coding-W1-x-000-aa", "waiting   coding-W2-x-000-bb"]
    shown = macrohard("mailbox", "show", str(box), "coding-W2")
    assert "SECOND" in shown.out
    assert f"macrohard mailbox answer {box} coding-W2-x-000-bb FILE" in shown.out
    (tmp_path / "a.md").write_text("=== wait\n--- s\n2\n")
    said = macrohard("mailbox", "answer", str(box), "coding-W2", "a.md")
    assert (said.code, said.out) == (0, "Answered coding-W2-x-000-bb: wait.\n")
    assert (box / "coding-W2-x-000-bb.answer.md").read_text() == "=== wait\n--- s\n2\n"
    left = json.loads(macrohard("mailbox", "list", str(box), "--json").out)
    assert [row["id"] for row in left] == ["coding-W1-x-000-aa"]
    everything = macrohard("mailbox", "list", str(box), "--all").out
    assert "answered  coding-W2-x-000-bb" in everything
    assert "FIRST" in macrohard("mailbox", "show", str(box)).out


def test_an_answer_from_standard_input(process: Command, box: Path) -> None:
    reply = json.dumps({"tool_calls": [{"name": "wait", "arguments": {"s": 1}}]})
    said = process("mailbox", "answer", str(box), "coding-W1", stdin=reply)
    assert said.code == 0, said.err
    assert (box / "coding-W1-x-000-aa.answer.json").exists()


def test_what_does_not_fit_is_told_and_not_handed_in(
    macrohard: Command, box: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("=== wait\n{}\n")
    said = macrohard("mailbox", "answer", str(box), "coding-W1", "a.md")
    assert said.code == 2
    assert "error: `=== wait` does not fit the request's schema:" in said.err
    assert "'s' is a required property" in said.err
    assert not list(box.glob("*.answer*"))
    assert macrohard("mailbox", "answer", str(box), "coding-W1", "a.md", "--unchecked").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "nowhere"), "nowhere: no such mailbox"),
        (("show", "box"), "several requests wait: coding-W1"),
        (("show", "box", "coding-W3"), "has no request coding-W3"),
        (("show", "box", "coding-"), "several requests begin with coding-"),
        (("answer", "box", "coding-W1", "gone.md"), "gone.md cannot be read: No such file"),
    ],
)
@pytest.mark.usefixtures("box")
def test_mistakes_are_told(macrohard: Command, arguments: tuple[str, ...], words: str) -> None:
    said = macrohard("mailbox", *arguments)
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err
