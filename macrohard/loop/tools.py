"""The tools of agents that work on files: bash, read_file, write_file, edit_file, in one box."""

import posixpath
from collections.abc import Awaitable, Callable
from typing import Any

from macrohard.errors import SandboxError
from macrohard.llm.base import Tool, ToolCall
from macrohard.loop.arguments import RefusedError, read_arguments
from macrohard.loop.diligence import Diligence
from macrohard.loop.editing import NoMatchError, replace
from macrohard.sandbox.base import WORKSPACE, ExecResult, Sandbox
from macrohard.work import Submission

OUTPUT_CHARS = 20_000
"""Longest text shown to a model; head and tail of more are kept."""
DEFAULT_TIMEOUT_S = 60.0
MAX_TIMEOUT_S = 600.0
_MAX_FILE_BYTES = 10_000_000


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
            "Run a command with bash in the working directory: list, search, run, test. Each call "
            "is a new shell: a `cd` or a variable does not last. No network, no terminal, no "
            "input. Answers with the exit code and the output; the middle of a long output is cut."
        ),
        parameters=_object(
            ["command"],
            command={"type": "string"},
            timeout_s={"type": "number", "description": "Seconds, 60 unless given; at most 600."},
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
        description=(
            "Write a whole file; makes its folders. A file that is there already must have been "
            "read first, all of it."
        ),
        parameters=_object(["path", "content"], path=_PATH, content={"type": "string"}),
    ),
    "edit_file": Tool(
        name="edit_file",
        description=(
            "Replace one passage of a file you have read. `old` must stand in the file exactly "
            "once, white space included; with `all`, each place is replaced."
        ),
        parameters=_object(
            ["path", "old", "new"],
            path=_PATH,
            old={"type": "string"},
            new={"type": "string"},
            all={"type": "boolean", "description": "Replace every occurrence."},
        ),
    ),
}


class SandboxTools:
    """A :class:`macrohard.loop.agent.ToolBox` over one box.

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
        self.diligence = Diligence()

    async def run(self, call: ToolCall) -> str:
        """Run one call; what goes wrong inside the box is the text."""
        try:
            arguments = self._arguments(call)
            return await self._runners[call.name](**arguments)
        except (RefusedError, NoMatchError) as error:
            reason = str(error)
        except FileNotFoundError:
            reason = "there is no such file; list what there is with bash: ls or find."
        except IsADirectoryError:
            reason = "that is a directory; list it with bash: ls."
        except UnicodeDecodeError as error:
            reason = (
                f"that is no UTF-8 text (byte {error.start}); look at it with bash: xxd | head."
            )
        except SandboxError as error:
            # Too large, or no room: an answer. A box that is gone raises again.
            await self._box.exec(["true"], timeout_s=30)
            reason = str(error)
        except (OSError, UnicodeError, ValueError) as error:
            reason = str(error)
        return f"error: {reason}"

    async def untested(self) -> str:
        """What code changed since tests were last run, as a text; "" when none did."""
        return await self.diligence.untested(self._box)

    def _arguments(self, call: ToolCall) -> dict[str, Any]:
        if call.name not in self._runners:
            raise RefusedError(
                f"there is no tool {call.name!r}; there are {', '.join(self._runners)} and submit."
            )
        return read_arguments(call, _TOOLS[call.name].parameters)

    async def _bash(self, command: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        timeout = min(max(timeout_s, 1.0), MAX_TIMEOUT_S)
        # One stream, so that what was printed is read in the order in which it was printed.
        merged = f"exec 2>&1\n{command}"
        result = await self._box.exec(["bash", "-c", merged], timeout_s=timeout)
        self.diligence.ran(command, result.returncode)
        return show_result(result, timeout)

    async def _read(self, path: str, start_line: int = 1, end_line: int | None = None) -> str:
        path = plain(path)
        data = await self._box.read(path, max_bytes=_MAX_FILE_BYTES)
        lines = data.decode("utf-8").splitlines(keepends=True)
        start = max(start_line, 1)
        if start > max(len(lines), 1):
            raise RefusedError(f"{path} has {len(lines)} lines; nothing is at line {start}.")
        part = lines[start - 1 : end_line]
        text = "".join(part)
        head, tail = _lines_shown(part)
        after, end = start + head, start + len(part)
        self.diligence.read(path, data, len(lines), {*range(start, after), *range(end - tail, end)})
        missing = f"lines {after} to {end - tail - 1}"
        return clip(text, hint=f"Read {missing} with start_line and end_line.")

    async def _write(self, path: str, content: str) -> str:
        path = self._may_write(path)
        try:
            before = await self._box.read(path, max_bytes=_MAX_FILE_BYTES)
        except FileNotFoundError:
            pass
        else:
            if reason := self.diligence.may_overwrite(path, before):
                raise RefusedError(reason)
        data = content.encode()
        await self._box.write(path, data)
        self.diligence.wrote(path, data)
        return f"wrote {path}, {len(content.splitlines())} lines"

    async def _edit(self, path: str, old: str, new: str, all: bool = False) -> str:  # noqa: A002 - the argument's name as the model writes it
        path = self._may_write(path)
        if not old:
            raise RefusedError("`old` is empty; use write_file to write a whole file.")
        if old == new:
            raise RefusedError("`old` and `new` are the same; nothing would change.")
        before = await self._box.read(path, max_bytes=_MAX_FILE_BYTES)
        if reason := self.diligence.may_edit(path):
            raise RefusedError(reason)
        text, lines = replace(before.decode("utf-8"), old, new, every=all)
        await self._box.write(path, text.encode())
        self.diligence.edited(path, text.encode())
        return f"edited {path} at line {', '.join(map(str, lines[:20]))}"

    def _may_write(self, path: str) -> str:
        path = plain(path)
        if reason := self._frozen(path):
            raise RefusedError(reason)
        return path


class TestsFirst:
    """Hands a submission back, once, when code changed after the last run of tests.

    For the agent loop's ``accept``. Work that is handed in as not done is taken as it is.

    Args:
        tools: What the agent worked with.
        command: How the application's tests are run.
    """

    __test__ = False  # for pytest: no class of tests

    def __init__(self, tools: SandboxTools, command: str) -> None:
        self._tools = tools
        self._command = command
        self._handed_back = False

    async def __call__(self, submission: Submission) -> str:
        """Why the work goes back; "" when it is taken."""
        if self._handed_back or not submission.done:
            return ""
        reason = await self._tools.untested()
        if not reason:
            return ""
        self._handed_back = True
        return (
            f"not taken yet: {reason}. Run the tests now (`{self._command}`), put right what "
            "fails, and submit again. If they cannot be run, submit again and say why in the "
            "summary."
        )


def plain(path: str) -> str:
    """A path as it is named from the working directory, however the model wrote it."""
    if not path.strip():
        raise RefusedError("the path is empty.")
    clean = posixpath.normpath(path)
    return posixpath.relpath(clean, WORKSPACE) if clean.startswith(f"{WORKSPACE}/") else clean


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


def _lines_shown(part: list[str]) -> tuple[int, int]:
    """How many whole lines of a text :func:`clip` shows at its head and at its tail."""
    text = "".join(part)
    if len(text) <= OUTPUT_CHARS:
        return len(part), 0
    half = OUTPUT_CHARS // 2
    return text.count("\n", 0, half), text.count("\n", len(text) - half)
