"""The factory's end of the stream to an agent: requests out, answers in, channels both ways."""

import asyncio
import contextlib
import itertools
import socket
import struct
from collections import deque
from typing import Any

from macrohard.errors import SandboxError
from macrohard.sandbox.docker.engine import RawStream
from macrohard.sandbox.inbox.frames import WINDOW, Frames, Message, pack

_CHUNK = 2**18
_ENGINE_HEADER = struct.Struct("!BxxxI")  # which stream, how many bytes; engines frame both so
_STDOUT = 1
_ANSWER_S = 60.0  # for what an agent does at once, on a machine that is busy
_GRANT = WINDOW // 4
_MOST_SAID = 4000


class LineLostError(SandboxError):
    """The stream ended: the agent, its container or the engine is gone."""


class Line:
    """One stream, many requests under way.

    Args:
        stream: Connected; owned from here on.
        label: Name of the box, for messages to people.
    """

    def __init__(self, stream: RawStream, label: str) -> None:
        self._stream = stream
        self._label = label
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[tuple[Message, bytes]]] = {}
        self._channels: dict[int, Conduit] = {}
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._said = b""
        self.open = True
        self._reading = self._loop.create_task(self._read())
        self._background: set[asyncio.Task[None]] = set()

    @property
    def said(self) -> str:
        """The last thing the agent or the engine complained about."""
        return self._said.decode(errors="replace").strip()

    def expect(self) -> tuple[int, "asyncio.Future[tuple[Message, bytes]]"]:
        """A number for a request, and what its answer will arrive in."""
        if not self.open:
            raise self._lost()
        number = next(self._numbers)
        future: asyncio.Future[tuple[Message, bytes]] = self._loop.create_future()
        # An answer nobody waits for any more (the command was cancelled) is not worth a warning.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._answers[number] = future
        return number, future

    async def send(self, message: Message, payload: bytes = b"") -> None:
        """Send one message whole.

        Raises:
            LineLostError: The stream ended.
        """
        if not self.open:
            raise self._lost()
        work = self._loop.create_task(self._send_whole(pack(message, payload)))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            # Half a message would spoil the line for everybody else.
            with contextlib.suppress(LineLostError):
                await work
            raise

    async def _send_whole(self, data: bytes) -> None:
        async with self._sending:
            try:
                await self._loop.sock_sendall(self._stream.socket, data)
            except OSError as error:
                raise self._lost() from error

    async def ask(
        self, op: str, payload: bytes = b"", *, within_s: float = _ANSWER_S, **fields: Any
    ) -> tuple[Message, bytes]:
        """Send a request and wait for its answer.

        Raises:
            LineLostError: The stream ended, or the agent does not answer any more.
            SandboxError: It could not be done, or another error of the contract.
        """
        _, message, data = await self._ask(op, payload, within_s, fields)
        return message, data

    async def ask_numbered(self, op: str, **fields: Any) -> int:
        """Ask; the number of the request, by which later ones refer to it."""
        number, _, _ = await self._ask(op, b"", _ANSWER_S, fields)
        return number

    async def _ask(
        self, op: str, payload: bytes, within_s: float, fields: dict[str, Any]
    ) -> tuple[int, Message, bytes]:
        number, future = self.expect()
        try:
            async with asyncio.timeout(within_s):
                await self.send({"op": op, "id": number, **fields}, payload)
                message, data = await future
        except TimeoutError:
            self.close()
            raise LineLostError(
                f"sandbox {self._label}: its agent did not answer within {within_s:.0f} s"
            ) from None
        finally:
            self._answers.pop(number, None)
        if "error" in message:
            raise _error(self._label, message)
        return number, message, data

    def post(self, op: str, payload: bytes = b"", **fields: Any) -> None:
        """Send a message nobody waits for."""
        if self.open:
            task = self._loop.create_task(self._send_quietly({"op": op, **fields}, payload))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _send_quietly(self, message: Message, payload: bytes) -> None:
        with contextlib.suppress(LineLostError):
            await self.send(message, payload)

    def new_channel(self, *, whole: bool) -> "Conduit":
        """A channel for the next request to name.

        Args:
            whole: Whether closing the near end closes all of it, as on a terminal; otherwise each
                direction ends by itself.
        """
        conduit = Conduit(self, next(self._numbers), whole=whole)
        self._channels[conduit.number] = conduit
        return conduit

    def forget(self, number: int) -> None:
        """A channel is closed."""
        self._channels.pop(number, None)

    async def _read(self) -> None:
        raw, frames = bytearray(), Frames()
        with contextlib.suppress(OSError, ValueError):  # or nothing that follows is understood
            while data := await self._loop.sock_recv(self._stream.socket, _CHUNK):
                raw += data
                for message, payload in frames.feed(self._unwrap(raw)):
                    self._take(message, payload)
        self.close()

    def _unwrap(self, raw: bytearray) -> bytes:
        """Take the engine's own framing off what is complete."""
        found, at = [], 0
        while len(raw) - at >= _ENGINE_HEADER.size:
            kind, length = _ENGINE_HEADER.unpack_from(raw, at)
            end = at + _ENGINE_HEADER.size + length
            if len(raw) < end:
                break
            data = bytes(raw[at + _ENGINE_HEADER.size : end])
            if kind == _STDOUT:
                found.append(data)
            else:
                self._said = (self._said + data)[-_MOST_SAID:]
            at = end
        del raw[:at]
        return b"".join(found)

    def _take(self, message: Message, payload: bytes) -> None:
        channel = self._channels.get(message.get("channel", 0))
        if channel is not None:
            channel.take(message, payload)
            return
        future = self._answers.pop(message.get("id", 0), None)
        if future is not None and not future.done():
            future.set_result((message, payload))

    def close(self) -> None:
        """Hang up: the agent ends, and all that it started. Waiting requests fail."""
        if not self.open:
            return
        self.open = False
        self._reading.cancel()
        self._stream.close()
        for channel in tuple(self._channels.values()):
            channel.close()
        answers, self._answers = self._answers, {}
        for future in answers.values():
            if not future.done():
                future.set_exception(self._lost())

    def _lost(self) -> LineLostError:
        return LineLostError(f"sandbox {self._label}: the line to its agent is closed")


class Conduit:
    """The near end of a channel: a socket that leads to a terminal or a server in the box.

    Args:
        line: What carries it.
        number: What both ends call it.
        whole: See :meth:`Line.new_channel`.

    Attributes:
        near: The socket; the taker's to close.
    """

    def __init__(self, line: Line, number: int, *, whole: bool) -> None:
        self.number = number
        self.near, self._far = socket.socketpair()
        for end in (self.near, self._far):
            end.setblocking(False)
        self._line = line
        self._whole = whole
        self._credit = WINDOW
        self._stirred = asyncio.Event()
        self._arrived: deque[bytes] = deque()
        self._arriving = asyncio.Event()
        self._ended = False
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._send()), loop.create_task(self._deliver())]
        self._closing: asyncio.Task[None] | None = None

    def take(self, message: Message, payload: bytes) -> None:
        """A message about this channel."""
        match message.get("op"):
            case "data":
                self._arrived.append(payload)
            case "grant":
                self._credit += int(message["bytes"])
                self._stirred.set()
                return
            case "end":
                self._ended = True
        self._arriving.set()

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, LineLostError):
            while True:
                while self._credit <= 0:
                    self._stirred.clear()
                    await self._stirred.wait()
                data = await loop.sock_recv(self._far, min(65536, self._credit))
                if not data:
                    break
                self._credit -= len(data)
                await self._line.send({"op": "data", "channel": self.number}, data)
        if self._whole:
            self.close()
        else:
            self._line.post("finish", channel=self.number)

    async def _deliver(self) -> None:
        loop = asyncio.get_running_loop()
        taken = 0
        with contextlib.suppress(OSError):
            while not (self._ended and not self._arrived):
                self._arriving.clear()
                while self._arrived:
                    data = self._arrived.popleft()
                    await loop.sock_sendall(self._far, data)
                    taken += len(data)
                    if taken >= _GRANT or not self._arrived:
                        self._line.post("grant", channel=self.number, bytes=taken)
                        taken = 0
                if not self._ended:
                    await self._arriving.wait()
            self._far.shutdown(socket.SHUT_WR)
            if not self._whole:
                await asyncio.wait(self._tasks[:1])
        if not self._whole:
            self.close()

    def close(self) -> None:
        """Let go of both ends."""
        if self._closing is not None:
            return
        self._line.post("close", channel=self.number)
        self._line.forget(self.number)
        self._closing = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._far.close()


_KINDS: dict[str, type[Exception]] = {
    "FileNotFoundError": FileNotFoundError,
    "IsADirectoryError": IsADirectoryError,
    "PermissionError": PermissionError,
}


def _error(label: str, message: Message) -> Exception:
    kind = _KINDS.get(str(message.get("kind")))
    if kind is not None:
        return kind(str(message["error"]))
    return SandboxError(f"sandbox {label}: {message['error']}")
