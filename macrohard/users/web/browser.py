"""A simulated user at a real browser: Playwright drives Chromium, axe-core looks for barriers.

The browser runs inside the box where that has one, otherwise beside it
(``chromium.py``); what it loads from anywhere but the application is refused. Its
window, zoom, contrast and language are those of the persona's habits, and so is how things are got
at: with a mouse, a finger, or the keyboard alone. Every action leaves a picture, and the trial a
recording of the screen (``screencast.py``). What a browser notices by itself is a
problem: errors on the console, requests that fail, pages wider than the window, and what axe-core
finds (serious and critical violations hold a release up, the others are told).
"""

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from macrohard.errors import SandboxError
from macrohard.habits import Habits
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
    OtherTab,
    Press,
    Problem,
    State,
    UserActionError,
    Wait,
)
from macrohard.users.film import PICTURES
from macrohard.users.web.barriers import Barriers
from macrohard.users.web.chromium import Browser
from macrohard.users.web.outline import saved_file
from macrohard.users.web.pictures import Gallery
from macrohard.users.web.pointing import Finger, Keys, Mouse, Pointing
from macrohard.users.web.running import NOT_OURS
from macrohard.users.web.screencast import Screencast
from macrohard.users.web.served import Server, ServerError, belongs

_PATIENCE_MS = 10_000
_LOOKS = 5
_BLINK_S = 0.05
_CLOSING_S = 30.0
_KEYS = {
    "ctrl": "Control", "shift": "Shift", "alt": "Alt", "esc": "Escape", "space": "Space",
    "up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft", "right": "ArrowRight",
}  # fmt: skip
_FIELDS = ("combobox", "listbox", "textbox", "searchbox", "spinbutton")
_FOCUS = """() => { const e = document.activeElement;
 return !e || e === document.body ? "" : e.tagName.toLowerCase() + " " +
 JSON.stringify((e.labels && e.labels[0] || e).innerText.trim().slice(0, 80)); }"""


class BrowserDriver:
    """One user at a browser. Use as an async context manager.

    Args:
        served: The application's server; it runs already.
        browser: Inside the box or beside it.
        evidence: Folder for pictures and films.
        habits: Whose browser it is.
    """

    def __init__(
        self, served: Server, browser: Browser, evidence: Path, habits: Habits | None = None
    ) -> None:
        self._served = served
        self._where = browser
        self._base = browser.base(served)
        self._evidence = evidence
        self._habits = habits or Habits()
        self._stack = contextlib.AsyncExitStack()
        self._browser: Any = None
        self._page: Any = None
        self._tabs: list[Any] = []
        self._status = 0
        self._pictures = 0
        self._problems: list[Problem] = []
        self._told: set[str] = set()
        self._downloads: list[Any] = []
        self._dialogs: list[str] = []
        self._pointing: Pointing = Mouse()
        self._barriers = Barriers(Gallery(served), self._habits)
        self._screencast = Screencast(evidence, self._habits)

    async def __aenter__(self) -> Self:
        from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - an extra

        async with contextlib.AsyncExitStack() as stack:
            # Made when the browser is gone, and whatever took it away.
            stack.push_async_callback(self._screencast.close)
            address = await stack.enter_async_context(self._where.start(self._served))
            play = await stack.enter_async_context(async_playwright())
            try:
                self._browser = await play.chromium.connect(address, timeout=60_000)
            except Error as error:
                raise SandboxError(
                    f"Playwright cannot speak to the browser of a simulated user: {error.message}"
                ) from error
            stack.push_async_callback(self._browser.close)
            self._evidence.mkdir(parents=True, exist_ok=True)
            if self._habits.input == "keyboard":
                self._pointing = Keys(lambda: self._page, self._notice)
            elif self._habits.input == "touch":
                self._pointing = Finger()
            await self._fresh()
            self._stack = stack.pop_all()
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

        self._screencast.begin()
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
        match action:
            case Click(name=name, twice=twice):
                await self._pointing.click(await self._one(name), name, twice=twice)
            case Fill(label=label, text=text):
                await self._pointing.fill(await self._field(label), label, text)
            case Choose(label=label, option=option):
                await self._choose(label, option)
            case Attach(label=label, file=file, content=content):
                given = {"name": file, "mimeType": "text/csv", "buffer": content.encode()}
                found = await self._field(label)
                await self._pointing.reach(found, label)
                await found.set_input_files(given)
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
            case OtherTab():
                await self._change_tab()
            case Wait(seconds=seconds):
                await page.wait_for_timeout(seconds * 1000)
            case _:
                raise UserActionError("there is no terminal here: this is a browser.")

    async def _open(self, address: str) -> None:
        split = urlsplit(address)
        if not belongs(split.netloc, self._served):
            raise UserActionError(f"{address} is another site; only this one is reached.")
        path = split._replace(scheme="", netloc="").geturl() or "/"
        await self._page.goto(f"{self._base}/{path.lstrip('/')}")

    async def _one(self, name: str) -> Any:
        for role in ("link", "button", "checkbox", "radio"):
            found = self._page.get_by_role(role, name=name, exact=True)
            if await found.count():
                return found.first
        names = await self._page.locator("a, button").all_inner_texts()
        there = ", ".join(dict.fromkeys(" ".join(each.split()) for each in names[:40] if each))
        raise UserActionError(f"there is no link or button {name!r}; there are: {there}.")

    async def _field(self, label: str) -> Any:
        found = self._page.get_by_label(label, exact=True)
        for (
            role
        ) in _FIELDS:  # labels around a field have its options in their text, not in its name
            if await found.count():
                return found.first
            found = self._page.get_by_role(role, name=label, exact=True)
        if not await found.count():
            names = await self._page.locator("label, legend").all_inner_texts()
            there = ", ".join(dict.fromkeys(" ".join(each.split()) for each in names[:40] if each))
            raise UserActionError(f"there is no field {label!r}; there are: {there or 'none'}.")
        return found.first

    async def _choose(self, label: str, option: str) -> None:
        found = await self._field(label)
        known = await found.locator("option").all_inner_texts()
        near = [text for text in known if text.casefold().startswith(f"{option.casefold()} ")]
        exact = [text for text in known if text.casefold() == option.casefold()]
        if not exact and len(near) != 1:
            raise UserActionError(f"{label!r} has no option {option!r}; it has: {known[:40]}.")
        await self._pointing.choose(found, label, (exact or near)[0])

    async def _press(self, key: str) -> None:
        parts = [_KEYS.get(part.lower(), part) for part in key.split("-")]
        named = len(parts) > 1 or parts[0][:1].isupper() or key.lower() in _KEYS
        if named:
            await self._page.keyboard.press("+".join(parts))
        else:
            await self._page.keyboard.type(key)

    async def _come_back(self) -> None:
        try:
            restarted = await self._served.restart()
        except ServerError as error:
            self._notice("error", str(error))
            return
        await self._page.context.close()
        await self._fresh()
        self._dialogs += [] if restarted else [f"({NOT_OURS})"]

    async def _fresh(self) -> None:
        """A browser without cookies, at the start page."""
        width, height = self._habits.css_pixels
        touch = self._habits.input == "touch"
        options: dict[str, Any] = {
            "viewport": {"width": width, "height": height},
            "device_scale_factor": self._habits.zoom / 100,
            "locale": self._habits.language,
            "has_touch": touch,
            "is_mobile": touch,
            "service_workers": "block",
        }
        if self._habits.contrast != "usual":
            options["contrast"] = "more"
        if self._habits.contrast == "forced":
            options["forced_colors"] = "active"
        context = await self._browser.new_context(**options)
        context.set_default_timeout(_PATIENCE_MS)
        await context.route("**/*", self._route)
        context.on("page", self._attend)
        self._tabs = []
        self._page = await context.new_page()
        await self._screencast.turn_to(self._page)
        await self._page.goto(self._base)

    def _attend(self, page: Any) -> None:
        """Listen to a tab, also one that the application opens."""
        self._tabs.append(page)
        page.on("response", self._responded)
        page.on("requestfailed", self._failed)
        page.on("pageerror", lambda error: self._notice("error", f"script: {error}"))
        page.on("console", self._logged)
        page.on("download", self._saved)
        page.on("dialog", self._answer)

    async def _answer(self, dialog: Any) -> None:
        """Say yes, and remember what was asked."""
        self._dialogs.append(f"dialog {json.dumps(dialog.message, ensure_ascii=False)}")
        with contextlib.suppress(Exception):
            await dialog.accept()

    async def _change_tab(self) -> None:
        """To the other tab, a new one the first time, which shows what this one shows."""
        tabs = [tab for tab in self._tabs if not tab.is_closed()]
        other = next((tab for tab in tabs if tab is not self._page), None)
        if other is None:
            address = self._page.url
            other = await self._page.context.new_page()
            await other.goto(address)
        self._page = other
        await other.bring_to_front()
        await self._screencast.turn_to(other)

    async def _route(self, route: Any) -> None:
        ours = urlsplit(route.request.url).netloc == urlsplit(self._base).netloc
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

    async def _downloaded(self) -> list[tuple[str, str]]:
        """Files that the last action brought: their names, and what they hold."""
        downloads, self._downloads = self._downloads, []
        found = []
        for each in downloads:
            # The browser may run elsewhere: a file is brought here, read, and not kept.
            with tempfile.TemporaryDirectory() as folder:
                here = Path(folder, "file")
                await each.save_as(here)
                found.append((each.suggested_filename, here.read_text("utf-8", "replace")))
        return found

    async def _look(self) -> Observation:
        page = self._page
        for found in await self._barriers.look(page):
            self._notice(found.kind, found.text, found.severity)
        printed = await self._served.printed()
        saved = await self._downloaded()
        text = "\n".join([await page.locator("body").inner_text(), *(held for _, held in saved)])
        seen = [await page.locator("body").aria_snapshot(), *(saved_file(*each) for each in saved)]
        dialogs, self._dialogs = self._dialogs, []
        focus = await page.evaluate(_FOCUS)
        split = urlsplit(page.url)
        path = split.path + (f"?{split.query}" if split.query else "")
        head = f'page "{await page.title()}" at {path}, status {self._status}'
        self._pictures += 1
        picture = PICTURES % self._pictures
        self._screencast.look(picture, await page.screenshot(path=self._evidence / picture))
        problems, self._problems = tuple(self._problems), []
        text = "\n".join([*dialogs, text])
        return Observation(
            text=f"{text}\n{printed}".strip() if "Traceback" in printed else text,
            screen=f"{head}\n{f'focus: {focus}' if focus else 'focus: none'}\n"
            + "\n".join([*dialogs, *seen]),
            state=State(at="page", http_status=self._status),
            problems=problems,
            picture=picture,
        )
