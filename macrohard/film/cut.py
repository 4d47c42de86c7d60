"""From a cut list to a film: title, pieces with captions below, an end; then ffmpeg."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from macrohard.artwork.drawing import badge, captioned, fitted, has_pillow
from macrohard.artwork.motifs import motif_for
from macrohard.artwork.palettes import Palette, palette_for
from macrohard.artwork.type import mono_font
from macrohard.errors import UsageError
from macrohard.film.material import Trial
from macrohard.film.screens import SIZE, Frame, film
from macrohard.work import CutList

WIDTH, HEIGHT = 1280, 720
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
    cuts: CutList, trials: list[Trial], video: Path, *, started_by: str = "", motif: str = ""
) -> Film:
    """Film a cut list.

    Args:
        cuts: What is shown.
        trials: The recordings.
        video: Where the film goes; the poster and the captions go beside it.
        started_by: The command that starts the application, for the last frame.
        motif: What the application's own pictures show; by the film's title where it has none.

    Raises:
        UsageError: ffmpeg failed.
    """
    check_tools(video)
    by_id = {trial.id: trial for trial in trials}
    palette = palette_for(cuts.title)
    title = _card(cuts, palette, motif, cuts.subtitle)
    frames, said = [Frame(title, _TITLE_S)], [(0.0, _TITLE_S, f"{cuts.title}. {cuts.subtitle}")]
    for shot in cuts.shots:
        begin = _length(frames)
        piece = film(by_id[shot.trial], shot.step)
        frames += [Frame(_under(f.picture, shot.caption, palette), f.seconds) for f in piece]
        said.append((begin, _length(frames), shot.caption))
    end = "\n".join(part for part in (cuts.ending, started_by) if part)
    begin = _length(frames)
    frames.append(Frame(_card(cuts, palette, motif, end or cuts.subtitle), _TITLE_S))
    said.append((begin, _length(frames), end.replace("\n", " ") or cuts.title))
    poster, captions = video.with_suffix(".png"), video.with_suffix(".vtt")
    video.parent.mkdir(parents=True, exist_ok=True)
    _encode(frames, video)
    title.quantize(64).save(poster, optimize=True)
    captions.write_text(vtt(said), encoding="utf-8")
    return Film(video, poster, captions, round(_length(frames), 2))


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


def _length(frames: list[Frame]) -> float:
    return sum(frame.seconds for frame in frames)


def _card(cuts: CutList, palette: Palette, motif: str, below: str) -> Any:
    icon = badge(motif_for(motif, cuts.title, cuts.subtitle), palette, 300)
    return captioned(icon, palette, cuts.title, below, (WIDTH, HEIGHT))


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


def _encode(frames: list[Frame], video: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="macrohard-film-") as scratch:
        listing: list[str] = []
        seen: dict[bytes, Path] = {}
        for frame in frames:
            data = frame.picture.tobytes()
            if data not in seen:
                seen[data] = Path(scratch) / f"{len(seen):05}.bmp"
                frame.picture.save(seen[data])
            listing.append(f"file '{seen[data].name}'\nduration {frame.seconds:.4f}")
        # ffmpeg leaves the last duration out of account unless its file is named once more.
        listing.append(f"file '{seen[data].name}'")
        names = Path(scratch) / "frames.txt"
        names.write_text("\n".join(listing) + "\n")
        command = [
            "ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-f", "concat", "-i", str(names),
            "-vf", "fps=12,format=yuv420p", "-map_metadata", "-1", "-fflags", "+bitexact",
            "-threads", "1", *_CODECS[video.suffix], str(video.absolute()),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise UsageError(f"ffmpeg took more than {error.timeout:.0f} s.") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise UsageError(f"ffmpeg could not write {video}: {said[-1] if said else 'no reason'}")
