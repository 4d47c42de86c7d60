"""A box for tests of the terminal driver: a real pseudo-terminal in a folder of the test."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from macrohard.users.terminal import Desk, TerminalDriver


class PtyTerminal:
    """A program on a pseudo-terminal of this machine."""

    def __init__(
        self, argv: list[str], rows: int, columns: int, env: dict[str, str], cwd: Path
    ) -> None:
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)  # noqa: S606 - what a pty child does
        self.resize(rows, columns)
        self._status: int | None = None

    async def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    async def read(self, timeout_s: float) -> bytes:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            await asyncio.wait_for(ready.wait(), timeout_s + 0.001)
            return os.read(self._fd, 65536)
        except (TimeoutError, OSError):
            return b""
        finally:
            loop.remove_reader(self._fd)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def alive(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._status = status
        return self._status is None

    async def close(self) -> int | None:
        if self.alive:
            os.killpg(self._pid, signal.SIGHUP)
            os.kill(self._pid, signal.SIGKILL)
            _, self._status = os.waitpid(self._pid, 0)  # noqa: ASYNC222 - it was just killed
        os.close(self._fd)
        return None


class FolderBox:
    """As much of a Sandbox as a terminal driver needs. Its programs are our own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def terminal(
        self,
        argv: list[str],
        *,
        rows: int = 30,
        columns: int = 100,
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> PtyTerminal:
        clean = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.root),
        }
        return PtyTerminal(argv, rows, columns, {**clean, **(env or {})}, self.root / cwd)


@pytest.fixture
def box(tmp_path: Path) -> FolderBox:
    return FolderBox(tmp_path)


@pytest.fixture
async def terminal(box: FolderBox) -> AsyncIterator[TerminalDriver]:
    async with TerminalDriver(box, desk=Desk(rows=20, columns=60)) as driver:
        yield driver
