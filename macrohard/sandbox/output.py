"""What a command writes, kept within bounds: the beginning and the end of it."""

import asyncio
import os
from collections import deque

_CHUNK = 65536
_FREE_FLOW = 16 * 2**20  # bytes; past them a flood is read at _PAUSE_S a chunk, about 30 MB/s
_PAUSE_S = 0.002


class Capture:
    """Head and tail of a stream of bytes.

    Args:
        cap: Most bytes kept.
    """

    def __init__(self, cap: int) -> None:
        self._cap = max(2, cap)
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        self.total += len(data)
        room = self._cap // 2 - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail.append(data)
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0]) >= self._cap - self._cap // 2:
                self._tail_size -= len(self._tail.popleft())

    @property
    def truncated(self) -> bool:
        """Whether bytes were dropped."""
        return self.total > self._cap

    def text(self) -> str:
        """What was kept, decoded; a line in the middle says how much is missing."""
        tail = b"".join(self._tail)
        if not self.truncated:
            return (bytes(self._head) + tail).decode("utf-8", errors="replace")
        tail = tail[-(self._cap - self._cap // 2) :]
        missing = self.total - len(self._head) - len(tail)
        head_text = self._head.decode("utf-8", errors="replace")
        tail_text = tail.decode("utf-8", errors="replace")
        return f"{head_text}\n[... {missing} bytes left out ...]\n{tail_text}"


async def wait_readable(descriptor: int) -> None:
    """Return when a non-blocking descriptor can be read."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


async def _wait_writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(descriptor)


async def drain(descriptor: int, capture: Capture) -> None:
    """Read a pipe to its end into a capture.

    A flood is read slowly, so that it holds up its writer and not the factory.
    """
    while True:
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            await wait_readable(descriptor)
            continue
        if not data:
            return
        capture.feed(data)
        await asyncio.sleep(_PAUSE_S if capture.total > _FREE_FLOW else 0)


async def pour(descriptor: int, data: bytes) -> None:
    """Write to a pipe and close it; a reader that goes away ends it early."""
    view = memoryview(data)
    try:
        while view:
            try:
                view = view[os.write(descriptor, view[:_CHUNK]) :]
            except BlockingIOError:
                await _wait_writable(descriptor)
    except BrokenPipeError:
        pass  # the command did not want all of it
    finally:
        os.close(descriptor)
