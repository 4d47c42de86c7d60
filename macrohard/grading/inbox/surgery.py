"""Runs an app's own tests against mutants of it, each in a copy and a fork of its own.

Run with a job on standard input (see ``mutation.py``). Everything that
is expensive to import is imported once; the app is not, since its code differs in each copy.
"""

# What tests use most, so that a fork has it already.
import argparse  # noqa: F401
import contextlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import hiding

_INI = "[pytest]\naddopts =\n"


def main() -> None:
    """Try every mutant of the job, and print what became of each."""
    hiding.hide()
    job = json.load(sys.stdin)
    folder = Path(tempfile.mkdtemp(prefix="tmp"))
    (folder / "pytest.ini").write_text(_INI)
    told = Theatre(job, folder).work()
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    shutil.rmtree(folder, ignore_errors=True)


class Theatre:
    """Operations under way.

    Args:
        job: ``app``, ``paths``, ``mutants`` (each with ``file``, ``text``, ``tests``
            in stages: the next is run when nothing failed in the last),
            ``cpu_s`` and ``patience_s`` for one, ``timeout_s`` for all, ``at_once``.
        folder: Where copies go.
    """

    def __init__(self, job: dict[str, Any], folder: Path) -> None:
        self._job = job
        self._folder = folder
        self._deadline = time.monotonic() + job["timeout_s"]
        self._told: list[dict[str, str]] = [{"end": "no time"} for _ in job["mutants"]]

    def work(self) -> list[dict[str, str]]:
        """What became of each mutant.

        ``end``: ``failed`` (``test`` noticed it), ``passed``, ``crashed``, ``slow``, ``no time``,
        or ``alone`` when the test that noticed fails without the fault as well.
        """
        # Once, so that copies come with compiled code.
        self._run_all(
            [self._start(self._job["app"], [["--collect-only", *self._job["tests"]]], -1)]
        )
        waiting = list(enumerate(self._job["mutants"]))
        running: list[_Run] = []
        while waiting or running:
            while waiting and len(running) < self._job["at_once"]:
                number, mutant = waiting.pop(0)
                if time.monotonic() < self._deadline:
                    running.append(self._operate(number, mutant))
            if running:
                running = self._wait(running)
        self._confirm()
        return self._told

    def _operate(self, number: int, mutant: dict[str, Any]) -> "_Run":
        copy = self._folder / f"m{number}"
        shutil.copytree(self._job["app"], copy, symlinks=True)
        file = copy / mutant["file"]
        for old in file.parent.glob(f"__pycache__/{file.stem}.*"):
            old.unlink()
        file.write_text(mutant["text"], encoding="utf-8")
        return self._start(str(copy), mutant["tests"], number)

    def _confirm(self) -> None:
        """Run the tests that noticed something once more, on the app as it is."""
        noticed = sorted({told["test"] for told in self._told if told.get("test")})
        if not noticed:
            return
        copy = self._folder / "whole"
        shutil.copytree(self._job["app"], copy, symlinks=True)
        run = self._start(str(copy), [[*noticed, "--maxfail=1000"]], -2)
        (ended,) = self._run_all([run])
        alone = set(ended.said.get("failed", []))
        complete = bool(ended.said)
        for told in self._told:
            if told.get("test") and (not complete or told["test"] in alone):
                told["end"] = "alone"

    def _start(self, app: str, stages: list[list[str]], number: int) -> "_Run":
        ours, theirs = os.pipe()
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            os.close(ours)
            job = {**self._job, "ini": str(self._folder / "pytest.ini")}
            _be_tested(app, job, stages, theirs)
        os.close(theirs)
        patience = max(1.0, min(self._job["patience_s"], self._deadline - began))
        return _Run(number, child, ours, began + patience)

    def _run_all(self, runs: "list[_Run]") -> "list[_Run]":
        left = runs
        while left:
            left = self._wait(left)
        return runs

    def _wait(self, running: "list[_Run]") -> "list[_Run]":
        """Wait until one of them ends; those that go on."""
        patience = max(0.0, min(run.deadline for run in running) - time.monotonic())
        lines = [run.line for run in running]
        ready, _, _ = select.select(lines, [], [], patience)
        left = []
        for run in running:
            if run.line in ready:
                run.data += (data := os.read(run.line, 65536))
                if data:
                    left.append(run)
                    continue
                self._end(run)
            elif time.monotonic() >= run.deadline:
                self._end(run, slow=True)
            else:
                left.append(run)
        return left

    def _end(self, run: "_Run", *, slow: bool = False) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.child, signal.SIGKILL)
        os.waitpid(run.child, 0)
        os.close(run.line)
        with contextlib.suppress(ValueError):
            run.said = json.loads(run.data)
        if run.number < 0:
            return
        shutil.rmtree(self._folder / f"m{run.number}", ignore_errors=True)
        if slow:
            self._told[run.number] = {"end": "slow"}
        elif not run.said:
            self._told[run.number] = {"end": "crashed"}
        elif run.said["failed"]:
            self._told[run.number] = {"end": "failed", "test": run.said["failed"][0]}
        else:
            self._told[run.number] = {"end": "passed" if run.said["ran"] else "not run"}


class _Run:
    def __init__(self, number: int, child: int, line: int, deadline: float) -> None:
        self.number, self.child, self.line, self.deadline = number, child, line, deadline
        self.data = b""
        self.said: dict[str, Any] = {}


def _be_tested(app: str, job: dict[str, Any], stages: list[list[str]], line: int) -> None:
    """Run tests in this process until one fails, say how they went, and end it."""
    try:
        os.setsid()
        hiding.set_open(value=True)
        resource.setrlimit(resource.RLIMIT_CPU, (job["cpu_s"], job["cpu_s"]))
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        os.set_inheritable(line, False)
        os.chdir(app)
        os.environ["MACROHARD_APP"] = app
        sys.path[:0] = [app, *(f"{app}/{path}" for path in job["paths"])]
        counter = _Counter()
        write: Callable[[int, bytes], int] = os.write
        for tests in stages:
            if tests and not counter.failed:
                pytest.main(
                    ["-x", "-c", job["ini"], "-p", "no:cacheprovider", "-p", "no:terminal",
                     f"--rootdir={app}", f"--confcutdir={app}", *tests],
                    plugins=[counter],
                )  # fmt: skip
        write(line, json.dumps({"failed": counter.failed, "ran": counter.ran}).encode())
    finally:
        os._exit(0)


class _Counter:
    """A pytest plugin that keeps what failed."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.ran = 0

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported has noticed."""
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a failure."""
        self.ran += report.when == "call"
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)
