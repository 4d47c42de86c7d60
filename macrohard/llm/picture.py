"""Pictures that go with messages: what is told of them, their bytes, and what they cost.

A picture is known by the SHA-256 of its bytes. Those travel in memory alone: no dump holds them, so
that stored calls, journals and hashes carry sixty-four digits instead of a file.
"""

import base64
import hashlib
import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from macrohard.errors import ModelError

Media = Literal["image/png", "image/jpeg", "image/webp"]

_PIXELS_PER_TOKEN = 750
"""Anthropic's rule for what a picture takes; others count 0.4 to 1.2 times that for a screen."""
_TILE = 512
_MOST_A_TILE, _MOST_A_PICTURE = 5_667, 2_833
"""What the model that counts most takes: gpt-4o-mini, by OpenAI's guide to images and vision."""


class Picture(BaseModel):
    """A picture as a model is shown it.

    Attributes:
        media: Its kind, as in ``Content-Type``.
        sha256: Of its bytes, in hex.
        width: In pixels.
        height: Likewise.
        name: What it is called in words, such as the name of its file.
        data: The bytes; empty where only what is told of it was kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    media: Media
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    name: str = ""
    data: bytes = Field(default=b"", exclude=True, repr=False)

    @classmethod
    def of(cls, data: bytes, media: Media, size: tuple[int, int], name: str = "") -> "Picture":
        """The picture of these bytes."""
        width, height = size
        digest = hashlib.sha256(data).hexdigest()
        return cls(media=media, sha256=digest, width=width, height=height, name=name, data=data)

    @property
    def tokens(self) -> int:
        """What it takes of a model's window, about."""
        return math.ceil(self.width * self.height / _PIXELS_PER_TOKEN)

    @property
    def most_tokens(self) -> int:
        """More than it is counted as by any provider that is known."""
        tiles = math.ceil(self.width / _TILE) * math.ceil(self.height / _TILE)
        return _MOST_A_PICTURE + _MOST_A_TILE * tiles

    @property
    def url(self) -> str:
        """A ``data:`` URL with the bytes in it.

        Raises:
            ModelError: The bytes are not here.
        """
        if not self.data:
            raise ModelError(f"The bytes of picture {self.name or self.sha256} are not here.")
        return f"data:{self.media};base64,{base64.b64encode(self.data).decode('ascii')}"
