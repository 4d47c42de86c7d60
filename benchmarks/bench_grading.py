"""What grading costs and finds, on an app that macrohard built.

    python benchmarks/bench_grading.py RUN [--mutants N]

RUN is a run directory whose build has ended, such as one of the example. Prints the seconds that
each part takes, and the mutation score with the faults no test noticed.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from macrohard.config import Settings
from macrohard.graph.grading import grade_acceptance, grade_tests, grade_unit
from macrohard.sandbox import ProcessProvider
from macrohard.work import AcceptanceSuite


async def measure(run: Path, mutants: int) -> None:
    """Grade the app of a run and print the figures."""
    app, boxes = run / "app", ProcessProvider()
    suite = AcceptanceSuite.model_validate_json((run / "documents" / "acceptance.json").read_text())
    command = json.loads((run / "run.json").read_text())["app"]["test"]
    office: Any = SimpleNamespace(
        boxes=boxes, slots=asyncio.Semaphore(2), settings=Settings(mutants=mutants)
    )
    try:
        began = time.perf_counter()
        unit = await grade_unit(office, app, 1, command)
        print(
            f"unit tests, twice: {time.perf_counter() - began:.1f} s; {unit.passed} passed, "
            f"{len(unit.failures)} failures, {len(unit.remarks)} remarks"
        )
        began = time.perf_counter()
        acceptance = await grade_acceptance(office, app, suite, 1)
        print(
            f"acceptance tests: {time.perf_counter() - began:.1f} s; {acceptance.passed} passed, "
            f"{len(acceptance.failures)} failures"
        )
        began = time.perf_counter()
        score = await grade_tests(office, app, command)
        if score is not None:
            print(
                f"mutants: {time.perf_counter() - began:.1f} s; {score.caught} of {score.tried} "
                f"caught ({score.share:.0%}), {score.undecided} undecided"
            )
            for survivor in score.survivors:
                print(f"  unnoticed: {survivor.file}:{survivor.line}: {survivor.change}")
    finally:
        await boxes.close()


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--mutants", type=int, default=60)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.run, arguments.mutants))


if __name__ == "__main__":
    main()
