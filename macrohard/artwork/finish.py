"""Makes small pictures for an application out of what a model of images painted. Needs Pillow."""

import base64
import binascii
import io
from typing import Any

from macrohard.artwork.check import PictureError, look_at
from macrohard.artwork.drawing import CARD_SIZE, captioned
from macrohard.artwork.palettes import Palette
from macrohard.work import Picture

PAINTED_SIDE = {"icon": 128, "empty": 320}
"""Pixels of a side; twice what pages show, for fine screens."""
_COLOURS = 96


def painted(data: Picture) -> bytes:
    """The file of a picture that was handed in.

    Raises:
        PictureError: It is none.
    """
    try:
        found = base64.b64decode(data.data, validate=True)
    except binascii.Error as error:
        raise PictureError(f"it is not base64: {error}") from None
    if look_at(found).media != data.media:
        raise PictureError(f"it is {look_at(found).media}, not {data.media}")
    return found


def shrunk(data: bytes, side: int) -> bytes:
    """A square PNG of few colours; what is not square is cut from its middle."""
    return _small(_square(data, side))


def card_of(data: bytes, palette: Palette, title: str, about: str) -> bytes:
    """A social card with the picture at its left and the words at its right."""
    _, height = CARD_SIZE
    return _small(captioned(_square(data, height - 120), palette, title, about))


def _square(data: bytes, side: int) -> Any:
    from PIL import Image, ImageOps  # noqa: PLC0415 - an extra

    with Image.open(io.BytesIO(data)) as picture:
        whole = picture.convert("RGBA")
    ground = Image.new("RGBA", whole.size, "#ffffff")
    ground.alpha_composite(whole)
    return ImageOps.fit(ground.convert("RGB"), (side, side), Image.Resampling.LANCZOS)


def _small(picture: Any) -> bytes:
    from PIL import Image  # noqa: PLC0415 - an extra

    few = picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
