"""What each persona thought of an application: satisfied of all, seconds a trial, barriers.

    macrohard build examples/specs/tools.md --browser --out runs/tools
    python benchmarks/bench_personas.py runs/tools

Reads the evidence of a build, or of ``macrohard try --out``: one row a persona for trials of pages,
one row an interface for all. ``violations`` are what axe-core and the checks beside it found, grave
and others.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Row:
    """A trial.

    Attributes:
        persona: Who tried.
        interface: What was tried.
        satisfied: Whether the user was.
        seconds: Wall time.
        actions: How many there were.
        grave: Violations that hold a release up.
        violations: All violations.
        pictures: Pictures in the evidence.
    """

    persona: str
    interface: str
    satisfied: bool
    seconds: float
    actions: int
    grave: int
    violations: int
    pictures: int


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", type=Path, help="a run directory, or that of macrohard try")
    folders = sorted((parser.parse_args().run / "trials").iterdir())
    done = [folder for folder in folders if (folder / "result.json").exists()]
    if len(done) < len(folders):
        print(f"{len(folders) - len(done)} trials were broken off, and are left out")
    rows = [read(folder) for folder in done]
    pages = [row for row in rows if row.interface == "web"]
    by_persona = defaultdict(list)
    by_interface = defaultdict(list)
    for row in pages:
        by_persona[row.persona].append(row)
    for row in rows:
        by_interface[row.interface].append(row)
    if pages:
        show("persona", dict(sorted(by_persona.items())) | {"all": pages})
        print()
    show("interface", by_interface)


def read(folder: Path) -> Row:
    """A trial from its evidence."""
    result = json.loads((folder / "result.json").read_text())
    barriers = [
        problem
        for entry in json.loads((folder / "tape.json").read_text())["entries"]
        for problem in entry["seen"].get("problems", ())
        if problem["kind"] == "accessibility"
    ]
    return Row(
        persona=result["persona"],
        interface=json.loads((folder / "scenario.json").read_text()).get("interface", "cli"),
        satisfied=result["satisfied"],
        seconds=result["seconds"],
        actions=result["actions"],
        grave=sum(each.get("severity", "major") == "major" for each in barriers),
        violations=len(barriers),
        pictures=len(list(folder.glob("*.png"))),
    )


def show(head: str, groups: Mapping[str, Sequence[Row]]) -> None:
    """A table with one row a group."""
    print(f"| {head} | satisfied | s/trial | actions | violations grave/all | pictures |")
    print("|---|---|---|---|---|---|")
    for name, rows in groups.items():
        print(
            f"| {name} | {sum(row.satisfied for row in rows)}/{len(rows)} "
            f"| {median(row.seconds for row in rows):.1f} | {sum(row.actions for row in rows)} "
            f"| {sum(row.grave for row in rows)}/{sum(row.violations for row in rows)} "
            f"| {sum(row.pictures for row in rows)} |"
        )


if __name__ == "__main__":
    main()
