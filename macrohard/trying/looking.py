"""Users without a scenario: where they look round, and what they found there."""

import json
import re
import secrets
import shlex
import string
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from macrohard.exploring.asking import explore_requests
from macrohard.exploring.commands import explore_commands
from macrohard.exploring.coverage import Coverage
from macrohard.exploring.drawn import TELEPHONE, DrawnExplorer, explore_drawn, explore_small
from macrohard.exploring.findings import Explorer, Finding
from macrohard.exploring.pages import explore_pages
from macrohard.exploring.typing import CommandExplorer
from macrohard.exploring.visiting import PageExplorer
from macrohard.exploring.windows import WindowExplorer, explore_windows
from macrohard.files import write_atomic
from macrohard.trying.place import Place, find_place
from macrohard.trying.plan import Plan, Room
from macrohard.trying.result import Exploration, Surface
from macrohard.trying.target import Target
from macrohard.users import Desk, TerminalDriver
from macrohard.users.base import APP_FOLDER
from macrohard.users.desk.desktop import DesktopDriver
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.forms import FormDriver
from macrohard.users.web.requests import RequestDriver
from macrohard.users.web.running import NOT_OURS
from macrohard.users.web.served import ServerError

_NO_SCREEN = re.compile(
    r"no display name|cannot open display|could not connect to display", re.IGNORECASE
)
"""What Tk, GTK and Qt say where there is no screen."""
Look = Callable[["Place"], Awaitable[tuple[Explorer, Coverage]]]


def surfaces(target: Target, plan: Plan) -> list[tuple[Surface, Look]]:
    """Where users look round, and how."""
    if not plan.explore:
        return []
    found: list[tuple[Surface, Look]] = []
    if target.run and not (plan.has_windows and not target.window):
        found.append(("terminal", _at_terminal))
    if target.window or (target.run and plan.has_windows):
        found.append(("windows", _at_windows))
    if target.serve or target.url:
        found += [("pages", _on_pages), ("api", _at_api)]
        if plan.browser:
            found += [("browser", _at_browser), ("telephone", _on_telephone)]
    return found


async def explore(
    target: Target, room: Room, site: Path | None, surface: Surface, look: Look
) -> Exploration:
    """Have one user look round, in a fresh box or at a server that runs already.

    Raises:
        SandboxError: The box failed.
    """
    folder = room.folder / "exploration" / surface
    folder.mkdir(parents=True, exist_ok=True)
    room.journal.write("exploration_started", surface=surface)
    start = time.monotonic()
    findings: tuple[Finding, ...]
    async with find_place(target, room, site, label=surface, folder=folder) as place:
        try:
            user, coverage = await look(place)
            understood = {each.title: each for each in map(_understood, user.findings)}
            findings, actions = tuple(understood.values()), len(user.tape.entries)
            write_atomic(folder / "tape.json", user.tape.model_dump_json(indent=1))
        except ServerError as error:
            why = str(error).partition("\n")
            told = Finding(check="start", title=why[0], evidence=why[2] or "it printed nothing")
            findings, coverage, actions = (told,), Coverage(), 0
    listed = [finding.model_dump() for finding in findings]
    write_atomic(folder / "findings.json", json.dumps(listed, indent=1, ensure_ascii=False))
    found = Exploration(
        surface=surface,
        findings=findings,
        what=coverage.what,
        met=coverage.met,
        done=coverage.done,
        skipped=coverage.left,
        actions=actions,
        seconds=round(time.monotonic() - start, 3),
    )
    room.journal.write(
        "exploration_finished",
        surface=surface,
        findings=len(findings),
        skipped=found.skipped,
        seconds=found.seconds,
    )
    return found


def _understood(finding: Finding) -> Finding:
    """A finding with what is behind it, where that is known."""
    if not _NO_SCREEN.search(f"{finding.title}\n{finding.evidence}"):
        return finding
    title = "it opens a window, and there is no screen for one here: add --desktop"
    return finding.model_copy(update={"check": "start", "title": title})


async def _at_terminal(place: Place) -> tuple[Explorer, Coverage]:
    line = shlex.join(place.target.run)
    desk = Desk(title=f"looking round: {line}", env=tuple(place.env.items()))
    async with TerminalDriver(place.box, cwd=APP_FOLDER, desk=desk) as driver:
        user = CommandExplorer(driver, "terminal", line)
        coverage = await explore_commands(user)
        (place.folder / "trial.cast").write_text(driver.cast.text(), encoding="utf-8")
    return user, coverage


async def _at_windows(place: Place) -> tuple[Explorer, Coverage]:
    line = place.target.window or place.target.run
    env = dict(place.env)
    async with DesktopDriver(
        place.box, line, place.folder, label=f"{place.target.name} windows", env=env
    ) as driver:
        user = WindowExplorer(driver, "windows")
        return user, await explore_windows(user)


async def _on_pages(place: Place) -> tuple[Explorer, Coverage]:
    async with place.server("pages") as served, FormDriver(served) as driver:
        user = PageExplorer(driver, "pages", _mark(place))
        found = await explore_pages(user)
        return user, replace(found, left=(*found.left, *_not_ours(place)))


async def _at_api(place: Place) -> tuple[Explorer, Coverage]:
    async with place.server("api") as served, RequestDriver(served) as driver:
        user = Explorer(driver, "api")
        return user, await explore_requests(user, own_alone=bool(place.target.url))


async def _at_browser(place: Place) -> tuple[Explorer, Coverage]:
    async with (
        place.server("browser") as served,
        BrowserDriver(served, await place.browser(), place.folder) as driver,
    ):
        user = DrawnExplorer(driver, "browser", _mark(place))
        await explore_drawn(user)
    return user, Coverage()


async def _on_telephone(place: Place) -> tuple[Explorer, Coverage]:
    async with (
        place.server("telephone") as served,
        BrowserDriver(served, await place.browser(), place.folder, TELEPHONE) as driver,
    ):
        user = PageExplorer(driver, "telephone", _mark(place))
        await explore_small(user)
    return user, Coverage()


def _not_ours(place: Place) -> tuple[str, ...]:
    url = place.target.url
    return (f"whether what was entered is there after a restart: {NOT_OURS}",) if url else ()


def _mark(place: Place) -> str:
    """A word that tells what was entered now from what an earlier try has left on a server."""
    if not place.target.url:
        return ""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))
