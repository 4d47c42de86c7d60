"""The factory's end of the socket to a keeper: requests out, answers in, descriptors both ways."""

import asyncio
import contextlib
import itertools
import os
import socket
from typing import Any

from macrohard.errors import SandboxError
from macrohard.sandbox.inbox import wire


class Link:
    """One socket, many requests under way.

    Args:
        stream: Connected stream socket; owned from here on.
        label: Name of the box, for messages to people.
    """

    def __init__(self, stream: socket.socket, label: str) -> None:
        stream.setblocking(False)
        self._stream = stream
        self._label = label
        self._inbox = wire.Inbox()
        self._answers: dict[int, asyncio.Future[tuple[wire.Message, list[int]]]] = {}
        self._numbers = itertools.count(1)
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(stream.fileno(), self._receive)
        self._open = True
        self._background: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> bool:
        """Whether the keeper still answers."""
        return self._open

    def expect(self, number: int | None = None) -> tuple[int, asyncio.Future[Any]]:
        """A number for a request, and what its answer will arrive in.

        Raises:
            SandboxError: The box is closed.
        """
        if not self._open:
            raise self._gone()
        number = next(self._numbers) if number is None else number
        future: asyncio.Future[tuple[wire.Message, list[int]]] = self._loop.create_future()
        # An answer nobody waits for any more (the command was cancelled) is not worth a warning.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._answers[number] = future
        return number, future

    async def send(self, message: wire.Message, descriptors: tuple[int, ...] = ()) -> None:
        """Send one message whole.

        Raises:
            SandboxError: The box is gone.
        """
        data = wire.pack(message, len(descriptors))
        if len(data) > wire.LARGEST:
            raise SandboxError(f"sandbox {self._label}: the command line is too long")
        async with self._sending:
            try:
                sent = await self._send_first(data, descriptors)
                await self._send_rest(data[sent:])
            except OSError as error:
                raise self._gone() from error

    async def _send_first(self, data: bytes, descriptors: tuple[int, ...]) -> int:
        while descriptors:
            try:
                return socket.send_fds(self._stream, [data], list(descriptors))
            except BlockingIOError:
                await asyncio.sleep(0.001)
        return 0

    async def _send_rest(self, data: bytes) -> None:
        rest = self._loop.create_task(self._loop.sock_sendall(self._stream, data))
        try:
            await asyncio.shield(rest)
        except asyncio.CancelledError:
            # Half a message would spoil the line for everybody else.
            await rest
            raise

    async def ask(self, op: str, **fields: Any) -> tuple[wire.Message, list[int]]:
        """Send a request and wait for its answer.

        Raises:
            SandboxError: The box is gone, or could not do it.
        """
        number, future = self.expect()
        await self.send({"op": op, "id": number, **fields})
        message, descriptors = await future
        if "error" in message:
            raise SandboxError(f"sandbox {self._label}: {message['error']}")
        return message, descriptors

    def post(self, op: str, **fields: Any) -> None:
        """Send a request nobody waits for."""
        if self._open:
            task = self._loop.create_task(self._send_quietly({"op": op, "id": 0, **fields}))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _send_quietly(self, message: wire.Message) -> None:
        with contextlib.suppress(SandboxError):
            await self.send(message)

    def _receive(self) -> None:
        try:
            data, descriptors = wire.receive_some(self._stream)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self.close()
            return
        try:
            complete = self._inbox.feed(data, descriptors)
        except ValueError:  # nothing that follows could be understood
            self.close()
            return
        for message, mine in complete:
            future = self._answers.pop(message.get("id", 0), None)
            if future is None or future.done():
                for descriptor in mine:
                    os.close(descriptor)
            else:
                future.set_result((message, mine))

    def close(self) -> None:
        """Hang up: the keeper ends the box. Waiting requests fail."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._stream.fileno())
        self._stream.close()
        self._inbox.close()
        answers, self._answers = self._answers, {}
        for future in answers.values():
            if not future.done():
                future.set_exception(self._gone())

    def _gone(self) -> SandboxError:
        return SandboxError(
            f"sandbox {self._label} is gone: it was closed, or its keeper was killed;"
            " the work in it has to be started again in a new one"
        )
