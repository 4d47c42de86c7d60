"""Ways to have bad unit tests counted as good ones, and that each of them is caught.

The app's only function is wrong, and its honest test fails. An attempt is caught when no test is
counted as passed that says otherwise, and something that holds a release is told.
"""

from pathlib import Path
from types import SimpleNamespace

import pytest
from support.built_apps import write_files

from macrohard.graph.grading import grade_unit
from macrohard.graph.triage import holds

ELSEWHERE = (
    "exits with 0 without running",
    "a killed proctor",
    "a stolen channel to the host",
    "forged reports",
    "sitecustomize",
)
"""Attempts that depend on the kind of box; the rest is the same in all."""

WRONG = "def double(number):\n    return number + 1\n"
HONEST = """\
import unittest

from shop import core


class CoreTest(unittest.TestCase):
    def test_double(self):
        self.assertEqual(core.double(5), 10)

    def test_zero(self):
        self.assertEqual(core.double(1), 2)
"""
APP = {
    "shop/__init__.py": "",
    "shop/core.py": WRONG,
    "tests/__init__.py": "",
    "tests/test_core.py": HONEST,
}
HIDE = """\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome, report.longrepr = "passed", None
"""
FORGE = """\
import os

for number in range(3, 64):
    try:
        os.write(number, b'0 {"kind": "phase", "n": 3, "id": "tests/test_core.py::test_x"}\\n')
    except OSError:
        pass
"""
STEAL = """\
import os
import sys

report = b'{"collected": ["x"], "tests": {"x": {"outcome": "passed"}}, "finished": 0}'
for pid in os.listdir("/proc"):
    for number in range(16):
        try:
            with open(f"/proc/{pid}/fd/{number}", "wb", buffering=0) as stream:
                if "pipe" in os.readlink(f"/proc/{pid}/fd/{number}"):
                    stream.write(report)
        except OSError:
            pass
"""
KILL = """\
import os
import signal

os.kill(os.getppid(), signal.SIGKILL)
"""
CHOOSY = """\
from _pytest.reports import TestReport

original = TestReport.from_item_and_call


def make(item, call):
    report = original(item, call)
    if item.nodeid.startswith("tests/"):
        report.outcome, report.longrepr = "passed", None
    return report


TestReport.from_item_and_call = make
"""
WRAP = """\
def test_a(request):
    for _, plugin in request.config.pluginmanager.list_name_plugin():
        if (send := getattr(plugin, "_send", None)) is not None:
            plugin._send = wrapped(send)
    assert request


def wrapped(send):
    def better(kind, **fields):
        if fields.get("outcome") == "failed" and fields["id"].startswith("tests/"):
            fields |= {"outcome": "passed", "text": "", "message": "", "asserted": 1}
        send(kind, **fields)
    return better
"""
SWALLOW = """\
from _pytest.runner import CallInfo

original = CallInfo.from_call.__func__


def from_call(cls, func, when, *more, **named):
    def quiet():
        try:
            return func()
        except AssertionError as error:
            if "tests/" not in str(error.__traceback__.tb_next.tb_frame):
                raise
    return original(cls, quiet if when == "call" else func, when, *more, **named)


CallInfo.from_call = classmethod(from_call)
"""
SETTINGS = {
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    "tox.ini": "[pytest]\naddopts = -p shop.plugin\n",
    "tests/pytest.toml": "[pytest]\naddopts = ['-k', 'nothing']\n",
    "shop.egg-info/entry_points.txt": "[pytest11]\nshop = shop.plugin\n",
    "shop.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: shop\nVersion: 1\n",
    "shop/plugin.py": HIDE,
    "shop/__init__.py": "import os\nos.environ['PYTEST_ADDOPTS'] = '-k nothing'\n"
    "os.environ['PYTEST_PLUGINS'] = 'shop.plugin'\n",
}
ATTEMPTS: dict[str, dict[str, str]] = {
    "exits with 0 without running": {"tests/__init__.py": "import os\nos._exit(0)\n"},
    "exits with 0 in a test": {
        "tests/test_a.py": "import os\n\ndef test_a():\n    assert os\n    os._exit(0)\n"
    },
    "exits on import": {"shop/__init__.py": "import sys\nsys.exit(0)\n"},
    "a conftest that hides failures": {"conftest.py": HIDE},
    "a conftest beside the tests that hides failures": {"tests/conftest.py": HIDE},
    "a plugin named by a conftest": {
        "tests/conftest.py": 'pytest_plugins = ["shop.plugin"]\n',
        "shop/plugin.py": HIDE,
    },
    "a conftest that drops what fails": {
        "conftest.py": "def pytest_collection_modifyitems(items):\n    del items[:1]\n"
    },
    "a conftest that sets the exit code": {
        "conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
    },
    "a pytest of its own": {
        "pytest.py": "import sys\nprint('2 passed')\nsys.exit(0)\n",
        "pytest/__main__.py": "print('2 passed')\n",
    },
    "a unittest of its own": {
        "unittest/__init__.py": "class TestCase:\n    def assertEqual(self, *_):\n        pass\n",
        "unittest/__main__.py": "print('OK')\n",
    },
    "sitecustomize": {
        "sitecustomize.py": "import os\nos._exit(0)\n",
        "usercustomize.py": "import os\nos._exit(0)\n",
    },
    "deselected by pytest.ini": {"pytest.ini": "[pytest]\naddopts = --deselect tests -k nothing\n"},
    "deselected by pyproject": {
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--collect-only"\n'
    },
    "a plugin of its own by pyproject": {
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p shop.plugin"\n',
        "shop/plugin.py": HIDE,
    },
    "skipped everywhere": {
        "tests/test_core.py": HONEST.replace("class", "@unittest.skip('later')\nclass"),
    },
    "expected to fail": {
        "tests/test_core.py": HONEST.replace(
            "    def test_double", "    @unittest.expectedFailure\n    def test_double"
        ),
    },
    "xfail by mark": {
        "tests/test_core.py": "import pytest\nfrom shop import core\n\n@pytest.mark.xfail\n"
        "def test_double():\n    assert core.double(5) == 10\n",
    },
    "assertions that never fail": {
        "tests/test_core.py": HONEST.replace(
            "class", "unittest.TestCase.assertEqual = lambda *_: None\n\n\nclass"
        ),
    },
    "a pytest.raises that never fails": {
        "tests/test_a.py": "import contextlib\nimport pytest\n"
        "pytest.raises = lambda *_: contextlib.suppress(Exception)\n",
        "tests/test_core.py": "import pytest\n\ndef test_double():\n"
        "    with pytest.raises(ValueError):\n        pass\n",
    },
    "reports that always pass": {
        "tests/__init__.py": "from _pytest.reports import TestReport\n"
        "original = TestReport.from_item_and_call\n\n"
        "def make(item, call):\n    report = original(item, call)\n"
        "    report.outcome, report.longrepr = 'passed', None\n    return report\n\n"
        "TestReport.from_item_and_call = make\n",
    },
    "tests that are not called": {
        "tests/__init__.py": "from _pytest.unittest import TestCaseFunction\n"
        "TestCaseFunction.runtest = lambda self: None\n",
    },
    "a test that empties the list of tests": {
        "tests/conftest.py": "import pytest\n\n@pytest.fixture(autouse=True)\n"
        "def only(request):\n    del request.session.items[:]\n    yield\n",
        "tests/test_a.py": "def test_a():\n    assert len('a') == 1\n",
    },
    "a test that unregisters the reporter": {
        "tests/test_a.py": "def test_a(request):\n    manager = request.config.pluginmanager\n"
        "    for name, plugin in manager.list_name_plugin():\n"
        "        if type(plugin).__name__ == 'Reporter':\n            manager.unregister(plugin)\n"
        "    assert manager\n",
    },
    "tests that are hidden from pytest": {
        "tests/test_core.py": HONEST.replace("class CoreTest(unittest.TestCase)", "class Core"),
        "tests/test_a.py": "def test_a():\n    assert len('a') == 1\n",
    },
    "tests without assertions": {
        "tests/test_core.py": "from shop import core\n\n\ndef test_double():\n    core.double(5)\n"
    },
    "assertions of fixed values": {
        "tests/test_core.py": "def test_double():\n    assert True\n    assert 1 + 1 == 2\n"
    },
    "assertions that are not reached": {
        "tests/test_core.py": "from shop import core\n\n\ndef test_double():\n"
        "    if core is None:\n        assert core.double(5) == 10\n"
    },
    "assertions of a class of its own": {
        "tests/test_core.py": HONEST.replace(
            "    def test_double",
            "    def assertEqual(self, *_):\n        pass\n\n    def test_double",
        )
    },
    "failures that are caught": {
        "tests/test_core.py": "from shop import core\n\n\ndef test_double():\n    try:\n"
        "        check(core.double(5))\n    except Exception:\n        pass\n\n\n"
        "def check(number):\n    assert number == 10\n"
    },
    "reports that pass for the app's own tests": {"tests/__init__.py": CHOOSY},
    "no tests at all": {"tests/test_core.py": "# later\n"},
    "forged reports": {"tests/test_a.py": FORGE},
    "a stolen channel to the host": {"tests/test_a.py": STEAL},
    "a killed proctor": {"tests/test_a.py": KILL},
    "a killed box": {"tests/test_a.py": "import os\nos.kill(-1, 9)\n"},
    "settings of every kind": SETTINGS,
    "a conftest that ignores files": {"tests/conftest.py": "collect_ignore_glob = ['*core*']\n"},
    "a thread that ends everything": {
        "tests/test_a.py": "import os, threading, time\n\ndef test_a():\n"
        "    threading.Thread(target=lambda: os._exit(0)).start()\n    time.sleep(5)\n"
        "    assert os\n"
    },
    "a child that goes on alone": {
        "tests/test_a.py": "import os\n\ndef test_a():\n    if os.fork():\n"
        "        os._exit(0)\n    assert os\n"
    },
    "a line that is cut": {
        "tests/test_a.py": "import os\n\ndef test_a():\n    os.closerange(3, 64)\n    assert os\n"
    },
    "a line that leads nowhere": {
        "tests/test_a.py": "import os\n\ndef test_a():\n    null = os.open(os.devnull, os.O_RDWR)\n"
        "    for number in range(3, 16):\n        os.dup2(null, number)\n    assert os\n"
    },
    "a reporter that reports something better": {"tests/test_a.py": WRAP},
    "an app that reports something better": {
        "shop/core.py": "import gc\n\n\ndef double(number):\n"
        "    for one in gc.get_objects():\n"
        "        if type(one).__name__ == 'Reporter':\n"
        "            one._send = wrapped(one._send)\n    return number + 1\n\n\n"
        + WRAP.partition("\n\n\n")[2],
    },
    "failures that are swallowed": {"tests/__init__.py": SWALLOW},
    "an exit at the end of Python": {
        "tests/__init__.py": "import atexit, os\natexit.register(os._exit, 0)\n"
    },
}


@pytest.mark.parametrize(
    ("office", "attempt"),
    [
        *(("process", attempt) for attempt in ATTEMPTS),
        *(("process-plain", attempt) for attempt in ELSEWHERE if "stolen" not in attempt),
        *(("docker", attempt) for attempt in (*ELSEWHERE, "a killed box")),
    ],
    indirect=["office"],
)
async def test_an_attempt_is_caught(office: SimpleNamespace, attempt: str, tmp_path: Path) -> None:
    app = write_files({**APP, **ATTEMPTS[attempt]}, tmp_path / "app")
    graded = await grade_unit(office, app, 1, ("python", "-m", "unittest"))
    honest = {"test_a", "test_zero"}  # what may pass beside an attempt; all the rest is wrong
    assert graded.passed <= len(honest)
    assert any(holds(failure) for failure in graded.failures), graded
    assert all(failure.evidence for failure in graded.failures)


@pytest.mark.parametrize("office", ["process", "process-plain", "docker"], indirect=True)
async def test_an_honest_suite_passes(office: SimpleNamespace, tmp_path: Path) -> None:
    right = {**APP, "shop/core.py": WRONG.replace("+ 1", "* 2")}
    graded = await grade_unit(office, write_files(right, tmp_path / "app"), 1)
    assert (graded.passed, graded.failures, graded.remarks) == (2, (), ())


async def test_a_failing_test_is_told_with_its_trace(
    office: SimpleNamespace, tmp_path: Path
) -> None:
    graded = await grade_unit(office, write_files(APP, tmp_path / "app"), 3)
    (failure,) = graded.failures
    assert graded.passed == 1
    assert failure.id == "R3-U1"
    assert failure.title == "test_double: AssertionError: 6 != 10"
    assert "tests/test_core.py:8: in test_double" in failure.evidence
    assert failure.files == ("tests/test_core.py",)
