"""`macrohard doctor` looks at the real machine, and says what is wrong with a broken one."""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from support.commands import Command

from macrohard import sandbox
from macrohard.cli import doctor
from macrohard.errors import SandboxError


def test_a_machine_that_runs_the_tests_can_build(macrohard: Command) -> None:
    said = macrohard("doctor", "--json")
    findings = {one["subject"]: one for one in json.loads(said.out)}
    assert said.code == 0
    assert set(findings) - {"image"} == {
        "python", "git", "sandbox", "engine", "agents", "disk", "terminal", "browser", "demo",
        "windows", "model",
    }  # fmt: skip
    sandboxes = [one["text"] for one in json.loads(said.out) if one["subject"] == "sandbox"]
    assert sandboxes[0].endswith("a box was made and ran Python")
    assert len(sandboxes) > 1
    assert "PROBLEM" not in macrohard("doctor").out


def test_a_missing_git_is_a_problem_with_a_way_out(
    macrohard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    said = macrohard("doctor")
    assert said.code == 1
    assert "PROBLEM  git: not found; install git" in said.out


def test_a_full_disk_is_a_problem(macrohard: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - the shape of shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 3 * 2**20))
    said = macrohard("doctor")
    assert said.code == 1
    assert "PROBLEM  disk: 3 MB free" in said.out


def test_broken_roles_are_told_by_file_and_line(macrohard: Command, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "novice.md").write_text("nothing")
    said = macrohard("doctor", "--agents", "mine")
    assert said.code == 1
    assert "PROBLEM  agents: mine/novice.md:1: " in said.out


def test_a_sandbox_that_cannot_be_had_ends_no_examination(
    macrohard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SandboxError("no box today")

    monkeypatch.setattr(sandbox, "choose", refuse)
    said = macrohard("doctor")
    assert said.code == 1
    assert "PROBLEM  sandbox: no box today" in said.out
    assert "ok       model:" in said.out


def test_names_of_keys_are_shown_and_never_their_values(
    macrohard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "sk-very-secret")
    monkeypatch.setenv("XAI_API_KEY", "sk-very-secret")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    said = macrohard("doctor")
    assert "EXAMPLE_API_KEY" in said.out
    assert "whose key is set: xai:NAME" in said.out
    assert "openai (OPENAI_API_KEY)" in said.out
    assert "sk-very-secret" not in said.out + said.err


def test_an_old_python_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_OLDEST", (99, 0))
    (first, *_) = doctor.examine()
    assert (first.subject, first.state) == ("python", "problem")
