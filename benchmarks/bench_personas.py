"""What each persona thought of an application: satisfied of all, seconds a trial, barriers.

    macrohard build examples/specs/tools.md --browser --out runs/tools
    python benchmarks/bench_personas.py runs/tools

Reads the evidence of a build, or of ``macrohard try --out``, of the last round: one row a persona.
``violations`` are what axe-core and the checks beside it found, grave and others.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import median


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", type=Path, help="a run directory, or that of macrohard try")
    show(sorted((parser.parse_args().run / "trials").iterdir()))


def show(folders: list[Path]) -> None:
    """One row a persona, and one for all."""
    rows: dict[str, list[tuple[bool, float, int, int, int]]] = defaultdict(list)
    done = [folder for folder in folders if (folder / "result.json").exists()]
    if len(done) < len(folders):
        print(f"{len(folders) - len(done)} trials were broken off, and are left out")
    for folder in done:
        result = json.loads((folder / "result.json").read_text())
        if json.loads((folder / "scenario.json").read_text()).get("interface") != "web":
            continue
        problems = [
            problem
            for entry in json.loads((folder / "tape.json").read_text())["entries"]
            for problem in entry["seen"].get("problems", ())
        ]
        barriers = [p for p in problems if p["kind"] == "accessibility"]
        grave = sum(p.get("severity", "major") == "major" for p in barriers)
        row = (result["satisfied"], result["seconds"], result["actions"], grave, len(barriers))
        rows[result["persona"]].append(row)
    print("| persona | satisfied | s/trial | actions | violations grave/all | pictures |")
    print("|---|---|---|---|---|---|")
    for persona, trials in [
        *sorted(rows.items()),
        ("all", [t for ts in rows.values() for t in ts]),
    ]:
        pictures = sum(len(list(f.glob("*.png"))) for f in folders if f.name.endswith(persona))
        pictures = pictures or sum(len(list(f.glob("*.png"))) for f in folders if persona == "all")
        print(
            f"| {persona} | {sum(t[0] for t in trials)}/{len(trials)} "
            f"| {median(t[1] for t in trials):.1f} | {sum(t[2] for t in trials)} "
            f"| {sum(t[3] for t in trials)}/{sum(t[4] for t in trials)} | {pictures} |"
        )


if __name__ == "__main__":
    main()
