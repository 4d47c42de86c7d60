"""Where the data that ships with macrohard is: role files and sandbox profiles."""

from pathlib import Path
from typing import Literal

from macrohard.errors import MacrohardError

PACKAGE = Path(__file__).resolve().parent
"""The folder of the installed package."""


def data_dir(kind: Literal["agents", "sandboxes"], package: Path = PACKAGE) -> Path:
    """The shipped folder of this kind: inside an installed package, else beside it in a checkout.

    A folder of the same name where the command happens to run is never looked at: role files are
    prompts, and a repository under construction must not bring its own.

    Raises:
        MacrohardError: Neither place has it; the installation is incomplete.
    """
    places = (package / "_data" / kind, package.parent / kind)
    for place in places:
        if place.is_dir():
            return place
    looked = " and ".join(str(place) for place in places)
    raise MacrohardError(
        f"the folder {kind!r} that ships with macrohard is missing (looked at {looked}); "
        "install macrohard again"
    )


def agents_dir() -> Path:
    """The shipped role files, one folder a stage."""
    return data_dir("agents")


def sandboxes_dir() -> Path:
    """The shipped sandbox profiles, one folder each."""
    return data_dir("sandboxes")
