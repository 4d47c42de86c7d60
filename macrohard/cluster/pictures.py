"""Which plots belong to which answer, written as files."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from macrohard.cluster.planner import ModelPlan, Plan
from macrohard.cluster.plots import (
    plot_latencies,
    plot_pareto,
    plot_racks,
    plot_timeline,
)
from macrohard.cluster.study import Answer, Comparison


def _write(folder: Path, draws: Mapping[str, Callable[[], Any]]) -> list[Path]:
    """Draw and save; without matplotlib nothing is written."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra
    except ImportError:
        return written
    for name, draw in draws.items():
        path = folder / f"{name}.svg"
        with mpl.rc_context({"svg.hashsalt": name}):  # same seed, same bytes
            draw().savefig(path, metadata={"Date": None})
        written.append(path)
    return written


def _racks(answer: Answer) -> Any:
    scenario, standing = answer.scenario, answer.standings[0]
    return plot_racks(
        standing.placed,
        [gang.gpus for gang in standing.gangs],
        domain_gpus=scenario.site.hardware.domain_gpus,
        racks=standing.racks,
        title=f"{standing.policy}, {scenario.name}",
    )


def _speed_and_yield(answer: Answer, name: str) -> list[tuple[str, float, float]]:
    """One point a seed: tokens per second of the median call, tokens per second of a GPU."""
    return [
        (name, 1 / metrics.tpot.p50, metrics.output_tokens_per_gpu_s)
        for metrics in answer.metrics
        if metrics.tpot.p50 > 0
    ]


def draw_answer(answer: Answer, folder: Path, name: str = "result") -> list[Path]:
    """Latencies, timeline and racks of an answer's first seed.

    Returns:
        What was written: nothing without matplotlib, or when no call was finished.
    """
    result, title = answer.results[0], answer.scenario.name
    if not any(float(done) >= 0 for done in result.finished_s):
        return []
    return _write(
        folder,
        {
            f"{name}-latencies": lambda: plot_latencies(
                result, title=f"How long calls take: {title}"
            ),
            f"{name}-timeline": lambda: plot_timeline(
                result, title=f"Calls in the system: {title}"
            ),
            f"{name}-racks": lambda: _racks(answer),
        },
    )


def draw_comparison(compared: Comparison, folder: Path) -> list[Path]:
    """Interactivity against tokens per GPU of every policy and seed, and each policy's plots."""
    points = [
        point
        for name, answer in zip(compared.names, compared.answers, strict=True)
        for point in _speed_and_yield(answer, name)
    ]
    scenario = compared.answers[0].scenario.name
    title = f"Interactivity against throughput, a point per seed: {scenario}"
    written = _write(folder, {"pareto": lambda: plot_pareto(points, title=title)})
    for name, answer in zip(compared.names, compared.answers, strict=True):
        written += draw_answer(answer, folder, name.replace(", ", "-"))
    return written


def _plan_pareto(model: ModelPlan) -> Any:
    points = [
        (str(c.parallel), 1 / c.tpot_p50_s, c.output_tokens_per_gpu_s)
        for c in model.tried
        if c.tpot_p50_s > 0
    ]
    title = f"What each cut of {model.name} can do, a point per number of replicas"
    return plot_pareto(points, title=title)


def draw_plan(plan: Plan, folder: Path) -> list[Path]:
    """Interactivity against tokens per GPU of everything a plan tried, and its racks."""
    draws: dict[str, Callable[[], Any]] = {
        f"pareto-{model.name}": partial(_plan_pareto, model) for model in plan.models
    }
    if plan.placed:
        site, placed = plan.scenario.site, plan.placed
        draws["racks"] = lambda: plot_racks(
            placed,
            [gang.gpus for gang in plan.gangs],
            domain_gpus=site.hardware.domain_gpus,
            racks=site.racks,
            title=f"{plan.scenario.placement}, {plan.scenario.name}",
        )
    return _write(folder, draws)
