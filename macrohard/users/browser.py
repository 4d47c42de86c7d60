"""A simulated user at a real browser: Playwright drives Chromium, axe-core looks for barriers.

The browser runs beside the box, and reaches the application through the port that the box relays;
what it loads from anywhere else is refused. Every action leaves a picture. What a browser notices
by itself is a problem: errors on the console, requests that fail, pages wider than the window, and
what axe-core finds (serious and critical violations hold a release up, the others are told).

Needs the extra ``browser`` and a Chromium on the path; :func:`missing_for_browser` says which is
not there.
"""

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from macrohard.errors import SandboxError
from macrohard.users.base import (
    Action,
    Attach,
    Back,
    Choose,
    Click,
    ComeBack,
    Fill,
    Observation,
    Open,
    Press,
    Problem,
    State,
    UserActionError,
    Wait,
)
from macrohard.users.outline import saved_file
from macrohard.users.pictures import Gallery
from macrohard.users.served import Served, ServerError
from macrohard.webpage import Page

_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_PACKAGES = ("playwright", "axe_playwright_python")
_GRAVE = frozenset({"serious", "critical"})
_PATIENCE_MS = 10_000
_LOOKS = 5
_BLINK_S = 0.05
_FIND_MS = 1_500
_RANDOM = re.compile(r'="[\w-]{16,}"')
_KEYS = {
    "ctrl": "Control", "shift": "Shift", "alt": "Alt", "esc": "Escape", "space": "Space",
    "up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft", "right": "ArrowRight",
}  # fmt: skip
_FOCUS = """() => { const e = document.activeElement;
 return !e || e === document.body ? "" : e.tagName.toLowerCase() + " " +
 JSON.stringify((e.labels && e.labels[0] || e).innerText.trim().slice(0, 80)); }"""

_PICTURES = """() => [...document.images]
 .filter(e => e.complete && e.currentSrc && e.checkVisibility())
 .map(e => [e.currentSrc, e.naturalWidth, Math.round(e.getBoundingClientRect().width),
            Math.round(e.getBoundingClientRect().height)])"""
_LEAST_PIXELS = 4
"""A side under this is no place: the picture is there, and nobody sees it."""


def find_browser() -> str | None:
    """Path of a Chromium that can be driven here; None where it, or Playwright, is missing."""
    return None if missing_for_browser() else _program()


def missing_for_browser() -> tuple[str, ...]:
    """What driving a browser lacks here, each with the command that gets it; nothing if all is."""
    missing = []
    if any(importlib.util.find_spec(name) is None for name in _PACKAGES):
        missing.append(
            "Playwright is missing (get it in macrohard's checkout: pip install -e '.[browser]')"
        )
    if _program() is None:
        missing.append(
            "no Chromium is on the path (on Debian: apt-get install chromium-headless-shell)"
        )
    return tuple(missing)


def _program() -> str | None:
    return next((path for name in _PROGRAMS if (path := shutil.which(name))), None)


def needed_browser() -> str:
    """Path of a Chromium.

    Raises:
        SandboxError: There is none, or no Playwright; says which, and what to do.
    """
    missing = missing_for_browser()
    program = _program()
    if missing or program is None:
        raise SandboxError(
            f"--browser cannot drive a browser here: {'; '.join(missing)}. "
            "Or build without --browser."
        )
    return program


class BrowserDriver:
    """One user at a browser. Use as an async context manager.

    Args:
        served: The application's server; it runs already.
        program: Path of the browser.
        evidence: Folder for the pictures.
        width: Of the window, in pixels.
        height: Likewise.
    """

    def __init__(
        self, served: Served, program: str, evidence: Path, *, width: int = 1280, height: int = 900
    ) -> None:
        self._served = served
        self._program = program
        self._evidence = evidence
        self._size = {"width": width, "height": height}
        self._stack = contextlib.AsyncExitStack()
        self._browser: Any = None
        self._page: Any = None
        self._status = 0
        self._pictures = 0
        self._problems: list[Problem] = []
        self._told: set[str] = set()
        self._examined: set[str] = set()
        self._downloads: list[Any] = []
        self._gallery = Gallery(served)

    async def __aenter__(self) -> Self:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - an extra

        play = await self._stack.enter_async_context(async_playwright())
        # Chromium's own sandbox cannot be set up by root.
        alone = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._browser = await play.chromium.launch(executable_path=self._program, args=alone)
        self._stack.push_async_callback(self._browser.close)
        self._evidence.mkdir(parents=True, exist_ok=True)
        await self._fresh()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def observe(self) -> Observation:
        """What is visible now."""
        return await self._settled()

    async def act(self, action: Action) -> Observation:
        """Do one thing, wait for its effect, and look.

        Raises:
            UserActionError: It cannot be done here; says why.
            SandboxError: The box failed.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - an extra

        try:
            await self._do(action)
        except Error as error:
            said = error.message.splitlines()[0]
            raise UserActionError(f"that could not be done: {said}") from None
        return await self._settled()

    async def html(self) -> str:
        """Source of the page that is open, as scripts have left it."""
        return str(await self._page.content())

    async def ask(self, script: str) -> Any:
        """What a script says of the page that is open; it changes nothing that people see."""
        return await self._page.evaluate(script)

    async def tap(self, key: str) -> None:
        """Press one key without looking; :meth:`act` looks after each."""
        await self._page.keyboard.press(key)

    async def _settled(self) -> Observation:
        """Look, again where a page went while it was looked at."""
        from playwright.async_api import Error  # noqa: PLC0415 - an extra

        for _ in range(_LOOKS):
            await asyncio.sleep(_BLINK_S)
            try:
                await self._page.wait_for_load_state()
                return await self._look()
            except Error:
                continue
        return await self._look()

    # -- doing -----------------------------------------------------------------------------------

    async def _do(self, action: Action) -> None:
        page = self._page
        match action:
            case Click(name=name, twice=twice):
                found = await self._one(name)
                await (found.dblclick() if twice else found.click())
            case Fill(label=label, text=text):
                await page.get_by_label(label, exact=True).first.fill(text, timeout=_FIND_MS)
            case Choose(label=label, option=option):
                await self._choose(label, option)
            case Attach(label=label, file=file, content=content):
                given = {"name": file, "mimeType": "text/csv", "buffer": content.encode()}
                await page.get_by_label(label, exact=True).first.set_input_files(given)
            case _:
                await self._move(action)

    async def _move(self, action: Action) -> None:
        page = self._page
        match action:
            case Open(address=address):
                await self._open(address)
            case Back():
                await page.go_back()
            case Press(keys=keys):
                for key in keys.split():
                    await self._press(key)
            case ComeBack():
                await self._come_back()
            case Wait(seconds=seconds):
                await page.wait_for_timeout(seconds * 1000)
            case _:
                raise UserActionError("there is no terminal here: this is a browser.")

    async def _open(self, address: str) -> None:
        split = urlsplit(address)
        if split.netloc and split.netloc != urlsplit(self._served.base).netloc:
            raise UserActionError(f"{address} is another site; only this one is reached.")
        path = split._replace(scheme="", netloc="").geturl() or "/"
        await self._page.goto(f"{self._served.base}/{path.lstrip('/')}")

    async def _one(self, name: str) -> Any:
        for role in ("link", "button", "checkbox", "radio"):
            found = self._page.get_by_role(role, name=name, exact=True)
            if await found.count():
                return found.first
        names = await self._page.locator("a, button").all_inner_texts()
        there = ", ".join(dict.fromkeys(" ".join(each.split()) for each in names[:40] if each))
        raise UserActionError(f"there is no link or button {name!r}; there are: {there}.")

    async def _choose(self, label: str, option: str) -> None:
        found = self._page.get_by_label(label, exact=True).first
        known = await found.locator("option").all_inner_texts()
        near = [text for text in known if text.casefold().startswith(f"{option.casefold()} ")]
        exact = [text for text in known if text.casefold() == option.casefold()]
        if not exact and len(near) != 1:
            raise UserActionError(f"{label!r} has no option {option!r}; it has: {known[:40]}.")
        await found.select_option(label=(exact or near)[0])

    async def _press(self, key: str) -> None:
        parts = [_KEYS.get(part.lower(), part) for part in key.split("-")]
        named = len(parts) > 1 or parts[0][:1].isupper() or key.lower() in _KEYS
        if named:
            await self._page.keyboard.press("+".join(parts))
        else:
            await self._page.keyboard.type(key)

    async def _come_back(self) -> None:
        try:
            await self._served.restart()
        except ServerError as error:
            self._notice("error", str(error))
            return
        await self._page.context.close()
        await self._fresh()

    async def _fresh(self) -> None:
        """A browser without cookies, at the start page."""
        context = await self._browser.new_context(viewport=self._size, service_workers="block")
        context.set_default_timeout(_PATIENCE_MS)
        await context.route("**/*", self._route)
        self._page = await context.new_page()
        self._page.on("response", self._responded)
        self._page.on("requestfailed", self._failed)
        self._page.on("pageerror", lambda error: self._notice("error", f"script: {error}"))
        self._page.on("console", self._logged)
        self._page.on("download", self._saved)
        await self._page.goto(self._served.base)

    async def _route(self, route: Any) -> None:
        ours = urlsplit(route.request.url).netloc == urlsplit(self._served.base).netloc
        await (route.continue_() if ours else route.abort())

    # -- noticing --------------------------------------------------------------------------------

    def _responded(self, response: Any) -> None:
        main = response.request.is_navigation_request()
        if main:
            self._status = response.status
        path = urlsplit(response.url).path
        if response.status >= 500 or (response.status >= 400 and not main):
            self._notice("error", f"{path} has status {response.status}")

    def _failed(self, request: Any) -> None:
        path = urlsplit(request.url).path
        if "ERR_ABORTED" not in (request.failure or ""):  # a download, or a click that went on
            self._notice("error", f"{path} could not be loaded")

    def _logged(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._notice("error", f"on the console: {message.text[:300]}")

    def _saved(self, download: Any) -> None:
        self._downloads.append(download)

    def _notice(self, kind: str, text: str, severity: str = "major") -> None:
        if text not in self._told:
            self._told.add(text)
            found = Problem.model_validate({"kind": kind, "text": text, "severity": severity})
            self._problems.append(found)

    async def _examine(self) -> None:
        """Look for barriers, and for what does not fit."""
        from axe_playwright_python.async_playwright import Axe  # noqa: PLC0415 - an extra

        # The same page again has the same barriers; what is random in it (tokens) is left out.
        source = _RANDOM.sub("", await self.html())
        if source in self._examined:
            return
        self._examined.add(source)
        for found in (await Axe().run(self._page)).response["violations"]:
            places = ", ".join(str(node["target"][0]) for node in found["nodes"][:3])
            severity = "major" if found["impact"] in _GRAVE else "minor"
            self._notice("accessibility", f"{found['id']} ({found['impact']}): {places}", severity)
        await self._examine_pictures()
        wide = await self._page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 1:
            path = urlsplit(self._page.url).path
            self._notice("layout", f"{path} is {wide} pixels wider than the window")

    async def _examine_pictures(self) -> None:
        """Look at the pictures: each is drawn and takes its place; what the head names is sound."""
        path = urlsplit(self._page.url).path
        for address, pixels, width, height in await self._page.evaluate(_PICTURES):
            where = f"the picture {urlsplit(address).path} of {path}"
            if not pixels:
                self._notice("error", f"{where}: nothing of it is shown")
            elif min(width, height) < _LEAST_PIXELS:
                self._notice("layout", f"{where}: it takes {width} by {height} pixels of the page")
        for problem in await self._gallery.look(Page(await self._page.content()), path):
            self._notice(problem.kind, problem.text, problem.severity)

    async def _downloaded(self) -> list[tuple[str, str]]:
        """Files that the last action brought: their names, and what they hold."""
        downloads, self._downloads = self._downloads, []
        return [
            (each.suggested_filename, Path(await each.path()).read_text("utf-8", "replace"))
            for each in downloads
        ]

    async def _look(self) -> Observation:
        page = self._page
        await self._examine()
        printed = await self._served.printed()
        saved = await self._downloaded()
        text = "\n".join([await page.locator("body").inner_text(), *(held for _, held in saved)])
        seen = [await page.locator("body").aria_snapshot(), *(saved_file(*each) for each in saved)]
        focus = await page.evaluate(_FOCUS)
        split = urlsplit(page.url)
        path = split.path + (f"?{split.query}" if split.query else "")
        head = f'page "{await page.title()}" at {path}, status {self._status}'
        self._pictures += 1
        picture = f"{self._pictures:03}.png"
        await page.screenshot(path=self._evidence / picture)
        problems, self._problems = tuple(self._problems), []
        return Observation(
            text=f"{text}\n{printed}".strip() if "Traceback" in printed else text,
            screen=f"{head}\n{f'focus: {focus}' if focus else 'focus: none'}\n" + "\n".join(seen),
            state=State(at="page", http_status=self._status),
            problems=problems,
            picture=picture,
        )
