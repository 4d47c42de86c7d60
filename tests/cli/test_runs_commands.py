"""`macrohard runs` and `macrohard show`."""

import json
from pathlib import Path

import pytest
from support.commands import Command
from support.records import RECORD, write_run


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
        "design, plan, coding, integrate, verify, users, triage, release.\n"
    )


def test_a_damaged_record_is_told_by_its_file(macrohard: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    (tmp_path / "r" / "run.json").write_text('{"schema_version": 99}')
    said = macrohard("show", "r")
    assert said.code == 2
    assert "r/run.json has schema version 99" in said.err


def test_show_in_a_pipe_keeps_each_row_on_a_line(process: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "r")
    (row,) = [line for line in process("show", "r").out.splitlines() if line.startswith("r2-X2")]
    assert row.rstrip().endswith("a traceback appeared")
