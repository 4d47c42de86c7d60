"""Runs of the factory as a workload, and their bill."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from macrohard.cli.cluster import app
from macrohard.cluster.bill import bill_run
from macrohard.cluster.factory import read_calls, replay_runs
from macrohard.cluster.metrics import summarise
from macrohard.cluster.routing import make_router
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.errors import ConfigError

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(role: str, stage: str, start: float, seconds: float, **more: Any) -> dict[str, Any]:
    ended = START + timedelta(seconds=start + seconds)
    return {
        "v": 1,
        "seq": 0,
        "at": ended.isoformat(timespec="milliseconds"),
        "type": "call_finished",
        "key": f"{role}-{start}",
        "role": role,
        "stage": stage,
        "item": "",
        "round": 1,
        "model": "m",
        "input_tokens": 2000,
        "cached_tokens": 0,
        "output_tokens": 100,
        "usd": 0.0,
        "seconds": seconds,
        "reused": False,
    } | more


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Plan, then two engineers side by side (one calls twice, a tool in between), then release."""
    events = [
        event("planner", "plan", 0, 2),
        event("engineer", "coding", 3, 2, item="W1"),
        event("engineer", "coding", 9, 2, item="W1", input_tokens=2600),
        event("engineer", "coding", 3, 4, item="W2"),
        event("engineer", "coding", 3, 4, item="W2", reused=True),
        event("manager", "release", 12, 1),
    ]
    lines = [json.dumps(one) + "\n" for one in events]
    (tmp_path / "events.jsonl").write_text("".join(lines) + '{"v": 1, "torn')
    calls = tmp_path / "calls"
    calls.mkdir()
    system = {"role": "system", "content": "You build. " * 700}
    for one, rest in ((events[1], "first"), (events[2], "second"), (events[3], "other")):
        messages = [system, {"role": "user", "content": rest * 50}]
        record = {"request": {"messages": messages}}
        (calls / f"{one['key']}.json").write_text(json.dumps(record))
    return tmp_path


def test_calls_are_read_in_order_without_reused_ones(run_folder: Path) -> None:
    calls = read_calls(run_folder)
    assert [call.asker[0] for call in calls] == ["planner", *["engineer"] * 3, "manager"]
    assert [call.began_s for call in calls] == pytest.approx([0, 3, 3, 9, 12])


def test_a_replay_keeps_order_and_tool_times(run_folder: Path) -> None:
    work = replay_runs([run_folder], builds=1, agents=1)
    planner, one, two_first, release = 0, 1, 2, 4
    children = [
        list(work.children[first : first + count])
        for first, count in zip(work.first_child, work.child_count, strict=True)
    ]
    roles = {0: "plan", 4: "release"}
    assert {k: work.labels[k] for k in roles} == roles
    assert sorted(children[planner]) == [c for c in range(1, 4) if work.parents[c] == 1 and
                                         work.gap_s[c] == pytest.approx(1)]  # fmt: skip
    assert work.parents[release] == 2  # both engineers' last calls
    assert sorted(work.gap_s[1:4]) == pytest.approx([1, 1, 4])  # 9 - (3 + 2) is a tool's time
    assert {one, two_first} <= set(range(len(work)))


def test_roles_share_their_system_prompt_between_builds(run_folder: Path, deploy: Any) -> None:
    work = replay_runs([run_folder], builds=6, agents=2)
    assert work.sessions == 6
    pool = ServingPool("p", deploy(), 1, make_router("affinity"))
    metrics = summarise(simulate([pool], work))
    assert metrics.sessions == 6
    assert metrics.cache_hit_share > 0.4
    assert metrics.usd_per_session > 0


def test_builds_wait_for_a_free_place(run_folder: Path) -> None:
    work = replay_runs([run_folder], builds=9, agents=3)
    roots = [k for k, parents in enumerate(work.parents) if parents == 0]
    assert len(roots) == 3


def test_the_bill_of_a_run_adds_up(run_folder: Path) -> None:
    bill = bill_run(run_folder, "gb200-nvl72")
    assert bill.calls == 5
    assert bill.gpu_seconds > 0
    assert bill.usd == pytest.approx(bill.gpu_seconds * 2.21 / 3600)
    full_w = 2100  # a GPU at full power with all that goes with it
    assert 0 < bill.kwh <= bill.gpu_seconds * full_w / 3.6e6
    assert set(bill.as_json()) >= {"gpu_seconds", "queueing_s", "kwh", "usd", "step_time"}


def test_a_faster_machine_takes_fewer_gpu_seconds(run_folder: Path) -> None:
    bills = [bill_run(run_folder, name) for name in ("gb300-nvl72", "h200-hgx")]
    assert bills[0].gpu_seconds < bills[1].gpu_seconds


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no run directory"):
        replay_runs([tmp_path], builds=1)
    (tmp_path / "events.jsonl").write_text('{"type": "run_started"}\n')
    with pytest.raises(ConfigError, match="no model calls yet"):
        replay_runs([tmp_path], builds=1)
    with pytest.raises(ConfigError, match="no model calls yet"):
        bill_run(tmp_path, "gb200-nvl72")
    with pytest.raises(ConfigError, match="unknown hardware 'tpu'"):
        bill_run(tmp_path, "tpu")


def test_replay_on_the_command_line(run_folder: Path) -> None:
    result = CliRunner().invoke(
        app, ["replay", str(run_folder), "--builds", "5", "--at-a-time", "2", "--json"]
    )
    assert result.exit_code == 0, result.output
    numbers = json.loads(result.stdout)["numbers"]
    assert numbers["sessions"]["mean"] == 5
    assert numbers["kwh_per_session"]["mean"] > 0
