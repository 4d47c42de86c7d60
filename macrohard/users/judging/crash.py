"""Finds crash output: what no program should ever show to a person."""

import re
from typing import NamedTuple

from macrohard.sandbox.base import WORKSPACE
from macrohard.users.base import APP_FOLDER, Observation, Press, Taped
from macrohard.users.keys import keys_to_send

_TRACEBACK = re.compile(
    r"^[ \t|+]*(?:Exception Group )?Traceback \(most recent call last\):\n"
    r"(?P<frames>(?:[ \t|]+.*\n|\n)*)(?P<error>[\w.]+.*)?",
    re.MULTILINE,
)
_FRAME = re.compile(r'^[\s|]+File "(?P<file>[^"\n]+)", line \d+', re.MULTILINE)
_OTHERS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^╭─+ Traceback \(most recent call last\) ─+╮.*",  # Python, as rich shows it
        r"^Fatal Python error: .+",
        r"^(?:\S+: )?(?:Segmentation fault|Bus error|Illegal instruction)\b.*",
        r"^panic: .+\n(?:.*\n){0,3}goroutine \d+ ",  # Go
        r"^thread '.+' (?:\(\d+\) )?panicked at .+",  # Rust
        r'^Exception in thread "[^"\n]+" \S+.*',  # Java
        r"^\w*Error: .*\n(?:\s+at .+\n)+",  # Node
        r"^terminate called after throwing an instance of .+",  # C++
    )
)
_APP = f"{WORKSPACE}/{APP_FOLDER}/"
_SIGNALS = {132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 139: "SIGSEGV"}
"""Exit statuses with which a shell reports that a signal ended a program (128 + number, Linux)."""


class Crash(NamedTuple):
    """One crash.

    Attributes:
        title: What it was, in a few words.
        text: What shows it.
        files: Files of the application it went through, relative to its root; the last is
            where it happened.
    """

    title: str
    text: str
    files: tuple[str, ...] = ()


def find_crash(entry: Taped, before: Taped | None = None) -> Crash | None:
    """The first crash in what an action brought.

    A Python traceback counts unless the user wrote the code on the command line (all frames are
    ``<string>`` or ``<stdin>``), or interrupted the program (KeyboardInterrupt after Ctrl-C).

    Args:
        entry: The action.
        before: The action before it, which may have been the Ctrl-C.
    """
    for match in _TRACEBACK.finditer(entry.seen.text + "\n"):
        files = [frame["file"] for frame in _FRAME.finditer(match["frames"])]
        error = (match["error"] or "").strip()
        interrupted = error.startswith("KeyboardInterrupt") and _interrupts(entry, before)
        if files and not interrupted and not all(file.startswith("<") for file in files):
            title = f"Python traceback: {error or 'cut short'}"
            ours = [file.removeprefix(_APP) for file in files if file.startswith(_APP)]
            return Crash(title, match[0].strip(), tuple(dict.fromkeys(ours)))
    for pattern in _OTHERS:
        found = pattern.search(entry.seen.text + "\n")
        if found is not None:
            return Crash(f"crash: {found[0].splitlines()[0]}", found[0].strip())
    return _ended_by_signal(entry.seen)


def _interrupts(*entries: Taped | None) -> bool:
    actions = [entry.action for entry in entries if entry is not None]
    return any(isinstance(a, Press) and "\x03" in keys_to_send(a.keys) for a in actions)


def _ended_by_signal(seen: Observation) -> Crash | None:
    signal = _SIGNALS.get(seen.state.exit_status or 0)
    return Crash(f"crash: ended by {signal}", seen.text) if signal else None
