"""Judging an app by tests it has never seen."""

from collections.abc import Sequence

from macrohard.grading.examination import Examination, Paper
from macrohard.grading.graded import Graded, clip_evidence, first_line
from macrohard.work import AcceptanceSuite, Failure, FailureSource, Severity

_ENDED = "The tests could not be run to their end"


def paper_of(suite: AcceptanceSuite, group: Sequence[str]) -> Paper:
    """Some files of a suite, to be run with everything that lies beside them."""
    return Paper(
        targets=tuple(f"{{folder}}/{path}" for path in group),
        files={file.path: file.content for file in suite.files},
        held_out=True,
    )


def judge(suite: AcceptanceSuite, examination: Examination) -> Graded:
    """Grade a part of a suite. Nothing of a test's own text leaves this place."""
    if not examination.finished or not examination.tests or examination.forged:
        how = examination.ended if not examination.finished else "no test ran"
        return Graded(0, (_failure("no acceptance test ran", f"{_ENDED} ({how}).", suite, ""),))
    failures = [
        _failure(
            first_line(test.message) or _bare(name),
            # The message alone: the trace would show the text of a held-out test.
            clip_evidence(test.message or "no message"),
            suite,
            name,
        )
        for name, test in examination.tests.items()
        if test.result == "failed"
    ]
    failures += [
        _failure(f"{_bare(name)} has no result", f"{_ENDED}.", suite, name)
        for name in examination.missing
    ]
    if examination.errors:
        text = f"{len(examination.errors)} files of the suite could not be imported."
        failures.append(_failure("acceptance tests could not be run", text, suite, ""))
    passed = sum(1 for test in examination.tests.values() if test.result == "passed")
    return Graded(passed, tuple(failures))


def _failure(title: str, evidence: str, suite: AcceptanceSuite, test: str) -> Failure:
    return Failure(
        id="A",
        source=FailureSource.ACCEPTANCE,
        title=title,
        evidence=evidence,
        criteria=suite.covers.get(_bare(test).split("[")[0], ()),
        severity=Severity.MAJOR if test else Severity.BLOCKER,
    )


def _bare(test: str) -> str:
    head, bracket, rest = test.partition("[")
    return head.rpartition("::")[2] + bracket + rest
