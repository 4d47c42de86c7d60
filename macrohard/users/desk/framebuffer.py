"""Records what a screen in memory shows: each change, as it comes, without asking the screen.

Nothing is needed in the box for it besides Python. The frames stay in the box until the trial has
ended; of a box that is gone by then, the pictures that were taken after each action are the film.
"""

import contextlib
import struct
import time
from collections import deque
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Sandbox, Terminal
from macrohard.users.desk.framebuffer_reader import MOST_BYTES
from macrohard.users.film import find_ffmpeg, make_film
from macrohard.users.reel import Look, Reel

_HEAD = struct.Struct(">dI")


class Framebuffer:
    """Records one trial. Leaves nothing where there is no ffmpeg.

    Args:
        box: Where the screen is.
        folder: Where the screen's memory lies in the box: the one of Xvfb's ``-fbdir``.
        evidence: Folder with the pictures, which gets the film.
    """

    def __init__(self, box: Sandbox, folder: str, evidence: Path) -> None:
        self._box = box
        self._folder = folder
        self._evidence = evidence
        self._reader: Terminal | None = None
        self._looks: list[Look] = []
        self._began = time.time()

    async def start(self) -> None:
        """Watch a screen that is there."""
        if find_ffmpeg() is None:
            return
        script = resources.files("macrohard.users.desk").joinpath("framebuffer_reader.py")
        names = (f"{self._folder}/Xvfb_screen0", f"{self._folder}/frames")
        self._reader = await self._box.terminal(["python", "-c", script.read_text("utf-8"), *names])

    def begin(self) -> None:
        """An action begins."""
        self._began = time.time()

    def look(self, name: str) -> None:
        """The user looks; the picture that was taken."""
        self._looks.append(Look(name, self._began, time.time()))

    async def close(self, size: tuple[int, int]) -> None:
        """Make the film, of what there is."""
        if self._reader is None:
            return
        data = b""
        with contextlib.suppress(SandboxError, OSError):
            await self._reader.close()
            path = f"{self._folder}/frames"
            data = await self._box.read(path, max_bytes=MOST_BYTES + MOST_BYTES // 10)
        with Reel(self._evidence) as reel:
            frames = deque(_records(data))
            for look in self._looks:
                while frames and frames[0].at <= look.ended:
                    reel.frame(frames[0].picture, frames.popleft().at)
                reel.look(look, (self._evidence / look.picture).read_bytes())
            for record in frames:
                reel.frame(record.picture, record.at)
            await make_film(reel, self._evidence, size)


class _Record(NamedTuple):
    at: float
    picture: bytes


def _records(data: bytes) -> Iterator[_Record]:
    """What the reader kept; the last record may have been cut off."""
    place = 0
    while place + _HEAD.size <= len(data):
        at, length = _HEAD.unpack_from(data, place)
        place += _HEAD.size + length
        if place <= len(data):
            yield _Record(at, data[place - length : place])
