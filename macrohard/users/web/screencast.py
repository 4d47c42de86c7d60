"""Records what a browser shows: the tab in front, frame by frame as it is drawn.

The frames come over Playwright's own connection, so it is the same whether the browser runs in a
box or beside it. A page that does not change sends none. The picture that is taken after each
action belongs to the recording of a zoomed window, of which frames have fewer pixels, and wherever
the browser may have left a frame out.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from macrohard.habits import Habits
from macrohard.users.film import find_ffmpeg, make_film
from macrohard.users.reel import Look, Reel

_QUALITY = 80
_HOLD_S = 0.25
_ON_THE_WAY = 5
"""How long a frame is kept from counting as taken, and how many Chromium sends before that: it
leaves out what comes then. So a page that never stands still costs about twenty frames a second."""
_PATIENCE_S = 5.0


class Screencast:
    """Records one trial. Leaves nothing where there is no ffmpeg.

    Args:
        evidence: Where the film goes.
        habits: Whose window.
    """

    def __init__(self, evidence: Path, habits: Habits) -> None:
        self._evidence = evidence
        self._size = habits.pixels
        self._reel: Reel | None = None
        self._front: Any = None
        self._began = time.time()
        self._held = 0
        self._missed = True
        self._zoomed = habits.zoom != 100

    async def turn_to(self, page: Any) -> None:
        """A tab comes to the front: from here on it is what is recorded.

        Args:
            page: Of Playwright.
        """
        if find_ffmpeg() is None or page is self._front:
            return
        self._reel = self._reel or Reel(self._evidence)
        before, self._front = self._front, page
        self._missed = True
        wide, high = self._size
        # A tab that is closed, or has crashed, cannot be recorded; the film goes on without.
        with contextlib.suppress(Exception):
            if before is not None and not before.is_closed():
                await asyncio.wait_for(before.screencast.stop(), _PATIENCE_S)
        with contextlib.suppress(Exception):
            await page.screencast.start(
                on_frame=self._taker(page), size={"width": wide, "height": high}, quality=_QUALITY
            )

    def begin(self) -> None:
        """An action begins."""
        self._began = time.time()

    def look(self, name: str, picture: bytes) -> None:
        """The user looks; the picture that was taken."""
        if self._reel is not None:
            needed = self._missed or self._zoomed
            self._reel.look(Look(name, self._began, time.time()), picture if needed else None)
            self._missed = self._held >= _ON_THE_WAY

    async def close(self) -> None:
        """Make the film, of what there is."""
        if self._reel is not None:
            with self._reel as reel:
                self._reel = None
                await make_film(reel, self._evidence, self._size)

    def _taker(self, page: Any) -> Any:
        async def take(frame: Any) -> None:
            if self._reel is not None and page is self._front:
                self._reel.frame(frame["data"], frame["timestamp"] / 1000)
            self._held += 1
            self._missed = self._missed or self._held >= _ON_THE_WAY
            await asyncio.sleep(_HOLD_S)
            self._held -= 1

        return take
