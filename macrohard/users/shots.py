"""Pictures of a trial as a model is shown them: what the driver left, no larger than useful."""

import io
import math
from pathlib import Path

from macrohard.artwork.check import PictureError, look_at
from macrohard.artwork.drawing import has_pillow
from macrohard.llm.picture import Picture

MOST_PIXELS = 1_200_000
LONGEST_SIDE = 1_568
"""From about here on providers make pictures smaller by themselves (Anthropic: 1,600 tokens)."""


def shot_of(path: Path) -> Picture | None:
    """The picture in a file, made smaller where it is large; None where there is none.

    Without Pillow it goes as it is: providers then make it smaller.
    """
    try:
        data = path.read_bytes()
        size = look_at(data)
    except (OSError, PictureError):
        return None
    if size.media != "image/png":
        return None
    found = Picture.of(data, "image/png", (size.width, size.height), path.name)
    return _smaller(found) if has_pillow() else found


def _smaller(picture: Picture) -> Picture:
    by = min(
        math.sqrt(MOST_PIXELS / (picture.width * picture.height)),
        LONGEST_SIDE / max(picture.width, picture.height),
    )
    if by >= 1:
        return picture
    from PIL import Image  # noqa: PLC0415 - an extra

    size = max(1, int(picture.width * by)), max(1, int(picture.height * by))
    kept = io.BytesIO()
    with Image.open(io.BytesIO(picture.data)) as whole:
        whole.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(kept, "PNG")
    return Picture.of(kept.getvalue(), "image/png", size, picture.name)
