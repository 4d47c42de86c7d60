"""What ``macrohard cluster`` prints: tables of numbers, and how far to trust them."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from macrohard.cli.consoles import err, out

if TYPE_CHECKING:
    from macrohard.cluster.planner import Plan
    from macrohard.cluster.statistics import Estimate
    from macrohard.cluster.study import Answer, Comparison

_SHOWN = (
    ("sessions_per_h", "sessions per hour", 1.0),
    ("calls_per_s", "calls per second", 1.0),
    ("output_tokens_per_gpu_s", "output tokens per GPU and second", 1.0),
    ("ttft_p50", "time to first token p50, ms", 1e3),
    ("ttft_p90", "time to first token p90, ms", 1e3),
    ("ttft_p99", "time to first token p99, ms", 1e3),
    ("tpot_p50", "time per output token p50, ms", 1e3),
    ("tpot_p90", "time per output token p90, ms", 1e3),
    ("tpot_p99", "time per output token p99, ms", 1e3),
    ("call_p50", "call end to end p50, s", 1.0),
    ("call_p90", "call end to end p90, s", 1.0),
    ("call_p99", "call end to end p99, s", 1.0),
    ("session_p50", "session end to end p50, s", 1.0),
    ("session_p90", "session end to end p90, s", 1.0),
    ("session_p99", "session end to end p99, s", 1.0),
    ("queueing_p50", "queueing p50, ms", 1e3),
    ("queueing_p90", "queueing p90, ms", 1e3),
    ("queueing_p99", "queueing p99, ms", 1e3),
    ("cache_hit_share", "prompt tokens from cache, %", 100.0),
    ("busy_share", "replicas busy, %", 100.0),
    ("mean_batch", "decoding calls per replica", 1.0),
    ("preemptions", "preemptions", 1.0),
    ("deadline_share", "deadlines kept, %", 100.0),
    ("kwh_per_session", "kWh per session", 1.0),
    ("usd_per_session", "dollars per session", 1.0),
    ("gangs_placed_share", "gangs that found room, %", 100.0),
    ("gpus_in_use_share", "GPUs of the site in use, %", 100.0),
    ("gpus_schedulable_share", "GPUs of the site schedulable, %", 100.0),
    ("racks_used_share", "racks in use, %", 100.0),
    ("lost_with_a_rack_share", "most of a model lost with a rack, %", 100.0),
    ("lost_with_a_leaf_share", "most of a model lost with a leaf switch, %", 100.0),
    ("lost_with_a_hall_share", "most of a model lost with a hall, %", 100.0),
)


def _scaled(estimate: "Estimate", factor: float) -> str:
    from macrohard.cluster.statistics import Estimate  # noqa: PLC0415 - help must not wait

    half = estimate.half_width * factor
    return str(Estimate(estimate.mean * factor, half, estimate.seeds))


def _print_table(
    title: str, names: Sequence[str], columns: Sequence[Sequence[str]], *, hide: str = ""
) -> None:
    """Print a row per number; those that are ``hide`` in every column are left out."""
    from rich.table import Table  # noqa: PLC0415 - help must not wait

    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for row, (_, label, _) in enumerate(_SHOWN):
        cells = [column[row] for column in columns]
        if not hide or set(cells) != {hide}:
            table.add_row(label, *cells)
    out().print(table)


def _cells(answer: "Answer") -> list[str]:
    return [_scaled(answer.numbers[key], factor) for key, _, factor in _SHOWN]


def print_answer(answer: "Answer", title: str = "") -> None:
    """One scenario's numbers."""
    site, metrics = answer.scenario.site, answer.metrics[0]
    where = (
        f"{metrics.gpus:,} GPUs serve, of {site.gpus:,} on {site.racks:,} x {site.hardware.name}"
    )
    stock = ", ".join(
        f"{number:,.3g} {name}" if number % 1 else f"{number:,.0f} {name}"
        for name, number in site.inventory.items()
    )
    _print_table(title or f"{answer.scenario.name}: {where}", ("mean ± 95 %",), [_cells(answer)])
    out().print(f"The site: {stock}", soft_wrap=True)
    _print_objectives(answer)
    _print_room([answer.scenario.placement], [answer])


def _print_objectives(answer: "Answer") -> None:
    """Whether the scenario's slo holds, at the ninetieth percentile as in a plan."""
    slo = answer.scenario.objectives
    judged = [
        f"{key} {seen * 1e3:,.0f} ms, asked {wanted * 1e3:,.0f} ms: "
        + ("kept" if seen <= wanted else "missed")
        for key, seen, wanted in (
            ("ttft", answer.numbers["ttft_p90"].mean, slo.ttft_s),
            ("tpot", answer.numbers["tpot_p90"].mean, slo.tpot_s),
        )
        if math.isfinite(wanted)
    ]
    if judged:
        out().print(f"The slo (p90): {'; '.join(judged)}", soft_wrap=True)


def print_comparison(compared: "Comparison") -> None:
    """The numbers of each policy, then what differs from the first."""
    title = compared.answers[0].scenario.name
    _print_table(title, compared.names, [_cells(answer) for answer in compared.answers])
    names, columns = [], []
    for name, difference in zip(compared.names[1:], compared.differences, strict=True):
        names.append(f"{name} minus {compared.names[0]}")
        columns.append(
            [
                _scaled(difference[key], factor) + (" *" if difference[key].excludes_zero else "")
                for key, _, factor in _SHOWN
            ]
        )
    if columns:
        caption = (
            "differences, paired by seed; * the 95 % interval excludes zero; what differs nowhere "
            "is left out"
        )
        _print_table(caption, names, columns, hide="0 ± 0")
    _print_room(compared.names, compared.answers)


def _print_room(names: Sequence[str], answers: Sequence["Answer"]) -> None:
    """What is not a number about placements: proofs, and the price of making room."""
    for name, answer in zip(names, answers, strict=True):
        first = answer.standings[0]
        if all(standing.placed.proven for standing in answer.standings):
            out().print(f"{name}: proven that no placement holds more", soft_wrap=True)
        missing = sum(domain is None for domain in first.placed.domains)
        if missing:
            out().print(
                f"{name}: {missing} of {len(first.gangs)} gangs found no room and do not serve; "
                f"to make room for the first: {first.making_room}",
                soft_wrap=True,
            )


def print_plan(plan: "Plan") -> None:
    """Every candidate of each model, then the plan in words."""
    from rich.table import Table  # noqa: PLC0415 - help must not wait

    for model in plan.models:
        table = Table(title=f"{model.name}: candidates, fewest GPUs first", title_justify="left")
        for column in ("parallelism", "replicas", "GPUs", "TTFT p90, s", "TPOT p90, ms",
                       "output tokens per GPU and s", "meets"):  # fmt: skip
            table.add_column(column)
        for c in model.candidates:
            table.add_row(
                str(c.parallel), str(c.replicas), str(c.gpus), f"{c.ttft_p90_s:.3g}",
                f"{1e3 * c.tpot_p90_s:.3g}", f"{c.output_tokens_per_gpu_s:.3g}",
                "yes" if c.meets else "no",
            )  # fmt: skip
        out().print(table)
    for sentence in plan.sentences():
        out().print(sentence, soft_wrap=True)


def say_trust(answer: "Answer") -> None:
    """How far to trust the figures: where step times come from, and how wrong they were."""
    from macrohard.cluster.calibration import HELD_OUT_ERROR  # noqa: PLC0415 - help must not wait
    from macrohard.cluster.measured import is_installed  # noqa: PLC0415

    error = HELD_OUT_ERROR
    err().print("How far to trust these figures:")
    for source in answer.results[0].sources:
        err().print(f"- How long a step takes, {source}.", soft_wrap=True)
    err().print(
        "- Half of the measured runs that nothing was fitted to were predicted within "
        f"{error['ttft']:.0%} for the time to first token (TTFT) and {error['tpot']:.0%} for the "
        "time per output token (TPOT), with the built-in roofline: `macrohard cluster accuracy`.",
        soft_wrap=True,
    )
    for nearest in answer.nearest_measured():
        err().print(f"- The measured run most like {nearest}.", soft_wrap=True)
    if not is_installed():
        err().print(
            "- The extra `cluster` is not installed: step times come from the built-in roofline, "
            "without measured kernels."
        )
    if answer.partial:
        err().print("interrupted: this is what there was, marked partial")


def comparison_json(compared: "Comparison") -> dict[str, Any]:
    """For machines: every answer, and the differences to the first."""
    return {
        "names": list(compared.names),
        "answers": [answer.as_json() for answer in compared.answers],
        "differences": {
            name: {key: [e.mean, e.half_width] for key, e in difference.items()}
            for name, difference in zip(compared.names[1:], compared.differences, strict=True)
        },
    }


def write_folder(folder: Path, name: str, document: dict[str, Any]) -> None:
    """Write a document beside the plots.

    Raises:
        ConfigError: The folder cannot be written.
    """
    from macrohard.errors import ConfigError  # noqa: PLC0415

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise ConfigError(f"--out {folder}: {error.strerror or error}") from None


def say_plots(written: Sequence[Path]) -> None:
    """Name the plots, or say why there are none."""
    from importlib.util import find_spec  # noqa: PLC0415

    if written:
        err().print("plots: " + ", ".join(str(path) for path in written), soft_wrap=True)
    elif find_spec("matplotlib") is None:
        err().print("no plots: matplotlib is not installed (extra `cluster`)")
    else:
        err().print("no plots: no call was finished")
