import pytest
from support.scripted import ScriptedModel, calls, says

from macrohard.agent import Assignment, ask, work
from macrohard.bounds import LoopLimits
from macrohard.errors import ReplyError
from macrohard.llm.base import Asker, Tool, ToolCall
from macrohard.roles import load_roles
from macrohard.work import Review, Submission

GOOD = Review(approved=True, summary="fine")
DONE = Submission(summary="did it", files=("a.py",), tests_run="all passed")


def job(name: str = "backend-engineer") -> Assignment:
    role = load_roles().get(name)
    return Assignment(role=role, asker=Asker(role=role.name, stage=role.stage), task="Do it.")


class Echo:
    """Answers every call with its arguments, and counts them."""

    tools = (Tool(name="echo", description="Say it again.", parameters={"type": "object"}),)

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(self, call: ToolCall) -> str:
        self.ran.append(call.arguments)
        return f"{len(self.ran)}:{call.arguments}"


class Notes(dict[str, str]):
    def recall(self, key: str) -> str | None:
        return self.get(key)

    def keep(self, key: str, text: str) -> None:
        self[key] = text


@pytest.mark.parametrize(
    "reply",
    [
        GOOD.model_dump_json(),
        f"Here you are:\n```json\n{GOOD.model_dump_json(indent=2)}\n```\nAnything else?",
    ],
)
async def test_a_noun_is_found_in_what_surrounds_it(reply: str) -> None:
    model = ScriptedModel([says(reply)])
    assert await ask(job("code-reviewer"), model, Review) == GOOD


async def test_an_invalid_noun_goes_back_with_the_reason() -> None:
    model = ScriptedModel([says('{"approved": "perhaps"}'), says(GOOD.model_dump_json())])
    assert await ask(job("code-reviewer"), model, Review) == GOOD
    complaint = model.requests[1].messages[-1]
    assert complaint.role == "user"
    assert "approved" in complaint.content


async def test_repairs_are_bounded() -> None:
    model = ScriptedModel([says("no")] * 9)
    with pytest.raises(ReplyError, match="no valid Review in 3 tries"):
        await ask(job("code-reviewer"), model, Review, LoopLimits(repairs=2))
    assert len(model.requests) == 3


async def test_tools_are_run_and_their_answers_shown() -> None:
    model = ScriptedModel(
        [calls(("echo", '"x"'), ("echo", '"y"')), calls(("submit", DONE.model_dump_json()))]
    )
    tools = Echo()
    assert await work(job(), model, Submission, tools) == DONE
    shown = [m.content for m in model.requests[1].messages if m.role == "tool"]
    assert shown == ['1:"x"', '2:"y"']


async def test_an_invalid_submission_is_answered_and_can_be_mended() -> None:
    model = ScriptedModel(
        [calls(("submit", '{"files": []}')), calls(("submit", DONE.model_dump_json()))]
    )
    assert await work(job(), model, Submission, Echo()) == DONE
    assert "summary" in model.requests[1].messages[-1].content


async def test_prose_without_a_tool_call_is_not_the_end() -> None:
    model = ScriptedModel([says("I am done."), calls(("submit", DONE.model_dump_json()))])
    assert await work(job(), model, Submission, Echo()) == DONE


async def test_turns_are_bounded() -> None:
    model = ScriptedModel([calls(("echo", "1"))] * 9)
    with pytest.raises(ReplyError, match="nothing in 4 turns"):
        await work(job(), model, Submission, Echo(), limits=LoopLimits(turns=4))


async def test_a_resumed_agent_sees_what_it_saw_before() -> None:
    script = [calls(("echo", "1")), calls(("submit", DONE.model_dump_json()))]
    notes = Notes()
    first = ScriptedModel(script)
    await work(job(), first, Submission, Echo(), memory=notes)
    second = ScriptedModel(script)
    later = Echo()
    later.ran.append("earlier")
    await work(job(), second, Submission, later, memory=notes)
    assert [r.key for r in second.requests] == [r.key for r in first.requests]
    assert later.ran == ["earlier", "1"], "the tool still ran, for its effect"


async def test_a_submission_can_be_sent_back() -> None:
    model = ScriptedModel([calls(("submit", DONE.model_dump_json()))] * 2)
    answers = iter(["run the tests first", ""])
    await work(job(), model, Submission, Echo(), accept=lambda _noun: next(answers))
    assert model.requests[1].messages[-1].content == "error: run the tests first"
