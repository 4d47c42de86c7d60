"""``macrohard runs`` and ``macrohard show``."""

from pathlib import Path
from typing import Annotated

import typer

from macrohard.cli.consoles import out, print_json
from macrohard.cli.options import Debug, Json, Run
from macrohard.errors import UsageError

_RUNS = Path("runs")
"""Where builds go without ``--out``; that it is not there yet is no mistake."""


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to look in.")] = _RUNS,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """List the runs in a folder, newest first."""
    from macrohard.cli.finding import list_runs  # noqa: PLC0415 - keeps help fast
    from macrohard.report.show import runs_table  # noqa: PLC0415

    if folder != _RUNS and not folder.is_dir():
        raise UsageError(f"{folder}: no such folder.")
    found = list(list_runs(folder))
    if json_:
        keys = ("id", "status", "created", "finished", "round", "satisfied", "scenarios")
        rows = [{"run_dir": str(path), **{key: run[key] for key in keys}} for path, run in found]
        print_json(rows)
    elif found:
        out().print(runs_table(found))
    else:
        typer.echo(f"No runs in {folder}. `macrohard build SPEC` makes one.")


def show(
    run: Run,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="STAGE", help="Only what this stage did.")
    ] = None,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Show a run: how it stands, its stages, items and trials."""
    from macrohard.cli.finding import find_run  # noqa: PLC0415 - keeps help fast
    from macrohard.config import check_stage  # noqa: PLC0415
    from macrohard.record import read_standing  # noqa: PLC0415
    from macrohard.report import show as shown  # noqa: PLC0415

    if stage is not None:
        check_stage(stage)
    folder = find_run(run)
    record = read_standing(folder)
    if json_:
        print_json(shown.stage_record(record, folder, stage) if stage else record)
    elif stage:
        shown.show_stage(out(), record, folder, stage)
    else:
        shown.show_run(out(), record, folder)
