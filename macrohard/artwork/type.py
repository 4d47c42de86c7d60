"""Fonts: DejaVu where it is installed, for terminals always; else the one that Pillow carries."""

from functools import cache
from pathlib import Path
from typing import Any

_FOLDERS = (
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu-sans-fonts"),
    Path("/usr/share/fonts/TTF"),
    Path("/Library/Fonts"),
)
"""Where Debian, Fedora, Arch and macOS keep DejaVu."""


def find_font(name: str) -> Path | None:
    """A font file of DejaVu, such as ``DejaVuSansMono``; None where it is not installed."""
    return next((path for d in _FOLDERS if (path := d / f"{name}.ttf").is_file()), None)


@cache
def _loaded(path: Path | None, size: int) -> Any:
    from PIL import ImageFont  # noqa: PLC0415 - an extra

    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


def text_font(size: int, *, bold: bool = False) -> Any:
    """A font for text: DejaVu Sans where it is installed, else what Pillow carries.

    The latter has Latin letters alone and no bold.
    """
    return _loaded(find_font("DejaVuSans-Bold" if bold else "DejaVuSans"), size)


def mono_font(size: int, *, bold: bool = False) -> Any | None:
    """A font for terminals; None where DejaVu Sans Mono is not installed."""
    path = find_font("DejaVuSansMono-Bold" if bold else "DejaVuSansMono")
    return _loaded(path, size) if path else None
