"""Where a user's Chromium runs: inside the box of the application, or beside it.

Both are a Playwright server, which is told nothing but to start a browser, and is spoken to over
one connection with an address that nobody can guess. Inside the box it belongs to another user
than the application, sees its loopback and no other network, and is reached through the box.
"""

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Sandbox, Terminal
from macrohard.users.web.browser_server import PROGRAMS
from macrohard.users.web.served import Server

_PACKAGES = ("playwright", "axe_playwright_python")
_START_S = 60.0
"""How long a browser may take to start on a machine that is far too busy, in seconds."""
_END_S = 10.0
_NO_DATAGRAMS = "--force-webrtc-ip-handling-policy=disable_non_proxied_udp"
"""A flag for Chromium: what WebRTC sends by UDP asks no resolver, and would reach any address."""
_ADDRESS = re.compile(r"ws://127\.0\.0\.1:(\d+)/(\w+)")


@runtime_checkable
class HasDriver(Protocol):
    """A box in which somebody beside the application can run things, out of its reach."""

    async def terminal_beside(self, argv: list[str]) -> Terminal:
        """Start a program as the driver."""
        ...

    def endpoint_beside(self, port: int) -> str:
        """Base URL of a server of the driver."""
        ...


class Browser(Protocol):
    """A browser that can be started, and how it sees the application."""

    def start(self, served: Server) -> contextlib.AbstractAsyncContextManager[str]:
        """Start it, and where Playwright connects to it; leaving the context ends it.

        Args:
            served: The only server that it is to reach.

        Raises:
            SandboxError: It does not start; says what it printed.
        """
        ...

    def base(self, served: Server) -> str:
        """Where it finds the application."""
        ...


class Inside:
    """A browser inside the box.

    Args:
        box: Made from the profile ``web``.
    """

    def __init__(self, box: HasDriver) -> None:
        self._box = box

    @asynccontextmanager
    async def start(self, served: Server) -> AsyncIterator[str]:
        """Start it as the box's driver; the box has no network."""
        del served
        terminal = await self._box.terminal_beside(["python3", "-c", _script()])
        try:
            port, secret = await _await_address(terminal)
            base = self._box.endpoint_beside(port).replace("http:", "ws:", 1)
            yield f"{base}/{secret}"
        finally:
            await terminal.close()

    def base(self, served: Server) -> str:
        """On the loopback that they share."""
        return served.inside


class Beside:
    """A browser on this machine, beside the box."""

    @asynccontextmanager
    async def start(self, served: Server) -> AsyncIterator[str]:
        """Start it as this user, so that it reaches one server, and finds no other.

        Playwright asks before a request, but not before what a redirect leads to.
        """
        with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as own:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _script(), _alone(served.base), _NO_DATAGRAMS,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "TMPDIR": own},
            )  # fmt: skip
            try:
                port, secret = await _await_address(_Pipe(process))
                yield f"ws://127.0.0.1:{port}/{secret}"
            finally:
                await _end(process)

    def base(self, served: Server) -> str:
        """Through the port that the box relays."""
        return served.base


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a server with all it started: asked to, it ends its browser itself."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.communicate(), _END_S)
            return


def _alone(base: str) -> str:
    """A flag for Chromium: every name but that of one server, with its port, leads nowhere."""
    split = urlsplit(base)
    port = split.port or {"http": 80, "https": 443}[split.scheme]
    host = f"[{split.hostname}]" if ":" in (split.hostname or "") else split.hostname
    return f"--host-resolver-rules=MAP {host}:{port} {host}:{port}, MAP * ~NOTFOUND"


class _Pipe:
    """What a process prints, read as a terminal is."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def read(self, timeout_s: float) -> bytes:
        if self._process.stdout is None:
            return b""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._process.stdout.read(65536), timeout_s)
        return b""


def _script() -> str:
    return resources.files("macrohard.users.web").joinpath("browser_server.py").read_text("utf-8")


async def _await_address(terminal: Terminal | _Pipe) -> tuple[int, str]:
    said = ""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        said += (await terminal.read(0.2)).decode("utf-8", "replace")
        if found := _ADDRESS.search(said):
            return int(found[1]), found[2]
        if not terminal.alive:
            break
    raise SandboxError(f"the browser of a simulated user does not start: {said.strip()[-500:]}")


async def find_inside(box: Sandbox) -> Inside | None:
    """The browser of a box; None where it has none, or nobody beside the application to run it."""
    if not isinstance(box, HasDriver):
        return None
    has = await box.exec(["sh", "-c", f"command -v {PROGRAMS[0]}"], timeout_s=30)
    return Inside(box) if has.returncode == 0 else None


def find_browser() -> str | None:
    """Path of a Chromium that can be driven here; None where it, or Playwright, is missing."""
    return None if missing_for_browser() else program()


def missing_packages() -> tuple[str, ...]:
    """What driving any browser lacks here, with the command that gets it; nothing if all is."""
    if all(importlib.util.find_spec(name) is not None for name in _PACKAGES):
        return ()
    return ("Playwright is missing (get it in macrohard's checkout: pip install -e '.[browser]')",)


def missing_for_browser() -> tuple[str, ...]:
    """What driving a browser beside the box lacks here, each with the command that gets it."""
    if program() is not None:
        return missing_packages()
    return (
        *missing_packages(),
        "no Chromium is on the path (on Debian: apt-get install chromium-headless-shell)",
    )


def program() -> str | None:
    """Path of a Chromium on this machine."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def needed_browser(*, in_box: bool = False) -> Beside:
    """The browser beside a box.

    Args:
        in_box: Whether boxes have one, so that nothing but Playwright is needed here.

    Raises:
        SandboxError: There is none, or no Playwright; says which, and what to do.
    """
    if missing := missing_packages() if in_box else missing_for_browser():
        raise SandboxError(
            f"--browser cannot drive a browser here: {'; '.join(missing)}. "
            "Or build without --browser."
        )
    return Beside()
