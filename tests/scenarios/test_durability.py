"""A run may be killed at any moment: it is finished later, with no call made twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.builds import TINY, macrohard, record, tree

from macrohard.journal import read_journal


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spec") / "tea.md"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="module")
def undisturbed(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    done = macrohard("build", spec, "--out", run)
    assert done.returncode == 0, done.stderr
    return run


def start(spec: Path, run: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "macrohard", "build", str(spec), "--out", str(run)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for(run: Path, kind: str, **fields: str) -> None:
    """Wait until the journal of a run has an event."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for event in read_journal(run / "events.jsonl"):
            if event["type"] == kind and all(event.get(k) == v for k, v in fields.items()):
                return
        time.sleep(0.01)
    raise AssertionError(f"no {kind} {fields} within two minutes")


MOMENTS = [
    ("stage_started", {"stage": "intake"}),
    ("stage_finished", {"stage": "scenarios"}),
    ("item_started", {}),
    ("item_finished", {}),
    ("commit", {}),
    ("stage_started", {"stage": "verify"}),
    ("trial_started", {}),
    ("trial_finished", {}),
    ("stage_started", {"stage": "release"}),
]


@pytest.mark.parametrize(("kind", "fields"), MOMENTS, ids=lambda m: str(m).strip("{}"))
def test_a_killed_run_is_finished_and_makes_no_call_twice(
    spec: Path, undisturbed: Path, tmp_path: Path, kind: str, fields: dict[str, str]
) -> None:
    run = tmp_path / "run"
    process = start(spec, run)
    wait_for(run, kind, **fields)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = macrohard("resume", run)
    assert done.returncode == 0, done.stderr
    assert tree(run) == tree(undisturbed)
    asked = [
        event["key"]
        for event in read_journal(run / "events.jsonl")
        if event["type"] == "call_finished" and not event["reused"]
    ]
    assert len(asked) == len(set(asked))
    assert record(run)["cost"]["calls"] == record(undisturbed)["cost"]["calls"]


def test_results_of_items_that_are_lost_come_back_from_the_checkpoint(
    spec: Path, undisturbed: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = start(spec, run)
    first, second = sorted((undisturbed / "items" / "r1-w1").iterdir())[:2]
    wait_for(run, "item_finished", item=first.stem)
    wait_for(run, "item_started", item=second.stem)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    shutil.rmtree(run / "items")
    done = macrohard("resume", run)
    assert done.returncode == 0, done.stderr
    assert tree(run) == tree(undisturbed)


def test_ctrl_c_stops_resumably_and_says_how_to_go_on(
    spec: Path, undisturbed: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = start(spec, run)
    wait_for(run, "item_started")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"macrohard resume {run}" in said.decode()
    assert record(run)["status"] == "interrupted"
    assert macrohard("resume", run).returncode == 0
    assert tree(run) == tree(undisturbed)


def test_a_second_process_on_a_run_is_refused(spec: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(spec, run)
    try:
        wait_for(run, "stage_started", stage="requirements")
        os.kill(process.pid, signal.SIGSTOP)
        second = macrohard("resume", run)
        assert second.returncode == 2
        assert f"another process (pid {process.pid})" in second.stderr
    finally:
        os.kill(process.pid, signal.SIGCONT)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_resuming_a_finished_run_changes_nothing(undisturbed: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in undisturbed.rglob("*") if p.is_file()}
    done = macrohard("resume", undisturbed)
    assert done.returncode == 0
    after = {p: p.stat().st_mtime_ns for p in undisturbed.rglob("*") if p.is_file()}
    assert {p for p in after if after[p] != before.get(p)} <= {undisturbed / "lock"}


def test_the_record_is_valid_json_at_every_moment(spec: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(spec, run)
    seen = 0
    try:
        wait_for(run, "stage_started", stage="intake")
        for _ in range(200):
            json.loads((run / "run.json").read_text())
            seen += 1
            time.sleep(0.005)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert seen == 200
