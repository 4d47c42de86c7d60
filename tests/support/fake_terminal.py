"""A terminal for simulated users: a function answers each line, or a real shell does."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from macrohard.documents import write_task
from macrohard.llm.base import Asker, Message, Request, Tool, ToolCall
from macrohard.llm.offline.parts.users import try_out
from macrohard.llm.offline.scene import Faults, Scene
from macrohard.work import Scenario, Verdict

Program = Callable[[str], tuple[str, int]]
"""A typed line to what it prints and its exit status."""

START = "python -m shop"
HOW_TO_RUN = f"The program is started with: {START}\nStart with {START} --help."
TOOLS = ("type_line", "press", "wait", "submit")


@dataclass
class Session:
    """What a user did: each typed line with its step and what came."""

    verdict: Verdict | None = None
    lines: list[tuple[int, str, str]] = field(default_factory=list)

    def typed(self, step: int | None = None) -> list[str]:
        """The lines typed for a step; all of them without one."""
        return [line for number, line, _ in self.lines if step is None or number == step]

    @property
    def screens(self) -> str:
        """Everything that was ever on the screen."""
        return "\n".join(text for _, _, text in self.lines)


def play(
    scenario: Scenario,
    program: Program,
    persona: str = "careful",
    *,
    how_to_run: str = HOW_TO_RUN,
    actions: int = 60,
) -> Session:
    """Let the offline model play a user to its verdict."""
    session = Session()
    messages = [
        Message(role="system", content="You are."),
        Message(
            role="user",
            content=write_task("Try it.", {"scenario": scenario, "how-to-run": how_to_run}),
        ),
    ]
    for turn in range(100):
        request = Request(
            asker=Asker(role=persona, stage="users", output="Verdict"),
            messages=tuple(messages),
            tools=tuple(Tool(name=name, description="", parameters={}) for name in TOOLS),
        )
        answer = try_out(Scene(request, Faults()))
        if isinstance(answer, Verdict):
            session.verdict = answer
            return session
        assert isinstance(answer, list)
        (action,) = answer
        if len(session.lines) >= actions:
            result = f"error: all {actions} actions are used up; call submit now."
        else:
            result = _act(session, action.tool, dict(action.arguments), program)
        call = ToolCall(id=str(turn), name=action.tool, arguments=_json(action.arguments))
        messages += [
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", content=result, tool_call_id=str(turn)),
        ]
    raise AssertionError("the user never came to a verdict")


def _json(arguments: object) -> str:
    import json

    return json.dumps(arguments)


def _act(session: Session, tool: str, arguments: dict[str, object], program: Program) -> str:
    step = int(str(arguments.get("step", 0)))
    if tool == "type_line":
        line = str(arguments["text"])
        text, status = program(line)
    elif tool == "press":
        line, text, status = "(press)", "", 130
    else:
        line, text, status = "(wait)", "", -1
    session.lines.append((step, line, text))
    prompt = f"[{status}] $ " if status >= 0 else "(no prompt: the program is running)"
    return f"{text}\n{prompt}" if text else prompt


def shell(folder: Path) -> Program:
    """A real shell in a folder."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }

    def run(line: str) -> tuple[str, int]:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
        )
        return done.stdout.decode("utf-8", "replace").rstrip("\n"), done.returncode

    return run
