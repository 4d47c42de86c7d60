"""What a run leaves in ``app/`` when a cap stops it before its end: the best there is so far.

No model is asked, nothing is decided and main stays as it is, so the run can go on from there.
"""

import shlex
from typing import Any

from macrohard import work
from macrohard.files import write_atomic
from macrohard.graph.office import Office
from macrohard.graph.plans import in_order
from macrohard.graph.release import worth
from macrohard.graph.state import RoundResult, State

PAGE = "RELEASE.md"


async def leave_best(office: Office, state: State, reason: str) -> dict[str, Any] | None:
    """Check the best app so far out into ``app/``, and say on its page that it is not accepted.

    It is the best round that was tested; before there is one, main with the work items on top that
    are finished and wait to be merged.

    Returns:
        What it is, for the record; None where nothing of an app is there yet.
    """
    if not state.get("plan"):
        return None
    if state.get("rounds"):
        best = max(state["rounds"], key=worth)
        await office.repository.show(best["commit"])
        left: dict[str, Any] = {"round": best["round"], "said": _tested(best)}
    else:
        done, planned = await _lay_out(office, state)
        if not done:
            await office.repository.show("main")
            return None
        said = f"{done} of {planned} work items, put together but not tested as a whole"
        left = {"round": None, "said": said}
    left["commit"] = await office.repository.shown()
    design = office.artifacts.noun(state["design"], work.Design)
    write_atomic(office.folders.root / PAGE, _page(design, left["said"], reason))
    return left


async def _lay_out(office: Office, state: State) -> tuple[int, int]:
    """Put what is finished on top of main; how many items that makes of how many."""
    plan = office.artifacts.noun(state["plan"], work.Plan)
    await office.repository.show("main")
    done = 0
    for item in in_order(plan.items):
        if await office.repository.contains(item.id):
            done += 1
            continue
        result = office.board.known(state["round"], state.get("wave", 1), item.id)
        if result and result["outcome"] == "ready":
            done += not await office.repository.integrate(result["commit"])
    return done, len(plan.items)


def _tested(best: RoundResult) -> str:
    return (
        f"round {best['round']}: unit tests {best['unit_passed']} passed, {best['unit_failed']} "
        f"failed; acceptance tests {best['acceptance_passed']} passed, "
        f"{best['acceptance_failed']} failed; users {best['satisfied']} of {best['trials']} "
        "satisfied"
    )


def _page(design: work.Design, said: str, reason: str) -> str:
    return (
        f"# {design.app}: stopped before it was accepted\n\n"
        f"The run was stopped by a cap: {reason}\n\n"
        f"`app/` holds the best there is so far: {said}. It was not accepted.\n\n"
        f"## How to run it\n\n"
        f"- `cd app && {shlex.join([*design.run, '--help'])}`\n"
        f"- `cd app && {shlex.join(design.test)}`\n"
    )
