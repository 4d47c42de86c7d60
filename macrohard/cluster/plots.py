"""Plots a person would keep. Each takes results and gives a matplotlib figure."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from macrohard.cluster.placement import Placed
from macrohard.errors import ConfigError

if TYPE_CHECKING:
    from macrohard.cluster.simulation import Result


COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette: told apart by colour-blind readers."""

DETAIL = 1000
"""Points of a curve; a site has millions of calls, and a picture does not grow with them."""

MARKS = ("o", "s", "^", "D", "v", "P", "X")


def _figure(width: float = 7.0, height: float = 4.0) -> tuple[Any, Any]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an extra
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise ConfigError("plots need matplotlib; pip install -e '.[cluster]'") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_prop_cycle(color=COLOURS)
    axes.grid(visible=True, color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _plain_seconds(value: float, _: object) -> str:
    return f"{1e3 * value:g} ms" if value < 1 else f"{value:g} s"


def plot_latencies(result: "Result", *, title: str = "") -> Any:
    """Distributions of queueing, of time to first token and of a whole call."""
    figure, axes = _figure()
    columns = (
        ("queueing", result.admitted_s, ":"),
        ("time to first token", result.first_s, "-"),
        ("whole call", result.finished_s, "--"),
    )
    shortest = 1e-3
    for label, ends, line in columns:
        rows = zip(result.arrived_s, ends, result.finished_s, strict=True)
        values = sorted(float(end - start) for start, end, done in rows if done >= 0)
        last = len(values) - 1
        places = sorted({round(k * last / DETAIL) for k in range(DETAIL + 1)})
        share = [100 * (place + 1) / len(values) for place in places]
        axes.plot([max(shortest, values[place]) for place in places], share, line, label=label)
    axes.set_xscale("log")
    axes.set_xlim(left=shortest)
    axes.xaxis.set_major_formatter(_plain_seconds)
    axes.set_xlabel("time (logarithmic; 1 ms stands for 1 ms or less)")
    axes.set_ylabel("share of calls, %")
    axes.set_ylim(0, 100)
    axes.set_title(title or f"How long calls take ({result.workload.name})", loc="left")
    axes.legend(frameon=False, loc="lower right")
    return figure


def plot_timeline(result: "Result", *, points: int = 400, title: str = "") -> Any:
    """Calls in the system over time, waiting ones apart."""
    figure, axes = _figure()
    columns = (result.arrived_s, result.admitted_s, result.finished_s)
    came, entered, left = (sorted(float(t) for t in column if t >= 0) for column in columns)
    times, total, waiting = [], [], []
    for k in range(points + 1):
        moment = result.end_s * k / points
        arrived = bisect_right(came, moment)
        times.append(moment / 60)
        total.append(arrived - bisect_right(left, moment))
        waiting.append(arrived - bisect_right(entered, moment))
    shade = {"step": "post", "linewidth": 0}
    axes.fill_between(times, total, alpha=0.45, label="calls in the system", **shade)
    axes.fill_between(times, waiting, alpha=0.9, label="of these, waiting for a place", **shade)
    axes.set_xlim(0, max(times[-1], 1e-9))
    axes.set_xlabel("minutes on the clock")
    axes.set_ylabel("calls")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_title(title or f"Calls in the system ({result.workload.name})", loc="left")
    axes.legend(frameon=False, loc="upper left", ncols=2)
    axes.set_ylim(0, 1.2 * max(*total, 1))
    return figure


def plot_racks(
    placed: Placed, gpus: Sequence[int], *, domain_gpus: int, racks: int, title: str = ""
) -> Any:
    """Heat map of racks: how many GPUs of each are in use.

    Args:
        placed: Where the gangs stand.
        gpus: GPUs of each gang.
        domain_gpus: GPUs of a full domain.
        racks: Number of domains.
        title: What to write above it, under the sum.
    """
    used = [0] * racks
    for domain, count in zip(placed.domains, gpus, strict=True):
        if domain is not None:
            used[domain] += count
    wide = max(8, math.ceil(math.sqrt(racks * 2)))
    rows: list[list[float]] = [list(used[k : k + wide]) for k in range(0, racks, wide)]
    rows[-1] = rows[-1] + [math.nan] * (wide - len(rows[-1]))
    figure, axes = _figure(7, 1.4 + 6 * len(rows) / wide)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    image = axes.imshow(rows, vmin=0, vmax=domain_gpus, cmap="cividis")
    if racks <= NUMBERED:
        for k, gpus_used in enumerate(used):
            dark = gpus_used < 0.6 * domain_gpus
            axes.text(k % wide, k // wide, str(gpus_used), ha="center", va="center", fontsize=7,
                      color="white" if dark else "black")  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks(range(len(rows)), [f"{k * wide}" for k in range(len(rows))], fontsize=7)
    axes.tick_params(length=0)
    axes.set_ylabel("first rack of the row")
    summed = f"{sum(used):,} of {racks * domain_gpus:,}"
    axes.set_title("\n".join(filter(None, [f"GPUs in use per rack: {summed}", title])), loc="left")
    figure.colorbar(image, ax=axes, shrink=0.8, label=f"GPUs in use, of {domain_gpus}")
    return figure


NUMBERED = 120
"""Most racks whose GPUs are written into the heat map."""


def plot_pareto(points: Sequence[tuple[str, float, float]], *, title: str = "") -> Any:
    """Interactivity against tokens per GPU, the Pareto front drawn through.

    Args:
        points: Name, output tokens per second and user, output tokens per second and GPU.
        title: What to write above it.
    """
    figure, axes = _figure()
    best, front = 0.0, []
    for _, speed, per_gpu in sorted(points, key=lambda p: (-p[1], -p[2])):
        if per_gpu > best:
            best = per_gpu
            front.append((speed, per_gpu))
    axes.plot([x for x, _ in front], [y for _, y in front], lw=1.2, color="0.5", zorder=1,
              label="Pareto front")  # fmt: skip
    names = list(dict.fromkeys(name for name, _, _ in points))
    for number, name in enumerate(names):
        own = [(x, y) for n, x, y in points if n == name]
        axes.scatter(
            [x for x, _ in own],
            [y for _, y in own],
            label=name,
            s=22,
            marker=MARKS[(number + number // len(COLOURS)) % len(MARKS)],
            color=COLOURS[number % len(COLOURS)],
        )
    axes.set_xlabel("interactivity: output tokens per second and user")
    axes.set_ylabel("output tokens per second and GPU")
    axes.set_xlim(0, 1.08 * max((x for _, x, _ in points), default=1))
    axes.set_ylim(0, 1.08 * best if best else 1)
    axes.set_title(title or "Interactivity against throughput", loc="left")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
