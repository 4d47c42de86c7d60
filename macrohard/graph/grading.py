"""Grading in fresh boxes: the app's own tests twice, the held-out ones beside it."""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

from macrohard.grading import acceptance, unit
from macrohard.grading.canary import plant
from macrohard.grading.census import take_census
from macrohard.grading.examination import Examination, Paper, examine
from macrohard.grading.graded import Graded
from macrohard.grading.invert import invert
from macrohard.grading.mutation import MutationScore, operate, plan_operations
from macrohard.graph.office import Office
from macrohard.sandbox.base import Sandbox
from macrohard.work import AcceptanceSuite

_SHARDS = 2
"""Boxes that share an acceptance suite; each starts the app many times, so more gain little."""


async def grade_unit(office: Office, app: Path, round_: int, command: Sequence[str] = ()) -> Graded:
    """Run the app's own tests, and once more with every test made to fail."""
    census = take_census(app, command)
    inverted = invert(app, census, secrets.token_hex(16))
    canaries = plant()
    first, last = (f"{{folder}}/{name}" for name in canaries.files)
    plain, turned = await asyncio.gather(
        _sit(
            office,
            app,
            Paper(
                targets=(first, *census.files, last),
                files=canaries.files,
                paths=census.paths,
                rewritten=census.packages,
            ),
        ),
        _sit(
            office,
            app,
            Paper(targets=census.files, paths=census.paths, trace="line"),
            inverted.files,
        ),
    )
    evidence = unit.Evidence(census, canaries, plain, inverted, turned, command)
    return unit.judge(evidence, round_)


async def grade_acceptance(
    office: Office, app: Path, suite: AcceptanceSuite, round_: int
) -> Graded:
    """Run the held-out tests against the app, in fresh boxes; files in parallel."""
    tests = sorted(f.path for f in suite.files if Path(f.path).name.startswith("test_"))
    groups = [tests[start::_SHARDS] for start in range(_SHARDS) if tests[start::_SHARDS]]
    examinations = await asyncio.gather(
        *(_sit(office, app, acceptance.paper_of(suite, group)) for group in groups)
    )
    graded = [acceptance.judge(suite, examination) for examination in examinations]
    failures = [failure for one in graded for failure in one.failures]
    numbered = [
        failure.model_copy(update={"id": f"R{round_}-A{number}"})
        for number, failure in enumerate(failures, start=1)
    ]
    return Graded(passed=sum(one.passed for one in graded), failures=tuple(numbered))


async def grade_tests(
    office: Office, app: Path, command: Sequence[str] = ()
) -> MutationScore | None:
    """Put some faults into an app and see whether its own tests notice; None when none are asked.

    Nothing of how long it took is in the result, so that the same app has the same one.
    """
    if not office.settings.mutants:
        return None
    census = take_census(app, command)
    operations = plan_operations(app, census, office.settings.mutants, office.settings.seed)
    async with office.slots, await office.boxes.create(label="mutants") as box:
        await _place(box, app)
        return await operate(box, operations, census)


async def _sit(
    office: Office, app: Path, paper: Paper, changed: dict[str, str] | None = None
) -> Examination:
    async with office.slots, await office.boxes.create(label="tests") as box:
        await _place(box, app)
        for path, text in (changed or {}).items():
            await box.write(f"app/{path}", text.encode())
        return await examine(box, paper)


async def _place(box: Sandbox, app: Path) -> None:
    await box.put_tree(app, "app")
    await box.exec(["rm", "-rf", "app/.git"], timeout_s=30)
