"""Plots a person would keep. Each takes results and gives a matplotlib figure."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from macrohard.cluster.placement import Placed
from macrohard.errors import ConfigError

if TYPE_CHECKING:
    from macrohard.cluster.simulation import Result
    from macrohard.cluster.study import Answer


def _figure(width: float = 7.0, height: float = 4.0) -> tuple[Any, Any]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an extra
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise ConfigError("plots need matplotlib; install macrohard[cluster]") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plot_latencies(result: "Result") -> Any:
    """Distributions of time to first token and of a whole call."""
    figure, axes = _figure()
    for label, ends in (("time to first token", result.first_s), ("whole call", result.finished_s)):
        rows = zip(result.arrived_s, ends, result.finished_s, strict=True)
        values = sorted(float(end - start) for start, end, done in rows if done >= 0)
        share = [(k + 1) / len(values) for k in range(len(values))]
        axes.plot(values, share, label=label)
    axes.set_xscale("log")
    axes.set_xlabel("seconds")
    axes.set_ylabel("share of calls at most that")
    axes.legend(frameon=False)
    return figure


def plot_timeline(result: "Result", *, points: int = 400) -> Any:
    """Calls in the system over time, waiting ones apart."""
    figure, axes = _figure()
    changes: list[tuple[float, int, int]] = []
    columns = zip(result.arrived_s, result.admitted_s, result.finished_s, strict=True)
    for arrived, admitted, finished in columns:
        if arrived < 0 or (finished < 0 and admitted < 0):
            continue
        changes += [(float(arrived), 1, 1), (float(admitted), 0, -1)]
        if finished >= 0:
            changes.append((float(finished), -1, 0))
    changes.sort()
    step = max(1, len(changes) // points)
    times, total, waiting = [], [], []
    here = queued = 0
    for number, (moment, inside, line) in enumerate(changes):
        here, queued = here + inside, queued + line
        if number % step == 0:
            times.append(moment)
            total.append(here)
            waiting.append(queued)
    axes.fill_between(times, total, step="post", alpha=0.4, label="calls in the system")
    axes.fill_between(times, waiting, step="post", alpha=0.9, label="of these, waiting")
    axes.set_xlabel("seconds on the clock")
    axes.set_ylabel("calls")
    axes.legend(frameon=False)
    return figure


def plot_racks(placed: Placed, gpus: Sequence[int], *, domain_gpus: int, racks: int) -> Any:
    """Heat map of racks: how many GPUs of each are in use.

    Args:
        placed: Where the gangs stand.
        gpus: GPUs of each gang.
        domain_gpus: GPUs of a full domain.
        racks: Number of domains.
    """
    used = [0] * racks
    for domain, count in zip(placed.domains, gpus, strict=True):
        if domain is not None:
            used[domain] += count
    wide = math.ceil(math.sqrt(racks * 2))
    rows: list[list[float]] = [list(used[k : k + wide]) for k in range(0, racks, wide)]
    rows[-1] = rows[-1] + [math.nan] * (wide - len(rows[-1]))
    figure, axes = _figure(7, 0.8 + 7 * len(rows) / wide)
    image = axes.imshow(rows, vmin=0, vmax=domain_gpus, cmap="viridis")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"GPUs in use per rack ({racks} racks)")
    figure.colorbar(image, ax=axes, shrink=0.8)
    return figure


def plot_pareto(points: Sequence[tuple[str, float, float]]) -> Any:
    """Interactivity against tokens per GPU, the Pareto front drawn through.

    Args:
        points: Name, output tokens per second and user, output tokens per second and GPU.
    """
    figure, axes = _figure()
    best, front = 0.0, []
    for _, speed, per_gpu in sorted(points, key=lambda p: (-p[1], -p[2])):
        if per_gpu > best:
            best = per_gpu
            front.append((speed, per_gpu))
    axes.plot([x for x, _ in front], [y for _, y in front], lw=1, color="0.5")
    for name in dict.fromkeys(name for name, _, _ in points):
        own = [(x, y) for n, x, y in points if n == name]
        axes.scatter([x for x, _ in own], [y for _, y in own], label=name, s=18)
    axes.set_xlabel("output tokens per second and user")
    axes.set_ylabel("output tokens per second and GPU")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    return figure


def draw_all(answer: "Answer", folder: Path, name: str) -> list[Path]:
    """Write latency and timeline plots of an answer's first seed; nothing without matplotlib."""
    result = answer.results[0]
    if not any(float(done) >= 0 for done in result.finished_s):
        return []
    written = []
    for kind, draw in (("latencies", plot_latencies), ("timeline", plot_timeline)):
        try:
            figure = draw(result)
        except ConfigError:
            return []
        path = folder / f"{name}-{kind}.svg"
        figure.savefig(path)
        written.append(path)
    return written
