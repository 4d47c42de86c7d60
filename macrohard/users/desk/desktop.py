"""A simulated user at a desktop: reads a screen with windows, and acts by what stands there.

The program is started in the box on a screen of its own (``windows.py``). After
every action the user is told the windows, what can be read in them
(``reading.py``), what the program printed, and the files it saved; pictures and a
film of the screen (``framebuffer.py``) are evidence. Things are clicked, filled in
and chosen by the words that people read, and places in pixels serve where there are none.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from macrohard.errors import SandboxError
from macrohard.lookalikes import alike
from macrohard.sandbox.base import Sandbox, Terminal
from macrohard.users.base import (
    APP_FOLDER,
    Action,
    Attach,
    Choose,
    Click,
    ComeBack,
    Fill,
    Observation,
    Point,
    Press,
    Problem,
    State,
    TypeLine,
    UserActionError,
    Wait,
    Write,
)
from macrohard.users.desk.framebuffer import Framebuffer
from macrohard.users.desk.reading import Page, Reader, Text
from macrohard.users.desk.windows import HEIGHT, POLL_S, START_S, WIDTH, Windows

_SHOWN_FILE = 20_000
_MOST_PAGES = 12
"""Times a long list is turned over for an option."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_NOISE = re.compile(r"^(?:Fontconfig|dbus|\(.*GLib-GIO).*\n?", re.MULTILINE | re.IGNORECASE)
"""What libraries say of a box without fonts' settings and without a bus; no program's fault."""


def _option(texts: Sequence[Text], wanted: str) -> Text | None:
    """The option of a list: the whole of it, or a number with what it stands for."""
    whole = [text for text in texts if alike(text.words) == alike(wanted)]
    near = [text for text in texts if alike(text.words).startswith(f"{alike(wanted)} ")]
    if whole:
        return whole[0]
    return near[0] if len(near) == 1 else None


class DesktopDriver:
    """One user in front of a program with windows. Use as an async context manager.

    Args:
        box: The application is there already.
        command: Argument list that starts it.
        evidence: Folder for the pictures.
        label: Names the trial.
        env: Variables that the application needs besides those of the box.
    """

    def __init__(
        self,
        box: Sandbox,
        command: Sequence[str],
        evidence: Path,
        *,
        label: str,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._box = box
        self._command = list(command)
        self._evidence = evidence
        self._windows = Windows(box, label, env)
        self._reader = Reader(box)
        self._framebuffer = Framebuffer(box, self._windows.folder, evidence)
        self._program: Terminal | None = None
        self._files: dict[str, str] = {}
        self._pictures = 0
        self.page = Page()
        """What was read at the last look."""

    async def __aenter__(self) -> Self:
        self._evidence.mkdir(parents=True, exist_ok=True)
        await self._windows.open()
        await self._framebuffer.start()
        await self._saved()  # what is there before anybody has done anything
        await self._start()
        await self._look()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._framebuffer.close((WIDTH, HEIGHT))
        if self._program is not None:
            await self._program.close()
        await self._windows.close()

    async def observe(self) -> Observation:
        """What is visible now."""
        return await self._look()

    async def act(self, action: Action) -> Observation:
        """Do one thing, wait until the screen stands still, and look.

        Raises:
            UserActionError: It cannot be done here; says why.
            SandboxError: The box failed.
        """
        self._framebuffer.begin()
        match action:
            case Click(name=name, twice=twice):
                place = self.page.button(name).box.centre
                await self._windows.click(*place, twice=twice)
            case Fill(label=label, text=text):
                return await self._fill(label, text)
            case Attach(label=label, file=file, content=content):
                await self._box.write(f"{APP_FOLDER}/{file}", content.encode())
                return await self._fill(label, file)
            case Choose(label=label, option=option):
                await self._choose(label, option)
            case Point(x=x, y=y, twice=twice):
                await self._windows.click(x, y, twice=twice)
            case Wait(seconds=seconds):
                await asyncio.sleep(seconds)
            case ComeBack():
                if self._program is not None:
                    await self._program.close()
                await self._start()
            case _:
                await self._type(action)
        return await self._look()

    # -- doing -----------------------------------------------------------------------------------

    async def _start(self) -> None:
        """Start the program, wait for a window of its, and put the pointer over it."""
        self._program = await self._box.terminal(
            self._command, rows=50, columns=400, env=self._windows.env, cwd=APP_FOLDER
        )
        for _ in range(int(START_S / POLL_S)):
            windows = await self._windows.listed()
            if windows:
                first = windows[0]
                await self._windows.point(first.x + first.width - 3, first.y + first.height - 3)
                return
            if not self._program.alive:
                return
            await asyncio.sleep(POLL_S)

    async def _type(self, action: Action) -> None:
        match action:
            case Write(text=text):
                await self._windows.write(text)
            case TypeLine(text=text):
                await self._windows.write(text)
                await self._windows.press("Enter")
            case Press(keys=keys):
                for key in keys.split():
                    await self._windows.press(key)
            case _:
                raise UserActionError(
                    "this is a screen with windows: click, fill, choose, point, write, type_line, "
                    "press, wait and come_back are what can be done."
                )

    async def _fill(self, label: str, text: str) -> Observation:
        """Replace what stands in a field, and see that something stands there then."""
        field = self.page.field(label)
        await self._windows.click(*field.centre)
        await self._windows.replace(text)
        seen = await self._look()
        if text.strip() and not any(field.holds(each.box) for each in self.page.texts):
            raise UserActionError(f"nothing stands in the field {label!r} after typing there.")
        return seen

    async def _choose(self, label: str, option: str) -> None:
        """Open a list and take an option from it: what stands there now and did not before."""
        before = self.page
        await self._windows.click(*before.field(label).centre)
        shown: list[Text] = []
        for _ in range(_MOST_PAGES):
            now = await self._reader.read(await self._windows.picture())
            fresh = [text for text in now.texts if text not in before.texts]
            found = _option(fresh, option)
            if found is not None:
                await self._windows.click(*found.box.centre)
                return
            if fresh == shown:
                break
            shown = fresh
            await self._windows.press("PageDown")
        await self._windows.press("Escape")
        there = ", ".join(text.words for text in shown) or "nothing"
        raise UserActionError(f"{label!r} has no option {option!r}; the list showed: {there}.")

    # -- looking ---------------------------------------------------------------------------------

    async def _look(self) -> Observation:
        picture = await self._windows.picture()
        self.page = await self._reader.read(picture)
        self._pictures += 1
        name = f"{self._pictures:03}.png"
        (self._evidence / name).write_bytes(picture)
        self._framebuffer.look(name)
        printed, problems = await self._printed()
        windows = [str(window) for window in await self._windows.listed()] or ["no window"]
        if self._program is not None and not self._program.alive:
            windows.append("the program has ended")
        saved = [f"saved {path}:\n{text}" for path, text in (await self._saved()).items()]
        shown = [*windows, *self.page.lines]
        return Observation(
            text="\n".join([*shown, *([printed] if printed else []), *saved]),
            screen="\n".join([*shown, *saved]),
            state=State(at="window"),
            problems=problems,
            picture=name,
        )

    async def _printed(self) -> tuple[str, tuple[Problem, ...]]:
        text = ""
        while self._program is not None:
            try:
                data = await self._program.read(0.0)
            except SandboxError:
                break
            if not data:
                break
            text += _ESCAPES.sub("", data.decode("utf-8", "replace"))
        crashed = "Traceback (most recent call last)" in text
        problem = Problem(kind="error", text="the program printed a traceback")
        return _NOISE.sub("", text).strip(), (problem,) if crashed else ()

    async def _saved(self) -> dict[str, str]:
        """What was written into the application's folder since this was asked last."""
        listed = await self._windows.run(
            f"find {APP_FOLDER} -type f -not -path '*/__pycache__/*' -printf '%T@ %s %P\\n' | sort"
        )
        stamps = {}
        for line in listed.splitlines():
            stamp, size, path = line.split(" ", 2)
            stamps[path] = f"{stamp} {size}"
        fresh = [path for path, stamp in stamps.items() if self._files.get(path) != stamp]
        gone = [path for path in self._files if path not in stamps]
        first, self._files = not self._files, stamps
        texts = {} if first else {path: await self._text(path) for path in fresh}
        return texts | {f"{path} (it is gone)": "" for path in gone}

    async def _text(self, path: str) -> str:
        try:
            data = await self._box.read(f"{APP_FOLDER}/{path}", max_bytes=_SHOWN_FILE)
            return data.decode("utf-8")
        except (OSError, SandboxError, UnicodeDecodeError):
            return "(no text that could be shown)"
