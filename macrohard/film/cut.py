"""From a cut list to a film: title, pieces with captions below, an end; then ffmpeg."""

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from macrohard.artwork.drawing import badge, captioned, fitted, has_pillow
from macrohard.artwork.motifs import motif_for
from macrohard.artwork.palettes import Palette, palette_for
from macrohard.artwork.type import mono_font
from macrohard.errors import UsageError
from macrohard.film.icon import Icon
from macrohard.film.material import Trial
from macrohard.film.moving import FPS, SIZE
from macrohard.film.screens import film
from macrohard.work import CutList, Shot

WIDTH, HEIGHT = 1280, 720
LONGEST_S = 58.0
"""Length of a demo at most."""
ICON_SIDE = 300
_TITLE_S = 3.0
_CODECS = {
    ".mp4": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-movflags", "+faststart"),
    ".webm": ("-c:v", "libvpx-vp9", "-crf", "36", "-b:v", "0", "-deadline", "realtime",
              "-cpu-used", "8"),
}  # fmt: skip
_PATIENCE_S = 600


@dataclass(frozen=True)
class Film:
    """What was made.

    Attributes:
        video: The film.
        poster: A picture to show before it plays.
        captions: What is said, as WebVTT.
        seconds: How long it is.
    """

    video: Path
    poster: Path
    captions: Path
    seconds: float


def missing_for_film() -> tuple[str, ...]:
    """What a film lacks here, each with what gets it; nothing if all is there."""
    missing = []
    if shutil.which("ffmpeg") is None:
        missing.append("ffmpeg (on Debian: apt-get install ffmpeg)")
    if not has_pillow():
        missing.append("Pillow (in macrohard's checkout: pip install -e '.[pictures]')")
    elif mono_font(12) is None:
        missing.append("the font DejaVu Sans Mono (on Debian: apt-get install fonts-dejavu-core)")
    return tuple(missing)


def check_tools(video: Path) -> None:
    """Refuse what cannot be filmed here.

    Raises:
        UsageError: A part is missing, or the ending means nothing; says what to do.
    """
    if video.suffix not in _CODECS:
        raise UsageError(f"{video}: a demo is written as {' or '.join(_CODECS)}; choose one.")
    missing = missing_for_film()
    if missing:
        raise UsageError(f"A demo needs what is not here: {'; '.join(missing)}.")


def make(
    cuts: CutList,
    trials: list[Trial],
    video: Path,
    *,
    started_by: str = "",
    icon: Icon | None = None,
) -> Film:
    """Film a cut list.

    Args:
        cuts: What is shown.
        trials: The recordings of all trials; how many were satisfied is told at the end.
        video: Where the film goes; the poster and the captions go beside it.
        started_by: The command that starts the application, for the last frame.
        icon: The application's own; None for one by the film's title.

    Raises:
        UsageError: ffmpeg failed.
    """
    check_tools(video)
    by_id = {trial.id: trial for trial in trials}
    palette = (icon and icon.palette) or palette_for(cuts.title)
    motif = motif_for("", cuts.title, cuts.subtitle)
    face = icon.picture if icon else badge(motif, palette, ICON_SIDE)
    title = captioned(face, palette, cuts.title, cuts.subtitle, (WIDTH, HEIGHT))
    satisfied = sum(trial.result.satisfied for trial in trials)
    told = f"Satisfied: {satisfied} of {len(trials)} simulated users"
    end = "\n".join(part for part in (told, cuts.ending, started_by) if part)
    with tempfile.TemporaryDirectory(prefix="macrohard-film-") as scratch:
        strip = Strip(Path(scratch))
        strip.add(title, _TITLE_S, f"{cuts.title}. {cuts.subtitle}")
        for shot in cuts.shots:
            for frame in film(by_id[shot.trial], shot.step):
                strip.add(_under(frame.picture, shot.caption, palette), frame.seconds, shot)
        card = captioned(face, palette, cuts.title, end, (WIDTH, HEIGHT))
        strip.add(card, _TITLE_S, end.replace("\n", ". "))
        strip.press(LONGEST_S)
        poster, captions = video.with_suffix(".png"), video.with_suffix(".vtt")
        video.parent.mkdir(parents=True, exist_ok=True)
        _encode(strip, video)
        title.quantize(64).save(poster, optimize=True)
        captions.write_text(vtt(strip.said()), encoding="utf-8")
        return Film(video, poster, captions, round(strip.seconds, 2))


class Strip:
    """The frames of a demo, on disk, each picture once.

    Args:
        folder: Where the pictures go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[Row] = []

    def add(self, picture: Any, seconds: float, saying: str | Shot) -> None:
        """Show a picture while something is said: a text, or what stands under a shot."""
        path = self.folder / f"{hashlib.sha256(picture.tobytes()).hexdigest()[:24]}.png"
        if not path.exists():
            picture.save(path, compress_level=1)
        self.rows.append(Row(path, seconds, saying))

    def press(self, longest_s: float) -> None:
        """Make it no longer than this, the cards at both ends as they are."""
        cards = self.rows[0].seconds + self.rows[-1].seconds
        factor = (longest_s - cards) / max(self.seconds - cards, 0.001)
        if factor < 1:
            self.rows[1:-1] = [r._replace(seconds=r.seconds * factor) for r in self.rows[1:-1]]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return sum(row.seconds for row in self.rows)

    def said(self) -> list[tuple[float, float, str]]:
        """What is said: from when, until when."""
        found, begin = [], 0.0
        for saying, rows in groupby(self.rows, key=lambda row: row.saying):
            end = begin + sum(row.seconds for row in rows)
            found.append((begin, end, saying.caption if isinstance(saying, Shot) else saying))
            begin = end
        return found


class Row(NamedTuple):
    """A frame of a strip."""

    path: Path
    seconds: float
    saying: str | Shot


def vtt(said: list[tuple[float, float, str]]) -> str:
    """Captions as WebVTT (https://www.w3.org/TR/webvtt1/)."""
    cues = []
    for number, (begin, end, text) in enumerate(said, start=1):
        safe = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
        cues.append(f"{number}\n{_stamp(begin)} --> {_stamp(end)}\n{safe.replace('-->', '→')}\n")
    return "WEBVTT\n\n" + "\n".join(cues)


def _stamp(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole / 1000 % 60:06.3f}"


def _under(picture: Any, caption: str, palette: Palette) -> Any:
    from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra

    frame = Image.new("RGB", (WIDTH, HEIGHT), palette.main)
    frame.paste(picture, (0, 0))
    font, lines = fitted(caption, WIDTH - 120, sizes=(34, 30, 26), lines=2, bold=True)
    drawing = ImageDraw.Draw(frame)
    high = font.size * 1.25
    top = SIZE[1] + (HEIGHT - SIZE[1] - high * len(lines)) / 2
    for number, line in enumerate(lines):
        left = (WIDTH - font.getlength(line)) / 2
        drawing.text((left, top + number * high), line, font=font, fill="#ffffff")
    return frame


def _encode(strip: Strip, video: Path) -> None:
    lines = [f"file '{row.path.name}'\nduration {row.seconds:.4f}" for row in strip.rows]
    # ffmpeg leaves the last duration out of account unless its file is named once more.
    names = strip.folder / "frames.txt"
    names.write_text("\n".join([*lines, f"file '{strip.rows[-1].path.name}'"]) + "\n")
    command = [
        "ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-f", "concat", "-i", str(names),
        "-vf", f"fps={FPS},format=yuv420p", "-map_metadata", "-1", "-fflags", "+bitexact",
        "-threads", "1", *_CODECS[video.suffix], str(video.absolute()),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"ffmpeg took more than {error.timeout:.0f} s.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"ffmpeg could not write {video}: {said[-1] if said else 'no reason'}")
