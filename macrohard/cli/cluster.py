"""``macrohard cluster``: what agents' inference waits for and costs on NVL72-class racks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from macrohard.cli.consoles import err, out, print_json
from macrohard.errors import ConfigError, InterruptedRunError

if TYPE_CHECKING:
    from macrohard.cluster.study import Answer, Comparison

app = typer.Typer(
    name="cluster",
    help="Simulate and plan agent inference on NVL72-class racks: waiting, cost, placement.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="A scenario (YAML).")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write results and plots there.")
]

_SHOWN = (
    ("sessions_per_h", "sessions per hour", 1.0),
    ("calls_per_s", "calls per second", 1.0),
    ("output_tokens_per_gpu_s", "output tokens per GPU and second", 1.0),
    ("ttft_p50", "time to first token p50, ms", 1e3),
    ("ttft_p90", "time to first token p90, ms", 1e3),
    ("ttft_p99", "time to first token p99, ms", 1e3),
    ("tpot_p50", "time per output token p50, ms", 1e3),
    ("tpot_p90", "time per output token p90, ms", 1e3),
    ("call_p50", "call end to end p50, s", 1.0),
    ("call_p99", "call end to end p99, s", 1.0),
    ("session_p50", "session end to end p50, s", 1.0),
    ("queueing_p90", "queueing p90, ms", 1e3),
    ("queueing_p99", "queueing p99, ms", 1e3),
    ("cache_hit_share", "prompt tokens from cache, %", 100.0),
    ("busy_share", "replicas busy, %", 100.0),
    ("mean_batch", "decoding calls per replica", 1.0),
    ("preemptions", "preemptions", 1.0),
    ("deadline_share", "deadlines kept, %", 100.0),
    ("kwh_per_session", "kWh per session", 1.0),
    ("usd_per_session", "dollars per session", 1.0),
)


def _scaled(estimate: Any, factor: float) -> str:
    from macrohard.cluster.statistics import Estimate  # noqa: PLC0415 - help must not wait

    half = estimate.half_width * factor
    return str(Estimate(estimate.mean * factor, half, estimate.seeds))


def _say_sources(answer: "Answer") -> None:
    from macrohard.cluster.calibration import HELD_OUT_ERROR  # noqa: PLC0415 - help must not wait
    from macrohard.cluster.measured import is_installed  # noqa: PLC0415

    for source in answer.results[0].sources:
        err().print(f"step time of {source}", soft_wrap=True)
    error = HELD_OUT_ERROR
    err().print(
        f"held-out error of the roofline: TTFT {error['ttft']:.0%}, TPOT {error['tpot']:.0%}",
    )
    for nearest in answer.nearest_measured():
        err().print(f"nearest measured: {nearest}", soft_wrap=True)
    if not is_installed():
        err().print(
            "The extra `cluster` is not installed: step times come from the built-in roofline, "
            "without measured kernels."
        )
    if answer.partial:
        err().print("interrupted: this is what there was, marked partial")


def _table(title: str, names: tuple[str, ...], columns: list[list[str]]) -> None:
    from rich.table import Table  # noqa: PLC0415 - help must not wait

    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for row, (_, label, _) in enumerate(_SHOWN):
        table.add_row(label, *(column[row] for column in columns))
    out().print(table)


def _write(folder: Path, answer: "Answer", name: str = "result") -> None:
    import json  # noqa: PLC0415 - help must not wait

    from macrohard.cluster.plots import draw_all  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(answer.as_json(), indent=2) + "\n"
    (folder / f"{name}.json").write_text(text, "utf-8")
    written = draw_all(answer, folder, name)
    if not written:
        err().print("no plots: matplotlib is not installed (extra `cluster`)")


@app.command("hardware")
def hardware(
    name: Annotated[str, typer.Argument(help="A machine; all of them without.")] = "",
    json_: Json = False,
) -> None:
    """The catalogue of machines, each number with its source."""
    from dataclasses import asdict  # noqa: PLC0415 - help must not wait

    from rich.table import Table  # noqa: PLC0415

    from macrohard.cluster.hardware import find_hardware, list_hardware  # noqa: PLC0415

    machines = (find_hardware(name),) if name else list_hardware()
    if json_:
        print_json([asdict(machine) | {"sources": dict(machine.sources)} for machine in machines])
        return
    if not name:
        table = Table()
        for column in ("machine", "GPUs", "HBM GB", "HBM TB/s", "FP8 TFLOPS", "kW per GPU, all in"):
            table.add_column(column)
        for machine in machines:
            numbers = (machine.domain_gpus, machine.hbm_gb, machine.hbm_tb_s, machine.fp8_tflops)
            table.add_row(machine.name, *map(str, numbers), f"{machine.all_in_w / 1e3:g}")
        out().print(table)
        return
    table = Table(title=machines[0].title, title_justify="left")
    for column in ("what", "value", "source"):
        table.add_column(column)
    for field, source in machines[0].sources:
        table.add_row(field, f"{getattr(machines[0], field):g}", source)
    out().print(table)


@app.command("simulate")
def simulate(scenario: ScenarioFile, folder: OutFolder = None, json_: Json = False) -> None:
    """Run a scenario on one clock: sessions, routing, batches."""
    from macrohard.cluster.scenario import load_scenario  # noqa: PLC0415 - help must not wait
    from macrohard.cluster.study import run_scenario  # noqa: PLC0415

    loaded = load_scenario(scenario)
    answer = run_scenario(loaded, on_progress=err().print if err().is_terminal else None)
    if folder:
        _write(folder, answer)
    _say_sources(answer)
    if json_:
        print_json(answer.as_json())
    else:
        cells = [_scaled(answer.numbers[key], factor) for key, _, factor in _SHOWN]
        _table(f"{loaded.name}: {answer.metrics[0].gpus} GPUs", ("mean ± 95 %",), [cells])
    if answer.partial:
        raise InterruptedRunError("interrupted; the partial result is above")


@app.command("compare")
def compare(
    scenario: ScenarioFile,
    router: Annotated[str, typer.Option(help="Routers, separated by commas.")] = "",
    placement: Annotated[str, typer.Option(help="Placements, separated by commas.")] = "",
    folder: OutFolder = None,
    json_: Json = False,
) -> None:
    """Run a scenario under several policies, same seeds, side by side."""
    from macrohard.cluster.routing import DEFAULT_TTL_S, make_router  # noqa: PLC0415
    from macrohard.cluster.scenario import load_scenario  # noqa: PLC0415
    from macrohard.cluster.study import compare_routers  # noqa: PLC0415

    if not router and not placement:
        raise ConfigError("say what to compare: --router a,b or --placement c,d (or both)")
    loaded = load_scenario(scenario)
    document: dict[str, Any] = {"scenario": loaded.name}
    if router:
        ttl = loaded.pools[0].router.ttl_s or DEFAULT_TTL_S
        routers = [
            make_router(name, ttl if name == "sticky" else None) for name in router.split(",")
        ]
        compared = compare_routers(loaded, routers)
        _say_sources(compared.answers[0])
        document["routers"] = _comparison_json(compared)
        if folder:
            for name, answer in zip(compared.names, compared.answers, strict=True):
                _write(folder, answer, name)
        if not json_:
            _print_comparison(loaded.name, compared)
    if placement and not (router and compared.answers[-1].partial):
        names = placement.split(",")
        document["placements"] = _compare_placements(loaded, names, show=not json_)
        if folder:
            _draw_placements(folder, loaded, names)
    if json_:
        print_json(document)
    if router and any(answer.partial for answer in compared.answers):
        raise InterruptedRunError("interrupted; the partial comparison is above")


def _comparison_json(compared: "Comparison") -> dict[str, Any]:
    return {
        "answers": [answer.as_json() for answer in compared.answers],
        "differences": {
            name: {key: [e.mean, e.half_width] for key, e in difference.items()}
            for name, difference in zip(compared.names[1:], compared.differences, strict=True)
        },
    }


def _print_comparison(title: str, compared: "Comparison") -> None:
    columns = [
        [_scaled(answer.numbers[key], factor) for key, _, factor in _SHOWN]
        for answer in compared.answers
    ]
    _table(title, compared.names, columns)
    names, cells = [], []
    for name, difference in zip(compared.names[1:], compared.differences, strict=True):
        names.append(f"{name} minus {compared.names[0]}")
        cells.append(
            [
                _scaled(difference[key], factor) + (" *" if difference[key].excludes_zero else "")
                for key, _, factor in _SHOWN
            ]
        )
    _table("differences, paired by seed; * the 95 % interval excludes zero", tuple(names), cells)


def _compare_placements(scenario: Any, names: list[str], *, show: bool) -> list[dict[str, Any]]:
    from rich.table import Table  # noqa: PLC0415 - help must not wait

    from macrohard.cluster.planner import place_scenario  # noqa: PLC0415

    rows = [place_scenario(scenario, name, seed=scenario.seed) for name in names]
    if show:
        table = Table(title="placements", title_justify="left")
        for column in rows[0]:
            table.add_column(column)
        for row in rows:
            table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()))
        out().print(table)
    return rows


def _draw_placements(folder: Path, scenario: Any, names: list[str]) -> None:
    from macrohard.cluster.plots import plot_placement  # noqa: PLC0415 - help must not wait

    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        plot_placement(scenario, name).savefig(folder / f"racks-{name}.svg")


@app.command("plan")
def plan(scenario: ScenarioFile, json_: Json = False) -> None:
    """Which parallelism, how many replicas, which racks: meets the SLO with the fewest GPUs."""
    from rich.table import Table  # noqa: PLC0415 - help must not wait

    from macrohard.cluster.planner import make_plan  # noqa: PLC0415
    from macrohard.cluster.scenario import load_scenario  # noqa: PLC0415

    loaded = load_scenario(scenario)
    made = make_plan(loaded, on_progress=err().print)
    if json_:
        print_json(made.as_json())
        return
    table = Table(title=f"{loaded.name}: candidates, fewest GPUs first", title_justify="left")
    for column in ("parallelism", "replicas", "GPUs", "TTFT p90, s", "TPOT p90, ms", "meets"):
        table.add_column(column)
    for c in made.candidates:
        table.add_row(
            str(c.parallel), str(c.replicas), str(c.gpus), f"{c.ttft_p90_s:.3g}",
            f"{1e3 * c.tpot_p90_s:.3g}", "yes" if c.meets else "no",
        )  # fmt: skip
    out().print(table)
    out().print(made.sentence())


@app.command("replay")
def replay(  # noqa: PLR0917 - typer hands options over by name
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories.")],
    builds: Annotated[int, typer.Option(min=1, help="Builds to play.")] = 100,
    at_a_time: Annotated[int, typer.Option(min=1, help="Builds under way at once.")] = 50,
    hardware: Annotated[str, typer.Option(help="Machine.")] = "gb200-nvl72",
    racks: Annotated[int, typer.Option(min=1, help="NVLink domains.")] = 1,
    router: Annotated[str, typer.Option(help="Router.")] = "affinity",
    seeds: Annotated[int, typer.Option(min=1, help="Seeds.")] = 3,
    json_: Json = False,
) -> None:
    """Play the calls of real factory runs against a modelled cluster, closed loop."""
    from macrohard.cluster.bill import house_deployment  # noqa: PLC0415 - help must not wait
    from macrohard.cluster.routing import make_router  # noqa: PLC0415
    from macrohard.cluster.scenario import Scenario, Site, WorkloadPlan  # noqa: PLC0415
    from macrohard.cluster.simulation import ServingPool  # noqa: PLC0415
    from macrohard.cluster.study import run_scenario  # noqa: PLC0415

    deployment = house_deployment(hardware)
    site = Site(deployment.hardware, racks)
    pool = ServingPool(
        "house", deployment, site.gpus // deployment.parallel.gpus, make_router(router)
    )
    workload = WorkloadPlan("run", files=tuple(runs), builds=builds, agents=at_a_time)
    answer = run_scenario(Scenario("replay", site, (pool,), workload, seeds=seeds))
    _say_sources(answer)
    if json_:
        print_json(answer.as_json())
        return
    cells = [_scaled(answer.numbers[key], factor) for key, _, factor in _SHOWN]
    title = (
        f"{builds} builds, {at_a_time} at a time, on {racks} x {hardware} (a session is a build)"
    )
    _table(title, ("mean ± 95 %",), [cells])


@app.command("accuracy")
def accuracy(
    json_: Json = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the InferenceX configurations, to recover speculation."),
    ] = None,
) -> None:
    """Predicted against measured on real machines, with rows held out from calibration."""
    from macrohard.cluster.accuracy import print_accuracy  # noqa: PLC0415 - help must not wait

    report = print_accuracy(data, on_progress=err().print)
    if json_:
        print_json(report.as_json())
    else:
        out().print(report.text(), soft_wrap=True)
