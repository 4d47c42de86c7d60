"""Users on an application: trials of scenarios, and looks round without any."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

from macrohard.documents import FOLLOW
from macrohard.files import write_atomic
from macrohard.packages import Shelf, target_of
from macrohard.roles import Role
from macrohard.sitting import TASK, Sitting, pair_up, sit
from macrohard.trying.looking import explore, surfaces
from macrohard.trying.place import Place, find_place
from macrohard.trying.plan import Plan, Room
from macrohard.trying.result import RESULT, TrialRow, TryResult
from macrohard.trying.scenarios import Written
from macrohard.trying.target import Target
from macrohard.users import write_evidence
from macrohard.users.base import TrialResult
from macrohard.users.film import NO_FFMPEG, find_ffmpeg
from macrohard.users.seat import nothing_started
from macrohard.users.web.running import NOT_OURS
from macrohard.users.web.served import ServerError
from macrohard.work import Scenario

T = TypeVar("T")


async def try_target(target: Target, plan: Plan, room: Room) -> TryResult:
    """Have users try an application.

    Args:
        target: The application.
        plan: Who tries what.
        room: What is needed for it.

    Raises:
        SandboxError: A box failed.
        PackageError: A package cannot be had.
        ModelError: A model failed.
    """
    if (plan.browser or plan.has_windows) and find_ffmpeg() is None:
        room.journal.write("notice", text=NO_FFMPEG)
    site = await _equip(target, plan, room)
    tries = [
        _guarded(room, partial(_trial, target, plan, room, site, sitting))
        for sitting in sittings(target, plan)
    ]
    looks = [
        _guarded(room, partial(explore, target, room, site, surface, look))
        for surface, look in surfaces(target, plan)
    ]
    trials = await asyncio.gather(*tries)
    explorations = await asyncio.gather(*looks)
    result = TryResult(
        app=target.name,
        out=str(room.folder),
        trials=tuple(trials),
        explorations=tuple(explorations),
    )
    write_atomic(room.folder / RESULT, result.model_dump_json(indent=1) + "\n")
    return result


async def _guarded(room: Room, work: Callable[[], Awaitable[T]]) -> T:
    async with room.slots:
        return await work()


async def _equip(target: Target, plan: Plan, room: Room) -> Path | None:
    """Have the packages of an application in all boxes from now on."""
    if not target.packages or room.boxes is None:
        return None
    shelf = Shelf(room.folder / "packages", offline=plan.offline_packages)
    python = await target_of(room.boxes)
    lock = await shelf.resolve(target.packages, python)
    site = await shelf.install(lock, python)
    room.boxes.use_packages(site)
    room.journal.write("packages_locked", wanted=list(target.packages), locked=lock.count("=="))
    return site


# -- trials ----------------------------------------------------------------------------------------


def sittings(target: Target, plan: Plan) -> list[Sitting]:
    """Who tries what, in order: scenarios that were written, else those of the run."""
    written = {each.scenario.id: each for each in plan.written}
    scenarios = [each.scenario for each in plan.written] or list(target.scenarios)
    pairs = _pairs(scenarios, written, plan)
    found = []
    counts: dict[str, int] = {}
    for scenario, role in pairs:
        name = f"{scenario.id}-{role.name}"
        counts[name] = counts.get(name, 0) + 1
        own = written.get(scenario.id)
        found.append(
            Sitting(
                trial=name if counts[name] == 1 else f"{name}-{counts[name]}",
                role=role,
                scenario=scenario,
                closing=own.closing if own else (),
                judged=own.judged if own else None,
                task=FOLLOW if own else TASK,
            )
        )
    return found


def _pairs(
    scenarios: Sequence[Scenario], written: dict[str, Written], plan: Plan
) -> list[tuple[Scenario, Role]]:
    named = {role.name: role for role in plan.personas}
    bound: list[tuple[Scenario, Role]] = []
    free: list[Scenario] = []
    for scenario in scenarios:
        own = written.get(scenario.id)
        if own is not None and own.persona:
            bound.append((scenario, named[own.persona]))
        else:
            free.append(scenario)
    pairs = [*bound, *(pair_up(free, plan.personas) if free else [])]
    if plan.trials is None:
        return pairs
    others = [(s, r) for r in plan.personas for s in free if (s, r) not in pairs]
    every = [*pairs, *others]
    return list(islice(cycle(every), plan.trials)) if every else []


async def _trial(
    target: Target, plan: Plan, room: Room, site: Path | None, sitting: Sitting
) -> TrialRow:
    """One user with one scenario, in a fresh box."""
    note = {"trial": sitting.trial, "scenario": sitting.scenario.id, "persona": sitting.role.name}
    room.journal.write("trial_started", round=1, **note)
    folder = room.folder / "trials" / sitting.trial
    async with find_place(target, room, site, label=sitting.trial, folder=folder) as place:
        result = await _sat(place, room, sitting, plan)
    room.journal.write(
        "trial_finished",
        round=1,
        satisfied=result.satisfied,
        seconds=result.seconds,
        reasons=list(result.reasons),
        **note,
    )
    return TrialRow(
        trial=sitting.trial,
        scenario=sitting.scenario.title,
        persona=sitting.role.name,
        satisfied=result.satisfied,
        reasons=result.reasons,
        actions=result.actions,
        seconds=result.seconds,
        skipped=_skipped(target, sitting),
    )


def _skipped(target: Target, sitting: Sitting) -> tuple[str, ...]:
    """What of a scenario could not be done where the server is not ours."""
    steps = [(step.type or "").splitlines() for step in sitting.scenario.steps]
    comes_back = any("come back" in lines for lines in steps) or any(
        call.name == "come_back" for call in sitting.closing
    )
    return (f"come back: {NOT_OURS}",) if target.url and comes_back else ()


async def _sat(place: Place, room: Room, sitting: Sitting, plan: Plan) -> TrialResult:
    try:
        async with place.seat(sitting, browser=plan.browser) as seat:
            return await sit(
                sitting, seat, room.model, place.folder, journal=room.journal, looker=plan.looker
            )
    except ServerError as error:
        tape = nothing_started(sitting.scenario, sitting.role.name, str(error))
        return write_evidence(place.folder, sitting.judged or sitting.scenario, None, tape)
