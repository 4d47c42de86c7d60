"""``macrohard cluster``: what agents' inference waits for and costs on NVL72-class racks."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from macrohard.cli.cluster_shown import (
    comparison_json,
    print_answer,
    print_comparison,
    print_plan,
    say_plots,
    say_trust,
    write_folder,
)
from macrohard.cli.consoles import err, out, print_json
from macrohard.errors import ConfigError, InterruptedRunError

if TYPE_CHECKING:
    from macrohard.cluster.study import Answer

app = typer.Typer(
    name="cluster",
    help="Simulate and plan agent inference on NVL72-class racks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="A scenario (YAML).")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write results and plots there.")
]


def _progress() -> Any:
    return err().print if err().is_terminal else None


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

    _show_answer(run_scenario(load_scenario(scenario), on_progress=_progress()), folder, json_)


def _show_answer(answer: "Answer", folder: Path | None, json_: bool, title: str = "") -> None:
    if folder:
        from macrohard.cluster.pictures import draw_answer  # noqa: PLC0415 - help must not wait

        write_folder(folder, "result", answer.as_json())
        say_plots(draw_answer(answer, folder))
    say_trust(answer)
    if json_:
        print_json(answer.as_json())
    else:
        print_answer(answer, title)
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
    """Run a scenario under several policies side by side.

    All have the same seeds; with both options, each pair is run.
    """
    from macrohard.cluster.pictures import draw_comparison  # noqa: PLC0415 - help must not wait
    from macrohard.cluster.routing import DEFAULT_TTL_S, make_router  # noqa: PLC0415
    from macrohard.cluster.scenario import load_scenario  # noqa: PLC0415
    from macrohard.cluster.study import compare_policies  # noqa: PLC0415

    if not router and not placement:
        raise ConfigError("say what to compare: --router a,b or --placement c,d (or both)")
    loaded = load_scenario(scenario)
    own = loaded.pools[0].router
    routers = [
        replace(
            make_router(name, (own.ttl_s or DEFAULT_TTL_S) if name == "sticky" else None),
            shards=own.shards,
        )
        for name in _listed(router)
    ]
    compared = compare_policies(
        loaded, routers=routers, placements=_listed(placement), on_progress=_progress()
    )
    if folder:
        write_folder(folder, "comparison", comparison_json(compared))
        say_plots(draw_comparison(compared, folder))
    say_trust(compared.answers[0])
    if json_:
        print_json(comparison_json(compared))
    else:
        print_comparison(compared)
    if compared.partial:
        raise InterruptedRunError("interrupted; the partial comparison is above")


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


@app.command("plan")
def plan(scenario: ScenarioFile, folder: OutFolder = None, json_: Json = False) -> None:
    """Find what meets the SLO with the fewest GPUs.

    Which parallelism, how many replicas, which racks.
    """
    from macrohard.cluster.pictures import draw_plan  # noqa: PLC0415 - help must not wait
    from macrohard.cluster.planner import make_plan  # noqa: PLC0415
    from macrohard.cluster.scenario import load_scenario  # noqa: PLC0415

    made = make_plan(load_scenario(scenario), on_progress=err().print)
    if folder:
        write_folder(folder, "plan", made.as_json())
        say_plots(draw_plan(made, folder))
    if json_:
        print_json(made.as_json())
    else:
        print_plan(made)


@app.command("replay")
def replay(  # noqa: PLR0917 - typer hands options over by name
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories.")],
    builds: Annotated[int, typer.Option(min=1, max=10**6, help="Builds to play.")] = 100,
    at_a_time: Annotated[
        int, typer.Option(min=1, max=10**6, help="Builds under way at once.")
    ] = 50,
    hardware: Annotated[str, typer.Option(help="Machine.")] = "gb200-nvl72",
    racks: Annotated[int, typer.Option(min=1, max=10**6, help="NVLink domains.")] = 1,
    router: Annotated[str, typer.Option(help="Router.")] = "affinity",
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Seeds.")] = 3,
    folder: OutFolder = None,
    json_: Json = False,
) -> None:
    """Play the calls of real runs against a modelled cluster.

    In a closed loop: a call waits for the answers it had waited for.
    """
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
    scenario = Scenario("replay", site, (pool,), workload, seeds=seeds)
    answer = run_scenario(scenario, on_progress=_progress())
    title = (
        f"{builds:,} builds, {at_a_time:,} at a time, on {racks} x {hardware} (a session is a "
        "build)"
    )
    _show_answer(answer, folder, json_, title)


@app.command("accuracy")
def accuracy(
    json_: Json = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the InferenceX configurations, to recover speculation."),
    ] = None,
) -> None:
    """Hold predictions against measurements on real machines.

    With rows held out from calibration.
    """
    from macrohard.cluster.accuracy import print_accuracy  # noqa: PLC0415 - help must not wait

    report = print_accuracy(data, on_progress=err().print)
    if json_:
        print_json(report.as_json())
    else:
        out().print(report.text(), soft_wrap=True)
