"""Users on an application: trials of scenarios, and looks round without any."""

import asyncio
import json
import shlex
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

from macrohard.documents import FOLLOW
from macrohard.exploring.asking import explore_requests
from macrohard.exploring.commands import explore_commands
from macrohard.exploring.drawn import TELEPHONE, DrawnExplorer, explore_drawn, explore_small
from macrohard.exploring.findings import Explorer, Finding
from macrohard.exploring.pages import explore_pages
from macrohard.exploring.typing import CommandExplorer
from macrohard.exploring.visiting import PageExplorer
from macrohard.files import write_atomic
from macrohard.journal import Journal
from macrohard.llm.base import Model
from macrohard.packages import Shelf, target_of
from macrohard.roles import Role
from macrohard.sandbox.base import Sandbox, SandboxProvider
from macrohard.sitting import TASK, Sitting, pair_up, sit
from macrohard.trying.result import Exploration, Surface, TrialRow, TryResult
from macrohard.trying.scenarios import Written
from macrohard.trying.target import Target, lay_out
from macrohard.users import Desk, TerminalDriver, write_evidence
from macrohard.users.base import APP_FOLDER, TrialResult
from macrohard.users.browser import BrowserDriver
from macrohard.users.chromium import find_inside, needed_browser
from macrohard.users.forms import FormDriver
from macrohard.users.requests import RequestDriver
from macrohard.users.seat import nothing_started, take_seat
from macrohard.users.served import Served, ServerError
from macrohard.work import Scenario

T = TypeVar("T")
RESULT = "try.json"
"""The result, in the folder with the evidence."""


@dataclass(frozen=True)
class Plan:
    """Who tries what.

    Attributes:
        written: Scenarios that somebody wrote.
        personas: Roles that play users, in turn.
        trials: How many trials; None for one each, so that nothing and nobody is left out.
        explore: Whether users look round without a scenario, too.
        browser: Whether users of pages sit at a real browser.
        offline_packages: Whether no index may be asked for packages.
    """

    written: tuple[Written, ...] = ()
    personas: tuple[Role, ...] = ()
    trials: int | None = None
    explore: bool = True
    browser: bool = False
    offline_packages: bool = False

    @property
    def has_windows(self) -> bool:
        """Whether a scenario is about a program with windows: nobody then looks at a terminal."""
        return any(each.scenario.interface == "desktop" for each in self.written)


@dataclass(frozen=True)
class Room:
    """What trying needs.

    Attributes:
        model: Answers for the roles.
        boxes: Makes sandboxes.
        journal: Told of everything.
        folder: Gets the evidence.
        slots: How many users may be at it at once.
    """

    model: Model
    boxes: SandboxProvider
    journal: Journal
    folder: Path
    slots: asyncio.Semaphore = field(repr=False)


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
    site = await _equip(target, plan, room)
    tries = [
        _guarded(room, _trial(target, plan, room, site, sitting))
        for sitting in sittings(target, plan)
    ]
    looks = [
        _guarded(room, _explore(target, room, site, surface, look))
        for surface, look in _surfaces(target, plan)
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


async def _guarded(room: Room, work: Awaitable[T]) -> T:
    async with room.slots:
        return await work


async def _equip(target: Target, plan: Plan, room: Room) -> Path | None:
    """Have the packages of an application in all boxes from now on."""
    if not target.packages:
        return None
    shelf = Shelf(room.folder / "packages", offline=plan.offline_packages)
    python = await target_of(room.boxes)
    lock = await shelf.resolve(target.packages, python)
    site = await shelf.install(lock, python)
    room.boxes.use_packages(site)
    room.journal.write("packages_locked", wanted=list(target.packages), locked=lock.count("=="))
    return site


@dataclass(frozen=True)
class Place:
    """Where somebody tries it.

    Attributes:
        box: The application is there already.
        target: The application.
        env: Variables it needs.
        folder: Gets the evidence.
    """

    box: Sandbox
    target: Target
    env: dict[str, str]
    folder: Path


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
    async with await room.boxes.create(label=sitting.trial) as box:
        env = await lay_out(box, target, site)
        place = Place(box, target, env, folder)
        result = await _sat(place, room, sitting, browser=plan.browser)
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
    )


async def _sat(place: Place, room: Room, sitting: Sitting, *, browser: bool) -> TrialResult:
    try:
        async with take_seat(
            place.box,
            sitting.scenario,
            place.target.design,
            label=sitting.trial,
            persona=sitting.role,
            evidence=place.folder,
            browser=place.folder if browser else None,
            env=place.env,
        ) as seat:
            return await sit(sitting, seat, room.model, place.folder, journal=room.journal)
    except ServerError as error:
        tape = nothing_started(sitting.scenario, sitting.role.name, str(error))
        return write_evidence(place.folder, sitting.judged or sitting.scenario, None, tape)


# -- looking round ---------------------------------------------------------------------------------

Look = Callable[["Place"], Awaitable[tuple[Explorer, tuple[str, ...]]]]


def _surfaces(target: Target, plan: Plan) -> list[tuple[Surface, Look]]:
    if not plan.explore:
        return []
    found: list[tuple[Surface, Look]] = []
    if target.run and not plan.has_windows:
        found.append(("terminal", _at_terminal))
    if target.serve:
        found += [("pages", _on_pages), ("api", _at_api)]
        if plan.browser:
            found += [("browser", _at_browser), ("telephone", _on_telephone)]
    return found


async def _explore(
    target: Target, room: Room, site: Path | None, surface: Surface, look: Look
) -> Exploration:
    folder = room.folder / "exploration" / surface
    folder.mkdir(parents=True, exist_ok=True)
    room.journal.write("exploration_started", surface=surface)
    start = time.monotonic()
    findings: tuple[Finding, ...]
    async with await room.boxes.create(label=surface) as box:
        env = await lay_out(box, target, site)
        try:
            user, skipped = await look(Place(box, target, env, folder))
            findings, actions = user.findings, len(user.tape.entries)
            write_atomic(folder / "tape.json", user.tape.model_dump_json(indent=1))
        except ServerError as error:
            why = str(error).partition("\n")
            told = Finding(check="start", title=why[0], evidence=why[2] or "it printed nothing")
            findings, skipped, actions = (told,), (), 0
    listed = [finding.model_dump() for finding in findings]
    write_atomic(folder / "findings.json", json.dumps(listed, indent=1, ensure_ascii=False))
    found = Exploration(
        surface=surface,
        findings=findings,
        skipped=skipped,
        actions=actions,
        seconds=round(time.monotonic() - start, 3),
    )
    room.journal.write(
        "exploration_finished", surface=surface, findings=len(findings), seconds=found.seconds
    )
    return found


async def _at_terminal(place: Place) -> tuple[Explorer, tuple[str, ...]]:
    line = shlex.join(place.target.run)
    desk = Desk(title=f"looking round: {line}", env=tuple(place.env.items()))
    async with TerminalDriver(place.box, cwd=APP_FOLDER, desk=desk) as driver:
        user = CommandExplorer(driver, "terminal", line)
        skipped = await explore_commands(user)
        (place.folder / "trial.cast").write_text(driver.cast.text(), encoding="utf-8")
    return user, skipped


@asynccontextmanager
async def _served(place: Place, label: str) -> AsyncIterator[Served]:
    async with AsyncExitStack() as stack:
        served = Served(place.box, place.target.serve, label=label, env=place.env)
        yield await stack.enter_async_context(served)


async def _on_pages(place: Place) -> tuple[Explorer, tuple[str, ...]]:
    async with _served(place, "pages") as served, FormDriver(served) as driver:
        user = PageExplorer(driver, "pages")
        return user, await explore_pages(user)


async def _at_api(place: Place) -> tuple[Explorer, tuple[str, ...]]:
    async with _served(place, "api") as served, RequestDriver(served) as driver:
        user = Explorer(driver, "api")
        return user, await explore_requests(user)


async def _at_browser(place: Place) -> tuple[Explorer, tuple[str, ...]]:
    chromium = await find_inside(place.box) or needed_browser()
    async with (
        _served(place, "browser") as served,
        BrowserDriver(served, chromium, place.folder) as driver,
    ):
        user = DrawnExplorer(driver, "browser")
        await explore_drawn(user)
    return user, ()


async def _on_telephone(place: Place) -> tuple[Explorer, tuple[str, ...]]:
    chromium = await find_inside(place.box) or needed_browser()
    async with (
        _served(place, "telephone") as served,
        BrowserDriver(served, chromium, place.folder, TELEPHONE) as driver,
    ):
        user = PageExplorer(driver, "telephone")
        await explore_small(user)
    return user, ()
