"""The pipes of a command: fed and drained while it runs."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, Self

from macrohard.sandbox.inbox.capture import Capture

_CHUNK = 65536
_FREE_FLOW = 16 * 2**20  # bytes; past them a flood is read at _PAUSE_S a chunk, about 30 MB/s
_PAUSE_S = 0.002


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
