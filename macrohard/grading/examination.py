"""One examination of an app in a box: what to run goes in, what each test did comes out.

The programs that hold it (:mod:`macrohard.grading.inbox`) lie in the box read-only.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from macrohard.sandbox.base import Sandbox

TIMEOUT_S = 300.0
INBOX = Path(__file__).parent / "inbox"
PLACE = "proctor"
NAME = "macrohard_proctor"
"""What our programs are called as a package: nothing an app would call its own."""
_GRACE_S = 20.0  # for starting, and for telling after the examinee ran out of time
_ENV = {
    # What tests start by themselves: the app, from its root.
    "PYTHONPATH": ".",
    # A suite starts the app hundreds of times: compiled code may be kept, in this box alone.
    "PYTHONDONTWRITEBYTECODE": "",
}
_DURATION = re.compile(r" in \d+(?:\.\d+)?s\b(?: \([\d:]+\))?")
_PROGRESS = re.compile(r"^[.FEsxX,u]+(?: +\[ *\d+%\])?$\n?", re.MULTILINE)
_FOLDER = re.compile(r"(?<=/tmp/)tmp\w+")

Result = Literal["passed", "failed", "skipped", ""]


@dataclass(frozen=True)
class Examined:
    """One test.

    Attributes:
        result: ``skipped`` also when it was expected to fail; empty when it never ended.
        file: Its file, from the root of the app.
        text: Failed: the trace.
        message: Failed: what it said; skipped: why.
        asserted: Assertions that were counted while it ran.
    """

    result: Result
    file: str = ""
    text: str = ""
    message: str = ""
    asserted: int = 0


@dataclass(frozen=True)
class Examination:
    """What an examination came to.

    Attributes:
        tests: What ran, by id (``tests/test_a.py::Case::test_b``), in the order in which it ran.
        collected: Ids of what was to be run; None when it did not get that far.
        errors: Files that could not be imported, and why.
        code: The exit code of pytest, when it came to its own end.
        ended: How its process ended: ``exit code 0``, ``signal 9``, ``time-out``.
        running: The test it was in when it ended early.
        forged: Reports that the runner did not write.
        hooks: Hooks of the app that were not followed.
        said: Standard error and output of the run, for people.
    """

    tests: Mapping[str, Examined] = field(default_factory=dict)
    collected: tuple[str, ...] | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    code: int | None = None
    ended: str = ""
    running: str = ""
    forged: int = 0
    hooks: tuple[str, ...] = ()
    said: str = ""

    @property
    def finished(self) -> bool:
        """Whether all tests were run, whatever came of them."""
        return self.code in _ENDED_WELL

    @property
    def missing(self) -> list[str]:
        """Tests that were to be run and have no result."""
        return [name for name in self.collected or () if not self.tests.get(name, _NONE).result]


_NONE = Examined("")
_ENDED_WELL = (0, 1, 5)
"""Passed, some failed, none there: exit codes of pytest which mean that it ran to its end."""


@dataclass(frozen=True)
class Paper:
    """What to examine.

    Attributes:
        targets: Files with tests; ``{folder}`` stands for where ``files`` lie.
        files: Files that are ours, by name.
        paths: Folders of the app that are put on the search path.
        rewritten: Packages of the app whose assert statements are counted.
        held_out: Whether the tests are none of the app's own: then its code is not importable,
            and the tests are gone from the disk before the first of them runs.
        trace: Style of traces.
        timeout_s: For everything together.
    """

    targets: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    held_out: bool = False
    trace: str = "short"
    timeout_s: float = TIMEOUT_S


def start_of(program: str, place: str) -> list[str]:
    """Arguments of Python that start a program of ours that lies in a box."""
    code = "import sys; sys.path.insert(0, sys.argv.pop())"
    return ["-c", f"{code}; from {NAME}.{program} import main; del sys.path[0]; main()", place]


async def examine(
    box: Sandbox, paper: Paper, *, app: str = "app", env: Mapping[str, str] | None = None
) -> Examination:
    """Hold an examination.

    Args:
        box: A fresh one, with the app in it; nothing else should have run in it.
        paper: What to examine.
        app: Folder of the app.
        env: Variables for the tests.

    Raises:
        SandboxError: The box failed.
    """
    await box.put_tree(INBOX, f"{PLACE}/{NAME}", read_only=True)
    root = (await box.exec(["pwd"], timeout_s=30, cwd=app)).stdout.strip()
    job = {
        "root": root,
        "targets": paper.targets,
        "files": dict(paper.files),
        "paths": [f"{root}/{path}" for path in paper.paths],
        "rewritten": paper.rewritten,
        "held_out": paper.held_out,
        "trace": paper.trace,
        "timeout_s": paper.timeout_s,
    }
    climb = "/".join([".."] * len(Path(app).parts))
    result = await box.exec(
        ["python", "-I", "-S", *start_of("proctor", f"{climb}/{PLACE}")],
        timeout_s=paper.timeout_s + _GRACE_S,
        stdin=json.dumps(job).encode(),
        cwd=app,
        env={**_ENV, "MACROHARD_APP": root, **(env or {})},
    )
    said = _PROGRESS.sub("", result.stderr)
    said = _FOLDER.sub("...", _DURATION.sub("", said.strip()))
    try:
        told = json.loads(result.stdout)
    except json.JSONDecodeError:
        # Whoever kills the proctor has no results.
        return Examination(ended=f"exit code {result.returncode}", said=said)
    return _sitting(told, said)


def _sitting(told: dict[str, Any], said: str) -> Examination:
    return Examination(
        tests={
            name: Examined(
                result=test["outcome"],
                file=test["file"],
                text=test["text"],
                message=test["message"],
                asserted=test["asserted"],
            )
            for name, test in told["tests"].items()
        },
        collected=None if told["collected"] is None else tuple(told["collected"]),
        errors={error["id"]: error["text"] for error in told["errors"]},
        code=told["finished"],
        ended=told["ended"],
        running=told["running"],
        forged=told["forged"],
        hooks=tuple(told["hooks"]),
        said=said,
    )
