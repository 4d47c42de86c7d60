"""Whether the bytes of a picture are one: its kind, its size, and that nothing of it is missing.

The standard library is enough for PNG (every chunk by its checksum, the pixels by unpacking them),
SVG (read as XML) and GIF's and JPEG's ends; where Pillow is there, it decodes bitmaps whole.
"""

import io
import re
import struct
import zlib
from dataclasses import dataclass
from xml.parsers import expat

from macrohard.artwork.drawing import has_pillow

LARGEST = 1_000_000
"""Bytes from which on a picture is too large for a page."""
MOST_PIXELS = 50_000_000
_MOST_UNPACKED = 200_000_000


class PictureError(ValueError):
    """Bytes that are no sound picture; says why."""


@dataclass(frozen=True)
class Seen:
    """A sound picture.

    Attributes:
        media: Its kind, as in ``Content-Type``.
        width: In pixels; 0 where an SVG does not say.
        height: Likewise.
    """

    media: str
    width: int
    height: int


def look_at(data: bytes) -> Seen:
    """Read a picture.

    Raises:
        PictureError: It cannot be decoded, or is no picture at all.
    """
    if not data:
        raise PictureError("it is empty")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        seen = _png(data)
    elif data.startswith(b"\xff\xd8\xff"):
        seen = _ended(data, b"\xff\xd9", Seen("image/jpeg", 0, 0))
    elif data.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack("<HH", data[6:10]) if len(data) > 9 else (0, 0)
        seen = _ended(data, b";", Seen("image/gif", width, height))
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        if len(data) < struct.unpack("<I", data[4:8])[0] + 8:
            raise PictureError("it breaks off before its end")
        seen = Seen("image/webp", 0, 0)
    elif data.startswith(b"\x00\x00\x01\x00"):
        return Seen("image/x-icon", data[6] or 256, data[7] or 256) if len(data) > 22 else _bad()
    else:
        return _svg(data)
    return _decoded(data, seen) if has_pillow() else seen


def _bad() -> Seen:
    raise PictureError("it breaks off before its end")


def _ended(data: bytes, end: bytes, seen: Seen) -> Seen:
    return seen if data.rstrip(b"\x00\r\n").endswith(end) else _bad()


def _png(data: bytes) -> Seen:
    at, pixels, size = 8, bytearray(), (0, 0)
    while at + 12 <= len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body, mark = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if len(mark) < 4 or zlib.crc32(kind + body) != struct.unpack(">I", mark)[0]:
            raise PictureError("its data is damaged (a checksum is wrong)")
        if kind == b"IHDR" and length >= 8:
            size = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            pixels += body
        if kind == b"IEND":
            break
        at += 12 + length
    else:
        _bad()
    if not 0 < size[0] * size[1] <= MOST_PIXELS:
        raise PictureError(f"it is said to be {size[0]} by {size[1]} pixels")
    try:
        unpacker = zlib.decompressobj()
        unpacker.decompress(bytes(pixels), _MOST_UNPACKED)
    except zlib.error as error:
        raise PictureError(f"its pixels cannot be unpacked: {error}") from None
    if not unpacker.eof:
        raise PictureError("its pixels break off before their end")
    return Seen("image/png", *size)


def _decoded(data: bytes, seen: Seen) -> Seen:
    from PIL import Image  # noqa: PLC0415 - an extra

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise PictureError(f"it is {picture.width} by {picture.height} pixels")
            picture.load()
            return Seen(seen.media, picture.width, picture.height)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"it cannot be decoded: {error}") from None


def _svg(data: bytes) -> Seen:
    """Read an SVG; one that declares entities is refused, since these can grow without bound."""
    root: dict[str, str] = {}
    names: list[str] = []

    def begins(name: str, attributes: dict[str, str]) -> None:
        if not names:
            root.update(attributes)
        names.append(name)

    def declares(*_: object) -> None:
        raise PictureError("it declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begins
    parser.EntityDeclHandler = declares
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise PictureError(f"it is no picture, and no SVG: {error}") from None
    if names[0].rpartition(":")[2] != "svg":
        raise PictureError(f"it is no picture but XML with the root {names[0]!r}")
    if len(names) == 1:
        raise PictureError("it is an SVG without anything in it")
    sizes = [_pixels(root.get(side, "")) for side in ("width", "height")]
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if not all(sizes) and len(box) == 4:
        sizes = [_pixels(box[2]), _pixels(box[3])]
    return Seen("image/svg+xml", *sizes)


def _pixels(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})(?:\.\d+)?(?:px)?", text.strip())
    return int(found[1]) if found else 0
