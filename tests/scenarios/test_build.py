"""Whole builds through the Python API and the command line."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.builds import TINY, git, macrohard, record, tree

from macrohard import BuildResult, build
from macrohard.artifacts import Artifacts
from macrohard.errors import BudgetError, NotAcceptedError, UsageError
from macrohard.llm.cassette import cassette_key
from macrohard.llm.store import restore_request, stored_calls
from macrohard.users import judge_again

EXAMPLE = Path(__file__).parents[2] / "examples" / "specs" / "expenses.md"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build(EXAMPLE, out=tmp_path_factory.mktemp("example") / "run")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tea.md"
    path.write_text(TINY)
    return path


def test_the_example_is_released_with_every_user_satisfied(built: BuildResult) -> None:
    assert built.status == "released"
    assert built.satisfied == built.scenarios > 0
    assert built.record["tests"]["unit"]["failed"] == 0
    assert built.record["tests"]["unit"]["passed"] > 0
    assert built.record["tests"]["acceptance"]["passed"] > 0
    assert {t["persona"] for t in built.record["trials"]} >= {
        "novice", "hurried", "careful", "hostile",
    }  # fmt: skip


def test_the_app_runs_on_the_standard_library_alone(built: BuildResult, tmp_path: Path) -> None:
    how = json.loads((built.app_dir / "macrohard.json").read_text())
    command = [sys.executable, "-I", "-S", "-c", (
        "import runpy, sys; sys.path.insert(0, '.'); "
        f"sys.argv = ['app', '--help']; runpy.run_module({how['run'][-1]!r}, run_name='__main__')"
    )]  # fmt: skip
    done = subprocess.run(command, cwd=built.app_dir, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tests = subprocess.run(
        [sys.executable, *how["test"][1:]], cwd=built.app_dir, capture_output=True, check=False
    )
    assert tests.returncode == 0
    assert tmp_path.exists()


def test_coders_see_neither_scenarios_nor_acceptance_tests(built: BuildResult) -> None:
    held_out = set()
    for path in (built.run_dir / "artifacts").rglob("*"):
        if path.is_file() and (data := path.read_bytes()).startswith(b'{"files"'):
            for file in json.loads(data)["files"]:
                held_out |= {
                    line.strip() for line in file["content"].splitlines() if "def test_" in line
                }
    assert len(held_out) > 10
    shown = ""
    for call in stored_calls(built.run_dir / "calls"):
        if call["request"]["asker"]["stage"] == "coding":
            for message in call["request"]["messages"]:
                text = message.get("content", "")
                if isinstance(text, dict):
                    digest = text["artifact"]
                    text = (built.run_dir / "artifacts" / digest[:2] / digest[2:]).read_text()
                shown += text
    assert "work item" in shown
    assert not [line for line in held_out if line in shown]
    assert '"not_see"' not in shown


def test_every_criterion_is_traced_to_tests_items_and_commits(built: BuildResult) -> None:
    rows = built.record["traceability"]
    commits = git(built.run_dir, "log", "--format=%H")
    assert rows
    for row in rows:
        assert row["tests"], row
        assert row["items"], row
        assert row["lines"], row
    assert all(item["outcome"] == "merged" for item in built.record["items"])
    assert commits.count("\n") >= len(built.record["items"])


def test_commits_carry_item_and_requirement(built: BuildResult) -> None:
    log = git(built.run_dir, "log", "--format=%(trailers:key=Work-Item,valueonly)%x00"
                                    "%(trailers:key=Requirement,valueonly)")  # fmt: skip
    assert "W1" in log
    assert "S1" in log


def test_verdicts_can_be_judged_again_from_the_evidence(built: BuildResult) -> None:
    for trial in built.record["trials"]:
        folder = built.run_dir / trial["evidence"]
        assert judge_again(folder).satisfied == trial["satisfied"]
        header = json.loads((folder / "trial.cast").read_text().splitlines()[0])
        assert header["version"] == 2


def test_the_same_build_gives_the_same_app_and_the_same_requests(
    built: BuildResult, tmp_path: Path
) -> None:
    again = build(EXAMPLE, out=tmp_path / "again", concurrency=1)
    assert tree(again.run_dir) == tree(built.run_dir)
    assert steady_keys(again.run_dir) == steady_keys(built.run_dir)


def steady_keys(run: Path) -> set[str]:
    """Hashes of all requests, without the durations that tools report."""
    artifacts = Artifacts(run / "artifacts")
    return {
        cassette_key(restore_request(call["request"], artifacts))
        for call in stored_calls(run / "calls")
    }


def test_costs_add_up(built: BuildResult) -> None:
    cost = built.record["cost"]
    assert cost["calls"] == len(list((built.run_dir / "calls").iterdir()))
    for group in ("by_stage", "by_role", "by_item", "by_model"):
        assert sum(row["calls"] for row in cost[group].values()) == cost["calls"]
        assert sum(row["input_tokens"] for row in cost[group].values()) == cost["input_tokens"]


@pytest.mark.parametrize("seed", [1, 2])
def test_an_erring_model_needs_more_work_and_ends_in_the_same_behaviour(
    built: BuildResult, tmp_path: Path, seed: int
) -> None:
    result = build(EXAMPLE, out=tmp_path / "run", faults=0.6, seed=seed, rounds=8)
    assert result.status == "released"
    assert result.rounds > built.rounds
    assert result.defects
    assert result.record["traceability"][0]["then"] == built.record["traceability"][0]["then"]
    assert result.record["tests"]["acceptance"]["failed"] == 0


def test_rounds_are_bounded_and_a_bad_app_is_not_accepted(tmp_path: Path) -> None:
    result = build(EXAMPLE, out=tmp_path / "run", faults=1.0, seed=3, rounds=1)
    assert result.status == "not accepted"
    assert result.rounds == 1
    assert result.record["app"]["name"]
    assert (result.app_dir / ".git").is_dir()


def test_a_stage_that_waits_for_approval_fails_and_goes_on_when_approved(
    tiny: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with pytest.raises(NotAcceptedError, match="--approved design"):
        build(tiny, out=run, approve=["design"])
    assert record(run)["status"] == "stopped"
    assert record(run)["items"] == []
    done = macrohard("resume", run, "--approved", "design")
    assert done.returncode == 0, done.stderr
    assert record(run)["status"] == "released"


def test_a_person_can_approve(tiny: Path, tmp_path: Path) -> None:
    asked = []
    result = build(
        tiny, out=tmp_path / "run", approve=["plan", "coding"],
        approver=lambda stage: asked.append(stage) is None,
    )  # fmt: skip
    assert result.status == "released"
    assert asked == ["plan", "coding"]


def test_a_cap_stops_the_run_resumably(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="--max-calls"):
        build(tiny, out=tmp_path / "run", max_calls=5)
    assert record(tmp_path / "run")["cost"]["calls"] == 5
    assert record(tmp_path / "run")["status"] == "stopped"
    assert macrohard("resume", tmp_path / "run").returncode == 5


def test_more_users_than_there_are_cannot_be_satisfied(tiny: Path, tmp_path: Path) -> None:
    result = build(tiny, out=tmp_path / "run", min_satisfied=1000)
    assert result.status == "not accepted"


def test_a_folder_that_is_not_ours_is_left_untouched(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="left untouched"):
        build(tiny, out=tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "tea.md"]


def test_a_run_is_replaced_only_when_asked(tiny: Path, tmp_path: Path) -> None:
    build(tiny, out=tmp_path / "run")
    with pytest.raises(UsageError, match="--overwrite"):
        build(tiny, out=tmp_path / "run")
    assert build(tiny, out=tmp_path / "run", overwrite=True).accepted


def test_nothing_is_left_behind(built: BuildResult) -> None:
    names = {p.name for p in built.run_dir.iterdir()}
    assert "worktrees" not in names
    assert {"spec.md", "run.json", "events.jsonl", "app", "report.html", "RELEASE.md"} <= names
    assert not stat.S_IMODE(built.run_dir.stat().st_mode) & 0o022


def test_standard_input_is_a_spec(tmp_path: Path) -> None:
    done = macrohard("build", "-", "--out", tmp_path / "run", "--json", stdin=TINY.encode())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "released"
