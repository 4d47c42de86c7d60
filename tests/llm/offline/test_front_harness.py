"""The acceptance harness: passes what is right, fails what is not, and the message is evidence."""

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

PROGRAM = """
import json, pathlib, sys
args = sys.argv[1:]
db = pathlib.Path(args[args.index("--db") + 1])
words = [w for i, w in enumerate(args) if w != "--db" and (i == 0 or args[i - 1] != "--db")]
rows = json.loads(db.read_text()) if db.exists() else []
match words:
    case ["tea", "add", name]:
        rows.append(name)
        db.write_text(json.dumps(rows))
        print(f"Added tea {len(rows)}.")
    case ["tea", "list", "--json"]:
        print(json.dumps([{"id": i, "name": n} for i, n in enumerate(rows, 1)]))
    case ["tea", "list"]:
        print("\\n".join(f"{i}  {n}" for i, n in enumerate(rows, 1)) or "No teas.")
    case ["tea", "export", path]:
        lines = ["id,name", *(f"{i},{n}" for i, n in enumerate(rows, 1))]
        pathlib.Path(path).write_text("\\n".join(lines) + "\\n")
        print(f"Exported {len(rows)} teas to {path}.")
    case ["leaky"]:
        db.write_text(json.dumps([*rows, "trace"]))
        print("error: refused", file=sys.stderr)
        sys.exit(2)
    case ["touchy"]:
        db.write_text(json.dumps(rows, indent=1))
        print("error: refused", file=sys.stderr)
        sys.exit(2)
    case ["crash"]:
        raise KeyError("tea")
    case ["talk"]:
        print("error: one\\nerror: two", file=sys.stderr)
        sys.exit(2)
    case _:
        print("error: unknown", file=sys.stderr)
        sys.exit(2)
"""

EXPORT = "app.writes('tea export @out.csv', 'Exported 2 teas to @out.csv.'"

CONFTEST = """
import pytest
from acceptance_harness import App, Examples

@pytest.fixture
def app(tmp_path):
    (tmp_path / "examples").mkdir()
    commands = (("tea add Assam", "Added tea 1.", ""), ("tea add Ceylon", EXPECTED, ""))
    examples = Examples(tmp_path / "examples", commands, ("tea list --json",))
    app = App("shop", tmp_path, examples)
    app.begin("S1.C1", "teas are looked at", examples=True)
    return app
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "shop.py").write_text(PROGRAM)
    folder = tmp_path / "suite"
    folder.mkdir()
    package = resources.files("macrohard.llm.offline.parts.suite")
    text = package.joinpath("acceptance_harness.py").read_text()
    (folder / "acceptance_harness.py").write_text(text)
    return folder


def run(suite: Path, body: str, second: str = "Added tea 2.") -> tuple[bool, str]:
    """Run one test with this body; whether it passed, and all that pytest said."""
    (suite / "conftest.py").write_text(CONFTEST.replace("EXPECTED", repr(second)))
    (suite / "test_it.py").write_text(f"def test_it(app):\n    {body}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=long",
         f"--rootdir={suite}", "-c", os.devnull, str(suite)],
        cwd=suite.parent / "app",
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
             "MACROHARD_APP": str(suite.parent / "app")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "body",
    [
        "app.says('tea add Oolong', 'Added tea 3.')",
        "app.refuses('tea brew')",
        "app.refuses('touchy')",
        "app.answers('tea list --json', [{'id': 1, 'name': 'Assam'}, {'id': 2, 'name': 'Ceylon'}])",
        "app.answers('tea list --json', [{'id': 1}, {'id': 2}], loose=('name',))",
        "app.tells('tea list', (('1', 'Assam'), ('2', 'Ceylon')), absent=('Oolong',))",
        f"{EXPORT}, 'out.csv', (('id', 'name'), ('1', 'Assam'), ('2', 'Ceylon')))",
    ],
)
def test_a_program_that_does_right_passes(suite: Path, body: str) -> None:
    passed, said = run(suite, body)
    assert passed, said


@pytest.mark.parametrize(
    ("body", "evidence"),
    [
        ("app.says('tea add Oolong', 'Added tea 4.')", "exit code 0 and exactly: Added tea 4."),
        ("app.says('tea brew', 'Brewed.')", "standard error: error: unknown"),
        ("app.refuses('tea add Oolong')", "it is refused"),
        ("app.refuses('talk')", "one line `error: …`"),
        ("app.refuses('crash')", "KeyError: 'tea'"),
        ("app.refuses('leaky')", "the records are other ones than before"),
        ("app.answers('tea list --json', [])", "the list has 2 entries, not 0"),
        (
            "app.answers('tea list --json', [{'id': 1, 'name': 'Assam'}, {'id': 2, 'name': 'X'}])",
            'difference: [1] name is "Ceylon", not "X"',
        ),
        ("app.answers('tea list --json', [{'id': 1}, {'id': 2}])", "[0] should not have name"),
        ("app.answers('tea list', [])", "exit code 0 and the JSON []"),
        ("app.tells('tea list', (('1', 'Ceylon'),))", "in this order: 1 | Ceylon"),
        ("app.tells('tea list', (), absent=('Assam',))", "Assam is not there"),
        (
            f"{EXPORT}, 'out.csv', (('id', 'name'), ('1', 'Earl Grey')))",
            "row 2 of out.csv is: 1,Earl Grey",
        ),
    ],
)
def test_a_program_that_does_wrong_fails_with_evidence(
    suite: Path, body: str, evidence: str
) -> None:
    passed, said = run(suite, body)
    assert not passed
    assert evidence in said
    assert "S1.C1 is not met, when teas are looked at" in said
    assert "$ python -m shop --db data.db " in said
    assert "seen: " in said


def test_the_message_never_shows_the_text_of_the_test(suite: Path) -> None:
    passed, said = run(suite, "secret = 'held out'; app.says('tea brew', 'Brewed.')")
    assert not passed
    assert "held out" not in said
    assert "def test_it" not in said


def test_examples_that_cannot_be_made_are_told_as_they_are(suite: Path) -> None:
    passed, said = run(suite, "app.refuses('tea brew')", second="Added tea 7.")
    assert not passed
    assert "$ python -m shop --db data.db tea add Ceylon" in said
    assert "expected: exit code 0 and exactly: Added tea 7." in said


def test_earlier_commands_are_part_of_the_evidence(suite: Path) -> None:
    body = "app.says('tea add Oolong', 'Added tea 3.'); app.says('tea brew', 'Brewed.')"
    passed, said = run(suite, body)
    assert not passed
    assert "done before:" in said
    assert "$ python -m shop --db data.db tea add Oolong" in said


def test_a_cell_must_stand_by_itself(suite: Path) -> None:
    passed, _ = run(suite, "app.tells('tea list', (('1', 'Assa'),))")
    assert not passed
