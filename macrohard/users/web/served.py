"""An application's server, as users reach it: inside a box, started for one trial, or elsewhere."""

import asyncio
import re
import time
import zlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Sandbox, Terminal
from macrohard.users.base import APP_FOLDER
from macrohard.users.web.wire import NoAnswerError, fetch

START_S = 20.0
"""How long a server may take until it answers, in seconds."""
_POLL_S = 0.05
_KEPT = 20_000
"""Characters kept of what a server prints."""
_HERE = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class ServerError(Exception):
    """The application's server did not start; says what it printed."""


class Server(Protocol):
    """What users of pages and of an API need of an application's server."""

    @property
    def base(self) -> str:
        """Where it is reached from here: scheme, host and port."""
        ...

    @property
    def inside(self) -> str:
        """Where it is reached from the machine or the box that it runs in."""
        ...

    async def restart(self) -> bool:
        """End it and start it again; whether that could be done.

        Raises:
            ServerError: It did not start again.
        """
        ...

    async def printed(self) -> str:
        """What it has printed since this was asked last, as far as that can be seen."""
        ...


def belongs(netloc: str, server: Server) -> bool:
    """Whether an address is one of the application's own: it names its host and port, or none."""
    own = (urlsplit(base).netloc for base in (server.base, server.inside))
    return not netloc or _plain(netloc) in {_plain(each) for each in own}


def _plain(netloc: str) -> str:
    """A host and its port; what means this machine, in one word."""
    host, colon, port = netloc.lower().rpartition(":")
    if not colon or not port.isdigit():
        host, port = netloc.lower(), ""
    return f"{'localhost' if host in _HERE else host}:{port}"


class Served:
    """Runs a server in a box. Use as an async context manager.

    Args:
        box: Where it runs.
        command: Argument list that starts it; ``{port}`` stands for the port.
        label: Names the trial; boxes that share a network get ports of their own by it.
        folder: Where it runs, relative to the workspace.
        env: Variables it needs besides those of the box.
    """

    def __init__(
        self,
        box: Sandbox,
        command: Sequence[str],
        *,
        label: str,
        folder: str = APP_FOLDER,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._box = box
        self._port = 20_000 + zlib.crc32(label.encode()) % 10_000
        self._command = [word.replace("{port}", str(self._port)) for word in command]
        self._folder = folder
        self._env = dict(env or {})
        self._terminal: Terminal | None = None
        self._printed = ""
        self._told = 0

    @property
    def base(self) -> str:
        """Where it is reached from outside the box."""
        return self._box.endpoint(self._port)

    @property
    def inside(self) -> str:
        """Where it is reached from inside the box."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            ServerError: It ended, or did not answer in time.
            SandboxError: The box failed.
        """
        self._terminal = await self._box.terminal(
            list(self._command), rows=50, columns=400, cwd=self._folder, env=self._env
        )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            await self._listen(_POLL_S)
            try:
                await fetch(self.base, "GET", "/", headers={}, patience_s=5)
            except NoAnswerError:
                if not self._terminal.alive:
                    break
                continue
            return
        raise ServerError(f"the server did not answer; it printed:\n{self._printed.strip()}")

    async def stop(self) -> None:
        """End it."""
        if self._terminal is not None:
            terminal, self._terminal = self._terminal, None
            await terminal.send(b"\x03")
            for _ in range(20):
                if not terminal.alive:
                    break
                await asyncio.sleep(_POLL_S)
            await terminal.close()

    async def restart(self) -> bool:
        """End it and start it again, as when the machine was switched off overnight."""
        await self.stop()
        await self.start()
        return True

    async def printed(self) -> str:
        """What it has printed since this was asked last; a traceback among it is a crash."""
        await self._listen(0.0)
        text = self._printed[self._told :]
        self._told = len(self._printed)
        return text

    async def _listen(self, timeout_s: float) -> None:
        if self._terminal is None:
            return
        wait = timeout_s
        while data := await self._read(wait):
            wait = 0.0
            text = _ESCAPES.sub("", data.decode("utf-8", "replace"))
            self._printed = self._printed + text if len(self._printed) < _KEPT else self._printed

    async def _read(self, timeout_s: float) -> bytes:
        try:
            return await self._terminal.read(timeout_s) if self._terminal else b""
        except SandboxError:
            return b""
