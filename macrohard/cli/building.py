"""``macrohard build`` and ``macrohard resume``."""

import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from macrohard.cli.consoles import err, print_json
from macrohard.cli.finding import RUNS, find_run
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
    Tiers,
)
from macrohard.errors import BudgetError, MacrohardError, UsageError

if TYPE_CHECKING:
    from macrohard.api import BuildResult
    from macrohard.report.live import Progress


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
    json_: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Build an application from a spec.

    The run directory holds the app (a git repository), the report, and all evidence.
    """
    from macrohard import api  # noqa: PLC0415 - the graph library takes a second to import
    from macrohard.configuration import resolve  # noqa: PLC0415

    if replay is not None and (model or tier or role):
        raise UsageError("--replay plays recorded answers: leave out --model, --tier and --role.")
    flags = model_flags([f"replay:{replay}"] if replay else model, tier, role)
    flags |= {
        ("build", "sandbox"): sandbox,
        ("build", "sandbox_runtime"): sandbox_runtime,
        ("build", "allow_process_sandbox"): allow_process_sandbox or None,
        ("build", "rounds"): rounds,
        ("build", "min_satisfied"): min_satisfied,
        ("build", "mutants"): mutants,
        ("build", "min_caught"): min_caught,
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
    title = "standard input" if spec == "-" else spec
    with _Shown(title, out, json_=json_, quiet=quiet) as shown:
        # Answers cannot come from the standard input that brought the spec.
        asking = {} if spec == "-" else {"approver": shown.approver}
        shown.end(
            api.build_with(
                spec,
                settings,
                out=out,
                overwrite=overwrite,
                handle_signals=True,
                on_event=shown.take,
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
    with _Shown(str(folder), folder, json_=json_, quiet=quiet, earlier=earlier) as shown:
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
                on_event=shown.take,
                approver=shown.approver,
            )
        )


class _Shown:
    """Shows a run while it works and how it ended, in the way that was asked for.

    Args:
        title: What is being built.
        folder: The run directory; None when the run is to name it.
        json_: Whether the result is printed as JSON.
        quiet: Whether nothing but errors is shown.
        earlier: Events of earlier starts of the run.
    """

    def __init__(
        self,
        title: str,
        folder: Path | None,
        *,
        json_: bool,
        quiet: bool,
        earlier: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._title = title
        self._folder = folder
        self._begun = False
        self._json = json_
        self._quiet = quiet
        self._earlier = earlier
        self._progress: Progress | None = None
        self._result: BuildResult | None = None

    @property
    def approver(self) -> Callable[[str], bool] | None:
        """Asks the person at the terminal; None where there is nobody to ask."""
        quiet = self._quiet or self._json
        return None if quiet or not sys.stdin.isatty() or not err().is_terminal else self._ask

    def take(self, event: dict[str, Any]) -> None:
        """Show one event."""
        if event["type"] == "run_started":
            self._begun = True
            self._folder = self._folder or RUNS / event["id"]
        if self._progress is not None:
            self._progress.take(event)

    def end(self, result: "BuildResult") -> None:
        """Keep the result to tell it on leaving."""
        self._result = result

    def __enter__(self) -> Self:
        if not self._quiet:
            from macrohard.report.live import Progress  # noqa: PLC0415 - rich is slow to import

            self._progress = Progress(err(), self._title, self._earlier)
            self._progress.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.__exit__(kind, error, trace)
        if self._result is not None:
            self._tell(self._result)
        elif isinstance(error, MacrohardError):
            self._tell_error(error)

    def _tell(self, result: "BuildResult") -> None:
        if not self._quiet:
            from macrohard.report.summary import print_summary  # noqa: PLC0415

            print_summary(err(), result.record, result.run_dir)
        if self._json:
            print_json({**result.record, "run_dir": str(result.run_dir)})
        if not result.accepted:
            raise typer.Exit(1)

    def _tell_error(self, error: MacrohardError) -> None:
        """Where the run is kept; the error itself is told by main, which every error reaches."""
        folder = str(self._folder) if self._begun else None
        if self._json:
            said = {"type": type(error).__name__, "message": str(error)}
            code = error.exit_code
            print_json({"status": "error", "exit_code": code, "error": said, "run_dir": folder})
        if self._folder is not None and isinstance(error, BudgetError) and not self._quiet:
            self._tell_best(self._folder)
        if folder and not self._quiet:
            told = "macrohard resume" in str(error)
            way_on = "" if told else f" Go on with: macrohard resume {shlex.quote(folder)}"
            sys.stderr.write(f"The run is kept in {folder}.{way_on}\n")

    def _tell_best(self, folder: Path) -> None:
        """The summary of a run that a cap stopped, when it left an app."""
        from macrohard.record import FILE, read_record  # noqa: PLC0415 - keeps help fast
        from macrohard.report.summary import print_summary  # noqa: PLC0415

        if (folder / FILE).is_file() and (record := read_record(folder)).get("best"):
            print_summary(err(), record, folder)

    def _ask(self, stage: str) -> bool:
        """Yes goes on. Ctrl-C and the end of input are no: the run stops and can be resumed."""
        if self._progress is not None:
            self._progress.pause()
        # The event loop swallows SIGINT while it is blocked here.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            sys.stderr.write(f"See documents/ in the run. Stage {stage} is done. Go on? [y/N] ")
            sys.stderr.flush()
            return sys.stdin.readline().strip().lower() in {"y", "yes"}
        except KeyboardInterrupt:
            return False
        finally:
            signal.signal(signal.SIGINT, before)
            if self._progress is not None:
                self._progress.go_on()
