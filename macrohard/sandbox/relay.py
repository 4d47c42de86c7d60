"""A port on the host's loopback that leads to a server inside a box without a network."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from macrohard.errors import SandboxError

_CHUNK = 65536


class Relay:
    """Listens on a free port of 127.0.0.1 from the moment it is made.

    Any process of this machine can connect to it, as to any server on the loopback.

    Args:
        connect: Opens a connection to the server inside; its near end, a stream socket.

    Attributes:
        url: Where to reach it.
    """

    def __init__(self, connect: Callable[[], Awaitable[socket.socket]]) -> None:
        self._connect = connect
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._accept())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            outside, _ = await loop.sock_accept(self._listener)
            self._start(self._serve(outside))

    async def _serve(self, outside: socket.socket) -> None:
        # Refused inside is closed outside: all a driver can be told without speaking HTTP.
        with outside, contextlib.suppress(SandboxError, OSError), await self._connect() as inside:
            outside.setblocking(False)
            inside.setblocking(False)
            await asyncio.gather(_pump(outside, inside), _pump(inside, outside))

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()


async def _pump(source: socket.socket, sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, _CHUNK):
        await loop.sock_sendall(sink, data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
