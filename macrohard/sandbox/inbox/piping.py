"""The three standard streams of one command, fed and drained by the agent beside it."""

from __future__ import annotations

import os
import time

from .capture import Capture

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from typing import Any

_CHUNK = 65536
_FREE_FLOW = 16 * 2**20  # bytes; past them a flood is read at _PAUSE_S a chunk, about 30 MB/s
_PAUSE_S = 0.002


class Piping:
    """Input, output and error of a command.

    Args:
        stdin: What it reads.
        cap: Most bytes kept of each of output and error.

    Attributes:
        theirs: Descriptors of the command's ends: input, output, error.
        report: What the runner said in the end, once it did.
    """

    def __init__(self, stdin: bytes, cap: int) -> None:
        self.report: dict[str, Any] | None = None
        self.out, self.err = Capture(cap), Capture(cap)
        out, out_theirs = os.pipe()
        err, err_theirs = os.pipe()
        self._reading = {out: self.out, err: self.err}
        self._resting_until = 0.0
        self._stdin = memoryview(stdin)
        self._feeding = -1
        if stdin:
            in_theirs, self._feeding = os.pipe()
        else:
            in_theirs = os.open(os.devnull, os.O_RDONLY)
        self.theirs = [in_theirs, out_theirs, err_theirs]
        for descriptor in (out, err, *([self._feeding] if stdin else [])):
            os.set_blocking(descriptor, False)

    def hand_over(self) -> None:
        """The command has its ends now; let go of our copies."""
        for descriptor in self.theirs:
            os.close(descriptor)

    def readable(self) -> list[int]:
        """Descriptors worth waiting for; none while a flood is held up."""
        return [] if self.resting else list(self._reading)

    @property
    def resting(self) -> bool:
        """Whether a flood is being held up."""
        return self._resting_until > time.monotonic()

    def writable(self) -> list[int]:
        """The end to feed, while there is something left to feed."""
        return [self._feeding] if self._feeding >= 0 else []

    def read(self, descriptor: int) -> bool:
        """Take in what arrived on one stream; False when there was nothing."""
        capture = self._reading[descriptor]
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            os.close(descriptor)
            del self._reading[descriptor]
            return False
        capture.feed(data)
        if capture.total > _FREE_FLOW:
            self._resting_until = time.monotonic() + _PAUSE_S
        return True

    def feed(self) -> None:
        """Give the command more of its input."""
        try:
            self._stdin = self._stdin[os.write(self._feeding, self._stdin[:_CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._stdin = memoryview(b"")  # the command did not want all of it
        if not self._stdin:
            os.close(self._feeding)
            self._feeding = -1

    def finish(self) -> None:
        """Read what is left of a command that is dead, and close everything."""
        for descriptor in tuple(self._reading):
            while self.read(descriptor):
                pass
        self.close()

    def close(self) -> None:
        """Close what is still open."""
        for descriptor in self._reading:
            os.close(descriptor)
        self._reading.clear()
        if self._feeding >= 0:
            os.close(self._feeding)
            self._feeding = -1
