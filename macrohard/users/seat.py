"""Where a user sits for one trial: at a shell, at pages, or behind a program of their own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from macrohard.roles import Role
from macrohard.sandbox.base import Sandbox
from macrohard.users.base import APP_FOLDER, Driver, Observation, Open, Problem, State, Tape, Taped
from macrohard.users.browser import BrowserDriver
from macrohard.users.cast import Cast
from macrohard.users.chromium import find_inside, needed_browser
from macrohard.users.desktop import DesktopDriver
from macrohard.users.forms import FormDriver
from macrohard.users.hands import BROWSER, DESKTOP, FORMS, REQUESTS, TERMINAL, Hands
from macrohard.users.requests import RequestDriver
from macrohard.users.served import Served
from macrohard.users.shell import how_to_run
from macrohard.users.terminal import Desk, TerminalDriver
from macrohard.work import Design, Scenario

_PAGES = """\
The application {app} is open in your browser, at its start page; its database is empty. You are
shown pages as outlines: roles and names, fields with what stands in them. You act by these names.
"""
_DESKTOP = """\
The application {app} was started on a screen with windows, and has no data yet. You are told the
windows with their places and what can be read in them, from top to bottom, what the program
prints, and what it saves. You act by the words on the screen. They were read off a picture: a
letter with an accent, or an I and an l, may be told as another.
"""
_REQUESTS = """\
The application {app} has an API; its server runs, and its database is empty. You send requests with
paths such as /api; the body of a request is JSON unless you say otherwise.
"""


@dataclass(frozen=True)
class Seat:
    """A user's place.

    Attributes:
        driver: Eyes and hands.
        hands: The tools that go with them.
        how_to_run: What the user is told about the application.
        cast: The recording, where there is one.
    """

    driver: Driver
    hands: Hands
    how_to_run: str
    cast: Cast | None = None


@asynccontextmanager
async def take_seat(
    box: Sandbox,
    scenario: Scenario,
    design: Design,
    *,
    label: str,
    persona: Role,
    evidence: Path,
    browser: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Seat]:
    """Put a user in front of the application as the scenario wants it.

    Args:
        box: The application is there already.
        scenario: What is to be tried.
        design: How the application is started.
        label: Names the trial.
        persona: Who sits there.
        evidence: Folder for pictures of a screen with windows.
        browser: Folder for pictures, where users of pages are to sit at a browser.
        env: Variables that the application needs besides those of the box.

    Raises:
        ServerError: The application has a server, and it did not start.
        SandboxError: The box failed.
    """
    async with AsyncExitStack() as stack:
        if scenario.interface == "desktop":
            windows = DesktopDriver(box, design.run, evidence, label=label, env=env)
            await stack.enter_async_context(windows)
            yield Seat(windows, DESKTOP, _DESKTOP.format(app=design.app))
            return
        if scenario.interface == "cli" or not design.serve:
            given = tuple((env or {}).items())
            desk = Desk(title=f"{persona.name}: {scenario.title}", env=given)
            terminal = await stack.enter_async_context(
                TerminalDriver(box, cwd=APP_FOLDER, desk=desk)
            )
            yield Seat(terminal, TERMINAL, how_to_run(design.run, design.app), terminal.cast)
            return
        served = await stack.enter_async_context(Served(box, design.serve, label=label, env=env))
        if scenario.interface == "api":
            asker = await stack.enter_async_context(RequestDriver(served))
            yield Seat(asker, REQUESTS, _REQUESTS.format(app=design.app))
            return
        if browser is not None:
            chromium = await find_inside(box) or needed_browser()
            driver = BrowserDriver(served, chromium, browser, persona.habits)
            await stack.enter_async_context(driver)
            yield Seat(driver, BROWSER, _PAGES.format(app=design.app))
            return
        pages = await stack.enter_async_context(FormDriver(served, persona.habits))
        yield Seat(pages, FORMS, _PAGES.format(app=design.app))


def nothing_started(scenario: Scenario, persona: str, why: str) -> Tape:
    """The tape of a trial of an application that did not start."""
    seen = Observation(
        text=why,
        screen=why,
        state=State(at="page"),
        problems=(Problem(kind="error", text="the application's server did not start"),),
    )
    entry = Taped(number=1, action=Open(address="/"), seen=seen)
    return Tape(scenario=scenario.id, persona=persona, entries=(entry,), ending="failed")
