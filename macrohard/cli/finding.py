"""Finds runs: by path, by name, or by the beginning of a name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from macrohard.errors import UsageError
from macrohard.record import FILE, read_standing

RUNS = Path("runs")
"""Where ``macrohard build`` puts runs that are given no ``--out``."""


def find_run(name: str, root: Path = RUNS) -> Path:
    """The directory of a run.

    Raises:
        UsageError: Nothing or more than one run is meant.
    """
    for path in (Path(name), root / name):
        if (path / FILE).is_file():
            return path
    if "/" not in name and name and root.is_dir():
        found = sorted(path.parent for path in root.glob(f"*/{FILE}"))
        matching = [path for path in found if path.name.startswith(name)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            listed = ", ".join(path.name for path in matching[:5])
            raise UsageError(f"{name!r} is the beginning of several runs: {listed}.")
    raise UsageError(f"there is no run {name!r}; `macrohard runs` lists those in {root}/.")


def list_runs(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The runs in a folder, newest first; those that cannot be read are left out."""
    found = []
    for path in root.glob(f"*/{FILE}"):
        try:
            found.append((path.parent, read_standing(path.parent)))
        except UsageError:
            continue
    yield from sorted(found, key=lambda run: str(run[1]["created"]), reverse=True)
