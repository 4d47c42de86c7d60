"""A terminal as an agent's tools."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from macrohard.llm.base import ToolCall
from macrohard.users import (
    Action,
    Observation,
    Patience,
    Press,
    TerminalDriver,
    TypeLine,
    UserActionError,
    UserTools,
    Wait,
    judge,
)
from macrohard.users.base import State
from macrohard.work import Scenario

Script = Callable[[str], Awaitable[str]]


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(id="c", name=name, arguments=json.dumps(arguments))


class Deaf:
    """An interface that refuses everything, until it does not."""

    deaf = True

    async def observe(self) -> Observation:
        return Observation(text="ok", screen="ok", state=State(at="answer"))

    async def act(self, action: Action) -> Observation:
        if self.deaf:
            raise UserActionError("no")
        return (await self.observe()).model_copy(update={"text": action.kind})


@pytest.fixture
def tools(terminal: TerminalDriver) -> UserTools:
    return UserTools(terminal, "X1", "novice")


async def test_results_are_the_output_and_the_prompt(tools: UserTools) -> None:
    assert await tools.run(call("type_line", text="echo hello; (exit 2)")) == "hello\n[2] $ "
    assert await tools.run(call("type_line", text="true", step=1)) == "[0] $ "


async def test_every_action_is_taped_with_its_step(tools: UserTools, script: Script) -> None:
    run = await script("print('got', input('Name: '))")
    await tools.run(call("type_line", text=run, step=2))
    await tools.run(call("press", keys="B o b Enter", step=2))
    await tools.run(call("wait", seconds=0.1))
    tape = tools.tape()
    assert [(entry.number, entry.step, entry.action) for entry in tape.entries] == [
        (1, 2, TypeLine(text=run)),
        (2, 2, Press(keys="B o b Enter")),
        (3, 0, Wait(seconds=0.1)),
    ]
    assert tape.entries[0].seen.text == "Name:"
    assert tape.entries[1].seen.text == "got Bob"
    assert tape.entries[1].seen.state.exit_status == 0
    assert (tape.scenario, tape.persona, tape.ending) == ("X1", "novice", "submitted")


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("type_line", '{"text": 5}', "text"),
        ("type_line", "{}", "text: Field required"),
        ("type_line", "not json", "JSON"),
        ("type_line", '{"text": "ls", "stepp": 1}', "stepp"),
        ("type_line", '{"text": "ls", "step": -1}', "step"),
        ("type_line", '{"text": "a\\nb"}', "one line"),
        ("press", '{"keys": ""}', "Enter"),
        ("wait", '{"seconds": 11}', "10"),
        ("bash", '{"command": "ls"}', "type_line, press, wait"),
    ],
)
async def test_a_bad_call_is_answered_with_an_error_and_not_taped(
    tools: UserTools, name: str, arguments: str, says: str
) -> None:
    answer = await tools.run(ToolCall(id="c", name=name, arguments=arguments))
    assert answer.startswith("error: ")
    assert says in answer
    assert tools.tape().entries == ()


async def test_actions_are_bounded(terminal: TerminalDriver) -> None:
    tools = UserTools(terminal, "X1", "novice", Patience(actions=2))
    answers = [await tools.run(call("type_line", text="echo hi")) for _ in range(3)]
    assert answers[:2] == ["hi\n[0] $ "] * 2
    assert answers[2].startswith("error: all 2 actions are used up")
    assert len(tools.tape().entries) == 2
    assert tools.tape().ending == "actions"


async def test_time_is_bounded(terminal: TerminalDriver) -> None:
    now = [0.0]
    tools = UserTools(terminal, "X1", "novice", Patience(seconds=60), clock=lambda: now[0])
    assert (await tools.run(call("type_line", text="echo hi"))).startswith("hi")
    now[0] = 61.0
    assert (await tools.run(call("type_line", text="echo hi"))).startswith("error: your time")
    assert tools.tape().ending == "time"


async def test_long_output_is_shown_in_part_and_taped_whole(
    tools: UserTools, script: Script
) -> None:
    run = await script("for n in range(1000): print(f'{n:05d} some words on a line')")
    answer = await tools.run(call("type_line", text=run))
    assert len(answer) < 9000
    assert "characters not shown" in answer
    assert answer.startswith("00000 some")
    assert answer.endswith("00999 some words on a line\n[0] $ ")
    assert "00500 some" in tools.tape().entries[0].seen.text


async def test_what_is_said_when_there_is_no_prompt(tools: UserTools, script: Script) -> None:
    assert "open quote" in await tools.run(call("type_line", text="echo 'a"))
    assert await tools.run(call("press", keys="Ctrl-C")) == "[130] $ "
    run = await script("input('Sure? ')")
    assert "waits for input" in await tools.run(call("type_line", text=run))
    await tools.run(call("press", keys="y Enter"))
    full = await script("import curses\ncurses.wrapper(lambda s: (s.addstr('menu'), s.getch()))")
    assert await tools.run(call("type_line", text=full)) == (
        "menu\n(a full-screen program; this is its screen)"
    )
    await tools.run(call("press", keys="x"))
    assert "here is a new one" in await tools.run(call("type_line", text="exit"))


async def test_the_same_actions_give_the_same_texts(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script("import sys\nprint(sys.argv)\nraise SystemExit(len(sys.argv))")
    answers = []
    for _ in range(2):
        tools = UserTools(terminal, "X1", "novice")
        answers.append([await tools.run(call("type_line", text=f"{run} a b")) for _ in range(20)])
    assert answers[0] == answers[1]
    assert set(answers[0]) == {"['program.py', 'a', 'b']\n[3] $ "}


def test_the_tools_are_what_the_users_are_told(terminal: TerminalDriver) -> None:
    tools = {tool.name: tool for tool in UserTools(terminal, "X1", "novice").tools}
    assert list(tools) == ["type_line", "press", "wait"]
    assert set(tools["type_line"].parameters["properties"]) == {"text", "step"}
    assert tools["press"].parameters["required"] == ["keys"]


async def test_a_user_who_is_refused_too_often_gives_up_and_says_where_and_why() -> None:
    tools = UserTools(Deaf(), "X1", "novice", Patience(tries=3))
    call = ToolCall(id="1", name="type_line", arguments='{"text": "x", "step": 2}')
    assert "had enough" not in await tools.run(call)
    assert "had enough" not in await tools.run(call)
    assert "had enough" in await tools.run(call)
    assert (await tools.run(call)).startswith("error: you gave up at step 2 after 3 tries in a row")
    tape = tools.tape()
    assert (tape.ending, tape.gave_up) == (
        "tries",
        "at step 2 after 3 tries in a row; the last: no",
    )
    scenario = Scenario.model_validate(
        {
            "id": "X1",
            "title": "T",
            "goal": "G",
            "criteria": [],
            "steps": [{"intent": "A", "expect": "B"}] * 2,
        }
    )
    result = judge(scenario, None, tape)
    assert not result.satisfied
    assert any("gave up at step 2 after 3 tries" in failure.title for failure in result.failures)


async def test_a_success_restores_patience_and_waiting_wears_it_out() -> None:
    driver = Deaf()
    ticks = iter(range(100))
    patience = Patience(tries=2, waiting_s=2.5)
    tools = UserTools(driver, "X1", "novice", patience, clock=lambda: float(next(ticks)))
    call = ToolCall(id="1", name="type_line", arguments='{"text": "x", "step": 1}')
    await tools.run(call)
    driver.deaf = False
    assert "had enough" not in await tools.run(call)
    driver.deaf = True
    assert "had enough" not in await tools.run(call)
    driver.deaf = False
    assert "had enough" not in await tools.run(call)
    assert "had enough" in await tools.run(call)  # each took a second of this clock
    assert tools.tape().ending == "time"
    assert "at step 1 after 3 seconds of waiting" in tools.tape().gave_up
