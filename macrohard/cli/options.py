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
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="HARDWARE",
        help="Place the calls on a modelled cluster, such as gb200-nvl72; `macrohard cluster "
        "hardware` lists them.",
    ),
]
Agents = Annotated[
    Path | None,
    typer.Option(
        "--agents",
        metavar="DIR",
        help="Folder with role files that add to the shipped ones, or replace those of their name.",
    ),
]
MaxUsd = Annotated[float | None, typer.Option("--max-usd", metavar="USD", help="Cap in dollars.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="Cap in tokens.")]
MaxCalls = Annotated[
    int | None, typer.Option("--max-calls", metavar="N", help="Cap in model calls.")
]
MaxMinutes = Annotated[
    float | None, typer.Option("--max-minutes", metavar="MIN", help="Cap in minutes of work.")
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Who plays all roles: offline, PROVIDER:NAME, URL#NAME or mailbox:DIR. Given again, "
        "the next is asked where the one before fails [default: offline]",
    ),
]
Tiers = Annotated[
    list[str] | None,
    typer.Option(
        "--tier",
        metavar="TIER=NAME",
        help="Who plays the roles of a tier (fast, standard, strong, vision, image).",
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role", metavar="ROLE=NAME", help="Who plays one role: a model's name, or another tier's."
    ),
]
Telemetry = Annotated[
    bool,
    typer.Option(
        "--telemetry",
        help="Send OpenTelemetry spans where the OTEL_* variables say; never without this.",
    ),
]
