"""Every built app passes its own tests, the linter and the formatter."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.built_apps import SPECS, app_of, build, run_unit_tests

from macrohard.llm.offline.appgen import generate
from macrohard.llm.offline.appgen.assembly import _generated

RUFF = [sys.executable, "-m", "ruff"]
STYLE = ["--isolated", "--line-length", "100"]


@pytest.fixture(scope="module", params=sorted(SPECS))
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(SPECS[request.param], tmp_path_factory.mktemp(request.param))


def test_unit_tests_pass(app: Path) -> None:
    done = run_unit_tests(app)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Ran 0 tests" not in done.stderr


def test_linter_is_content(app: Path) -> None:
    command = [*RUFF, "check", *STYLE, "--extend-select", "D1,I", "."]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_formatter_changes_nothing(app: Path) -> None:
    command = [*RUFF, "format", *STYLE, "--diff", "."]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_manifest_says_how_to_run_and_test(app: Path) -> None:
    manifest = json.loads((app / "macrohard.json").read_text(encoding="utf-8"))
    package = app / manifest["name"]
    assert (package / "__main__.py").is_file()
    assert manifest["run"] == ["python", "-m", manifest["name"]]
    assert manifest["test"][:3] == ["python", "-m", "unittest"]
    assert manifest["interfaces"] == ["cli"]


def test_readme_shows_real_commands(app: Path) -> None:
    text = (app / "README.md").read_text(encoding="utf-8")
    assert "Added " in text
    assert "error: …" in text


def test_standard_library_is_enough(app: Path) -> None:
    own = {path.name for path in app.iterdir() if path.is_dir()}
    for path in app.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                tops = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                tops = {(node.module or "").partition(".")[0]}
            else:
                continue
            assert tops <= own | set(sys.stdlib_module_names), path


def test_files_are_small_and_functions_short(app: Path) -> None:
    for path in app.rglob("*.py"):
        if path.name == "examples.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and "tests" not in path.parts:
                assert (node.end_lineno or 0) - node.lineno < 45, (path.name, node.name)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_generation_is_repeatable(name: str) -> None:
    app = app_of(SPECS[name])
    again = _generated.__wrapped__(app)
    assert dict(again) == generate(app)


def test_what_is_not_asked_for_is_not_there() -> None:
    data = "# Notes\n\n## Data\n\n### Note\n- words: text, required\n\n"
    spec = f"{data}## Features\n- Add and list notes\n"
    files = generate(app_of(spec))
    code = "\n".join(text for path, text in files.items() if path.startswith("notes/"))
    for word in ("csv", "def delete", "def edit", "Fraction", "parse_email", "deletion"):
        assert word not in code, word
