"""The tools of agents that work on files: bash, read_file, write_file, edit_file, in one box."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from macrohard.llm.base import Tool, ToolCall
from macrohard.sandbox.base import ExecResult, Sandbox

OUTPUT_CHARS = 20_000
"""Longest text shown to a model; head and tail of more are kept."""
DEFAULT_TIMEOUT_S = 60.0
MAX_TIMEOUT_S = 600.0


def _object(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


_PATH = {"type": "string", "description": "Path relative to the working directory."}

_TOOLS = {
    "bash": Tool(
        name="bash",
        description=(
            "Run a command with bash in the working directory. No network. Answers with the exit "
            "code and the output; the middle of a long output is cut."
        ),
        parameters=_object(
            ["command"],
            command={"type": "string"},
            timeout_s={"type": "number", "description": "Seconds, 60 unless given."},
        ),
    ),
    "read_file": Tool(
        name="read_file",
        description="Read a text file, whole or from start_line to end_line (1-based, inclusive).",
        parameters=_object(
            ["path"],
            path=_PATH,
            start_line={"type": "integer", "minimum": 1},
            end_line={"type": "integer", "minimum": 1},
        ),
    ),
    "write_file": Tool(
        name="write_file",
        description="Write a whole file, new or old; makes its folders.",
        parameters=_object(["path", "content"], path=_PATH, content={"type": "string"}),
    ),
    "edit_file": Tool(
        name="edit_file",
        description=(
            "Replace one passage of a file. `old` must stand in the file exactly once, white "
            "space included."
        ),
        parameters=_object(
            ["path", "old", "new"], path=_PATH, old={"type": "string"}, new={"type": "string"}
        ),
    ),
}


class SandboxTools:
    """A :class:`macrohard.agent.ToolBox` over one box.

    Args:
        box: Where everything happens.
        names: Which of the tools are offered.
        frozen: Says why a path must not be written, or "" when it may.
    """

    def __init__(
        self,
        box: Sandbox,
        names: tuple[str, ...],
        frozen: Callable[[str], str] = lambda _path: "",
    ) -> None:
        self._box = box
        self._frozen = frozen
        self.tools = tuple(_TOOLS[name] for name in names)
        runners: dict[str, Callable[..., Awaitable[str]]] = {
            "bash": self._bash,
            "read_file": self._read,
            "write_file": self._write,
            "edit_file": self._edit,
        }
        self._runners = {name: runners[name] for name in names}

    async def run(self, call: ToolCall) -> str:
        """Run one call; what goes wrong inside the box is the text."""
        runner = self._runners.get(call.name)
        if runner is None:
            return f"error: there is no tool {call.name!r}; there are {', '.join(self._runners)}."
        try:
            arguments = json.loads(call.arguments)
        except json.JSONDecodeError as error:
            return f"error: the arguments are not valid JSON: {error}"
        if not isinstance(arguments, dict):
            return "error: the arguments must be a JSON object."
        try:
            return await runner(**arguments)
        except TypeError as error:
            reason = f"wrong arguments for {call.name}: {error}"
        except FileNotFoundError:
            reason = "there is no such file."
        except (OSError, UnicodeError, ValueError) as error:
            reason = str(error)
        return f"error: {reason}"

    async def _bash(self, command: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        timeout = min(float(timeout_s), MAX_TIMEOUT_S)
        # One stream, so that what was printed is read in the order in which it was printed.
        merged = f"exec 2>&1\n{command}"
        result = await self._box.exec(["bash", "-c", merged], timeout_s=timeout)
        return show_result(result, timeout)

    async def _read(self, path: str, start_line: int = 1, end_line: int | None = None) -> str:
        text = (await self._box.read(path)).decode("utf-8")
        if start_line > 1 or end_line is not None:
            text = "".join(text.splitlines(keepends=True)[start_line - 1 : end_line])
        return clip(text, hint="Read a range with start_line and end_line.")

    async def _write(self, path: str, content: str) -> str:
        if reason := self._frozen(path):
            return f"error: {reason}"
        await self._box.write(path, content.encode())
        return f"wrote {path}, {content.count(chr(10))} lines"

    async def _edit(self, path: str, old: str, new: str) -> str:
        if reason := self._frozen(path):
            return f"error: {reason}"
        if not old:
            return "error: `old` is empty; use write_file to write a whole file."
        text = (await self._box.read(path)).decode("utf-8")
        found = text.count(old)
        if found != 1:
            return f"error: {_why_no_match(text, old, found)}"
        await self._box.write(path, text.replace(old, new).encode())
        return f"edited {path} at line {text[: text.index(old)].count(chr(10)) + 1}"


def show_result(result: ExecResult, timeout_s: float) -> str:
    """A command's end as a model reads it: how it ended, then what it printed."""
    how = {
        "timeout": f"timed out after {timeout_s:g} s; everything it started was killed",
        "oom": "killed: out of memory",
        "killed": f"killed by signal {result.returncode - 128}",
        "exited": f"exit code {result.returncode}",
    }[result.outcome]
    parts = [how]
    parts += [
        clip(text.rstrip("\n"), hint="Send it to a file and read parts of it.")
        for text in (result.stdout, result.stderr)
        if text.strip()
    ]
    return "\n".join(parts)


def clip(text: str, *, hint: str, limit: int = OUTPUT_CHARS) -> str:
    """Head and tail of a text that is too long, with a note on how to see the rest."""
    if len(text) <= limit:
        return text
    half = limit // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[... {left_out} characters left out. {hint} ...]\n{text[-half:]}"


def _why_no_match(text: str, old: str, found: int) -> str:
    if found > 1:
        return f"`old` stands in the file {found} times; add lines around it to make it unique."
    first = old.strip().splitlines()[0].strip() if old.strip() else ""
    near = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if first and line.strip() == first
    ]
    if near:
        where = ", ".join(map(str, near[:5]))
        return (
            f"`old` is not in the file as given, though its first line is like line {where}. "
            "Read these lines again: white space or the lines after differ."
        )
    return "`old` is not in the file. Read the file again: it may have changed."
