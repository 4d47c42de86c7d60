"""Judging an app's own tests by two runs: as they are, and with every test turned round."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from macrohard.grading.canary import Canaries, bare
from macrohard.grading.census import Census
from macrohard.grading.examination import Examination, Examined
from macrohard.grading.graded import (
    Graded,
    clip_evidence,
    files_in,
    first_line,
    listed,
    remark,
)
from macrohard.grading.invert import Inverted
from macrohard.work import Failure, FailureSource, Severity

MOST_SKIPPED = 0.1
"""Share of tests that may be skipped, or expected to fail, before it holds a release."""
MOST_SILENT = 0.2
"""Share of tests that may assert nothing before it holds a release."""

_CHANGED = "Something in the app or its tests changes how assertions work or how results are told."
_TURNED = "With a failure as their first statement, these tests were still not reported as failed"


@dataclass(frozen=True)
class Evidence:
    """Everything a suite is judged by.

    Attributes:
        census: What is written.
        canaries: What was planted.
        plain: The run of the tests as they are.
        inverted: How the tests were turned round.
        turned: The run of these.
        command: The app's own test command.
    """

    census: Census
    canaries: Canaries
    plain: Examination
    inverted: Inverted
    turned: Examination
    command: Sequence[str] = ()

    @property
    def own(self) -> dict[str, Examined]:
        """The app's tests that were run, without what was planted."""
        planted = self.canaries.wanted
        return {name: t for name, t in self.plain.tests.items() if bare(name) not in planted}

    @property
    def planned(self) -> list[str]:
        """Ids of the app's tests that were to be run."""
        planted = self.canaries.wanted
        return [name for name in self.plain.collected or () if bare(name) not in planted]

    @property
    def passed(self) -> list[str]:
        """Ids of the app's tests that were reported as passed."""
        return [name for name, test in self.own.items() if test.result == "passed"]


def judge(evidence: Evidence, round_: int) -> Graded:
    """Grade an app's own tests. Unless the run as a whole can be believed, nothing passed."""
    number = iter(range(1, 1_000_000))
    broken = [
        Failure(
            id=f"R{round_}-U0-{at}" if at else f"R{round_}-U0",
            source=FailureSource.UNIT,
            title=title,
            evidence=clip_evidence(text),
            files=files_in(text, ""),
            severity=Severity.BLOCKER,
        )
        for at, (title, text) in enumerate(_unbelievable(evidence))
    ]
    failed = [
        _failure(f"R{round_}-U{next(number)}", title, text, file)
        for title, text, file in _failed(evidence)
    ]
    silent, unproven = _silent(evidence), _unproven(evidence)
    odd, holding = _odd(evidence, silent, unproven)
    failed += [_failure(f"R{round_}-U{next(number)}", title, text, "") for title, text in holding]
    counting = set(evidence.passed) - set(silent) - set(unproven)
    if not (counting or broken or failed):
        failed.append(
            _failure(f"R{round_}-U0", "no unit test counts", "None ran and asserted anything.", "")
        )
    return Graded(
        passed=0 if broken else len(counting),
        failures=(*broken, *failed),
        remarks=tuple(
            remark(f"R{round_}-U-remark-{at}", title, text)
            for at, (title, text) in enumerate(odd, start=1)
        ),
    )


def _failure(ident: str, title: str, text: str, file: str) -> Failure:
    return Failure(
        id=ident,
        source=FailureSource.UNIT,
        title=title,
        evidence=clip_evidence(text, "Run the test to see all."),
        files=files_in(text, file),
    )


def _unbelievable(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What makes the whole run worth nothing."""
    run = evidence.plain
    if not evidence.census.files:
        yield "no unit test ran", "There is no file named test_*.py or *_test.py."
    elif run.forged:
        yield (
            "the results of the unit tests were forged",
            f"{run.forged} reports were written by something that is not the test runner.",
        )
    elif not run.finished:
        where = f" while it ran {run.running}" if run.running else ""
        yield (
            f"the unit tests did not run to their end{where}",
            f"The process of the tests ended ({run.ended}){where}{_still(evidence)}.\n"
            f"{run.said}".strip(),
        )
    elif run.collected is None:
        yield "no unit test ran", f"{run.ended}\n{run.said}"
    elif not evidence.own and not run.errors:
        yield "no unit test ran", f"None was found in:\n{listed(evidence.census.files)}"
    elif wrong := evidence.canaries.wrong(run):
        wanted, seen = wrong[0]
        how_many = f"{len(wrong)} of {len(evidence.canaries.wanted)} planted tests"
        text = f"{how_many} were reported wrongly; one must have {wanted}, reported was {seen}."
        yield "the results of the unit tests cannot be believed", f"{text}\n{_CHANGED}"
    else:
        yield from _rigged(evidence)


def _rigged(evidence: Evidence) -> Iterator[tuple[str, str]]:
    words = evidence.inverted.words
    known = [name for name in evidence.passed if bare(name) in words]
    kept = [name for name in known if not _failed_as_it_must(evidence, name)]
    if kept:
        yield (
            f"{_many(kept)} reported as passed, whatever happens in them",
            f"{_TURNED} ({evidence.turned.ended}):\n{listed(kept)}\n{_CHANGED}",
        )


def _failed_as_it_must(evidence: Evidence, name: str) -> bool:
    turned = evidence.turned.tests.get(name)
    if turned is None or turned.result != "failed":
        return False
    return any(word in turned.message + turned.text for word in evidence.inverted.words[bare(name)])


def _still(evidence: Evidence) -> str:
    lost = _missing(evidence)
    return f", with {_many(lost, 'test')} of {len(evidence.planned)} to run" if lost else ""


def _missing(evidence: Evidence) -> list[str]:
    own = evidence.own
    return [name for name in evidence.planned if name not in own or not own[name].result]


def _many(things: Sequence[str], noun: str = "unit test") -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _failed(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """Title, evidence and file of what failed in the ordinary way."""
    for path, text in evidence.plain.errors.items():
        last = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
        why = first_line(last[-1]) if last else "it fails when it is imported"
        yield f"{path} could not be imported: {why}", text, path
    for name, test in evidence.own.items():
        if test.result == "failed":
            short = name.partition("[")
            title = f"{short[0].rpartition('::')[2]}{short[1]}{short[2]}"
            text = test.text or test.message or "failed"
            yield f"{title}: {first_line(test.message or text)}", text, test.file
    if evidence.plain.finished and evidence.plain.tests:
        if lost := _missing(evidence):
            yield f"{_many(lost)} found but never run", listed(lost), ""
        if lost := _never_collected(evidence):
            text = f"They are written, but pytest does not find them:\n{listed(lost)}"
            yield f"{_many(lost)} written but never run", text, ""


def _never_collected(evidence: Evidence) -> list[str]:
    collected = {_place(name) for name in evidence.plain.collected or ()}
    written = {(test.file, test.owner, test.name) for test in evidence.census.tests}
    inherited = {name for _, _, name in collected - written}
    broken = {*evidence.plain.errors, *evidence.census.unreadable}
    return [
        f"{test.file}:{test.line} {test.name}"
        for test in evidence.census.tests
        if (test.file, test.owner, test.name) not in collected
        and test.name not in inherited
        and test.file not in broken
    ]


def _place(name: str) -> tuple[str, str, str]:
    """File, class and function of a test."""
    file, *classes = name.partition("[")[0].split("::")
    return file, classes[-2] if len(classes) > 1 else "", bare(name)


def _silent(evidence: Evidence) -> list[str]:
    """Tests that passed without asserting anything."""
    found = []
    for name in evidence.passed:
        test = evidence.census.get(evidence.own[name].file, *_place(name)[1:])
        if test is not None and (
            not test.asserts or (test.counted and not evidence.own[name].asserted)
        ):
            found.append(name)
    return found


def _unproven(evidence: Evidence) -> list[str]:
    """Tests that passed and are written nowhere, so that none of it could be checked."""
    return [name for name in evidence.passed if bare(name) not in evidence.inverted.words]


def _odd(
    evidence: Evidence, silent: list[str], unproven: list[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What is odd and holds nothing, and what of it is so much that it does."""
    light: list[tuple[str, str]] = []
    heavy: list[tuple[str, str]] = []
    every = max(1, len(evidence.own))
    skipped = [
        f"{name}: {test.message}" for name, test in evidence.own.items() if test.result == "skipped"
    ]
    for found, most, title, text in (
        (skipped, MOST_SKIPPED, "skipped or expected to fail", "They do not count:"),
        (silent, MOST_SILENT, "without assertion", "No assertion ran in them; they do not count:"),
        (unproven, MOST_SILENT, "made at run time", "They cannot be checked nor count:"),
    ):
        if found:
            told = (f"{_many(found)} {title}", f"{text}\n{listed(found)}")
            (heavy if len(found) > most * every else light).append(told)
    light += list(_small(evidence))
    return light, heavy


def _small(evidence: Evidence) -> Iterator[tuple[str, str]]:
    shadowed = [f"{t.file}:{t.line} {t.name}" for t in evidence.census.tests if t.shadowed]
    if shadowed:
        yield (
            f"{_many(shadowed)} never run, because a later one has the name",
            listed(shadowed),
        )
    if evidence.plain.hooks:
        yield (
            "the tests' own pytest hooks were not followed",
            f"What a conftest says about results is not heard:\n{listed(evidence.plain.hooks)}",
        )
    unseen = [name for name in evidence.passed if name.count("::") == 1]
    if "unittest" in evidence.command and unseen:
        yield (
            f"{_many(unseen)} not run by the app's own test command",
            f"unittest runs methods of TestCase only:\n{listed(unseen)}",
        )
