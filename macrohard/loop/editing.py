"""Exact replacement in a text, and what to say when the passage is not there."""

import difflib

_SHOWN_LINES = 30
_SEARCHED_LINES = 20_000


class NoMatchError(ValueError):
    """The passage is not there, or not once; the message shows what comes nearest."""


def replace(text: str, old: str, new: str, *, every: bool = False) -> tuple[str, list[int]]:
    """The text with ``old`` replaced by ``new``, and the lines where it stood (from 1).

    Where the text ends its lines with CR LF and the passage does not, the passage is taken that
    way.

    Raises:
        NoMatchError: ``old`` does not stand there exactly once (with ``every``: not at all).
    """
    if "\r\n" in text and "\r\n" not in old and old not in text:
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    lines = _places(text, old)
    if not lines:
        raise NoMatchError(_nearest(text, old))
    if len(lines) > 1 and not every:
        raise NoMatchError(
            f"`old` stands in the file {len(lines)} times, at lines "
            f"{', '.join(map(str, lines[:20]))}; add lines around it to make it unique, or give "
            "`all` to replace each."
        )
    return text.replace(old, new), lines


def numbered(lines: list[str], first: int) -> str:
    """Lines with their numbers, a bar between, as they are shown in messages."""
    width = len(str(first + len(lines) - 1))
    return "\n".join(f"{first + n:{width}d}| {line}" for n, line in enumerate(lines))


def _places(text: str, old: str) -> list[int]:
    found, at = [], text.find(old)
    while at >= 0:
        found.append(text.count("\n", 0, at) + 1)
        at = text.find(old, at + len(old))
    return found


def _nearest(text: str, old: str) -> str:
    lines, wanted = text.splitlines()[:_SEARCHED_LINES], old.splitlines()
    start, same = _best_window(lines, wanted)
    if start is None:
        return (
            "`old` is not in the file, and no line of the file is like one of it. Read the file "
            "again: it may have changed."
        )
    end = min(len(lines), start + max(len(wanted), 1) + 1)
    first = max(0, start - 1)
    shown = numbered(lines[first : min(end, first + _SHOWN_LINES)], first + 1)
    why = (
        "`old` is not in the file as given: only its white space differs."
        if same
        else "`old` is not in the file as given."
    )
    return f"{why} The nearest lines of the file (number, bar, blank, then the line) are:\n{shown}"


def _best_window(lines: list[str], wanted: list[str]) -> tuple[int | None, bool]:
    """Where the lines most like the wanted ones begin; whether only white space differs."""
    stripped, goal = [line.strip() for line in lines], [line.strip() for line in wanted]
    votes: dict[int, int] = {}
    where: dict[str, list[int]] = {}
    for number, line in enumerate(stripped):
        if line:
            where.setdefault(line, []).append(number)
    for offset, line in enumerate(goal):
        for number in where.get(line, ()):
            votes[number - offset] = votes.get(number - offset, 0) + 1
    if votes:
        start = max(votes, key=lambda at: (votes[at], -at))
        whole = all(
            0 <= start + n < len(stripped) and stripped[start + n] == line
            for n, line in enumerate(goal)
        )
        return max(start, 0), whole
    longest = max(goal, key=len, default="")
    close = difflib.get_close_matches(longest, where, n=1, cutoff=0.5) if longest else []
    return (max(0, where[close[0]][0] - goal.index(longest)), False) if close else (None, False)
