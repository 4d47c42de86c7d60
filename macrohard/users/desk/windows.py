"""A screen in memory (Xvfb), and a mouse and a keyboard for it (xdotool), inside a box.

There is no window manager: windows stand where the program puts them, and the keyboard belongs to
what the pointer is over.
"""

import asyncio
import re
import shlex
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Sandbox, Terminal
from macrohard.users.base import UserActionError
from macrohard.users.keys import KEY_NAMES

WIDTH, HEIGHT = 1024, 768
START_S = 20.0
"""How long a screen, or a program until its first window, may take."""
POLL_S = 0.1
NEEDED = ("Xvfb", "xdotool", "import", "tesseract")
"""Programs that a box must have."""
_STANDS_STILL = """\
works() {
  for p in $(grep -lsz "^DISPLAY=$DISPLAY$" /proc/[0-9]*/environ); do
    p=${p%/environ}; [ "$p" = "/proc/$$" ] && continue
    grep -qs "^State:.[RD]" "$p/status" && return 0
  done
  return 1
}
for look in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
  sleep 0.06; now=$(cksum < $m)
  [ "$now" = "$last" ] && ! works && break
  last=$now
done
import -silent -window root -define png:exclude-chunks=date,time -define png:compression-level=3 \\
  /tmp/s.png
"""
"""The memory of the screen must be the same twice in a row, while no program on it is at work; a
screen that never stands still is taken as it is in the end. The memory has the pointer drawn into
it, the picture has not."""
_KEYSYMS = {
    "enter": "Return", "return": "Return", "tab": "Tab", "shift-tab": "shift+Tab",
    "backspace": "BackSpace", "escape": "Escape", "esc": "Escape", "space": "space",
    "insert": "Insert", "delete": "Delete", "pageup": "Prior", "pagedown": "Next", "up": "Up",
    "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
    **{f"f{n}": f"F{n}" for n in range(1, 13)},
}  # fmt: skip
_CHORD = re.compile(r"(ctrl|control|alt|shift)[-+](\w+)", re.IGNORECASE)


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
        "imagemagick tesseract-ocr on this machine."
    )


@dataclass(frozen=True)
class Window:
    """A window that can be seen, with its place on the screen in pixels."""

    title: str
    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        return f'window "{self.title}" at {self.x},{self.y}, {self.width} by {self.height}'


class Windows:
    """The screen of one trial.

    Args:
        box: Where it is made.
        label: Names the trial; boxes that share a machine get screens of their own by it.
        env: Variables of everything that runs on it.

    Attributes:
        name: As in ``DISPLAY``.
        folder: Where its memory lies in the box, in a file ``Xvfb_screen0``.
        env: Variables of everything that runs on it.
    """

    def __init__(self, box: Sandbox, label: str, env: Mapping[str, str] | None = None) -> None:
        self._box = box
        self.name = f":{100 + zlib.crc32(label.encode()) % 20_000}"
        self.folder = f"/tmp/screen-{self.name.strip(':')}"  # noqa: S108 - in the box
        self._screen: Terminal | None = None
        self.env = {**(env or {}), "DISPLAY": self.name, "PYTHONUNBUFFERED": "1"}

    async def open(self) -> None:
        """Make the screen.

        Raises:
            SandboxError: The box lacks a program, or no screen could be made.
        """
        found = await self._box.exec(["sh", "-c", f"which {' '.join(NEEDED)}"], timeout_s=20)
        missing = missing_for_desktop(found.stdout)
        if missing:
            raise SandboxError(missing)
        await self._box.exec(["mkdir", "-p", self.folder], timeout_s=20)
        size = f"{WIDTH}x{HEIGHT}x24"
        self._screen = await self._box.terminal(
            [
                "Xvfb",
                self.name,
                "-screen",
                "0",
                size,
                "-nolisten",
                "tcp",
                "-noreset",
                "-fbdir",
                self.folder,
            ]
        )
        for _ in range(int(START_S / POLL_S)):
            if (await self.run("xdotool getdisplaygeometry")).strip() == f"{WIDTH} {HEIGHT}":
                return
            if not self._screen.alive:
                said = (await self._screen.read(0.1)).decode("utf-8", "replace")
                raise SandboxError(f"no screen could be made in the box: {said.strip()[-300:]}")
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Take the screen away."""
        if self._screen is not None:
            await self._screen.close()

    async def run(self, line: str) -> str:
        """Run a line of shell on the screen; returns what it printed."""
        done = await self._box.exec(["sh", "-c", line], timeout_s=30, env=self.env)
        return done.stdout

    # -- doing -----------------------------------------------------------------------------------

    async def click(self, x: int, y: int, *, twice: bool = False) -> None:
        """Click a place.

        Raises:
            UserActionError: It is not on the screen.
        """
        if x >= WIDTH or y >= HEIGHT:
            raise UserActionError(f"the screen is {WIDTH} by {HEIGHT} pixels.")
        times = 2 if twice else 1
        await self.run(f"xdotool mousemove {x} {y} click --repeat {times} --delay 60 1")

    async def point(self, x: int, y: int) -> None:
        """Move the pointer."""
        await self.run(f"xdotool mousemove {x} {y}")

    async def write(self, text: str) -> None:
        """Type text where the keyboard is.

        Raises:
            UserActionError: It has control characters.
        """
        if any(char < " " for char in text):
            raise UserActionError("write takes text without control characters; press has keys.")
        await self.run(f"xdotool type --delay 8 -- {shlex.quote(text)}")

    async def replace(self, text: str) -> None:
        """Type text in place of what stands in the field that has the keyboard."""
        await self.run("xdotool key --delay 8 End shift+Home BackSpace")
        await self.write(text)

    async def press(self, word: str) -> None:
        """Press a key, or keys at once (``Ctrl-S``); other words are typed.

        Raises:
            UserActionError: There is no such key.
        """
        chord = _CHORD.fullmatch(word)
        known = _KEYSYMS.get(word.lower())
        if known is None and chord:
            held, key = chord[1].lower().replace("control", "ctrl"), chord[2]
            known = f"{held}+{_KEYSYMS.get(key.lower(), key.lower())}"
        if known is None:
            await self.write(word)
            return
        said = await self.run(f"xdotool key -- {known} 2>&1")
        if "No such key" in said:
            raise UserActionError(f"there is no key {word!r}; there are {KEY_NAMES}.")

    # -- looking ---------------------------------------------------------------------------------

    async def picture(self) -> bytes:
        """The screen once it stands still, or as it is after a while: a PNG file."""
        await self.run(f"m={self.folder}/Xvfb_screen0\n{_STANDS_STILL}")
        return await self._box.read("/tmp/s.png")  # noqa: S108 - in the box

    async def listed(self) -> list[Window]:
        """The visible windows, in the order in which they came."""
        told = await self.run(
            "for w in $(xdotool search --onlyvisible --name '.' 2>/dev/null); do "
            "xdotool getwindowname $w getwindowgeometry --shell $w || true; done"
        )
        found = []
        lines = told.splitlines()
        for at, line in enumerate(lines):
            if line.startswith("WINDOW=") and at:
                shape = dict(part.partition("=")[::2] for part in lines[at : at + 5])
                x, y, width, height = (int(shape.get(k, 0)) for k in ("X", "Y", "WIDTH", "HEIGHT"))
                found.append(Window(lines[at - 1], x, y, width, height))
        return found
