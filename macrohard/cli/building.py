"""``macrohard build`` and ``macrohard resume``."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from macrohard.cli.finding import find_run
from macrohard.cli.naming import model_flags
from macrohard.cli.options import (
    Agents,
    Cluster,
    Debug,
    Json,
    MaxCalls,
    MaxMinutes,
    MaxTokens,
    MaxUsd,
    Models,
    Quiet,
    Roles,
    Run,
    Telemetry,
    Tiers,
)
from macrohard.cli.shown import Shown, listening
from macrohard.errors import UsageError


def build(  # noqa: PLR0917 - typer makes an option of each
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC", help="A spec, a folder with one in it, or - for standard input."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Run directory to make [default: runs/ID]"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is in --out already.")
    ] = False,
    model: Models = None,
    tier: Tiers = None,
    role: Roles = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Record the model's answers on a cassette."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option("--replay", metavar="FILE", help="Play a cassette instead of asking a model."),
    ] = None,
    sandbox: Annotated[
        str | None,
        typer.Option(
            "--sandbox",
            metavar="KIND",
            help="Where code runs: auto, docker, process [default: auto]",
        ),
    ] = None,
    sandbox_runtime: Annotated[
        str | None,
        typer.Option(
            "--sandbox-runtime",
            metavar="NAME",
            help="What the container engine runs boxes with: runsc, kata, ... [default: its own]",
        ),
    ] = None,
    allow_process_sandbox: Annotated[
        bool | None,
        typer.Option(
            "--allow-process-sandbox",
            help="Let code of a model other than offline run in the process sandbox.",
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            "--rounds", metavar="N", help="Most rounds of coding, test and trial [default: 4]"
        ),
    ] = None,
    min_satisfied: Annotated[
        int | None,
        typer.Option(
            "--min-satisfied",
            metavar="N",
            help="Satisfied simulated users needed for a release [default: all]",
        ),
    ] = None,
    mutants: Annotated[
        int | None,
        typer.Option(
            "--mutants",
            metavar="N",
            help="Faults put into the app before a release, to see whether its own tests notice; "
            "0 for none [default: 8]",
        ),
    ] = None,
    min_caught: Annotated[
        float | None,
        typer.Option(
            "--min-caught",
            metavar="RATE",
            help="Share of the mutants to be noticed, 0 to 1; the manager is told of less "
            "[default: 0.5]",
        ),
    ] = None,
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser",
            help="Simulated users of pages sit at a real browser (extra browser, and a Chromium).",
        ),
    ] = None,
    desktop: Annotated[
        bool | None,
        typer.Option(
            "--desktop/--no-desktop",
            help="Whether the app may have windows, at which simulated users sit; by default as "
            "the spec and the boxes are.",
        ),
    ] = None,
    offline_packages: Annotated[
        bool | None,
        typer.Option(
            "--offline-packages",
            help="Ask no package index: what an app needs must have been downloaded before.",
        ),
    ] = None,
    faults: Annotated[
        float | None,
        typer.Option(
            "--faults",
            metavar="RATE",
            help="Share of work items in which offline errs, 0 to 1 [default: 0]",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Seed of everything random [default: 0]"),
    ] = None,
    agents: Agents = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            metavar="N",
            help="Model calls, sandboxes and trials at once [default: 4]",
        ),
    ] = None,
    approve: Annotated[
        list[str] | None,
        typer.Option(
            "--approve",
            metavar="STAGE",
            help="Hold after this stage until a person approves; may be given again. Without a "
            "terminal the run stops there.",
        ),
    ] = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    cluster: Cluster = None,
    telemetry: Telemetry = False,
    json_: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Build an application from a spec.

    The run directory holds the app (a git repository), the report, and all evidence.
    """
    from macrohard import api  # noqa: PLC0415 - the graph library takes a second to import
    from macrohard.configuration import resolve  # noqa: PLC0415

    title = "standard input" if spec == "-" else spec
    with (
        Shown(title, out, json_=json_, quiet=quiet) as shown,
        listening(shown.take, out, wanted=telemetry) as take,
    ):
        if replay is not None and (model or tier or role):
            raise UsageError(
                "--replay plays recorded answers: leave out --model, --tier and --role."
            )
        flags = model_flags([f"replay:{replay}"] if replay else model, tier, role)
        flags |= {
            ("build", "sandbox"): sandbox,
            ("build", "sandbox_runtime"): sandbox_runtime,
            ("build", "allow_process_sandbox"): allow_process_sandbox or None,
            ("build", "rounds"): rounds,
            ("build", "min_satisfied"): min_satisfied,
            ("build", "mutants"): mutants,
            ("build", "min_caught"): min_caught,
            ("build", "browser"): browser or None,
            ("build", "desktop"): desktop,
            ("build", "offline_packages"): offline_packages or None,
            ("build", "faults"): faults,
            ("build", "seed"): seed,
            ("build", "agents"): str(agents.absolute()) if agents else None,
            ("build", "concurrency"): concurrency,
            ("build", "approve"): list(approve) if approve else None,
            ("build", "cluster"): cluster,
            ("caps", "usd"): max_usd,
            ("caps", "tokens"): max_tokens,
            ("caps", "calls"): max_calls,
            ("caps", "minutes"): max_minutes,
        }
        settings = resolve(flags).settings
        if record is not None:
            settings = replace(settings, record=str(record.absolute()))
        # Answers cannot come from the standard input that brought the spec.
        asking = {} if spec == "-" else {"approver": shown.approver}
        shown.end(
            api.build_with(
                spec,
                settings,
                out=out,
                overwrite=overwrite,
                handle_signals=True,
                on_event=take,
                **asking,
            )
        )


def resume(  # noqa: PLR0917 - typer makes an option of each
    run: Run,
    approved: Annotated[
        list[str] | None,
        typer.Option(
            "--approved", metavar="STAGE", help="A stage that was approved since; may be repeated."
        ),
    ] = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    cluster: Cluster = None,
    telemetry: Telemetry = False,
    json_: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Go on with a run that was stopped or killed, or see how it ended.

    No model call whose answer is on disk is made again. Caps that are not given stay as they were.
    """
    from macrohard import api  # noqa: PLC0415 - the graph library takes a second to import
    from macrohard.config import check_stage  # noqa: PLC0415
    from macrohard.configuration import resolve  # noqa: PLC0415
    from macrohard.journal import read_journal  # noqa: PLC0415

    stages = tuple(check_stage(stage) for stage in approved or ())
    folder = find_run(run)
    earlier = list(read_journal(folder / "events.jsonl"))
    with (
        Shown(str(folder), folder, json_=json_, quiet=quiet, earlier=earlier) as shown,
        listening(shown.take, folder, wanted=telemetry) as take,
    ):
        shown.end(
            api.resume(
                folder,
                approved=stages,
                max_usd=max_usd,
                max_tokens=max_tokens,
                max_calls=max_calls,
                max_minutes=max_minutes,
                prices=resolve().settings.routing.prices,
                cluster=cluster,
                handle_signals=True,
                on_event=take,
                approver=shown.approver,
            )
        )
