"""Putting files right where evidence points, and nowhere else.

The offline model knows what it would write for the requirements. Putting that over a broken file
would repair faults nobody has seen yet; so a file is compared, and only those differences are
taken back which lie in the functions, or near the lines, that the evidence names.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from macrohard.llm.offline.parts.evidence import Place
from macrohard.llm.offline.parts.source import (
    MODULE,
    Hunk,
    hunks,
    mend,
    names_used,
    parse,
    piece_at,
    pieces,
)
from macrohard.llm.offline.scene import Action

_FEW_EDITS = 3
"""Changes up to which a file is edited in place rather than written anew."""


@dataclass(frozen=True)
class Focus:
    """Which part of a file is looked at.

    Attributes:
        path: The file.
        functions: Names of functions, bare or with their class; empty for the whole file.
        lines: Lines of the file as it is, for files that cannot be parsed.
    """

    path: str
    functions: frozenset[str] = frozenset()
    lines: tuple[int, ...] = ()


def focus_on(found: Iterable[Place], current: Mapping[str, str]) -> tuple[Focus, ...]:
    """Where places of evidence are in the files as they are; one focus for each file."""
    by_path: dict[str, list[Place]] = {}
    for place in found:
        by_path.setdefault(place.path, []).append(place)
    return tuple(_focus(path, entries, current.get(path, "")) for path, entries in by_path.items())


def whole(paths: Iterable[str]) -> tuple[Focus, ...]:
    """Whole files."""
    return tuple(Focus(path) for path in paths)


def called_by_tests(
    focuses: Iterable[Focus],
    tests: Iterable[str],
    current: Mapping[str, str],
    sources: Sequence[str],
) -> tuple[Focus, ...]:
    """The functions of the sources whose names stand in the tests that are looked at."""
    test_paths = set(tests)
    names: set[str] = set()
    for focus in focuses:
        if focus.path in test_paths:
            names |= _names_in(current.get(focus.path, ""), focus.functions)
    found = []
    for path in sources:
        own = {piece.name for piece in pieces(current.get(path, ""))}
        called = {name for name in own if name in names or name.rsplit(".", 1)[-1] in names}
        if called:
            found.append(Focus(path, frozenset(called)))
    return tuple(found)


def put_right(
    focuses: Iterable[Focus], current: Mapping[str, str], wanted: Mapping[str, str]
) -> dict[str, str]:
    """The files which change when every focus is as we would write it; their new texts."""
    changed: dict[str, str] = {}
    for focus in focuses:
        if focus.path not in current or focus.path not in wanted:
            continue
        before = changed.get(focus.path, current[focus.path])
        after = mend(before, _in_focus(focus, before, wanted[focus.path]))
        if after != before:
            changed[focus.path] = after
    return changed


def change(path: str, before: str, after: str) -> list[Action]:
    """The tool calls that turn one text of a file into another."""
    steps = sorted(hunks(before, after), key=lambda hunk: hunk.start, reverse=True)
    if not before or len(steps) > _FEW_EDITS:
        return [Action("write_file", {"path": path, "content": after})]
    actions, text = [], before
    for step in steps:
        passage = _unique_passage(text, step)
        if passage is None:
            return [Action("write_file", {"path": path, "content": after})]
        old, new = passage
        actions.append(Action("edit_file", {"path": path, "old": old, "new": new}))
        text = text.replace(old, new, 1)
    return actions


def _focus(path: str, entries: Sequence[Place], text: str) -> Focus:
    lines = tuple(entry.line for entry in entries if entry.line)
    if not lines or parse(text) is None:
        return Focus(path, lines=lines)
    known = pieces(text)
    at = {piece_at(known, line) for line in lines}
    named = {entry.function for entry in entries if entry.function}
    return Focus(path, frozenset(at | named), lines)


def _in_focus(focus: Focus, current: str, wanted: str) -> list[Hunk]:
    every = hunks(current, wanted)
    if parse(current) is None and focus.lines:
        # The line a syntax error names is where reading stopped; the slip is the nearest one.
        return [min(every, key=lambda hunk: _distance(hunk, focus.lines))] if every else []
    if not focus.functions:
        return list(every)
    return [hunk for hunk in every if _matches(hunk.piece, focus.functions)]


def _distance(hunk: Hunk, lines: Sequence[int]) -> int:
    return min(
        0 if hunk.start <= line < max(hunk.end, hunk.start + 1) else abs(hunk.start - line)
        for line in lines
    )


def _matches(piece: str, functions: frozenset[str]) -> bool:
    if piece in functions:
        return True
    return piece != MODULE and piece.rsplit(".", 1)[-1] in functions


def _names_in(text: str, functions: frozenset[str]) -> set[str]:
    tree = parse(text)
    if tree is None:
        return set()
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and (not functions or node.name in {f.rsplit(".", 1)[-1] for f in functions})
        for name in names_used(node)
    }


def _unique_passage(text: str, step: Hunk) -> tuple[str, str] | None:
    """The lines of a change with as many lines around them as make them unique."""
    lines = text.splitlines(keepends=True)
    start, end = step.start - 1, step.end - 1
    for around in range(len(lines)):
        first, last = max(start - around, 0), min(end + around, len(lines))
        old = "".join(lines[first:last])
        # First and last occurrence: count() does not see ones that overlap.
        if old and text.find(old) == text.rfind(old):
            return old, "".join([*lines[first:start], *step.lines, *lines[end:last]])
        if first == 0 and last == len(lines):
            return None
    return None
