"""Running tests so that the result can be believed: fresh boxes, our own pytest configuration.

An exit code alone decides nothing. A suite passes when it ran, its report counts at least one
executed test, none failed, and the exit code agrees.
"""

import asyncio
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from macrohard.graph.office import Office
from macrohard.sandbox.base import ExecResult, Sandbox
from macrohard.tools import clip
from macrohard.work import AcceptanceSuite, Failure, FailureSource, Severity

TIMEOUT_S = 300.0
_REPORT = "report.xml"
_INI = "[pytest]\naddopts =\n"
_PYTEST = (
    "python", "-m", "pytest", "-q", "-c", "../macrohard-pytest.ini", "-p", "no:cacheprovider",
    "--tb=short", "--rootdir=.", f"--junitxml=../{_REPORT}", "-o", "junit_family=xunit1",
)  # fmt: skip
_ENV = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONPATH": ".",
    # A suite starts the app hundreds of times: compiled code may be kept, in this box alone.
    "PYTHONDONTWRITEBYTECODE": "",
}
_FILE = re.compile(
    r"""(?:File "|^|\s)(?:\S*/)?((?:[\w.-]+/)*[\w-]+\.py)["']?(?:, line |:)\d+""", re.MULTILINE
)
EVIDENCE_CHARS = 4000


@dataclass(frozen=True)
class Case:
    """One test as the report tells it: ``problem`` is empty when it passed."""

    name: str
    file: str
    problem: str
    message: str


@dataclass(frozen=True)
class Graded:
    """A suite's result.

    Attributes:
        passed: Tests that ran and passed.
        failures: What did not, with evidence.
    """

    passed: int
    failures: tuple[Failure, ...] = field(default=())


async def grade_unit(office: Office, app: Path, round_: int) -> Graded:
    """Run the app's own tests in a fresh box."""
    async with office.slots, await office.boxes.create(label="unit") as box:
        await _place(box, app)
        result, cases = await _run(box, ["tests"])
    if not cases:
        return Graded(0, (_nothing_ran("unit", FailureSource.UNIT, result, round_),))
    failed = [case for case in cases if case.problem]
    return Graded(
        passed=len(cases) - len(failed),
        failures=tuple(
            Failure(
                id=f"R{round_}-U{number}",
                source=FailureSource.UNIT,
                title=f"{case.name}: {_first_line(case.message or case.problem)}",
                evidence=clip(case.problem, hint="Run the test to see all.", limit=EVIDENCE_CHARS),
                files=_files_in(case.problem, case.file),
            )
            for number, case in enumerate(failed, start=1)
        ),
    )


async def grade_acceptance(
    office: Office, app: Path, suite: AcceptanceSuite, round_: int
) -> Graded:
    """Run the held-out tests, read-only beside the app, in fresh boxes; files in parallel."""
    tests = sorted(f.path for f in suite.files if Path(f.path).name.startswith("test_"))
    groups = [tests[start::_SHARDS] for start in range(_SHARDS) if tests[start::_SHARDS]]
    graded = await asyncio.gather(
        *(
            _grade_group(office, app, suite, group, f"R{round_}-{number}")
            for number, group in enumerate(groups, start=1)
        )
    )
    failures = [failure for _, found in graded for failure in found]
    numbered = [
        failure.model_copy(update={"id": f"R{round_}-A{number}"})
        for number, failure in enumerate(failures, start=1)
    ]
    return Graded(passed=sum(passed for passed, _ in graded), failures=tuple(numbered))


_SHARDS = 2
"""Boxes that share an acceptance suite; each starts the app many times, so more gain little."""


async def _grade_group(
    office: Office, app: Path, suite: AcceptanceSuite, group: list[str], label: str
) -> tuple[int, list[Failure]]:
    async with office.slots, await office.boxes.create(label="acceptance") as box:
        await _place(box, app)
        folder = office.folders.worktrees / f"acceptance-{label}"
        _write_suite(suite, folder)
        await box.put_tree(folder, "acceptance", read_only=True)
        result, cases = await _run(box, [f"../acceptance/{path}" for path in group])
    if not cases:
        return 0, [_nothing_ran("acceptance", FailureSource.ACCEPTANCE, result, 0)]
    failed = [case for case in cases if case.problem]
    return len(cases) - len(failed), [
        Failure(
            id=label,
            source=FailureSource.ACCEPTANCE,
            title=_first_line(case.message) or case.name,
            # The message alone: the trace would show the text of a held-out test.
            evidence=clip(case.message or "no message", hint="", limit=EVIDENCE_CHARS),
            criteria=suite.covers.get(case.name.split("[")[0], ()),
        )
        for case in failed
    ]


def _write_suite(suite: AcceptanceSuite, folder: Path) -> None:
    for file in suite.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)


async def _place(box: Sandbox, app: Path) -> None:
    await box.put_tree(app, "app")
    await box.exec(["rm", "-rf", "app/.git"], timeout_s=30)
    await box.write("macrohard-pytest.ini", _INI.encode())


async def _run(box: Sandbox, targets: Iterable[str]) -> tuple[ExecResult, list[Case]]:
    root = (await box.exec(["pwd"], timeout_s=30, cwd="app")).stdout.strip()
    result = await box.exec(
        [*_PYTEST, *targets],
        timeout_s=TIMEOUT_S,
        cwd="app",
        env={**_ENV, "MACROHARD_APP": root},
    )
    try:
        report = await box.read(_REPORT)
    except FileNotFoundError:
        return result, []
    cases = _cases(report)
    if cases and result.returncode not in (0, 1):
        return result, []
    return result, cases


def _cases(report: bytes) -> list[Case]:
    # Written by pytest in the box, at most 10 MB; expat limits entity expansion since 2.4.
    try:
        root = ET.fromstring(report)  # noqa: S314
    except ET.ParseError:
        return []
    cases = []
    for case in root.iter("testcase"):
        bad = next((node for node in case if node.tag in {"failure", "error"}), None)
        if any(node.tag == "skipped" for node in case):
            continue
        cases.append(
            Case(
                name=case.get("name", ""),
                file=case.get("file", ""),
                problem=(bad.text or bad.get("message", "") or "failed") if bad is not None else "",
                message=_said(bad) if bad is not None else "",
            )
        )
    return cases


_CUT = re.compile(r"\n?\[[^\]\n]*; full report in element text\]$")
"""How pytest 9 ends a message attribute that it cut at 500 characters."""


def _said(bad: ET.Element) -> str:
    """The whole message of a failure, without the lines of the test that a trace shows."""
    message, text = bad.get("message", ""), bad.text or ""
    if not _CUT.search(message):
        return message
    told = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    if told:
        return "\n".join(told)
    # Failed without a trace: the text is the message and nothing else.
    first = message.splitlines()[0].partition(": ")[2]
    return text if first and text.startswith(first) else _CUT.sub("", message)


def _nothing_ran(suite: str, source: FailureSource, result: ExecResult, round_: int) -> Failure:
    said = clip(f"{result.stdout}\n{result.stderr}".strip(), hint="", limit=EVIDENCE_CHARS)
    return Failure(
        id=f"R{round_}-{suite[0].upper()}0",
        source=source,
        title=f"no {suite} test ran",
        evidence=f"exit code {result.returncode}\n{said}"
        if source is FailureSource.UNIT
        else f"The tests could not be run to their end (exit code {result.returncode}).",
        files=_files_in(said, ""),
        severity=Severity.BLOCKER,
    )


def _files_in(trace: str, test_file: str) -> tuple[str, ...]:
    """Files of the app that a trace names, nearest to the error first, the test's own last."""
    named = [m for m in _FILE.findall(trace) if not m.startswith(("python3", "lib/", "usr/"))]
    ordered = dict.fromkeys(reversed(named))
    if test_file:
        ordered.pop(test_file, None)
        ordered[test_file] = None
    return tuple(ordered)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:200] if text.strip() else ""
