"""What a coder does who has misread the requirements: it takes its own failing tests for wrong.

This is how a fault gets past the tests of the item it is in: code and tests come from the same
head. Only others can find it then: acceptance tests, users, tests of other items.
"""

import re
from collections.abc import Mapping

from macrohard.llm.offline.parts.source import parse, pieces

_FAILED = re.compile(r"^(?:FAIL|ERROR): (?P<test>\w+) \((?P<owner>[\w.]+)\)", re.MULTILINE)
_NOT_LOADED = "unittest.loader._FailedTest"


def adapt_tests(output: str, current: Mapping[str, str]) -> dict[str, str]:
    """Test files without the tests that failed; none when that would leave less than half.

    Args:
        output: What unittest said.
        current: The coder's own files, by path.
    """
    if _NOT_LOADED in output:
        return {}
    doomed: dict[str, set[str]] = {}
    for match in _FAILED.finditer(output):
        path, name = _where(match["owner"], match["test"], current)
        if not path:
            return {}
        doomed.setdefault(path, set()).add(name)
    adapted = {path: without(current[path], names) for path, names in doomed.items()}
    for path, text in adapted.items():
        before, after = _count_tests(current[path]), _count_tests(text)
        if after * 2 < before or parse(text) is None:
            return {}
    return adapted


def without(text: str, names: set[str]) -> str:
    """A test file without these methods (``Class.test``)."""
    lines = text.splitlines(keepends=True)
    gone = [piece for piece in pieces(text) if piece.name in names]
    for piece in sorted(gone, key=lambda entry: entry.start, reverse=True):
        start = piece.start - 1
        while start > 0 and not lines[start - 1].strip():
            start -= 1
        del lines[start : piece.end]
    return "".join(lines)


def _where(owner: str, test: str, current: Mapping[str, str]) -> tuple[str, str]:
    """The file and the method of a failed test, from how unittest names it."""
    words = owner.split(".")
    if words[-1] == test:
        words.pop()
    path = "/".join(words[:-1]) + ".py"
    return (path, f"{words[-1]}.{test}") if path in current else ("", "")


def _count_tests(text: str) -> int:
    return sum(1 for piece in pieces(text) if piece.name.rsplit(".", 1)[-1].startswith("test"))
