"""Messages over a plain stream of bytes: two lengths, JSON, and bytes beside it.

The process sandbox passes descriptors instead (:mod:`.wire`); into a container only bytes go.
"""

from __future__ import annotations

import json
import struct

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]
else:
    Message = dict

_HEADER = struct.Struct("!II")
LARGEST = 256 * 2**20
"""Bytes of one message with what is beside it; trees travel in pieces far smaller than that."""

WINDOW = 256 * 2**10
"""Bytes a channel may have under way before the other end has taken them."""

TREE_PIECE = 2**20
"""About how many bytes of a tree travel in one message."""


def pack(message: Message, payload: bytes = b"") -> bytes:
    """The bytes of a message."""
    body = json.dumps(message).encode()
    return _HEADER.pack(len(body), len(payload)) + body + payload


class Frames:
    """Puts messages back together from the pieces in which they arrive."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[tuple[Message, bytes]]:
        """Take in bytes; hand out every message now complete.

        Raises:
            ValueError: The other end broke the protocol.
        """
        self._data += data
        complete = []
        while len(self._data) >= _HEADER.size:
            length, extra = _HEADER.unpack_from(self._data)
            if length + extra > LARGEST:
                raise ValueError(f"a message of {length + extra} bytes")
            end = _HEADER.size + length + extra
            if len(self._data) < end:
                break
            middle = _HEADER.size + length
            message = json.loads(self._data[_HEADER.size : middle])
            if not isinstance(message, dict):
                raise ValueError("a message that is no object")  # noqa: TRY004 - as all others
            payload = bytes(self._data[middle:end])
            del self._data[:end]
            complete.append((message, payload))
        return complete
