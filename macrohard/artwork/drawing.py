"""Pictures drawn by rule: the same words give the same picture, byte for byte.

SVG needs nothing. The social card has to be a bitmap, since those who show such cards take no SVG:
it needs Pillow (the extra ``pictures``).
"""

import importlib.util
import io
from typing import Any

from macrohard.artwork.motifs import GLYPHS
from macrohard.artwork.palettes import Palette
from macrohard.artwork.shapes import GRID, STROKE, Dot, Frame, Glyph, Ring, Stroke, as_svg
from macrohard.artwork.type import text_font

ICON_SIDE = 64
EMPTY_SIZE = (240, 150)
CARD_SIZE = (1200, 630)
"""What the large networks show whole (https://ogp.me has no figure; 1.91 to 1 is their custom)."""
_FINE = 3
"""Drawn this many times larger and made smaller again, for smooth edges."""


def has_pillow() -> bool:
    """Whether bitmaps can be drawn here."""
    return importlib.util.find_spec("PIL") is not None


def icon_svg(motif: str, palette: Palette) -> str:
    """A square icon: white lines on the main colour."""
    side, inner = ICON_SIDE, 42.0
    at, scale = (side - inner) / 2, inner / GRID
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
        f'viewBox="0 0 {side} {side}"><rect width="{side}" height="{side}" rx="14" '
        f'fill="{palette.main}"/><g transform="translate({at:g} {at:g}) scale({scale:g})">'
        f"{as_svg(GLYPHS[motif], '#ffffff')}</g></svg>\n"
    )


def empty_svg(motif: str, palette: Palette) -> str:
    """An illustration for where nothing is yet: an empty place, and what it waits for."""
    width, height = EMPTY_SIZE
    sparks = "".join(
        f'<path d="M{x} {y - s}v{2 * s}M{x - s} {y}h{2 * s}"/>'
        for x, y, s in ((44, 44, 6), (200, 34, 8), (208, 104, 5), (30, 100, 4))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><rect width="{width}" height="{height}" rx="16" '
        f'fill="{palette.pale}"/><ellipse cx="120" cy="128" rx="62" ry="7" '
        f'fill="{palette.main}" opacity=".18"/>'
        f'<rect x="68" y="20" width="104" height="100" rx="14" fill="#ffffff" '
        f'stroke="{palette.main}" stroke-width="2.5" stroke-dasharray="7 7"/>'
        f'<g stroke="{palette.main}" stroke-width="2.5" stroke-linecap="round" '
        f'opacity=".55">{sparks}</g>'
        '<g transform="translate(84 34) scale(3)">'
        f"{as_svg(GLYPHS[motif], palette.main)}</g></svg>\n"
    )


def card_png(motif: str, palette: Palette, title: str, about: str) -> bytes:
    """A card for links that are shared: icon, title and what it is for. Needs Pillow."""
    from PIL import Image  # noqa: PLC0415 - an extra

    whole = captioned(badge(motif, palette, 300), palette, title, about)
    return _png(whole.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))


def captioned(
    picture: Any, palette: Palette, title: str, about: str, size: tuple[int, int] = CARD_SIZE
) -> Any:
    """A card with a picture at its left, title and purpose at its right. Needs Pillow."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra

    (width, height), strip = size, 18
    card = Image.new("RGB", size, palette.pale)
    card.paste(Image.new("RGB", (width, strip), palette.main), (0, height - strip))
    margin = 60 if picture.width > 400 else 80
    card.paste(picture, (margin, (height - strip - picture.height) // 2))
    drawing = ImageDraw.Draw(card)
    left = margin + picture.width + 60
    room = width - left - 60
    heads = fitted(title, room, sizes=(84, 72, 60, 50), lines=3, bold=True)
    tells = fitted(about, room, sizes=(36, 32), lines=4, bold=False)
    top = (height - strip - _tall(heads) - 24 - _tall(tells)) / 2
    for (font, lines), colour in ((heads, palette.deep), (tells, "#333b45")):
        for text in lines:
            drawing.text((left, top), text, font=font, fill=colour)
            top += font.size * 1.25
        top += 24
    return card


def badge_png(motif: str, palette: Palette, side: int) -> bytes:
    """The icon as a bitmap. Needs Pillow."""
    return _png(badge(motif, palette, side))


def badge(motif: str, palette: Palette, side: int) -> Any:
    """The icon as a picture of Pillow's."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra

    big = side * _FINE
    picture = Image.new("RGB", (big, big), palette.pale)
    drawing = ImageDraw.Draw(picture)
    drawing.rounded_rectangle((0, 0, big - 1, big - 1), big * 14 / ICON_SIDE, fill=palette.main)
    inner = big * 42 / ICON_SIDE
    _draw(drawing, GLYPHS[motif], (big - inner) / 2, inner / GRID, "#ffffff")
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def _draw(drawing: Any, glyph: Glyph, at: float, scale: float, colour: str) -> None:
    """Put shapes on a picture, as :func:`as_svg` would look."""
    wide = STROKE * scale

    def place(x: float, y: float) -> tuple[float, float]:
        return at + x * scale, at + y * scale

    def disc(x: float, y: float, radius: float) -> None:
        drawing.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    for shape in glyph:
        match shape:
            case Stroke(points=points, closed=closed):
                path = [place(*point) for point in points]
                path += path[:1] if closed else []
                drawing.line(path, fill=colour, width=round(wide), joint="curve")
                for x, y in (path[0], path[-1]):
                    disc(x, y, wide / 2)
            case Ring(x=x, y=y, radius=radius):
                (cx, cy), r = place(x, y), radius * scale + wide / 2
                box = (cx - r, cy - r, cx + r, cy + r)
                drawing.ellipse(box, outline=colour, width=round(wide))
            case Dot(x=x, y=y, radius=radius):
                disc(*place(x, y), radius * scale)
            case Frame(x=x, y=y, width=width, height=height, radius=radius):
                left, top = place(x, y)
                box = (
                    left - wide / 2, top - wide / 2,
                    left + width * scale + wide / 2, top + height * scale + wide / 2,
                )  # fmt: skip
                round_ = radius * scale + wide / 2
                drawing.rounded_rectangle(box, round_, outline=colour, width=round(wide))


def fitted(
    text: str, room: int, *, sizes: tuple[int, ...], lines: int, bold: bool
) -> tuple[Any, list[str]]:
    """The largest size in which a text takes no more than some lines; cut short where none.

    Returns:
        The font, and the lines.
    """
    found: list[str] = []
    font = None
    for size in sizes:
        font = text_font(size, bold=bold)
        found = _wrapped(text, font, room)
        if len(found) <= lines:
            return font, found
    found = found[:lines]
    while found[-1] and font.getlength(found[-1] + "…") > room:  # type: ignore[union-attr]
        found[-1] = found[-1][:-1]
    found[-1] = found[-1].rstrip(" ,.;:") + "…"
    return font, found


def _wrapped(text: str, font: Any, room: int) -> list[str]:
    return [line for part in text.split("\n") for line in _paragraph(part, font, room)]


def _paragraph(text: str, font: Any, room: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
        while font.getlength(lines[-1]) > room and len(lines[-1]) > 1:
            fits = next(
                n for n in range(len(lines[-1]) - 1, 0, -1)
                if n == 1 or font.getlength(lines[-1][:n]) <= room
            )  # fmt: skip
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return lines


def _tall(block: tuple[Any, list[str]]) -> float:
    font, lines = block
    return float(len(lines) * font.size * 1.25)


def _png(picture: Any) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    return data.getvalue()
