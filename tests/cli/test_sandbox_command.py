"""`macrohard sandbox`, where there is no container engine; the shell on a terminal of its own."""

import json
import sys
from pathlib import Path

import pexpect
import pytest
from support.commands import Command
from support.records import write_run

from macrohard.sandbox.process import remove_leftovers


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = write_run(tmp_path)
    (folder / "app").mkdir(exist_ok=True)
    (folder / "app" / "hello.py").write_text("print('hello from the box')\n")
    return folder


def test_every_profile_is_listed_for_both_kinds(macrohard: Command) -> None:
    rows = json.loads(macrohard("sandbox", "list", "--json").out)
    states = {(row["profile"], row["kind"]): row["state"] for row in rows}
    for profile in ("python", "web", "desktop"):
        assert states[profile, "process"] == "ready"
        assert states[profile, "docker"] == "no engine"
    assert "no container engine answers" in macrohard("sandbox", "list").out


def test_a_build_without_an_engine_says_so(macrohard: Command) -> None:
    said = macrohard("sandbox", "build", "python")
    assert said.code == 4
    assert "no container engine answers" in said.err


def test_an_unknown_profile_names_those_there_are(macrohard: Command, run: Path) -> None:
    for arguments in (("build", "attic"), ("shell", str(run), "--profile", "attic", "--", "ls")):
        said = macrohard("sandbox", *arguments)
        assert said.code == 2
        assert "desktop, python, web" in said.err


def test_a_command_runs_beside_the_app_and_changes_nothing(macrohard: Command, run: Path) -> None:
    said = macrohard("sandbox", "shell", str(run), "--", "python", "hello.py")
    assert (said.code, said.out) == (0, "hello from the box\n")
    said = macrohard("sandbox", "shell", str(run), "--", "sh", "-c", "rm hello.py; exit 7")
    assert said.code == 7
    assert (run / "app" / "hello.py").exists()


def test_a_shell_without_a_terminal_or_an_app_is_refused(macrohard: Command, run: Path) -> None:
    said = macrohard("sandbox", "shell", str(run))
    assert said.code == 2
    assert "needs a terminal" in said.err
    (run / "app" / "hello.py").unlink()
    (run / "app").rmdir()
    said = macrohard("sandbox", "shell", str(run), "--", "ls")
    assert said.code == 2
    assert "has no app yet" in said.err


def test_a_shell_is_a_terminal_in_the_box(run: Path) -> None:
    arguments = ["-m", "macrohard", "sandbox", "shell", str(run)]
    shell = pexpect.spawn(sys.executable, arguments, encoding="utf-8", timeout=60)
    shell.setwinsize(40, 91)
    shell.expect(r"\$ ")
    shell.sendline("python hello.py; stty size; echo $((40 + 2))")
    shell.expect("hello from the box")
    shell.expect("40 91")
    shell.expect("42")
    shell.sendline("exit 3")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 3


def test_leftovers_of_the_dead_are_removed_and_those_of_the_living_are_not(
    macrohard: Command, tmp_path: Path
) -> None:
    dead = tmp_path / "macrohard-box-4194305-abcdef012345"
    living = tmp_path / "macrohard-box-1-abcdef012345"
    other = tmp_path / "macrohard-box-of-mine"
    for folder in (dead, living, other):
        folder.mkdir()
    assert remove_leftovers(tmp_path) == 1
    assert [folder.exists() for folder in (dead, living, other)] == [False, True, True]
    assert "No containers were looked for" in macrohard("sandbox", "gc").out
