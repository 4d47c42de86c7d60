"""A program on a pseudo-terminal inside a box, seen from the factory."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any

_CHUNK = 65536
_END_PATIENCE_S = 5.0
_TYPING_PATIENCE_S = 1.0  # a program that has not read 4 KB of typing by then is not reading


class PtyTerminal:
    """Implements :class:`~macrohard.sandbox.base.Terminal` over the master side of a pty.

    Args:
        master: Descriptor of it, or of a socket that leads to it; owned from here on.
        ended: Becomes the runner's report.
        kill: Ends the program and its descendants.
        resize: Gives the terminal other rows and columns.
    """

    def __init__(
        self,
        master: int,
        ended: asyncio.Future[Any],
        *,
        kill: Callable[[], None],
        resize: Callable[[int, int], None],
    ) -> None:
        os.set_blocking(master, False)
        self._master = master
        self._ended = ended
        self._kill = kill
        self._resize = resize
        self._over = False
        self._stirred = asyncio.Event()

    async def send(self, data: bytes) -> None:
        """Type bytes; what the program has no room for within a second is dropped."""
        view = memoryview(data)
        deadline = asyncio.get_running_loop().time() + _TYPING_PATIENCE_S
        while view and not self._over:
            try:
                view = view[os.write(self._master, view[:1024]) :]
            except BlockingIOError:
                # The line buffer is full; it drains when the program reads.
                if asyncio.get_running_loop().time() > deadline:
                    return
                await asyncio.sleep(0.005)
            except OSError:
                return  # the program has gone; read() and alive say so

    async def read(self, timeout_s: float) -> bytes:
        """Bytes that arrived; empty when none did in time or after the end."""
        await asyncio.sleep(0)  # a caller that reads in a loop must not starve everybody else
        if self._over:
            return b""
        try:
            data = os.read(self._master, _CHUNK)
        except BlockingIOError:
            return await self._read_later(timeout_s)
        except OSError:
            data = b""  # EIO, what the end of a file is to a terminal
        if not data:
            # Nobody has this terminal open any more; the program is about to be over.
            await asyncio.wait((self._ended,), timeout=timeout_s)
        return data

    async def _read_later(self, timeout_s: float) -> bytes:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._readable()
        try:
            return b"" if self._over else os.read(self._master, _CHUNK)
        except OSError:
            return b""

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._master, self._stirred.set)
        try:
            await self._stirred.wait()
        finally:
            self._stirred.clear()
            if not self._over:  # else the number may belong to somebody else by now
                loop.remove_reader(self._master)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window size; the program gets SIGWINCH."""
        if not self._over:
            self._resize(rows, columns)

    @property
    def open(self) -> bool:
        """Whether its descriptor is still ours to close."""
        return not self._over

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return not self._over and not self._ended.done()

    async def close(self) -> int | None:
        """End the program and everything it started; its exit status when it had one."""
        ended_itself = self._ended.done()
        if not self._over:
            if not ended_itself:
                self._kill()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(asyncio.shield(self._ended), _END_PATIENCE_S)
            self.let_go()
        if not ended_itself or self._ended.cancelled() or self._ended.exception():
            return None
        message, _ = self._ended.result()
        returncode = message.get("returncode")
        return int(returncode) if returncode is not None else None

    def let_go(self) -> None:
        """Close the descriptor; the box that held the program is gone or the program is."""
        if not self._over:
            self._over = True
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._stirred.set()
