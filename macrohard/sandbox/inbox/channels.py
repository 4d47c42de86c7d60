"""Terminals and connections of a box, carried over the stream it shares with everything else.

Each has a window: what one end has not taken yet, the other may not add to. A program nobody
listens to is held up as on a real terminal, and holds up nobody else.
"""

from __future__ import annotations

import contextlib
import os
import socket

from . import runner
from .frames import WINDOW

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from collections.abc import Callable

    from .frames import Message

_CHUNK = 65536
_TYPED = 1024  # bytes a terminal takes at once without blocking
_GRANT = WINDOW // 4  # room worth a message


class Channel:
    """One terminal or connection.

    Args:
        number: What both ends call it.
        descriptor: Its end in the box; owned from here on.
        stream: The connection, when it is one, to shut one way.
        send: Sends a message to the other end.
    """

    def __init__(
        self,
        number: int,
        descriptor: int,
        stream: socket.socket | None,
        send: Callable[[Message, bytes], None],
    ) -> None:
        os.set_blocking(descriptor, False)
        self.number = number
        self.descriptor = descriptor
        self._stream = stream
        self._send = send
        self._credit = WINDOW
        self._waiting = bytearray()
        self._taken = 0
        self._hears = True
        self._last_word = False

    @property
    def readable(self) -> bool:
        """Whether what arrives can be passed on."""
        return self._hears and self._credit > 0

    @property
    def writable(self) -> bool:
        """Whether there is something to write."""
        return bool(self._waiting)

    def read(self) -> bool:
        """Pass on what arrived; False when there was nothing."""
        try:
            data = os.read(self.descriptor, min(_CHUNK, self._credit))
        except BlockingIOError:
            return False
        except OSError:
            data = b""  # EIO: nobody has this terminal open any more
        if data:
            self._credit -= len(data)
            self._send({"op": "data", "channel": self.number}, data)
            return True
        self._hears = False
        self._send({"op": "end", "channel": self.number}, b"")
        return False

    def drain(self) -> None:
        """Pass on all there is, as far as the window allows."""
        while self.readable and self.read():
            pass

    def grant(self, size: int) -> None:
        """The other end took so many bytes."""
        self._credit += size

    def take(self, data: bytes) -> None:
        """Bytes from the other end."""
        self._waiting += data

    def end(self) -> None:
        """The other end has nothing more to say."""
        self._last_word = True
        self._shut()

    def write(self) -> None:
        """Write what waits, as far as it goes."""
        size = _CHUNK if self._stream else _TYPED
        try:
            written = os.write(self.descriptor, self._waiting[:size])
        except BlockingIOError:
            return
        except OSError:
            written = len(self._waiting)  # it has gone; reading says so
        del self._waiting[:written]
        self._taken += written
        if self._taken >= _GRANT or not self._waiting:
            message = {"op": "grant", "channel": self.number, "bytes": self._taken}
            self._send(message, b"")
            self._taken = 0
        self._shut()

    def _shut(self) -> None:
        if self._last_word and not self._waiting and self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.shutdown(socket.SHUT_WR)

    def resize(self, rows: int, columns: int) -> None:
        """Give a terminal another size."""
        if self._stream is None:
            runner.set_size(self.descriptor, rows, columns)

    def close(self) -> None:
        """Let go of it."""
        if self._stream is not None:
            self._stream.close()
        else:
            os.close(self.descriptor)
