"""What a command writes, kept within bounds: the beginning and the end of it."""

import asyncio
import os
from collections import deque
from collections.abc import Coroutine
from typing import Any, Self

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


class End:
    """One end of a pipe, closed once however often it is closed."""

    def __init__(self, number: int) -> None:
        self.number = number

    def close(self) -> None:
        """Close it, unless it is."""
        if self.number >= 0:
            os.close(self.number)
            self.number = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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


async def pour(end: End, data: bytes) -> None:
    """Write to a pipe and close it; a reader that goes away ends it early."""
    view = memoryview(data)
    with end:
        while view:
            try:
                view = view[os.write(end.number, view[:_CHUNK]) :]
            except BlockingIOError:
                await _wait_writable(end.number)
            except BrokenPipeError:
                return  # the command did not want all of it


class Streams:
    """The three standard streams of one command, fed and drained while it runs.

    Args:
        stdin: What it reads.
        cap: Most bytes kept of each of output and error.

    Attributes:
        stdout: What it wrote so far.
        stderr: Likewise.
    """

    def __init__(self, stdin: bytes, cap: int) -> None:
        self.stdout = Capture(cap)
        self.stderr = Capture(cap)
        out, out_theirs = _pipe()
        err, err_theirs = _pipe()
        self._ours = [out, err]
        work: list[Coroutine[Any, Any, None]] = []
        if stdin:
            in_theirs, own_in = _pipe()
            self._ours.append(own_in)
            work.append(pour(own_in, stdin))
        else:
            in_theirs = End(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        self._theirs = (in_theirs, out_theirs, err_theirs)
        for end in self._ours:
            os.set_blocking(end.number, False)
        loop = asyncio.get_running_loop()
        self._reading = [
            loop.create_task(drain(out.number, self.stdout)),
            loop.create_task(drain(err.number, self.stderr)),
        ]
        self._writing = [loop.create_task(step) for step in work]

    @property
    def theirs(self) -> tuple[int, ...]:
        """Descriptors of the command's ends: input, output, error."""
        return tuple(end.number for end in self._theirs)

    def hand_over(self) -> None:
        """The command has its ends now; let go of our copies."""
        for end in self._theirs:
            end.close()

    async def finish(self, patience_s: float) -> None:
        """Wait for the rest of the output of a command that is dead."""
        await asyncio.wait(self._reading, timeout=patience_s)

    async def close(self) -> None:
        """Stop feeding and draining; close everything."""
        tasks = [*self._reading, *self._writing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in (*self._theirs, *self._ours):
            end.close()


def _pipe() -> tuple[End, End]:
    reading, writing = os.pipe()
    return End(reading), End(writing)
