"""The application's own icon, as it lies among its pictures."""

import io
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from macrohard.artwork.drawing import badge, icon_svg
from macrohard.artwork.motifs import GLYPHS
from macrohard.artwork.palettes import PALETTES, Palette
from macrohard.users.film import find_ffmpeg

_LIST = "pictures.json"
_MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class Icon:
    """An icon.

    Attributes:
        picture: Of Pillow.
        palette: The application's colours; None where the icon does not tell.
    """

    picture: Any
    palette: Palette | None = None


def own_icon(app: Path, side: int) -> Icon | None:
    """The icon that ``static/pictures.json`` names; None without one.

    Args:
        app: Root of the application.
        side: Width and height, in pixels.
    """
    for listed in sorted(app.glob(f"**/static/{_LIST}")):
        try:
            row = json.loads(listed.read_bytes())["icon"]
            name = Path(str(row["file"])).name
            path = listed.parent / name
            data = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if (drawn := _drawn(data, side)) is not None:
            return drawn
        found = _opened(data, side) or _rendered(path, side)
        if found is not None:
            return Icon(found)
    return None


def _drawn(data: bytes, side: int) -> Icon | None:
    """An icon of ours, drawn by the same rule as a bitmap."""
    for palette in PALETTES:
        for motif in GLYPHS:
            if icon_svg(motif, palette).encode() == data:
                return Icon(badge(motif, palette, side), palette)
    return None


def _opened(data: bytes, side: int) -> Any:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - an extra

    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    except (UnidentifiedImageError, OSError, ValueError):
        return None


def _rendered(path: Path, side: int) -> Any:
    """Any other SVG, where ffmpeg can draw it."""
    command = [
        find_ffmpeg() or "ffmpeg", "-nostdin", "-v", "error", "-i", str(path.absolute()),
        "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _opened(done.stdout, side) if done.returncode == 0 else None
