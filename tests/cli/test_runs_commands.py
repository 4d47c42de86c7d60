"""`macrohard runs` and `macrohard show`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.commands import ENVIRONMENT, Command
from support.records import RECORD, write_run

from macrohard.lock import hold


def test_runs_lists_the_newest_first_and_skips_what_is_no_run(
    macrohard: Command, tmp_path: Path
) -> None:
    write_run(tmp_path / "runs" / "old", created="2024-01-01T00:00:00+00:00")
    write_run(tmp_path / "runs" / "new", created="2024-06-01T00:00:00+00:00", status="failed")
    (tmp_path / "runs" / "notes").mkdir()
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "run.json").write_text("{")
    lines = macrohard("runs").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["runs/new", "runs/old"]
    assert "failed" in lines[1]


def test_runs_as_json(macrohard: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "mine" / "one")
    (row,) = json.loads(macrohard("runs", "mine", "--json").out)
    assert row["run_dir"] == "mine/one"
    assert (row["status"], row["satisfied"], row["scenarios"]) == ("released", 1, 2)
    assert json.loads(macrohard("runs", "--json").out) == []


def test_no_runs_says_how_to_make_one(macrohard: Command) -> None:
    said = macrohard("runs")
    assert (said.code, said.out) == (0, "No runs in runs. `macrohard build SPEC` makes one.\n")


@pytest.mark.parametrize("name", ["runs/tools-1", "tools-1", "tools", "t"])
def test_a_run_is_found_by_path_name_or_beginning(
    macrohard: Command, tmp_path: Path, name: str
) -> None:
    write_run(tmp_path / "runs" / "tools-1")
    said = macrohard("show", name)
    assert said.code == 0
    assert said.out.startswith("Released: shop\n")


def test_a_beginning_of_several_runs_is_refused(macrohard: Command, tmp_path: Path) -> None:
    for name in ("tools-1", "tools-2"):
        write_run(tmp_path / "runs" / name)
    said = macrohard("show", "tools")
    assert said.code == 2
    assert said.err == "error: 'tools' is the beginning of several runs: tools-1, tools-2.\n"
    assert macrohard("show", "tools-2").code == 0


@pytest.mark.parametrize("name", ["missing", "", "../x", "."])
def test_a_run_that_is_not_there(macrohard: Command, tmp_path: Path, name: str) -> None:
    write_run(tmp_path / "runs" / "tools-1")
    said = macrohard("show", name)
    assert said.code == 2
    assert said.err.startswith("error: there is no run ")


def test_show_as_json_is_the_record(macrohard: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    assert json.loads(macrohard("show", "r", "--json").out) == RECORD


def test_show_of_a_stage(macrohard: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    assert "another round. One defect is open." in macrohard("show", "r", "--stage", "triage").out
    part = json.loads(macrohard("show", "r", "--stage", "coding", "--json").out)
    assert part["stage"] == "coding"
    assert part["cost"]["calls"] == 11
    assert [event["item"] for event in part["events"]] == ["W1", "W2", "W1"]


def test_an_unknown_stage_names_the_stages(macrohard: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    said = macrohard("show", "r", "--stage", "testing")
    assert said.code == 2
    assert said.err == (
        "error: There is no stage 'testing'. The stages are: intake, requirements, scenarios, "
        "design, plan, assets, coding, integrate, verify, users, triage, release.\n"
    )


def test_a_damaged_record_is_told_by_its_file(macrohard: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    (tmp_path / "r" / "run.json").write_text('{"schema_version": 99}')
    said = macrohard("show", "r")
    assert said.code == 2
    assert "r/run.json has schema version 99" in said.err


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"options": {}}, "options.model is missing"),
        ({"stages": "x"}, "stages must be a valid list"),
        ({"status": "zzz"}, "status must be 'running', 'interrupted'"),
        ({"items": [1]}, "items.0 must be a valid dictionary"),
        ({"cost": {}}, "cost.calls is missing"),
    ],
)
@pytest.mark.parametrize("command", ["show", "resume"])
def test_a_damaged_record_says_what_is_wrong(
    macrohard: Command, tmp_path: Path, command: str, changes: dict[str, Any], wrong: str
) -> None:
    write_run(tmp_path / "r", **changes)
    said = macrohard(command, "r")
    assert said.code == 2
    assert f"error: r/run.json is damaged: {wrong}" in said.err


@pytest.mark.parametrize("missing", ["app/.git", "checkpoints.sqlite"])
def test_a_run_that_lost_a_part_is_not_gone_on_with(
    macrohard: Command, tmp_path: Path, missing: str
) -> None:
    run = write_run(tmp_path / "r", status="interrupted")
    (run / "app" / ".git").mkdir(parents=True)
    (run / "checkpoints.sqlite").touch()
    part = run / missing
    part.rename(tmp_path / "elsewhere")
    said = macrohard("resume", "r")
    assert said.code == 2
    assert f"r is damaged: {missing} is missing" in said.err


def test_a_run_that_nobody_works_on_is_killed(macrohard: Command, tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs" / "r", status="running")
    before = (run / "run.json").read_text()
    said = macrohard("show", "r").out
    assert said.startswith("Killed: shop\n")
    assert "Go on       macrohard resume runs/r\n" in said
    assert "killed" in macrohard("runs").out
    assert json.loads(macrohard("show", "r", "--json").out)["status"] == "killed"
    assert json.loads(macrohard("runs", "--json").out)[0]["status"] == "killed"
    with hold(run):
        assert macrohard("show", "r").out.startswith("Running: shop\n")
        assert json.loads(macrohard("runs", "--json").out)[0]["status"] == "running"
    assert (run / "run.json").read_text() == before


def test_show_to_a_reader_that_leaves_early_is_no_failure(tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    script = f"'{sys.executable}' -m macrohard.cli.main show r | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        capture_output=True, text=True, cwd=tmp_path, env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_show_in_a_pipe_keeps_each_row_on_a_line(process: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    (row,) = [line for line in process("show", "r").out.splitlines() if line.startswith("r2-X2")]
    assert row.rstrip().endswith("a traceback appeared")
