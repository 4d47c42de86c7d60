"""Small specs and helpers for tests that build for real."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TINY = """\
# Tea list

Know which teas there are.

## Data

### Tea
- name: text, required, unique
- grams: integer, at least 0

## Features
- add, list, show, edit and delete teas
- total of grams of teas
"""


def macrohard(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "macrohard", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=240,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def record(run: Path) -> dict[str, Any]:
    """What ``run.json`` says."""
    found: dict[str, Any] = json.loads((run / "run.json").read_text())
    return found


def git(run: Path, *arguments: str) -> str:
    """Output of git in the app of a run."""
    return subprocess.run(
        ["git", *arguments], cwd=run / "app", capture_output=True, text=True, check=True
    ).stdout.strip()


def tree(run: Path) -> str:
    """Hash of the app's tree: equal hashes are equal apps."""
    return git(run, "rev-parse", "main^{tree}")
