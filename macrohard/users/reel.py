"""What a screen showed during a trial: frames with their times, on disk until they are a film.

A trial is mostly waiting: for a page, or for a model that thinks for a minute. So a film has real
time only where something moves; a picture that stands still is shown for at most
:data:`LONGEST_STILL_S`. The rule looks at nothing but the frames' times: the same frames give the
same film. Frames, bytes and length are bounded; what a reel has no room for is left out, and told.
"""

import bisect
import itertools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

LONGEST_STILL_S = 2.0
"""How long a picture that does not change is shown at most."""
SLOT_S = 0.1
"""Of what comes within this time the last is kept: ten pictures a second at most."""
LATE_S = 10.0
"""A frame older than the newest by less is late; by more, somebody has set the clock back."""
LONGEST_S = 600.0
"""Length of a film at most; what comes after is left out."""
MOST_BYTES = 150_000_000
"""Of frames of one trial, on disk until the film is made."""

_FRAMES = ".frames-"


@dataclass(frozen=True)
class Frame:
    """What was on the screen from a moment on.

    Attributes:
        path: Its picture.
        at: When it came, in seconds of the recorder's clock.
    """

    path: Path
    at: float


@dataclass(frozen=True)
class Look:
    """A moment at which the user looked, once an action had had its effect.

    Attributes:
        picture: Name of the picture that was taken then, in the evidence.
        began: When the action began.
        ended: When the picture was taken.
    """

    picture: str
    began: float
    ended: float


class Reel:
    """Collects frames. Use as a context manager; leaving it deletes them.

    Args:
        place: Where they lie until then; what a trial that was killed left there is deleted.

    Attributes:
        looks: When the user looked.
        whole: Whether nothing had to be left out.
    """

    def __init__(self, place: Path) -> None:
        for left in place.glob(f"{_FRAMES}*"):
            shutil.rmtree(left, ignore_errors=True)
        self._room = tempfile.TemporaryDirectory(prefix=_FRAMES, dir=place)
        self._frames: list[Frame] = []
        self._pending: tuple[bytes, float] | None = None
        self._last = b""
        self._newest = float("-inf")
        self._bytes = 0
        self._seconds = 0.0
        self.looks: list[Look] = []
        self.whole = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.cleanup()

    def frame(self, picture: bytes, at: float) -> None:
        """The screen showed this (JPEG or PNG) from a moment on; the last of a slot stays."""
        if 0 <= self._newest - at < LATE_S:
            return  # what came after it is known already
        self._newest = at
        if self._pending is not None:
            _, before = self._pending
            if 0 <= at - before < SLOT_S:
                self._pending = (picture, before)
                return
            self._flush()
        self._pending = (picture, at)

    def look(self, look: Look, picture: bytes | None = None) -> None:
        """The user looks.

        Args:
            look: When.
            picture: What was seen then, where frames alone might have missed it.
        """
        self.looks.append(look)
        if picture is not None:
            self._flush()
            self._newest = look.ended
            self._pending = (picture, look.ended)
            self._flush()

    def frames(self) -> list[Frame]:
        """All there is, in order."""
        self._flush()
        return list(self._frames)

    @property
    def folder(self) -> Path:
        """Where the frames lie."""
        return Path(self._room.name)

    def _flush(self) -> None:
        if self._pending is None:
            return
        (picture, at), self._pending = self._pending, None
        if picture == self._last:
            return
        # Clocks may be set back: time in a film only goes on.
        gap = max(0.0, at - self._frames[-1].at) if self._frames else 0.0
        seconds = self._seconds + min(gap, LONGEST_STILL_S)
        if seconds > LONGEST_S or self._bytes + len(picture) > MOST_BYTES:
            self.whole = False
            return
        self._last, self._seconds = picture, seconds
        self._bytes += len(picture)
        ending = "png" if picture.startswith(b"\x89PNG") else "jpg"
        path = self.folder / f"{len(self._frames):06}.{ending}"
        path.write_bytes(picture)
        self._frames.append(Frame(path, self._frames[-1].at + gap if self._frames else at))


class Timeline:
    """Where in the film a moment of the trial is.

    Args:
        frames: In order, at least one.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._at = [frame.at for frame in frames]
        gaps = (min(b - a, LONGEST_STILL_S) for a, b in itertools.pairwise(self._at))
        self.begins = list(itertools.accumulate(gaps, initial=0.0))
        """When each frame begins, in seconds of the film."""

    def of(self, moment: float) -> float:
        """Seconds of the film at a moment of the trial."""
        number = max(0, bisect.bisect_right(self._at, moment) - 1)
        still = min(max(0.0, moment - self._at[number]), LONGEST_STILL_S)
        return self.begins[number] + still
