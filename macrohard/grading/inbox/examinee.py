"""Runs tests with pytest, under our configuration, and reports each of them to the proctor.

Code under test shares this interpreter when the tests are the app's own. So nothing here is beyond
its reach for certain; what holds in spite of that is said in docs/grading.md.
"""

# Everything that is needed later is imported before the code under test can put a module of the
# same name in its way.
import hashlib
import hmac
import json
import linecache
import os
import sys
import tempfile
import unittest
import unittest.mock
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _pytest.runner
import pytest
from _pytest.config import PytestPluginManager

from . import hiding

_HOOKS_FOLLOWED = {
    "pytest_addoption",
    "pytest_generate_tests",
    "pytest_make_parametrize_id",
    "pytest_plugin_registered",
}
"""Hooks of a conftest that say what to test; all others could say how it went."""
_Send = Callable[..., None]


def main() -> None:
    """Run what the job on standard input says, and report it."""
    job = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    send = _reporter(job["report"], bytes.fromhex(job.pop("key")))
    hooks = _ignore_hooks(job["root"])
    if job["held_out"]:
        sys.dont_write_bytecode = True
        hiding.hide()
    else:
        sys.path[:0] = [job["root"], *job["paths"]]
        for path in job["rewritten"]:
            pytest.register_assert_rewrite(path)
    # What is tested, and what it starts, should not see by its environment that it is a test.
    _pytest.runner._update_current_test_var = lambda *_: None  # noqa: SLF001
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    plugin = HeldOutReporter(send, job) if job["held_out"] else Reporter(send, job)
    code = int(pytest.main(_arguments(job), plugins=[plugin]))
    send("finished", code=code, hooks=sorted(hooks))


def _arguments(job: dict[str, Any]) -> list[str]:
    folder = job["folder"]
    return [
        "-q", "-c", f"{folder}/pytest.ini", "-p", "no:cacheprovider",
        "--continue-on-collection-errors", f"--tb={job['trace']}",
        f"--rootdir={folder if job['held_out'] else job['root']}", f"--confcutdir={job['root']}",
        *(target.replace("{folder}", folder) for target in job["targets"]),
    ]  # fmt: skip


def _reporter(line: int, key: bytes) -> _Send:
    """The only thing that can report; who finds the line still lacks the key."""
    os.set_inheritable(line, False)
    number = iter(range(sys.maxsize))
    write, dumps, new = os.write, json.dumps, hmac.new
    sha256, owner, getpid = hashlib.sha256, os.getpid(), os.getpid

    def send(kind: str, **fields: Any) -> None:
        if getpid() != owner:
            return  # a test that forks reports once
        body = dumps({"kind": kind, "n": next(number), **fields}).encode()
        data = new(key, body, sha256).hexdigest().encode() + b" " + body + b"\n"
        while data:
            data = data[write(line, data) :]

    return send


def _ignore_hooks(root: str) -> set[str]:
    """Do not follow the hooks of the app's conftests and plugins; their fixtures stay.

    Returns:
        Names of the hooks that were met, filled as they are.
    """
    met: set[str] = set()
    original = PytestPluginManager.parse_hookimpl_opts

    def parse(self: PytestPluginManager, plugin: object, name: str) -> Any:
        found = original(self, plugin, name)
        file = getattr(plugin, "__file__", None) or ""
        if found is not None and file.startswith(f"{root}/") and name not in _HOOKS_FOLLOWED:
            met.add(f"{name} in {file[len(root) + 1 :]}")
            return None
        return found

    PytestPluginManager.parse_hookimpl_opts = parse  # type: ignore[method-assign]
    return met


class Reporter:
    """A pytest plugin that reports tests as they end.

    Args:
        send: Reports.
        job: What is run.
    """

    def __init__(self, send: _Send, job: dict[str, Any]) -> None:
        self._send = send
        self._job = job
        self._count = 0
        self._folders = iter(range(1, sys.maxsize))
        _count_assertions(self._asserted)

    def _asserted(self) -> None:
        self._count += 1

    def pytest_configure(self) -> None:
        """Take away what pytest tells its children."""
        for name in ("PYTEST_VERSION", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            os.environ.pop(name, None)

    def pytest_assertion_pass(self) -> None:
        """Count an assert statement that held."""
        self._count += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report a file that could not be imported."""
        if report.failed:
            self._send("error", id=report.nodeid, text=str(report.longrepr))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Report what will be run; from here on held-out tests exist in memory alone."""
        self._send("collected", ids=[item.nodeid for item in session.items])
        if self._job["held_out"]:
            self._hide_files()

    def _hide_files(self) -> None:
        for name in self._job["files"]:
            path = Path(self._job["folder"], name)
            if path.suffix == ".py":
                text = path.read_text()
                # Without a time, so that nobody looks whether the file has changed.
                entry = (len(text), None, text.splitlines(keepends=True), str(path))
                linecache.cache[str(path)] = entry
                path.unlink()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Report that a test begins."""
        self._count = 0
        self._send("started", id=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Report a phase of a test. What was expected to fail is not passed, whatever it did."""
        outcome: str = report.outcome
        marked = hasattr(report, "wasxfail")
        if marked and outcome == "passed":
            outcome = "skipped"
        if outcome == "passed" and (report.when != "call" or hasattr(report, "context")):
            outcome = ""  # neither a fixture nor a part of a test is a test that passed
        if outcome == "skipped" and hasattr(report, "context"):
            outcome = ""
        crash = getattr(report.longrepr, "reprcrash", None)
        text = str(report.longrepr) if outcome == "failed" else ""
        message = crash.message if crash is not None else str(report.longrepr or "")
        if outcome == "skipped":
            reason = report.longrepr
            message = reason[2] if isinstance(reason, tuple) else message
            message = f"expected to fail {report.wasxfail}".strip() if marked else message
        count, self._count = self._count, 0
        self._send(
            "phase",
            id=report.nodeid,
            file=report.location[0],
            outcome=outcome,
            message=message if outcome != "passed" else "",
            text=text,
            asserted=count,
        )


class HeldOutReporter(Reporter):
    """Reports tests that start the program under test in processes of its own."""

    @pytest.fixture
    def tmp_path(self) -> Path:
        """A folder whose name does not tell the program which test it is in."""
        path = Path(tempfile.gettempdir(), "data", str(next(self._folders)))
        path.mkdir(parents=True)
        return path


def _count_assertions(count: Callable[[], None]) -> None:
    """Have the assertions of unittest counted when they are called."""
    for name in dir(unittest.TestCase):
        if name.startswith("assert"):
            original = getattr(unittest.TestCase, name)
            setattr(unittest.TestCase, name, _counting(original, count))


def _counting(original: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        count()
        return original(*arguments, **named)

    counted.__name__ = original.__name__
    counted.__doc__ = original.__doc__
    return counted
