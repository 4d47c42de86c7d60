"""Running the command in this process, and as a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import ENVIRONMENT, Command, Said

from macrohard.cli.main import main


@pytest.fixture
def macrohard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command, run in this process in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(arguments)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Command:
    """The command as a process of its own, without a terminal, in an empty folder."""

    def run(*arguments: str, stdin: str = "") -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "macrohard.cli.main", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=ENVIRONMENT,
            timeout=120,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run
