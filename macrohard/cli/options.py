"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run directory, or the name of one in runs/ or its beginning."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Agents = Annotated[
    Path | None,
    typer.Option(
        "--agents",
        metavar="DIR",
        help="Folder with role files that add to the shipped ones, or replace those of their name.",
    ),
]
