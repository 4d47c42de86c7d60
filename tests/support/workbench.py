"""Plays loops of the offline model in a folder, with plain implementations of the tools."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from macrohard.documents import write_task
from macrohard.llm.base import Asker, Message, Request, Tool, ToolCall
from macrohard.llm.offline.scene import Action, Faults, Part, Scene

TOOLS = ("bash", "read_file", "write_file", "edit_file", "submit")


def scene(
    documents: Mapping[str, str | BaseModel],
    *,
    stage: str = "coding",
    role: str = "backend-engineer",
    output: str = "",
    faults: Faults | None = None,
    round_: int = 1,
) -> Scene:
    """A first request: instruction and documents."""
    request = Request(
        asker=Asker(role=role, stage=stage, output=output, round=round_),
        messages=(
            Message(role="system", content="You are."),
            Message(role="user", content=write_task("Do it.", documents)),
        ),
        tools=tuple(Tool(name=name, description="", parameters={}) for name in TOOLS),
    )
    return Scene(request, faults or Faults())


@dataclass
class Loop:
    """How a loop went.

    Attributes:
        noun: What was handed in.
        turns: Replies it took.
        actions: Every tool call with its result, in order.
    """

    noun: BaseModel
    turns: int
    actions: list[tuple[Action, str]] = field(default_factory=list)

    def used(self, tool: str) -> list[Mapping[str, object]]:
        """The arguments of every call of a tool."""
        return [action.arguments for action, _ in self.actions if action.tool == tool]


def play(part: Part, first: Scene, folder: Path, frozen: Mapping[str, str] | None = None) -> Loop:
    """Ask a part until it hands in, running its tools in a folder."""
    messages = list(first.request.messages)
    actions: list[tuple[Action, str]] = []
    for turn in range(40):
        request = first.request.model_copy(update={"messages": tuple(messages)})
        answer = part(Scene(request, first.faults))
        if isinstance(answer, BaseModel):
            return Loop(answer, turn + 1, actions)
        calls = []
        results = []
        for number, action in enumerate(answer):
            result = use(action, folder, frozen or {})
            actions.append((action, result))
            calls.append(
                ToolCall(
                    id=f"c{turn}_{number}",
                    name=action.tool,
                    arguments=json.dumps(dict(action.arguments)),
                )
            )
            results.append(Message(role="tool", content=result, tool_call_id=f"c{turn}_{number}"))
        messages += [Message(role="assistant", tool_calls=tuple(calls)), *results]
    raise AssertionError(f"no end after 40 turns; last: {answer}")


def use(action: Action, folder: Path, frozen: Mapping[str, str]) -> str:
    """Run one tool call as the agent loop would, and say what it says."""
    arguments = action.arguments
    if action.tool == "bash":
        return _bash(str(arguments["command"]), folder)
    name = str(arguments["path"])
    path = folder / name
    if action.tool == "read_file":
        return _read(path, arguments)
    if name in frozen:
        return f"error: {frozen[name]}"
    if action.tool == "write_file":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(arguments["content"]))
        return f"wrote {name}"
    return _edit(path, str(arguments["old"]), str(arguments["new"]))


def read_tree(folder: Path) -> dict[str, str]:
    """Every file of a folder, as text."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def write_tree(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _read(path: Path, arguments: Mapping[str, Any]) -> str:
    if not path.is_file():
        return "error: there is no such file."
    start, end = arguments.get("start_line", 1), arguments.get("end_line")
    return "".join(path.read_text().splitlines(keepends=True)[start - 1 : end])


def _edit(path: Path, old: str, new: str) -> str:
    text = path.read_text() if path.is_file() else ""
    if text.count(old) != 1:
        return f"error: `old` stands in the file {text.count(old)} times"
    path.write_text(text.replace(old, new))
    return f"edited {path.name}"


def _bash(command: str, folder: Path) -> str:
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return "\n".join([f"exit code {result.returncode}", result.stdout, result.stderr])
