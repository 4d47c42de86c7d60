"""What happened so far in a loop with tools, as the conversation tells it."""

import re
from dataclasses import dataclass

from macrohard.llm.offline.scene import Action, Observed, Scene

LOOK_COMMAND = (
    "find . -type f -not -path './.git/*' -not -name .git -not -name '*.pyc' | sort | head -n 400"
)
"""How a coder looks around. ``find`` and not git: a box holds the files without the history."""

_CLIPPED = re.compile(r"^\[\.\.\. \d+ characters left out\.", re.MULTILINE)
_EXIT = re.compile(r"exit code (\d+)")
_RANGE_LINES = 120
_RANGES = 8


@dataclass(frozen=True)
class Tape:
    """A loop, read back.

    Attributes:
        observed: Every tool that was run, in order, with its result.
        turns: Replies given so far.
    """

    observed: tuple[Observed, ...]
    turns: int

    @staticmethod
    def of(scene: Scene) -> "Tape":
        """The tape of a request."""
        turns = sum(1 for message in scene.request.messages if message.role == "assistant")
        return Tape(scene.observed, turns)

    def listing(self) -> tuple[str, ...] | None:
        """The files that the last look around showed; None before it."""
        for entry in reversed(self.observed):
            if entry.tool == "bash" and entry.arguments.get("command") == LOOK_COMMAND:
                lines = entry.result.splitlines()
                return tuple(line.removeprefix("./") for line in lines if line.startswith("./"))
        return None

    def contents(self) -> dict[str, str]:
        """The files as we know them: read, written, and edited since. Cut ones are left out."""
        known: dict[str, str] = {}
        for entry in self.observed:
            if failed(entry):
                continue
            path = str(entry.arguments.get("path", ""))
            if entry.tool == "read_file":
                _take_read(known, entry, path)
            elif entry.tool == "write_file":
                known[path] = str(entry.arguments["content"])
            elif entry.tool == "edit_file" and path in known:
                known[path] = known[path].replace(
                    str(entry.arguments["old"]), str(entry.arguments["new"]), 1
                )
        return known

    def cut(self) -> tuple[str, ...]:
        """Files whose text came back with its middle cut out, and which were not read again."""
        known = self.contents()
        return tuple(
            dict.fromkeys(
                str(entry.arguments["path"])
                for entry in self.observed
                if entry.tool == "read_file"
                and is_clipped(entry.result)
                and entry.arguments["path"] not in known
            )
        )

    def tried_to_read(self) -> set[str]:
        """Files that were asked for, whatever came back."""
        return {
            str(entry.arguments["path"]) for entry in self.observed if entry.tool == "read_file"
        }

    def written(self) -> tuple[str, ...]:
        """Files that were written or edited with success, each once."""
        return tuple(
            dict.fromkeys(
                str(entry.arguments["path"])
                for entry in self.observed
                if entry.tool in {"write_file", "edit_file"} and not failed(entry)
            )
        )

    def failed_writes(self) -> tuple[Observed, ...]:
        """Writes and edits of the last turn that wrote that did not succeed."""
        return tuple(
            entry
            for entry in self.observed
            if entry.tool in {"write_file", "edit_file"} and failed(entry)
        )

    def rejected(self) -> str:
        """Why the last submission was sent back, or nothing."""
        last = self.observed[-1] if self.observed else None
        return last.result if last is not None and last.tool == "submit" else ""

    def runs(self, command: str) -> tuple[Observed, ...]:
        """Every run of a command."""
        return tuple(
            entry
            for entry in self.observed
            if entry.tool == "bash" and entry.arguments.get("command") == command
        )


def failed(entry: Observed) -> bool:
    """Whether a tool call was answered with an error."""
    return entry.result.startswith("error:")


def is_clipped(text: str) -> bool:
    """Whether the middle of a tool's answer is missing."""
    return _CLIPPED.search(text) is not None


def exit_code(entry: Observed) -> int:
    """How a bash command ended; -1 when it was killed, or could not be run."""
    match = _EXIT.match(entry.result)
    return int(match[1]) if match else -1


def bash(command: str) -> Action:
    """Run a command."""
    return Action("bash", {"command": command})


def read(path: str) -> Action:
    """Read a whole file."""
    return Action("read_file", {"path": path})


def read_in_ranges(path: str) -> list[Action]:
    """Read a long file piece by piece; ranges behind its end come back empty."""
    return [
        Action(
            "read_file",
            {"path": path, "start_line": start, "end_line": start + _RANGE_LINES - 1},
        )
        for start in range(1, _RANGES * _RANGE_LINES, _RANGE_LINES)
    ]


def _take_read(known: dict[str, str], entry: Observed, path: str) -> None:
    if is_clipped(entry.result):
        known.pop(path, None)
        return
    start = int(entry.arguments.get("start_line", 1))
    if start == 1:
        known[path] = entry.result
    elif path in known:
        known[path] += entry.result
