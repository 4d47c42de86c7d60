"""``macrohard demo``: a film of what simulated users did."""

from pathlib import Path
from typing import Annotated

import typer

from macrohard.cli.consoles import err, out, print_json
from macrohard.cli.options import Debug, Json, Run


def demo(
    run: Run,
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
    """Cut a demo from a run's trials: a film, a poster, captions."""
    import asyncio  # noqa: PLC0415 - keeps help fast

    from rich.text import Text  # noqa: PLC0415

    from macrohard.cli.finding import find_run  # noqa: PLC0415
    from macrohard.demo import make_demo, said  # noqa: PLC0415

    folder = find_run(run)
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
