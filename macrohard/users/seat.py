"""Where a user sits for one trial: at a shell, at pages, or behind a program of their own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from macrohard.habits import Habits
from macrohard.roles import Role
from macrohard.sandbox.base import Sandbox
from macrohard.users.base import APP_FOLDER, Driver, Observation, Open, Problem, State, Tape, Taped
from macrohard.users.cast import Cast
from macrohard.users.desk.desktop import DesktopDriver
from macrohard.users.hands import BROWSER, DESKTOP, FORMS, REQUESTS, TERMINAL, Hands
from macrohard.users.terminals.shell import how_to_run
from macrohard.users.terminals.terminal import Desk, TerminalDriver
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.chromium import Browser, find_inside, needed_browser
from macrohard.users.web.forms import FormDriver
from macrohard.users.web.requests import RequestDriver
from macrohard.users.web.served import Served, Server
from macrohard.work import Design, Scenario

_PAGES = """\
The application {app} is open in your browser, at its start page; {data}. You are
shown pages as outlines: roles and names, fields with what stands in them. You act by these names.
"""
_DESKTOP = """\
The application {app} was started on a screen with windows, and has no data yet. You are told the
windows with their places and what can be read in them, from top to bottom, what the program
prints, and what it saves. You act by the words on the screen. They were read off a picture: a
letter with an accent, or an I and an l, may be told as another.
"""
_REQUESTS = """\
The application {app} has an API; its server runs, and {data}. You send requests with
paths such as /api; the body of a request is JSON unless you say otherwise.
"""
_PAGE_PICTURES = """\
After an action that changed what the window shows you are shown a picture of it, with its file
name. It ends at the edge of the window; `press` with PageDown brings up what lies below. You still
act by the names in the outline. What you quote as `screen_quote` is copied from the outline, never
from a picture; a complaint about how something looks names the picture's file.
"""
_SCREEN_PICTURES = """\
After an action that changed the screen you are shown a picture of it, with its file name. What you
quote as `screen_quote` is copied from the texts you are told, never from a picture; a complaint
about how something looks names the picture's file.
"""
_EMPTY = "its database is empty"
_IN_USE = "it is in use: there may be data of others, which you leave alone"


@dataclass(frozen=True)
class Seat:
    """A user's place.

    Attributes:
        driver: Eyes and hands.
        hands: The tools that go with them.
        how_to_run: What the user is told about the application.
        cast: The recording, where there is one.
        picture_note: What a user who sees is told of the pictures; empty where there are none.
    """

    driver: Driver
    hands: Hands
    how_to_run: str
    cast: Cast | None = None
    picture_note: str = ""


@asynccontextmanager
async def take_seat(
    box: Sandbox,
    scenario: Scenario,
    design: Design,
    *,
    label: str,
    persona: Role,
    evidence: Path,
    browser: bool = False,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Seat]:
    """Put a user in front of the application as the scenario wants it.

    Args:
        box: The application is there already.
        scenario: What is to be tried.
        design: How the application is started.
        label: Names the trial.
        persona: Who sits there.
        evidence: Folder for pictures.
        browser: Whether users of pages are to sit at a browser.
        env: Variables that the application needs besides those of the box.

    Raises:
        ServerError: The application has a server, and it did not start.
        SandboxError: The box failed.
    """
    async with AsyncExitStack() as stack:
        if scenario.interface == "desktop":
            windows = DesktopDriver(
                box, design.window or design.run, evidence, label=label, env=env
            )
            await stack.enter_async_context(windows)
            words = _DESKTOP.format(app=design.app)
            yield Seat(windows, DESKTOP, words, picture_note=_SCREEN_PICTURES)
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
        drawn = browser and scenario.interface != "api"
        chromium = (await find_inside(box) or needed_browser()) if drawn else None
        told = {"app": design.app, "data": _EMPTY}
        yield await _before(
            stack, served, scenario=scenario, told=told, habits=persona.habits, browser=chromium,
            evidence=evidence,
        )  # fmt: skip


@asynccontextmanager
async def take_seat_at(
    server: Server,
    scenario: Scenario,
    app: str,
    *,
    persona: Role,
    evidence: Path,
    browser: Browser | None = None,
) -> AsyncIterator[Seat]:
    """Put a user in front of an application that runs already, and may have data.

    Args:
        server: Where it runs.
        scenario: What is to be tried, on pages or at an API.
        app: What it is called.
        persona: Who sits there.
        evidence: Folder for pictures.
        browser: Where users of pages are to sit at one.
    """
    async with AsyncExitStack() as stack:
        told = {"app": app, "data": _IN_USE}
        yield await _before(
            stack, server, scenario=scenario, told=told, habits=persona.habits, browser=browser,
            evidence=evidence,
        )  # fmt: skip


async def _before(
    stack: AsyncExitStack,
    server: Server,
    *,
    scenario: Scenario,
    told: Mapping[str, str],
    habits: Habits,
    browser: Browser | None,
    evidence: Path,
) -> Seat:
    """A seat in front of a server, at its API or at its pages."""
    if scenario.interface == "api":
        asker = await stack.enter_async_context(RequestDriver(server))
        return Seat(asker, REQUESTS, _REQUESTS.format(**told))
    if browser is not None:
        driver = BrowserDriver(server, browser, evidence, habits)
        await stack.enter_async_context(driver)
        return Seat(driver, BROWSER, _PAGES.format(**told), picture_note=_PAGE_PICTURES)
    pages = await stack.enter_async_context(FormDriver(server, habits))
    return Seat(pages, FORMS, _PAGES.format(**told))


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
