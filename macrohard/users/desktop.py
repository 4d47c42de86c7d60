"""A simulated user at a desktop: a screen in memory (Xvfb), a mouse and a keyboard (xdotool).

The program is started in the box, on a screen of its own, without a window manager: windows stand
where the program puts them, and the keyboard belongs to what the pointer is over. After every
action the user is told the windows with their places, what the program printed, and what it saved;
a picture of the screen is evidence. What is drawn inside a window is in the picture alone: toolkits
such as Tk tell nobody else what they show.
"""

import asyncio
import re
import shlex
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Sandbox, Terminal
from macrohard.users.base import (
    APP_FOLDER,
    Action,
    ComeBack,
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
from macrohard.users.keys import KEY_NAMES

WIDTH, HEIGHT = 1024, 768
START_S = 20.0
"""How long a program may take until its first window."""
_POLL_S = 0.1
_SHOWN_FILE = 20_000
NEEDED = ("Xvfb", "xdotool", "import", "convert")
"""Programs that a box must have."""
_STANDS_STILL = """\
for look in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
  import -silent -window root ppm:/tmp/s.ppm; now=$(cksum < /tmp/s.ppm)
  [ "$now" = "$last" ] && break
  last=$now; sleep 0.08
done
convert /tmp/s.ppm -define png:exclude-chunks=date,time -define png:compression-level=3 /tmp/s.png
"""
"""Two looks in a row must be the same; one without end is taken as it is in the end."""
_KEYSYMS = {
    "enter": "Return", "return": "Return", "tab": "Tab", "shift-tab": "shift+Tab",
    "backspace": "BackSpace", "escape": "Escape", "esc": "Escape", "space": "space",
    "insert": "Insert", "delete": "Delete", "pageup": "Prior", "pagedown": "Next", "up": "Up",
    "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
    **{f"f{n}": f"F{n}" for n in range(1, 13)},
}  # fmt: skip
_CHORD = re.compile(r"(ctrl|control|alt|shift)[-+](\w+)", re.IGNORECASE)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_NOISE = re.compile(r"^(?:Fontconfig|dbus|\(.*GLib-GIO).*\n?", re.MULTILINE | re.IGNORECASE)
"""What libraries say of a box without fonts' settings and without a bus; no program's fault."""


def missing_for_desktop(found: str) -> str:
    """What a box lacks for programs with windows, with the way to get it; empty when all is there.

    Args:
        found: The paths of the programs that are there, one a line.
    """
    names = {Path(line).name for line in found.splitlines()}
    missing = [name for name in NEEDED if name not in names]
    if not missing:
        return ""
    return (
        f"the box has no {', '.join(missing)}, which a user of windows needs. In Docker boxes: "
        "macrohard sandbox build desktop. In process boxes: apt-get install xvfb xdotool "
        "imagemagick on this machine."
    )


class DesktopDriver:
    """One user in front of a program with windows. Use as an async context manager.

    Args:
        box: The application is there already.
        command: Argument list that starts it.
        evidence: Folder for the pictures.
        label: Names the trial; boxes that share a machine get screens of their own by it.
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
        self._screen_name = f":{100 + zlib.crc32(label.encode()) % 20_000}"
        self._env = {**(env or {}), "DISPLAY": self._screen_name, "PYTHONUNBUFFERED": "1"}
        self._screen: Terminal | None = None
        self._program: Terminal | None = None
        self._files: dict[str, str] = {}
        self._pictures = 0

    async def __aenter__(self) -> Self:
        found = await self._box.exec(["sh", "-c", f"which {' '.join(NEEDED)}"], timeout_s=20)
        missing = missing_for_desktop(found.stdout)
        if missing:
            raise SandboxError(missing)
        self._evidence.mkdir(parents=True, exist_ok=True)
        size = f"{WIDTH}x{HEIGHT}x24"
        self._screen = await self._box.terminal(
            ["Xvfb", self._screen_name, "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
        )
        for _ in range(int(START_S / _POLL_S)):
            if (await self._run("xdotool getdisplaygeometry")).strip() == f"{WIDTH} {HEIGHT}":
                break
            if not self._screen.alive:
                said = (await self._screen.read(0.1)).decode("utf-8", "replace")
                raise SandboxError(f"no screen could be made in the box: {said.strip()[-300:]}")
            await asyncio.sleep(_POLL_S)
        await self._saved()  # what is there before anybody has done anything
        await self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for terminal in (self._program, self._screen):
            if terminal is not None:
                await terminal.close()

    async def observe(self) -> Observation:
        """What is visible now."""
        return await self._look()

    async def act(self, action: Action) -> Observation:
        """Do one thing, wait until the screen stands still, and look.

        Raises:
            UserActionError: It cannot be done here; says why.
            SandboxError: The box failed.
        """
        match action:
            case Point(x=x, y=y, twice=twice):
                if x >= WIDTH or y >= HEIGHT:
                    raise UserActionError(f"the screen is {WIDTH} by {HEIGHT} pixels.")
                times = 2 if twice else 1
                await self._run(f"xdotool mousemove {x} {y} click --repeat {times} --delay 60 1")
            case Write(text=text):
                await self._write(text)
            case TypeLine(text=text):
                await self._write(text)
                await self._run("xdotool key Return")
            case Press(keys=keys):
                for key in keys.split():
                    await self._press(key)
            case Wait(seconds=seconds):
                await asyncio.sleep(seconds)
            case ComeBack():
                if self._program is not None:
                    await self._program.close()
                await self._start()
            case _:
                raise UserActionError(
                    "this is a screen with windows: point, write, type_line, press, wait and "
                    "come_back are what can be done."
                )
        return await self._look()

    # -- doing -----------------------------------------------------------------------------------

    async def _start(self) -> None:
        """Start the program, wait for a window of its, and put the pointer over it."""
        self._program = await self._box.terminal(
            self._command, rows=50, columns=400, env=self._env, cwd=APP_FOLDER
        )
        for _ in range(int(START_S / _POLL_S)):
            windows = await self._windows()
            if windows:
                x, y, width, height = windows[0][1:]
                await self._run(f"xdotool mousemove {x + width - 3} {y + height - 3}")
                return
            if not self._program.alive:
                return
            await asyncio.sleep(_POLL_S)

    async def _write(self, text: str) -> None:
        if any(char < " " for char in text):
            raise UserActionError("write takes text without control characters; press has keys.")
        await self._run(f"xdotool type --delay 8 -- {shlex.quote(text)}")

    async def _press(self, word: str) -> None:
        chord = _CHORD.fullmatch(word)
        known = _KEYSYMS.get(word.lower())
        if known is None and chord:
            held, key = chord[1].lower().replace("control", "ctrl"), chord[2]
            known = f"{held}+{_KEYSYMS.get(key.lower(), key.lower())}"
        if known is None:
            await self._write(word)
        else:
            said = await self._run(f"xdotool key -- {known} 2>&1")
            if "No such key" in said:
                raise UserActionError(f"there is no key {word!r}; there are {KEY_NAMES}.")

    async def _run(self, line: str) -> str:
        done = await self._box.exec(["sh", "-c", line], timeout_s=30, env=self._env)
        return done.stdout

    # -- looking ---------------------------------------------------------------------------------

    async def _look(self) -> Observation:
        picture = await self._settled()
        self._pictures += 1
        name = f"{self._pictures:03}.png"
        (self._evidence / name).write_bytes(picture)
        printed, problems = await self._printed()
        windows = [
            f'window "{title}" at {x},{y}, {width} by {height}'
            for title, x, y, width, height in await self._windows()
        ]
        if self._program is not None and not self._program.alive:
            windows.append("the program has ended")
        saved = [f"saved {path}:\n{text}" for path, text in (await self._saved()).items()]
        return Observation(
            text="\n".join([*windows, *([printed] if printed else []), *saved]),
            screen="\n".join([*(windows or ["no window"]), *saved]),
            state=State(at="window"),
            problems=problems,
            picture=name,
        )

    async def _settled(self) -> bytes:
        """A picture of the screen once it stands still, or as it is after a while."""
        await self._run(_STANDS_STILL)
        return await self._box.read("/tmp/s.png")  # noqa: S108 - in the box

    async def _windows(self) -> list[tuple[str, int, int, int, int]]:
        """The visible windows with their places, in the order in which they came."""
        told = await self._run(
            "for w in $(xdotool search --onlyvisible --name '.' 2>/dev/null); do "
            "xdotool getwindowname $w getwindowgeometry --shell $w || true; done"
        )
        found = []
        lines = told.splitlines()
        for at, line in enumerate(lines):
            if line.startswith("WINDOW=") and at:
                shape = dict(part.partition("=")[::2] for part in lines[at : at + 5])
                place = [int(shape.get(key, 0)) for key in ("X", "Y", "WIDTH", "HEIGHT")]
                found.append((lines[at - 1], place[0], place[1], place[2], place[3]))
        return found

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
        listed = await self._run(
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
