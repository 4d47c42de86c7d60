"""Pieces of the films that were recorded of trials, at a pace at which they can be followed.

A simulated user is quicker than any eye, or waits for a model: so a piece is stretched or pressed
as a whole, its order kept, nothing left out. The picture taken when an action had had its effect
ends the piece, and stands until it is read.
"""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from macrohard.users.base import Taped
from macrohard.users.film import FILM, NOTES, FilmNotes, find_ffmpeg

SIZE = (1280, 620)
"""Of the part of a frame above the captions, in pixels."""
FPS = 12
"""Pictures a second of a demo."""
GROUND = "#dfe3e8"
"""Beside a picture of another shape."""
_MOST = 100
"""Pictures of one piece."""
_STILL_S = 0.6
"""How long what stands still is shown within a piece, at most."""
_ACTION_S, _STRETCH = 0.7, 3.0
"""How long an action is to be seen for, if that takes no more than so many times its own time."""
_LONGEST_S = 5.0
_READ_S = 2.4
_MARGIN = 16
_LARGER = 1.8
"""How much larger a small window is shown, at most."""
_DESK = 600
"""From this width on a picture is of a desk's screen; narrower ones are shown whole."""


@dataclass(frozen=True)
class Frame:
    """A picture and how long it is shown, in seconds."""

    picture: Any
    seconds: float


def read_notes(folder: Path) -> FilmNotes | None:
    """What is where in the film of a trial; None where there is no film."""
    try:
        notes = FilmNotes.model_validate_json((folder / NOTES).read_bytes())
    except (OSError, ValidationError):
        return None
    return notes if (folder / FILM).is_file() else None


def moving(folder: Path, entries: Sequence[Taped]) -> list[Frame]:
    """Actions of a trial as they were recorded; empty where there is no film of them.

    Args:
        folder: The trial's.
        entries: What was done, one after the other.
    """
    notes = read_notes(folder)
    cues = {cue.picture: cue for cue in notes.actions} if notes else {}
    wanted = [cues[name] for entry in entries if (name := entry.seen.picture) in cues]
    if not wanted or wanted[-1].picture != entries[-1].seen.picture:
        return []
    begin, end = wanted[0].begin, wanted[-1].end
    pictures = list(_decoded(folder / FILM, begin, end - begin))
    last = _opened(folder / wanted[-1].picture)
    if last is None or not pictures:
        return []
    window = entries[-1].seen.state.at == "window"
    shown = _windows([*pictures, last]) if window else _followed([*pictures, last])
    step = (end - begin) / len(pictures)
    frames = _paced([Frame(picture, step) for picture in shown[:-1]], len(entries))
    return [*frames, Frame(shown[-1], _READ_S)]


def _decoded(film: Path, begin: float, seconds: float) -> Iterator[Any]:
    """Pictures of a part of a film, evenly spaced."""
    from PIL import Image  # noqa: PLC0415 - an extra

    rate = min(FPS, _MOST / max(seconds, 0.1))
    command = [
        find_ffmpeg() or "ffmpeg", "-nostdin", "-v", "error", "-ss", f"{begin:.3f}",
        "-t", f"{max(seconds, 1 / FPS):.3f}", "-i", str(film), "-vf", f"fps={rate:.4f}",
        "-f", "image2pipe", "-c:v", "ppm", "-",
    ]  # fmt: skip
    data = subprocess.run(command, capture_output=True, check=False).stdout
    place = 0
    while place < len(data):
        # P6, width and height, the largest value, each on a line; then the pixels.
        _, size, _, _ = data[place : place + 64].split(b"\n", 3)
        wide, high = map(int, size.split())
        place += len(b"P6\n\n255\n") + len(size)
        length = 3 * wide * high
        if place + length <= len(data):
            yield Image.frombytes("RGB", (wide, high), data[place : place + length])
        place += length


def _opened(path: Path) -> Any:
    from PIL import Image  # noqa: PLC0415 - an extra

    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except OSError:
        return None


def _paced(frames: list[Frame], actions: int) -> list[Frame]:
    """What stands still made short; then all of it stretched or pressed to be followed."""
    runs: list[Frame] = []
    for frame in frames:
        if runs and runs[-1].picture.tobytes() == frame.picture.tobytes():
            whole = min(runs[-1].seconds + frame.seconds, _STILL_S)
            runs[-1] = Frame(frame.picture, whole)
        else:
            runs.append(frame)
    length = sum(run.seconds for run in runs)
    if length <= 0:
        return runs
    wanted = min(_LONGEST_S, max(length, min(actions * _ACTION_S, length * _STRETCH)))
    return [Frame(run.picture, run.seconds * wanted / length) for run in runs]


# -- cameras ---------------------------------------------------------------------------------------


def fit(picture: Any, top: int = 0) -> Any:
    """A picture in the frame; of a desk's high page a part, made to fit whole nobody could read it.

    Args:
        picture: Of Pillow.
        top: Where the part begins, in pixels of the picture.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 - an extra

    high = _visible(picture)
    if high < picture.height:
        picture = picture.crop((0, top, picture.width, top + high))
    return ImageOps.pad(picture, SIZE, Image.Resampling.LANCZOS, color=GROUND)


def _visible(picture: Any) -> int:
    if picture.width < _DESK:
        return int(picture.height)
    return int(min(picture.height, round(picture.width * SIZE[1] / SIZE[0])))


def _followed(pictures: list[Any]) -> list[Any]:
    """Pages, moved so that what changes is in the frame."""
    from PIL import ImageChops  # noqa: PLC0415 - an extra

    top, shown = 0, [fit(pictures[0])]
    for before, now in pairwise(pictures):
        changed = ImageChops.difference(before, now).getbbox() if before.size == now.size else None
        high = _visible(now)
        if changed is not None:
            _, first, _, end = changed
            if end - first > high:
                top = 0
            elif end > top + high:
                top = min(end + _MARGIN, now.height) - high
            elif first < top:
                top = max(0, first - _MARGIN)
        shown.append(fit(now, top))
    return shown


def _windows(pictures: list[Any]) -> list[Any]:
    """Windows without the empty screen around them, which is black."""
    from PIL import Image  # noqa: PLC0415 - an extra

    boxes = [box for picture in pictures if (box := picture.getbbox())]
    if not boxes:
        return [fit(picture) for picture in pictures]
    wide, high = pictures[-1].size
    part = (
        max(0, min(box[0] for box in boxes) - _MARGIN),
        max(0, min(box[1] for box in boxes) - _MARGIN),
        min(wide, max(box[2] for box in boxes) + _MARGIN),
        min(high, max(box[3] for box in boxes) + _MARGIN),
    )
    size = (part[2] - part[0], part[3] - part[1])
    scale = min(SIZE[0] / size[0], SIZE[1] / size[1], _LARGER)
    target = (round(size[0] * scale), round(size[1] * scale))
    shown = []
    for picture in pictures:
        frame = Image.new("RGB", SIZE, "#000000")
        small = picture.crop(part).resize(target, Image.Resampling.LANCZOS)
        frame.paste(small, ((SIZE[0] - target[0]) // 2, (SIZE[1] - target[1]) // 2))
        shown.append(frame)
    return shown
