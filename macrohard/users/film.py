"""Makes a film of a trial in a browser: its pictures one after the other, as WebM.

A picture is taken after every action, so the film shows every state the user saw, each long enough
to be read. It is no recording of the screen: what moves between two actions is not in it.
"""

import asyncio
import shutil
from pathlib import Path

_SECONDS = 1.0
"""How long a picture is shown; a trial itself takes a tenth of that for an action."""
_LAST_S = 1.0
_PATIENCE_S = 120.0
FILM = "film.webm"
PICTURES = "%03d.png"
"""How pictures are numbered, from 1."""


def find_ffmpeg() -> str | None:
    """Path of an ffmpeg: the system's, or that of the extra ``browser``; None without one."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # noqa: PLC0415 - an extra

        return shutil.which("ffmpeg") or str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return shutil.which("ffmpeg")


async def make_film(folder: Path, size: tuple[int, int]) -> Path | None:
    """Make ``film.webm`` of pictures; None where there is no ffmpeg, no picture, or it fails.

    Args:
        folder: Where the pictures are, and where the film goes.
        size: Width and height of the film, in pixels; odd ones lose one.
    """
    ffmpeg = find_ffmpeg()
    if ffmpeg is None or not (folder / (PICTURES % 1)).exists():
        return None
    width, height = (side - side % 2 for side in size)
    drawn = f"scale={width}:{height},tpad=stop_mode=clone:stop_duration={_LAST_S},format=yuv420p"
    process = await asyncio.create_subprocess_exec(
        ffmpeg, "-y", "-loglevel", "error", "-framerate", f"{1 / _SECONDS:g}",
        "-i", PICTURES, "-an", "-vf", drawn, "-r", "5",
        "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-threads", "1",
        FILM,
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.wait_for(process.wait(), _PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
    film = folder / FILM
    return film if process.returncode == 0 and film.exists() else None
