"""What an agent has read before it writes, and whether it ran the tests before it hands in."""

import hashlib
import re
import time
from dataclasses import dataclass, field

from macrohard.sandbox.base import Sandbox

_CODE = (
    "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "html", "css", "toml", "cfg", "ini", "sh", "c",
    "h", "cc", "cpp", "hpp", "rs", "go", "java", "kt", "rb", "php", "sql", "lua", "cs",
)  # fmt: skip
"""Ends of names of files whose change can break a test; data and prose are none of them."""
_TEST = re.compile(r"test|spec\b|\bcheck\b", re.IGNORECASE)
_PREFIX = re.compile(
    r"^(?:\s|\(|\{|!|[A-Za-z_]\w*=\S*\s|(?:time|timeout|env|nice|exec|sudo|then|do|else|if)\s"
    r"|-\S+\s|[\d.]+[smh]?\s)+"
)
_LOOKS = frozenset((
    "cat", "ls", "grep", "egrep", "rg", "head", "tail", "less", "more", "find", "sed", "wc",
    "echo", "printf", "mkdir", "touch", "rm", "cp", "mv", "git", "tree", "awk", "diff", "sort",
    "nl", "stat", "chmod", "tee", "cd", "pwd", "file", "which", "test", "[", "xxd", "true", ":",
    "vi", "ed",
))  # fmt: skip
"""Commands that name tests without running them."""
_SHOWS = frozenset(
    ("cat", "sed", "head", "tail", "nl", "less", "more", "grep", "egrep", "rg", "awk", "bat", "git")
)
"""Commands that print what is in files."""


@dataclass
class _Seen:
    """One file as the agent saw it last: its digest, and which lines; None is all of them."""

    digest: str
    lines: set[int] | None
    total: int = 0


@dataclass
class Diligence:
    """Keeps track of one agent's reading, writing and testing.

    A file counts as read when ``read_file`` showed it, when a command that prints files named it,
    or when the agent wrote it itself.
    """

    _seen: dict[str, _Seen] = field(default_factory=dict)
    _printed: str = ""
    _began: float = field(default_factory=time.time)
    _tested: float | None = None
    _commands_since: bool = False
    _changed: list[str] = field(default_factory=list)

    def read(self, path: str, data: bytes, total: int, shown: set[int]) -> None:
        """``read_file`` showed these lines of a file that has ``total``."""
        lines = set(shown)
        digest = _digest(data)
        known = self._seen.get(path)
        if known is not None and known.digest == digest:
            if known.lines is None:
                return
            lines |= known.lines
        everything = len(lines) >= total
        self._seen[path] = _Seen(digest, None if everything else lines, total)

    def ran(self, command: str, returncode: int) -> None:
        """A command was run to its end."""
        segments = [_PREFIX.sub("", part) for part in re.split(r"&&|\|\||[;|\n]", command)]
        words = [(segment.split() or [""])[0].rsplit("/", 1)[-1] for segment in segments]
        if returncode == 0 and _SHOWS.intersection(words):
            self._printed += f"\n{command}"
        if any(
            word not in _LOOKS and _TEST.search(segment)
            for word, segment in zip(words, segments, strict=True)
        ):
            self._tested = time.time()
            self._commands_since = False
            self._changed = []
        else:
            self._commands_since = True

    def wrote(self, path: str, data: bytes) -> None:
        """The agent wrote the whole file."""
        self._seen[path] = _Seen(_digest(data), None)
        self._note_change(path)

    def edited(self, path: str, data: bytes) -> None:
        """The agent changed a passage of the file."""
        known = self._seen.get(path)
        self._seen[path] = _Seen(_digest(data), known.lines if known else set())
        self._note_change(path)

    def may_edit(self, path: str) -> str:
        """Why a passage of the file must not be replaced yet; "" when it may."""
        if path in self._seen or self._was_printed(path):
            return ""
        return f"{path} was not read yet; read it with read_file, then edit it."

    def may_overwrite(self, path: str, data: bytes) -> str:
        """Why the file as it is must not be replaced as a whole yet; "" when it may."""
        known = self._seen.get(path)
        if known is None:
            if self._was_printed(path):
                return ""
            return (
                f"{path} is there already and was not read; read it first, then change it with "
                "edit_file, or write it anew."
            )
        if known.digest != _digest(data):
            return f"{path} has changed since you read it; read it again before you write over it."
        if known.lines is not None:
            missing = next(n for n in range(1, known.total + 2) if n not in known.lines)
            return (
                f"{path} was read in part only, not from line {missing}; read the rest before you "
                "write over it, or change a passage with edit_file."
            )
        return ""

    async def untested(self, box: Sandbox) -> str:
        """What was changed since tests were last run, as a text; "" when nothing was."""
        changed = list(self._changed)
        if not changed and self._commands_since:
            changed = await _changed_since(box, self._tested or self._began)
        if not changed:
            return ""
        files = ", ".join(dict.fromkeys(changed[:8]))
        when = "since you last ran tests" if self._tested else "and no test was run"
        return f"{files} changed {when}"

    def _note_change(self, path: str) -> None:
        if path.rsplit(".", 1)[-1] in _CODE:
            self._changed.append(path)

    def _was_printed(self, path: str) -> bool:
        name = re.escape(path.rsplit("/", 1)[-1])
        return re.search(rf"(?<![\w.-]){name}(?![\w-])", self._printed) is not None


async def _changed_since(box: Sandbox, moment: float) -> list[str]:
    """Code files that commands changed after a moment of the wall clock."""
    names = " -o ".join(f"-name '*.{end}'" for end in _CODE)
    command = (
        f"find . \\( -name .git -o -name node_modules \\) -prune -o -type f \\( {names} \\) "
        f"-newermt '@{moment:.3f}' -print | sort | head -n 9"
    )
    result = await box.exec(["bash", "-c", command], timeout_s=60)
    return [line.removeprefix("./") for line in result.stdout.splitlines()]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
