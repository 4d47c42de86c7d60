"""What grading a suite comes to, and how failures of tests are told."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from macrohard.work import Failure, FailureSource, Severity

EVIDENCE_CHARS = 4000
_FEW = 10
_FILE = re.compile(
    r"""(?:File "|^|\s)(?:/\S*?/app/)?((?:[\w.-]+/)*[\w-]+\.py)["']?(?:, line |:)\d+""",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Graded:
    """A suite's result.

    Attributes:
        passed: Tests that ran, asserted something, and passed.
        failures: What did not, with evidence.
        remarks: What is odd about the suite and holds nothing.
    """

    passed: int
    failures: tuple[Failure, ...] = field(default=())
    remarks: tuple[Failure, ...] = field(default=())


def clip_evidence(text: str, hint: str = "") -> str:
    """Head and tail of evidence that is too long."""
    if len(text) <= EVIDENCE_CHARS:
        return text
    half = EVIDENCE_CHARS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[... {left_out} characters left out. {hint} ...]\n{text[-half:]}"


def files_in(trace: str, test_file: str) -> tuple[str, ...]:
    """Files of the app that a trace names, nearest to the error first, the test's own last."""
    named = [m for m in _FILE.findall(trace) if not m.startswith(("python3", "lib/", "usr/"))]
    ordered = dict.fromkeys(reversed(named))
    if test_file:
        ordered.pop(test_file, None)
        ordered[test_file] = None
    return tuple(ordered)


def first_line(text: str) -> str:
    """The first line that says something, cut."""
    return text.strip().splitlines()[0][:200] if text.strip() else ""


def listed(names: Iterable[str]) -> str:
    """Names, one a line, the first of many."""
    every: Sequence[str] = list(names)
    more = [f"  and {len(every) - _FEW} more"] if len(every) > _FEW else []
    return "\n".join([*(f"  {name}" for name in every[:_FEW]), *more])


def remark(ident: str, title: str, evidence: str, files: Iterable[str] = ()) -> Failure:
    """Something a manager should know that holds no release."""
    return Failure(
        id=ident,
        source=FailureSource.REVIEW,
        title=title,
        evidence=f"test-runner: {evidence}",
        files=tuple(dict.fromkeys(files)),
        severity=Severity.MINOR,
    )
