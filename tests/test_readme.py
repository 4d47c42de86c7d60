"""The README is tried, not believed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from support.builds import macrohard

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_first_command_builds_and_the_session_shown_is_what_the_app_says(
    tmp_path: Path,
) -> None:
    words = shlex.split(blocks("sh")[0].split("&&")[-1])
    assert words[0] == ".venv/bin/macrohard"
    assert words[-2:] == ["--out", "runs/expenses"]
    run = tmp_path / "run"
    done = macrohard(*[ROOT / w if w.endswith(".md") else w for w in words[1:-1]], run)
    assert done.returncode == 0, done.stderr
    for line in ("Tests ", "Mutants ", "Users ", "Rounds "):
        (shown,) = (row for row in README.splitlines() if row.startswith(line))
        # How many tests a suite has may grow; that all pass may not change. Which mutants are
        # drawn depends on the app's text, and so does how many of them are caught.
        assert _without_counts(shown) in _without_counts(done.stderr)
    session = next(block for block in blocks("") if block.startswith("$ cd "))
    first, *steps = session.split("\n$ ")
    assert first == "$ cd runs/expenses/app"
    for step in steps:
        command, _, output = step.partition("\n")
        argv = [sys.executable, *shlex.split(command)[1:]]
        said = subprocess.run(argv, cwd=run / "app", capture_output=True, text=True, check=False)
        assert (said.stdout + said.stderr).split() == output.split(), command


def _without_counts(text: str) -> str:
    return re.sub(r"\d\d+|\d+(?= of \d+ caught)", "N", text)


def test_the_python_example_runs(tmp_path: Path) -> None:
    (example,) = blocks("python")
    (tmp_path / "examples" / "specs").mkdir(parents=True)
    spec = (ROOT / "examples" / "specs" / "expenses.md").read_text()
    (tmp_path / "examples" / "specs" / "expenses.md").write_text(spec)
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("released 8 of 8 users satisfied")


def test_every_command_in_the_table_exists() -> None:
    rows = re.findall(r"^\| (`macrohard .*?) \|", README, re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`macrohard (\w+)", row)}
    assert names == {
        "build", "resume", "runs", "show", "agents", "doctor", "init", "cluster", "config",
        "mailbox", "sandbox", "try", "demo",
    }  # fmt: skip
    for name in names:
        assert macrohard(name, "--help").returncode == 0


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
