"""Messages between the factory and a keeper: a length, JSON, and descriptors beside them.

Descriptors travel as SCM_RIGHTS with the first bytes of their message; a message says how many
it carries, and they are handed out in the order in which they arrived.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]
else:
    Message = dict

_HEADER = struct.Struct("!IB")
_MAX_DESCRIPTORS = 4
LARGEST = 64 * 2**20  # bytes of one message; a request carries argv and environment, no files


def pack(message: Message, descriptors: int = 0) -> bytes:
    """The bytes of a message that ``descriptors`` descriptors accompany."""
    body = json.dumps(message).encode()
    return _HEADER.pack(len(body), descriptors) + body


def send(link: socket.socket, message: Message, descriptors: tuple[int, ...] = ()) -> None:
    """Send one message on a blocking socket."""
    data = pack(message, len(descriptors))
    sent = socket.send_fds(link, [data], list(descriptors)) if descriptors else 0
    # sendall(b"") still calls send: it would fail where the other end was quick and is gone, and
    # tell of a message that arrived whole that it did not.
    if sent < len(data):
        link.sendall(data[sent:])


def receive_some(link: socket.socket) -> tuple[bytes, list[int]]:
    """One ``recvmsg``: bytes (empty at the end) and the descriptors that came with them."""
    numbers = array.array("i")
    space = socket.CMSG_LEN(_MAX_DESCRIPTORS * numbers.itemsize)
    data, ancillary, _, _ = link.recvmsg(65536, space)
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
    for number in numbers:
        os.set_inheritable(number, False)
    return data, list(numbers)


class Inbox:
    """Puts messages back together from what ``receive_some`` yields."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._descriptors: list[int] = []

    def feed(self, data: bytes, descriptors: list[int]) -> list[tuple[Message, list[int]]]:
        """Take in bytes and descriptors; hand out every message now complete.

        Raises:
            ValueError: The other end broke the protocol.
        """
        self._data += data
        self._descriptors += descriptors
        complete = []
        while len(self._data) >= _HEADER.size:
            length, count = _HEADER.unpack_from(self._data)
            if length > LARGEST:
                raise ValueError(f"a message of {length} bytes")
            end = _HEADER.size + length
            if len(self._data) < end:
                break
            message = json.loads(self._data[_HEADER.size : end])
            del self._data[:end]
            mine, self._descriptors = self._descriptors[:count], self._descriptors[count:]
            complete.append((message, mine))
        return complete

    def close(self) -> None:
        """Close descriptors nobody took."""
        while self._descriptors:
            os.close(self._descriptors.pop())
