"""Main loop of the agent in a Docker box: one stream of bytes to the factory, everything on it.

The engine starts it as the user it serves, with the stream on its standard input and output. It
holds no privilege and hides its memory from the code it runs. That code may still kill it, being
the same user: then the factory finds the stream closed and has the engine start another.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections import deque

from . import kernel, runner
from .capture import Capture
from .channels import Channel
from .frames import Frames, pack
from .jobs import LOOK_EVERY_S, Job, Jobs, Premises
from .piping import Piping

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from typing import NoReturn

    from .desk import Desk
    from .frames import Message

_CHUNK = 2**18
_MOST_WAITING = 2**22  # bytes on their way out, past which nothing more is read
_CONNECT_S = 0.5  # to our own loopback: either at once or not at all
_REST_S = 0.002
_DEATHS_V1 = "/sys/fs/cgroup/memory/memory.oom_control"
_DEATHS_V2 = "/sys/fs/cgroup/memory.events"


def main() -> NoReturn:
    """Serve the stream on descriptors 0 and 1 until it ends."""
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    os.umask(0o022)
    kernel.hide_memory()
    adopts = True
    try:
        kernel.adopt_orphans()
    except OSError:
        adopts = False  # gVisor up to 2022
    Agent(incoming, outgoing, adopts=adopts).serve()


class Agent:
    """The state of one stream.

    Args:
        incoming: Descriptor requests arrive on.
        outgoing: Descriptor answers leave by.
        adopts: Whether this kernel lets a process adopt orphans.
    """

    def __init__(self, incoming: int, outgoing: int, *, adopts: bool) -> None:
        self._adopts = adopts
        self._incoming = incoming
        self._outgoing = outgoing
        for descriptor in (incoming, outgoing):
            os.set_blocking(descriptor, False)
        self._frames = Frames()
        self._waiting: deque[memoryview] = deque()
        self._waiting_size = 0
        self._pipings: dict[int, Piping] = {}
        self._channels: dict[int, Channel] = {}
        self._terminals: dict[int, int] = {}
        self._jobs: Jobs
        self._desk: Desk | None = None

    def serve(self) -> NoReturn:
        """Do what the factory asks until it goes away."""
        wake, wake_write = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        nobody = runner.Identity(None, {}, adopts=self._adopts, filter_=b"")
        self._jobs = Jobs(Premises("/work", {}, {}, private=True), nobody)
        while True:
            lines = self._jobs.lines()
            reading = [wake, *lines, *self._sources()]
            writing = [*self._sinks()]
            ready, free, _ = select.select(reading, writing, [], self._pause())
            if wake in ready:
                os.read(wake, 4096)
            for line in ready:
                if line in lines:
                    self._hear_runner(lines[line])
            self._read_all(set(ready))
            self._write_all(set(free))
            self._jobs.reap_strangers()
            self._jobs.look_after_limits()
            if self._incoming in ready:
                self._hear_factory()

    def _pause(self) -> float | None:
        if any(piping.resting for piping in self._pipings.values()):
            return _REST_S
        return LOOK_EVERY_S if self._jobs else None

    def _sources(self) -> list[int]:
        found = [self._incoming]
        if self._waiting_size < _MOST_WAITING:
            found += [each.descriptor for each in self._channels.values() if each.readable]
        for piping in self._pipings.values():
            found += piping.readable()
        return found

    def _sinks(self) -> list[int]:
        found = [self._outgoing] if self._waiting else []
        found += [each.descriptor for each in self._channels.values() if each.writable]
        for piping in self._pipings.values():
            found += piping.writable()
        return found

    def _read_all(self, ready: set[int]) -> None:
        for piping in self._pipings.values():
            for descriptor in ready.intersection(piping.readable()):
                piping.read(descriptor)
        for channel in self._channels.values():
            if channel.descriptor in ready and channel.readable:
                channel.read()

    def _write_all(self, free: set[int]) -> None:
        for piping in self._pipings.values():
            if free.intersection(piping.writable()):
                piping.feed()
        for channel in self._channels.values():
            if channel.descriptor in free and channel.writable:
                channel.write()
        if self._outgoing in free:
            self._flush()

    def _send(self, message: Message, payload: bytes = b"") -> None:
        data = pack(message, payload)
        self._waiting.append(memoryview(data))
        self._waiting_size += len(data)
        self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                written = os.write(self._outgoing, self._waiting[0])
                self._waiting_size -= written
                if written < len(self._waiting[0]):
                    self._waiting[0] = self._waiting[0][written:]
                else:
                    self._waiting.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._end()

    def _hear_factory(self) -> None:
        try:
            data = os.read(self._incoming, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
        for message, payload in self._frames.feed(data):
            self._obey(message, payload)

    def _obey(self, message: Message, payload: bytes) -> None:
        handler = getattr(self, f"_do_{message['op']}", None)
        try:
            if handler is not None:
                handler(message, payload)
                return
            if self._desk is None:
                # Slow to load, and most commands come before the first file is asked for.
                from .desk import Desk  # noqa: PLC0415

                self._desk = Desk()
            answer, data = self._desk.do(message, payload)
            self._send({"id": message["id"], **answer}, data)
        except Exception as error:  # noqa: BLE001 - the factory decides what it means
            kind = type(error).__name__
            self._send({"id": message.get("id", 0), "error": str(error), "kind": kind})

    def _end(self) -> NoReturn:
        self._jobs.hang_up()
        os._exit(0)

    def _do_start(self, message: Message, _payload: bytes) -> None:
        deaths = memory_deaths()
        premises = Premises("/work", message["environment"], message["limits"], private=True)
        identity = runner.Identity(None, message["rlimits"], adopts=self._adopts, filter_=b"")
        self._jobs = Jobs(premises, identity, memory_deaths, ready=True)
        self._send({"id": message["id"], "memory_deaths": deaths, "adopts": self._adopts})

    def _do_deaths(self, message: Message, _payload: bytes) -> None:
        self._send({"id": message["id"], "memory_deaths": memory_deaths()})

    def _do_exec(self, message: Message, payload: bytes) -> None:
        piping = Piping(payload, message["cap"])
        try:
            self._jobs.start(message["id"], message, piping.theirs, terminal=False)
        except OSError:
            piping.close()
            raise
        finally:
            piping.hand_over()
        self._pipings[message["id"]] = piping

    def _do_terminal(self, message: Message, _payload: bytes) -> None:
        master, slave = os.openpty()
        try:
            runner.set_size(slave, message["rows"], message["columns"])
            self._jobs.start(message["job"], message, [slave, slave, slave], terminal=True)
        except OSError:
            os.close(master)
            raise
        finally:
            os.close(slave)
        number = message["channel"]
        self._channels[number] = Channel(number, master, None, self._send)
        self._terminals[message["job"]] = number
        self._send({"id": message["id"]})

    def _do_connect(self, message: Message, _payload: bytes) -> None:
        # Numbers, not names: nothing here may read files of the box or ask a resolver.
        for address in ("127.0.0.1", "::1"):
            with contextlib.suppress(OSError):
                place = (address, message["port"])
                stream = socket.create_connection(place, timeout=_CONNECT_S)
                number = message["channel"]
                self._channels[number] = Channel(number, stream.fileno(), stream, self._send)
                self._send({"id": message["id"]})
                return
        raise OSError(f"nothing listens on port {message['port']}")

    def _do_kill(self, message: Message, _payload: bytes) -> None:
        self._jobs.kill(message["job"])

    def _do_data(self, message: Message, payload: bytes) -> None:
        if channel := self._channels.get(message["channel"]):
            channel.take(payload)

    def _do_grant(self, message: Message, _payload: bytes) -> None:
        if channel := self._channels.get(message["channel"]):
            channel.grant(message["bytes"])

    def _do_finish(self, message: Message, _payload: bytes) -> None:
        if channel := self._channels.get(message["channel"]):
            channel.end()

    def _do_size(self, message: Message, _payload: bytes) -> None:
        if channel := self._channels.get(message["channel"]):
            channel.resize(message["rows"], message["columns"])

    def _do_close(self, message: Message, _payload: bytes) -> None:
        if channel := self._channels.pop(message["channel"], None):
            channel.close()

    def _hear_runner(self, job: Job) -> None:
        report = self._jobs.hear(job)
        if report is None:
            return
        report["memory_deaths"] = self._jobs.deaths_seen
        piping = self._pipings.pop(job.number, None)
        if piping is not None:
            piping.finish()
            parts = [*piping.out.kept(), *piping.err.kept()]
            written = {"out": _sizes(piping.out), "err": _sizes(piping.err)}
            self._send({"id": job.number, **report, **written}, b"".join(parts))
            self._jobs.make_ready()
            return
        channel = self._channels.get(self._terminals.pop(job.number, -1))
        if channel is not None:
            channel.drain()
        self._send({"id": job.number, **report})


def _sizes(capture: Capture) -> list[int]:
    return [*map(len, capture.kept()), capture.total]


def memory_deaths() -> int:
    """How many processes of this container the kernel killed for memory; 0 where it is not told."""
    for path in (_DEATHS_V1, _DEATHS_V2):
        with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    return 0
