"""What bad models answer, over real HTTP: roles get their noun all the same, or fail by name."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.bad_server import BadServer, Handler, completion, good, responded, streamed

from macrohard.errors import ReplyError
from macrohard.llm import Model
from macrohard.llm.base import Asker, Tool, ToolCall
from macrohard.llm.chat import ChatModel
from macrohard.llm.endpoint import Endpoint, Preset
from macrohard.llm.responses import ResponsesModel
from macrohard.llm.secret import Secret
from macrohard.llm.service import Patience
from macrohard.loop.agent import Assignment, ask, work
from macrohard.loop.bounds import LoopLimits
from macrohard.roles import load_roles
from macrohard.work import Review, Submission

GOOD = Review(approved=True, summary="fine").model_dump_json()
DONE = Submission(summary="did it", files=("a.py",), tests_run="passed").model_dump_json()
FORMS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Handler]]] = {
    "whole": ({"stream": False}, good),
    "stream": ({}, streamed),
    "responses": ({"api": "responses"}, responded),
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def model(server: BadServer, form: str) -> Model:
    preset = Preset(server.url, **FORMS[form][0])
    endpoint = Endpoint("t:m", "m", server.url, Secret(""), preset)
    kind = ResponsesModel if preset.api == "responses" else ChatModel
    return kind(endpoint, Patience(timeout_s=20, attempts=2, first_wait_s=0.01))


def job(name: str) -> Assignment:
    role = load_roles().get(name)
    return Assignment(role=role, asker=Asker(role=role.name, stage=role.stage), task="Do it.")


class Tools:
    tools = (Tool(name="look", description="Look.", parameters={"type": "object"}),)

    def __init__(self) -> None:
        self.ran: list[ToolCall] = []

    async def run(self, call: ToolCall) -> str:
        self.ran.append(call)
        if call.name != "look":
            return f"error: there is no tool {call.name!r}; there is look."
        return "nothing to see"


async def reviewed(form: str, *answers: dict[str, Any]) -> tuple[Review, BadServer]:
    async with BadServer(*map(FORMS[form][1], answers)) as server:
        return await ask(job("code-reviewer"), model(server, form), Review), server


async def worked(form: str, *answers: dict[str, Any]) -> tuple[Submission, BadServer, Tools]:
    tools = Tools()
    async with BadServer(*map(FORMS[form][1], answers)) as server:
        asked = model(server, form)
        limits = LoopLimits(turns=30)
        done = await work(job("backend-engineer"), asked, Submission, tools, limits=limits)
        return done, server, tools


def call(name: str, arguments: str, id_: str = "1") -> dict[str, Any]:
    one = {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
    return completion(None, tool_calls=[one], finish_reason="tool_calls")


@pytest.mark.parametrize(
    "text",
    [
        f"Sure! {GOOD} Anything else?",
        f"First {{x}}, then:\n```json\n{json.dumps(json.loads(GOOD), indent=2)}\n```\nDone.",
        f"<think>{{maybe}} not</think>\n{GOOD}",
        GOOD.replace("fine", "fi\nne"),
    ],
)
async def test_what_can_be_read_is_read_at_once(form: str, text: str) -> None:
    review, server = await reviewed(form, completion(text))
    assert review.approved
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (completion(GOOD[:20], finish_reason="length"), "cut off: at most 16,000 tokens fit"),
        (completion(GOOD[:20]), "cut off"),
        (completion('{"approved": "perhaps", "findings": 3}'), "approved: Input should be"),
        (completion("{}"), "approved: Field required"),
        (completion(""), "The answer is empty"),
        (completion("I cannot say."), "holds no JSON object"),
        (completion(None, refusal="I will not review this."), "a refusal: I will not review"),
        (completion("<think>so", finish_reason="length"), "cut off"),
    ],
)
async def test_what_cannot_be_read_goes_back_with_the_reason(
    form: str, bad: dict[str, Any], reason: str
) -> None:
    review, server = await reviewed(form, bad, completion(GOOD))
    assert review.approved
    sent = server.requests[1].get("messages", server.requests[1].get("input"))
    assert reason in sent[-1]["content"]
    assert all(item.get("content") for item in sent)


async def test_a_model_that_never_gets_it_fails_by_name(form: str) -> None:
    with pytest.raises(ReplyError, match="code-reviewer handed in no valid Review in 4 tries"):
        await reviewed(form, completion("no"))


async def test_broken_arguments_and_unknown_tools_are_answered_and_got_over(form: str) -> None:
    done, server, tools = await worked(
        form,
        call("look", '{"where": "he'),
        call("fly away!", "{}"),
        completion("I think I am done."),
        call("submit", '{"summary": "did'),
        call("submit", '{"summary": 3}'),
        call("submit", DONE),
    )
    assert done.summary == "did it"
    assert [one.name for one in tools.ran] == ["look", "fly away!"]
    last = json.dumps(server.requests[-1])
    for told in ("there is no tool", "No tool was called", "files: Field required"):
        assert told in last


async def test_a_call_that_was_cut_off_is_told_how_to_go_on(form: str) -> None:
    cut = call("submit", DONE[:15])
    cut["choices"][0]["finish_reason"] = "length"
    _, server, _ = await worked(form, cut, call("submit", DONE))
    assert "The reply was cut off" in json.dumps(server.requests[1])


async def test_calls_written_as_text_are_worked(form: str) -> None:
    text = '<tool_call>{"name": "look", "arguments": {}}</tool_call>'
    last = f'<tool_call>{{"name": "submit", "arguments": {DONE}}}</tool_call>'
    done, _, tools = await worked(form, completion(text), completion(last))
    assert done.summary == "did it"
    assert len(tools.ran) == 1


async def test_an_endless_loop_of_one_call_ends(form: str) -> None:
    async with BadServer(FORMS[form][1](call("look", "{}"))) as server:
        limits = LoopLimits(turns=30)
        asked = model(server, form)
        with pytest.raises(ReplyError, match="backend-engineer"):
            await work(job("backend-engineer"), asked, Submission, Tools(), limits=limits)
        assert len(server.requests) < 30
