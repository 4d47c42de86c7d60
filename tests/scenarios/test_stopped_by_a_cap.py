"""A cap stops a run: the best app so far is left, usable and told as not accepted; it goes on."""

import json
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from support.builds import TINY, git, macrohard, record

from macrohard.api import abuild, aresume
from macrohard.errors import BudgetError
from macrohard.llm import open_model
from macrohard.llm.base import Reply, Request
from macrohard.report.summary import print_summary
from macrohard.spec import Spec


class CutModel:
    """The offline model until a cap is reached, as the budget would tell it."""

    name = "offline"

    def __init__(self, is_over: Callable[[Request], bool]) -> None:
        self._model = open_model("offline")
        self._is_over = is_over

    async def complete(self, request: Request) -> Reply:
        if self._is_over(request):
            raise BudgetError("the cap of 5 is reached")
        return await self._model.complete(request)


def summary(run: Path) -> str:
    console = Console(file=StringIO(), width=200)
    print_summary(console, record(run), run)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def runs(run: Path) -> bool:
    command = record(run)["app"]["run"]
    done = subprocess.run(
        [*command, "--help"], cwd=run / "app", capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and "usage" in done.stdout.lower()


async def test_the_best_so_far_is_left_and_the_run_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    ready = lambda: len(list(run.glob("items/*/*.json")))  # noqa: E731

    # In the middle of coding: what is finished is put together.
    with pytest.raises(BudgetError):
        await abuild(
            Spec(TINY, "tea.md"),
            out=run,
            concurrency=1,
            model=CutModel(lambda r: r.asker.stage == "coding" and ready() >= 3),
        )
    told = record(run)
    planned = len(told["items"])
    assert (told["status"], told["best"]["round"]) == ("stopped", None)
    assert told["best"]["said"].startswith(f"3 of {planned} work items")
    assert git(run, "rev-parse", "HEAD") == told["best"]["commit"]
    assert git(run, "log", "--format=%B").count("Work-Item: ") == 3
    assert git(run, "log", "--format=%B", "main").count("Work-Item: ") == 0
    assert "not accepted" in (run / "RELEASE.md").read_text()
    main = git(run, "rev-parse", "main")

    # After a tested round: that round.
    with pytest.raises(BudgetError):
        await aresume(run, model=CutModel(lambda r: r.asker.stage == "release"))
    told = record(run)
    assert git(run, "merge-base", "main", main) == main
    assert told["best"]["round"] == 1
    assert "unit tests" in told["best"]["said"]
    assert runs(run)
    said = summary(run)
    assert "Stopped: " in said
    assert "Best so far" in said
    assert "not accepted" in said
    assert "Run it" in said
    assert f"macrohard resume {run}" in said
    assert "The best so far: round 1" in (run / "report.html").read_text()

    # So says the command, too, where a real cap leaves no room for the next call.
    done = macrohard("resume", run, "--max-calls", str(told["cost"]["calls"]), "--json")
    assert done.returncode == 5
    assert json.loads(done.stdout)["best"]["round"] == 1
    assert "Best so far" in done.stderr
    assert "Resume with a higher --max-calls" in done.stderr

    # With the cap out of the way it is released, from main.
    result = await aresume(run, max_calls=10_000)
    assert result.status == "released"
    assert result.record["best"] is None
    assert git(run, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert "stopped" not in (run / "RELEASE.md").read_text()


async def test_before_there_is_a_plan_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(BudgetError):
        await abuild(
            Spec(TINY, "tea.md"),
            out=tmp_path / "run",
            model=CutModel(lambda r: r.asker.stage == "design"),
        )
    assert record(tmp_path / "run")["best"] is None
    assert "Best so far" not in summary(tmp_path / "run")
