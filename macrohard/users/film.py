"""Makes a film (WebM) of what a screen showed during a trial, with notes on what is where in it.

Where there is no ffmpeg nothing is recorded, and a trial has its pictures alone.
"""

import asyncio
import shutil
from pathlib import Path

from macrohard.files import write_atomic
from macrohard.users.reel import LONGEST_STILL_S, Frame, Reel, Timeline
from macrohard.work import Noun

FILM = "film.webm"
NOTES = "film.json"
"""What is where in the film."""
PICTURES = "%03d.png"
"""How pictures of a trial are numbered, from 1."""
MOST_BYTES = 30_000_000
"""Size of a film at most; it ends there."""
NO_FFMPEG = (
    "No films of trials: there is no ffmpeg (on Debian: apt-get install ffmpeg; or "
    "pip install imageio-ffmpeg). Pictures are taken all the same."
)
_LAST_S = 1.0
"""How long the last picture stands."""
_LEAST_S = 0.001
"""ffmpeg counts no less here."""
_PATIENCE_S = 300.0
_VP8 = (
    "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "16", "-static-thresh", "100",
    "-auto-alt-ref", "0", "-lag-in-frames", "0", "-crf", "10", "-b:v", "3M", "-qmin", "4",
    "-qmax", "40", "-g", "100", "-threads", "1",
)  # fmt: skip
"""A picture comes once, so it must be sharp at once."""


class Cue(Noun):
    """One action in the film, in seconds from its beginning.

    Attributes:
        picture: The picture that was taken when the action had had its effect.
        begin: When the action began.
        end: When the picture was taken.
    """

    picture: str
    begin: float
    end: float


class FilmNotes(Noun):
    """What is where in a film.

    Attributes:
        seconds: How long it is.
        recorded_s: How long the recording took.
        longest_still_s: What stood still for longer is shown for this long.
        whole: Whether it goes to the end of the trial; not where it grew too long or too large.
        width: In pixels.
        height: In pixels.
        actions: In order.
    """

    seconds: float
    recorded_s: float
    longest_still_s: float = LONGEST_STILL_S
    whole: bool = True
    width: int = 0
    height: int = 0
    actions: tuple[Cue, ...] = ()


def find_ffmpeg() -> str | None:
    """Path of an ffmpeg: the system's, or that of the extra ``browser``; None without one."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # noqa: PLC0415 - an extra

        return shutil.which("ffmpeg") or str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return shutil.which("ffmpeg")


async def make_film(reel: Reel, folder: Path, size: tuple[int, int]) -> Path | None:
    """Make ``film.webm`` and ``film.json``; None without ffmpeg, without a frame, or if it fails.

    Args:
        reel: What was on the screen.
        folder: Where the film goes.
        size: Width and height of the film, in pixels; odd ones lose one. Frames of another size
            are scaled and stand in the middle.
    """
    ffmpeg, frames = find_ffmpeg(), reel.frames()
    if ffmpeg is None or not frames or not await _even_kinds(ffmpeg, reel.folder, frames):
        return None
    timeline = Timeline(frames)
    last = timeline.begins[-1] + _LAST_S
    listing = _listing(frames, [*timeline.begins, last])
    (reel.folder / "frames.txt").write_text(listing, encoding="utf-8")
    wide, high = (side - side % 2 for side in size)
    drawn = (
        f"scale={wide}:{high}:force_original_aspect_ratio=decrease,setsar=1,"
        f"pad={wide}:{high}:-1:-1:color=#dfe3e8,format=yuv420p"
    )
    target = folder.absolute() / FILM
    told = f"comment=what stood still for longer is shown for {LONGEST_STILL_S:g} seconds"
    done = await _run(
        ffmpeg, "-f", "concat", "-i", "frames.txt", "-an", "-vf", drawn, *_VP8,
        "-metadata", told, "-fflags", "+bitexact", "-fs", str(MOST_BYTES), str(target),
        folder=reel.folder,
    )  # fmt: skip
    if not done or not target.exists():
        return None
    notes = FilmNotes(
        seconds=round(last, 3),
        recorded_s=round(frames[-1].at - frames[0].at, 3),
        width=wide,
        height=high,
        whole=reel.whole and target.stat().st_size < 0.99 * MOST_BYTES,
        actions=tuple(
            Cue(
                picture=look.picture,
                begin=round(timeline.of(look.began), 3),
                end=round(timeline.of(look.ended), 3),
            )
            for look in reel.looks
        ),
    )
    write_atomic(folder / NOTES, notes.model_dump_json(indent=1) + "\n")
    return target


def _listing(frames: list[Frame], begins: list[float]) -> str:
    lines = []
    for frame, begin, end in zip(frames, begins, begins[1:], strict=False):
        if end - begin < _LEAST_S:
            continue
        lines += [f"file '{frame.path.stem}.{_ending(frames)}'", f"duration {end - begin:.3f}"]
    # ffmpeg leaves the last duration out of account unless its file is named once more.
    return "\n".join([*lines, lines[-2]]) + "\n"


def _ending(frames: list[Frame]) -> str:
    """What all frames are: a film is made of pictures of one kind."""
    kinds = {frame.path.suffix for frame in frames}
    return "png" if kinds == {".png"} else "jpg"


async def _even_kinds(ffmpeg: str, folder: Path, frames: list[Frame]) -> bool:
    """Make JPEG of the PNG among JPEG, all in one go."""
    odd = [frame.path for frame in frames if frame.path.suffix == ".png"]
    if _ending(frames) == "png" or not odd:
        return True
    for number, path in enumerate(odd):
        path.rename(folder / f"odd-{number:06}.png")
    names = ("-i", "odd-%06d.png", "-q:v", "3", "-start_number", "0", "odd-%06d.jpg")
    if not await _run(ffmpeg, *names, folder=folder):
        return False
    for number, path in enumerate(odd):
        (folder / f"odd-{number:06}.jpg").rename(path.with_suffix(".jpg"))
    return True


async def _run(ffmpeg: str, *words: str, folder: Path) -> bool:
    process = await asyncio.create_subprocess_exec(
        ffmpeg, "-nostdin", "-y", "-loglevel", "error", *words,
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return await asyncio.wait_for(process.wait(), _PATIENCE_S) == 0
    except (TimeoutError, asyncio.CancelledError) as error:
        process.kill()
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        return False
