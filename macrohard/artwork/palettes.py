"""Colours that go together, chosen by an application's name so that each has its own."""

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colours as ``#rrggbb``.

    Attributes:
        main: Behind white lines; at least 4.5 to 1 against white.
        deep: Text on ``pale``.
        pale: A tint to put things on.
    """

    main: str
    deep: str
    pale: str


PALETTES = (
    Palette("#0b57a4", "#0a2f55", "#e4eef9"),
    Palette("#146c43", "#0c3823", "#e2f3ea"),
    Palette("#8a3ffc", "#3b1178", "#f0e8fe"),
    Palette("#b23a0e", "#56200c", "#fdebe3"),
    Palette("#a11258", "#500a2d", "#fbe5ef"),
    Palette("#00657a", "#04333d", "#def2f5"),
    Palette("#7a5200", "#3d2a03", "#f8eedb"),
    Palette("#4a4e9e", "#23254f", "#e9eaf7"),
)


def palette_for(name: str) -> Palette:
    """The palette of a name; the same name has the same one everywhere."""
    return PALETTES[zlib.crc32(name.casefold().encode()) % len(PALETTES)]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
