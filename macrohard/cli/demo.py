"""``macrohard demo``: a film of what simulated users did."""

from pathlib import Path
from typing import Annotated

import typer

from macrohard.cli.consoles import err, out, print_json
from macrohard.cli.options import Debug, Json


def demo(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run directory, the name of one in runs/ or its beginning, or what a try left.",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where the film goes, .mp4 or .webm [default: demo.mp4 in the run]",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Who cuts it [default: the run's models]"),
    ] = None,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Cut a demo from the trials of a run or a try."""
    import asyncio  # noqa: PLC0415 - keeps help fast

    from rich.text import Text  # noqa: PLC0415

    from macrohard.cli.finding import find_run  # noqa: PLC0415
    from macrohard.demo import make_demo, said  # noqa: PLC0415
    from macrohard.trying.result import RESULT  # noqa: PLC0415

    # What a try left has no name among the runs.
    folder = Path(run) if (Path(run) / RESULT).is_file() else find_run(run)
    if err().is_terminal:
        err().print("Cutting the demo; half a minute or so.", style="dim")
    made = asyncio.run(make_demo(folder, to or folder / "demo.mp4", model=model))
    if json_:
        print_json(said(made))
        return
    film = made.film
    for label, value in (
        ("Demo", f"{film.video} ({film.seconds:.0f} s)"),
        ("Poster", str(film.poster)),
        ("Captions", str(film.captions)),
        ("Shows", ", ".join(f"{shot.trial} step {shot.step}" for shot in made.cuts.shots)),
    ):
        out().print(Text.assemble((f"{label:<12}", "bold"), value), soft_wrap=True)
    for text in made.shortcomings:
        err().print(Text(text), soft_wrap=True)
