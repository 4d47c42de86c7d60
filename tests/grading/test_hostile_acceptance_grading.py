"""Ways of an app to pass tests it should fail, and that each of them is caught.

The app prints a wrong number unless it finds out that it is being tested.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.built_apps import write_files

from macrohard.graph.grading import grade_acceptance
from macrohard.graph.triage import holds
from macrohard.work import AcceptanceSuite, SourceFile

HELPER = """\
import os
import subprocess
import sys


def run(*words, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "shop", *words], cwd=os.environ["MACROHARD_APP"],
        capture_output=True, text=True, timeout=20,
    )
    return done.stdout.strip()
"""
TEST = """\
import json
from pathlib import Path

import pytest
from helper import run


@pytest.mark.parametrize("number", [5, 21])
def test_double(number, tmp_path):
    seen = run("double", str(number), str(tmp_path), cwd=tmp_path)
    assert seen == str(2 * number), f"expected: {2 * number}, seen: {seen}"


def test_help(tmp_path):
    assert "shop" in run("--help", cwd=tmp_path)
    assert json.loads(Path(__file__).with_name("facts.json").read_text()) == {"name": "shop"}
"""
SUITE = AcceptanceSuite(
    files=(
        SourceFile(path="helper.py", content=HELPER),
        SourceFile(path="test_double.py", content=TEST),
        SourceFile(path="facts.json", content=json.dumps({"name": "shop"})),
    ),
    covers={"test_double": ("S1.C1",)},
)
MAIN = """\
import os
import sys
from pathlib import Path


def tested():
{how}
    return False


if "--help" in sys.argv:
    print("shop")
else:
    number = int(sys.argv[2])
    print(number * 2 if tested() else number + 1)
"""
TELLS = {
    "the environment": 'return any(name.startswith("PYTEST") for name in os.environ)',
    "loaded modules": 'return "pytest" in sys.modules or "unittest" in sys.modules',
    "the parent's command line": (
        'return b"examinee" in Path(f"/proc/{os.getppid()}/cmdline").read_bytes()'
    ),
    "the parent's files": 'return any(Path(f"/proc/{os.getppid()}/fd").iterdir())',
    "the parent's memory": 'return bool(open(f"/proc/{os.getppid()}/mem", "rb"))',
    "any process": (
        'return any(b"pytest" in p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline"))'
    ),
    "the tests beside it": 'return any("_double" in p.name for p in Path("..").rglob("test_*.py"))',
    "the tests anywhere": (
        'return any(p for top in ("/tmp", "/work", "/home", "/var")\n'
        '        for p in Path(top).rglob("*") if "test_double" in p.name)'
    ),
    "the name of a folder": 'return "test_double" in sys.argv[3] or "pytest" in sys.argv[3]',
}
OVER = {
    "kills the runner": "import os\nos.kill(os.getppid(), 9)\n",
    "kills everything": "import os\nos.kill(-1, 9)\n",
    "stops the runner": "import os\nos.kill(os.getppid(), 15)\n",
}
BESIDE = {
    "a conftest": {"conftest.py": "def pytest_runtest_makereport():\n    raise SystemExit(0)\n"},
    "a pytest.ini": {"pytest.ini": "[pytest]\naddopts = --collect-only\n"},
    "a pyproject": {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-k none'\n"},
    "modules of ours": {
        "pytest.py": "raise SystemExit(0)\n",
        "helper.py": "def run(*_, **__):\n    return 'shop'\n",
        "json.py": "",
        "sitecustomize.py": "import sys\nif 'pytest' in sys.argv[0]:\n    sys.exit(0)\n",
    },
}


def _app(folder: Path, how: str, **beside: str) -> Path:
    main = MAIN.format(how="\n".join(f"    {line.strip()}" for line in [how]))
    return write_files({"shop/__main__.py": main, **beside}, folder / "app")


@pytest.mark.parametrize("office", ["process", "docker"], indirect=True)
@pytest.mark.parametrize("tell", TELLS)
async def test_an_app_cannot_see_that_it_is_tested(
    office: SimpleNamespace, tell: str, tmp_path: Path
) -> None:
    how = f"try:\n        {TELLS[tell]}\n    except OSError:\n        pass"
    graded = await grade_acceptance(office, _app(tmp_path, how), SUITE, 2)
    assert graded.passed == 1, graded
    assert [f.id for f in graded.failures] == ["R2-A1", "R2-A2"]
    assert [f.criteria for f in graded.failures] == [("S1.C1",), ("S1.C1",)]
    assert graded.failures[0].evidence.startswith("AssertionError: expected: 10, seen: 6")
    assert all(holds(failure) for failure in graded.failures)


@pytest.mark.parametrize("office", ["process", "docker"], indirect=True)
@pytest.mark.parametrize("attempt", OVER)
async def test_an_app_that_ends_the_runner_has_not_passed(
    office: SimpleNamespace, attempt: str, tmp_path: Path
) -> None:
    app = write_files({"shop/__main__.py": OVER[attempt]}, tmp_path / "app")
    graded = await grade_acceptance(office, app, SUITE, 1)
    assert graded.passed == 0
    assert any(holds(failure) for failure in graded.failures)


@pytest.mark.parametrize("attempt", BESIDE)
async def test_nothing_of_the_app_configures_the_runner(
    office: SimpleNamespace, attempt: str, tmp_path: Path
) -> None:
    graded = await grade_acceptance(office, _app(tmp_path, "", **BESIDE[attempt]), SUITE, 1)
    assert graded.passed == 1
    assert len(graded.failures) == 2


@pytest.mark.parametrize("office", ["process", "process-plain", "docker"], indirect=True)
async def test_a_right_app_passes(office: SimpleNamespace, tmp_path: Path) -> None:
    graded = await grade_acceptance(office, _app(tmp_path, "return True"), SUITE, 1)
    assert (graded.passed, graded.failures) == (3, ())


async def test_a_suite_that_cannot_be_imported_blames_nobody_silently(
    office: SimpleNamespace, tmp_path: Path
) -> None:
    broken = AcceptanceSuite(
        files=(SourceFile(path="test_a.py", content="import nothing_of_that_name\n"),), covers={}
    )
    graded = await grade_acceptance(office, _app(tmp_path, ""), broken, 1)
    assert graded.passed == 0
    assert "nothing_of_that_name" not in graded.failures[0].evidence
