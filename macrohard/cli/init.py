"""``macrohard init``: a commented spec to start from."""

from pathlib import Path
from typing import Annotated

import typer

from macrohard.cli.options import Debug
from macrohard.errors import UsageError

_TEMPLATE = Path(__file__).with_name("spec_template.md")


def init(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write, or a folder for spec.md.")
    ] = Path("spec.md"),
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Write a commented spec to start from. A file that is there is never replaced."""
    target = path / "spec.md" if path.is_dir() else path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive: no moment between looking and writing in which the file could appear.
        with target.open("x", encoding="utf-8") as file:
            file.write(_TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{target} exists; it was left untouched. Name another file.") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error
    typer.echo(f"Wrote {target}. Change it, then: macrohard build {target}")
