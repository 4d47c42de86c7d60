"""Where letters stand in a picture of a screen, and where the frames of fields and buttons are.

Programs draw letters dark on light or light on dark, so that along a row of pixels the colour
changes every few pixels; lines change it once, and for many rows on end. Pieces of text are
therefore found by the changes alone, whatever the toolkit, and each piece is cut out and made into
black on white of a size at which it can be read. The same picture gives the same pieces.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_CHANGE = 24
"""Levels of 255 by which neighbours differ where something is drawn."""
_TALL, _CARET = 14, 13
"""Pixels; what changes over so many rows on end is a line, and a caret where the next column does,
too, over the very same rows. Letters of 10 points are less high at 96 dots an inch."""
_DOTS = 5
_UPRIGHT = re.compile(rb"\xff{%d,}|(?:\xff\x00){%d,}" % (_CARET, _DOTS))
"""A line down a column, drawn through or dotted: what has the keyboard is framed with dots."""
_DOTTED = re.compile(rb"\xff{%d,}" % _TALL)
"""The same along a row, where only dots change from pixel to pixel."""
_SPACE = 9
"""Pixels between two words of one piece of text; the space after a full stop has nine."""
_RELIEF = 2
_WIDEST_CARET = 3
_LEAST, _MOST = 5, 60
"""Heights of pieces in pixels: less are dots and underlines, more is a drawing."""
_DOT = 4
_NEAR = 3
_TWO_LINES, _LINE = 20, 9
"""Pixels: less high is no two lines of text, and no line is less high than the second."""
_VALLEY = 4
"""A row between two lines has at most a quarter of the changes of the fullest row of each."""
_ZOOM = 3
_MARGIN = 12


@dataclass(frozen=True, order=True)
class Box:
    """A rectangle of the screen; ``right`` and ``bottom`` are just outside."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def centre(self) -> tuple[int, int]:
        """The pixel in the middle, as x and y."""
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    def holds(self, other: "Box") -> bool:
        """Whether the middle of another lies inside."""
        x, y = other.centre
        return self.left <= x < self.right and self.top <= y < self.bottom

    def joined(self, other: "Box") -> "Box":
        """The smallest that holds both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


@dataclass(frozen=True)
class Lettering:
    """What was found in a picture.

    Attributes:
        pieces: Pieces of text, from top to bottom and from left to right.
        frames: What two lines of one height stand left and right of: fields, buttons, panels.
    """

    pieces: tuple[Box, ...]
    frames: tuple[Box, ...]


def find_lettering(picture: "Image") -> Lettering:
    """Find text and frames.

    Args:
        picture: Of a screen, in RGB.
    """
    from PIL import Image, ImageChops  # noqa: PLC0415 - an extra

    grey = picture.convert("L")
    changes = ImageChops.difference(grey, ImageChops.offset(grey, 1, 0)).point(
        lambda level: 255 if level > _CHANGE else 0
    )
    width, height = grey.size
    columns = changes.transpose(Image.Transpose.TRANSPOSE).tobytes()
    pixels = bytearray(changes.tobytes())
    lines = _lines(
        [
            Box(found.start(), x, found.end(), x + 1)
            for x in range(width)
            for found in _UPRIGHT.finditer(columns[x * height : (x + 1) * height])
        ]
    )
    for line in lines:
        for y in range(line.top, line.bottom):
            pixels[y * width + line.left] = 1  # ends a piece of text: no change, no blank
    rows = [
        _DOTTED.sub(lambda dots: bytes(len(dots[0])), pixels[y * width : (y + 1) * width])
        for y in range(height)
    ]
    blobs = [line for blob in _blobs(rows) for line in _lines_of(blob, rows)]
    pieces = [_without_caret(grey, piece, lines) for piece in _whole(blobs)]
    return Lettering(tuple(sorted(pieces)), tuple(_frames(lines)))


def cut_out(picture: "Image", piece: Box) -> "Image":
    """A piece of text in black on white, large enough to be read."""
    from PIL import Image, ImageChops, ImageOps  # noqa: PLC0415 - an extra

    cut = picture.crop((piece.left, piece.top, piece.right, piece.bottom))
    colours: list[tuple[int, tuple[int, ...]]] = cut.getcolors(1 << 20)  # type: ignore[assignment]
    ground = Image.new("RGB", cut.size, max(colours)[1])
    bands = ImageChops.difference(cut, ground).split()
    ink = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    black = ImageOps.invert(ImageOps.autocontrast(ink))
    size = (black.width * _ZOOM, black.height * _ZOOM)
    return ImageOps.expand(black.resize(size, Image.Resampling.BICUBIC), _MARGIN, 255)


def _lines(upright: list[Box]) -> list[Box]:
    """Those of some upright runs of changes that are no stems of letters."""
    known = set(upright)

    def is_thin(line: Box) -> bool:
        beside = (Box(line.top, x, line.bottom, x + 1) for x in (line.left - 1, line.right))
        return any(other in known for other in beside)

    return [line for line in upright if line.height >= _TALL or is_thin(line)]


def _blobs(rows: Iterable[bytes | bytearray]) -> list[Box]:
    """Boxes around runs of changes that touch from row to row."""
    run = re.compile(rb"\xff(?:\x00{0,%d}\xff)*" % _SPACE)
    boxes: list[Box] = []
    parent: list[int] = []

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    above: list[tuple[int, int, int]] = []
    for y, row in enumerate(rows):
        here = []
        for found in run.finditer(row):
            left, right = found.span()
            at = len(boxes)
            boxes.append(Box(y, left, y + 1, right))
            parent.append(at)
            for start, end, other in above:
                if start < right and left < end:
                    parent[root(at)] = root(other)
            here.append((left, right, at))
        above = here
    whole: dict[int, Box] = {}
    for at, box in enumerate(boxes):
        top = root(at)
        whole[top] = whole[top].joined(box) if top in whole else box
    return list(whole.values())


def _lines_of(blob: Box, rows: Sequence[bytes | bytearray]) -> Iterator[Box]:
    """The lines of text that a blob is made of: a tail that hangs into the next line joins two."""
    changes = [rows[y].count(255, blob.left, blob.right) for y in range(blob.top, blob.bottom)]
    valley = None
    if _TWO_LINES <= blob.height <= _MOST:
        between = range(_LINE, blob.height - _LINE + 1)
        valley = min(between, key=lambda at: (changes[at], at), default=None)
    if valley is None or changes[valley] * _VALLEY > min(
        max(changes[:valley]), max(changes[valley:])
    ):
        yield blob
        return
    for top, bottom in ((blob.top, blob.top + valley), (blob.top + valley, blob.bottom)):
        drawn = [rows[y][blob.left : blob.right] for y in range(top, bottom)]
        left = min(at for row in drawn if (at := row.find(255)) >= 0)
        right = max(row.rfind(255) for row in drawn) + 1
        yield from _lines_of(Box(top, blob.left + left, bottom, blob.left + right), rows)


def _whole(blobs: list[Box]) -> Iterator[Box]:
    """Pieces with the dots and underlines of their letters."""
    small = [blob for blob in blobs if blob.height <= _DOT]
    for blob in blobs:
        if blob.height <= _DOT or blob.height > _MOST:
            continue
        piece = blob
        for dot in small:
            beside = dot.left < blob.right + 2 and blob.left - 2 < dot.right
            near = dot.top - _NEAR <= blob.bottom and blob.top - _NEAR <= dot.bottom
            if beside and near and dot.width <= blob.width:
                piece = piece.joined(dot)
        if piece.height >= _LEAST and piece.width > 1:
            yield piece


def _without_caret(grey: "Image", piece: Box, lines: list[Box]) -> Box:
    """A piece without the caret that touches its last letter: upright pixels of one level."""
    right = piece.right
    for line in lines:
        near = right <= line.left < right + _WIDEST_CARET
        if near and line.top <= piece.centre[1] < line.bottom:
            while right > piece.left + 1 and right > piece.right - _WIDEST_CARET:
                column = grey.crop((right - 1, line.top, right, line.bottom)).getextrema()
                if column[0] != column[1]:
                    break
                right -= 1
    return Box(piece.top, piece.left, piece.bottom, right)


def _frames(lines: list[Box]) -> Iterator[Box]:
    """Rectangles between neighbouring lines of one height; in relief the two differ a little."""
    for at, line in enumerate(lines):
        for other in lines[at + 1 :]:
            level = (
                abs(other.top - line.top) <= _RELIEF and abs(other.bottom - line.bottom) <= _RELIEF
            )
            if level and other.left - line.left >= _TALL:
                yield Box(line.top, line.left, line.bottom, other.left)
                break
