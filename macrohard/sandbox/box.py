"""One process sandbox, seen from the factory: commands, terminals, files, and its end."""

import asyncio
import contextlib
import functools
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from macrohard.errors import SandboxError
from macrohard.sandbox import export, files
from macrohard.sandbox.base import WORKSPACE, ExecResult, Limits
from macrohard.sandbox.inbox.plain import remove_scratch
from macrohard.sandbox.inbox.runner import set_size
from macrohard.sandbox.keeping import end_keeper
from macrohard.sandbox.link import Link
from macrohard.sandbox.output import Streams
from macrohard.sandbox.relay import Relay
from macrohard.sandbox.terminal import PtyTerminal

_REPORT_PATIENCE_S = 10.0  # past a deadline; the runner and the keeper need at most 4 s
_KILL_PATIENCE_S = 5.0  # as long as the runner and the keeper try
_PIPE_PATIENCE_S = 0.5  # for output still on its way when everything that could write is dead


@dataclass(frozen=True)
class Premises:
    """What a box is made of.

    Attributes:
        keeper: Its first process.
        link: The line to it.
        work: Descriptor of the workspace.
        tmp: Descriptor of the folder for temporary files.
        work_path: Where the workspace is, as commands see it.
        tmp_path: Likewise.
        owner: User the files of the box belong to, None for our own.
        pieces: Pieces of isolation it has.
        scratch: Folder on the host that goes with it; empty when it has none.
    """

    keeper: subprocess.Popen[bytes]
    link: Link
    work: int
    tmp: int
    work_path: str
    tmp_path: str
    owner: int | None
    pieces: frozenset[str]
    scratch: str


class ProcessSandbox:
    """One box; made by :class:`~macrohard.sandbox.process.ProcessProvider`.

    Args:
        label: Name for messages to people.
        limits: What it may use.
        premises: What it is made of; owned from here on.
        forget: Told when it is closed.
    """

    def __init__(
        self,
        label: str,
        limits: Limits,
        premises: Premises,
        forget: Callable[["ProcessSandbox"], None],
    ) -> None:
        self._label = label
        self._limits = limits
        self._premises = premises
        self._link = premises.link
        self._forget = forget
        self._closing: asyncio.Task[None] | None = None
        self._terminals: list[PtyTerminal] = []
        self._relays: dict[int, Relay] = {}

    async def exec(
        self,
        argv: list[str],
        *,
        timeout_s: float,
        stdin: bytes = b"",
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> ExecResult:
        """Run a command to its end, or to its deadline with the whole process tree killed.

        Whatever it started ends with it, also what it left in the background; a server that has
        to stay up is started with :meth:`terminal`. Cancelling kills the command likewise.

        Raises:
            SandboxError: The box is gone or cannot start processes.
        """
        number, report = self._link.expect()
        request = _request("exec", argv, env, cwd)
        request |= {"id": number, "timeout_s": timeout_s}
        streams = Streams(stdin, self._limits.output_bytes)
        sent = False
        try:
            await self._link.send(request, streams.theirs)
            sent = True
            streams.hand_over()
            message = await self._report(report, timeout_s)
            await streams.finish(_PIPE_PATIENCE_S)
        except asyncio.CancelledError:
            self._link.post("kill", job=number)
            if sent:
                await _wait_quietly(report, _KILL_PATIENCE_S)
            raise
        finally:
            await streams.close()
        return ExecResult(
            returncode=message["returncode"],
            stdout=streams.stdout.text(),
            stderr=streams.stderr.text(),
            truncated=streams.stdout.truncated or streams.stderr.truncated,
            duration_s=message.get("duration_s", 0.0),
            outcome=message["outcome"],
        )

    async def _report(self, report: asyncio.Future[Any], timeout_s: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(timeout_s + _REPORT_PATIENCE_S):
                message, _ = await asyncio.shield(report)
        except TimeoutError:
            await self.close()
            raise SandboxError(
                f"sandbox {self._label}: a command could not be ended; the sandbox was closed"
            ) from None
        if "error" in message:
            raise SandboxError(f"sandbox {self._label}: {message['error']}")
        if message.get("survivors"):
            await self.close()
            raise SandboxError(
                f"sandbox {self._label}: processes outlived their command; the sandbox was closed"
            )
        return dict(message)

    async def terminal(
        self,
        argv: list[str],
        *,
        rows: int = 30,
        columns: int = 100,
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> PtyTerminal:
        """Start a program on a pseudo-terminal."""
        job, ended = self._link.expect()
        request = _request("terminal", argv, {"TERM": "linux", **(env or {})}, cwd)
        del request["op"]
        request |= {"job": job, "rows": rows, "columns": columns, "timeout_s": None}
        try:
            _, (master,) = await self._link.ask("terminal", **request)
        except asyncio.CancelledError:
            self._link.post("kill", job=job)
            raise
        self._terminals = [terminal for terminal in self._terminals if terminal.open]
        terminal = PtyTerminal(
            master,
            ended,
            kill=lambda: self._link.post("kill", job=job),
            resize=functools.partial(set_size, master),
        )
        self._terminals.append(terminal)
        return terminal

    async def read(self, path: str, *, max_bytes: int = 10_000_000) -> bytes:
        """A file's bytes, from the workspace or ``/tmp``."""
        place, relative = self._locate(path)
        with self._store(place) as store:
            return await asyncio.to_thread(store.read, relative, max_bytes)

    async def write(self, path: str, data: bytes) -> None:
        """Write a file of the workspace, making its directories."""
        with self._store(self._premises.work) as store:
            await asyncio.to_thread(store.write, self._in_workspace(path), data)

    async def put_tree(self, source: Path, dest: str = "", *, read_only: bool = False) -> None:
        """Copy a directory of the host into the box (regular files and directories only)."""
        relative = self._in_workspace(dest)
        with self._store(self._premises.work) as store:
            if not read_only:
                await asyncio.to_thread(store.put_tree, source, relative)
            elif not files.split(relative):
                raise PermissionError("the workspace itself cannot be read-only; name a directory")
            elif "mount" in self._premises.pieces:
                await self._show_tree(store, source, relative)
            else:
                await asyncio.to_thread(store.put_read_only_tree, source, relative)

    async def _show_tree(self, workspace: files.Store, source: Path, relative: str) -> None:
        """Fill a file system nobody in the box can reach yet, freeze it, then show it there."""
        message, (tree,) = await self._link.ask("tree")
        try:
            await asyncio.to_thread(files.Store(tree).put_tree, source, "")
        finally:
            os.close(tree)
        await asyncio.to_thread(workspace.make_directory, relative)
        path = "/".join(files.split(relative))
        await self._link.ask("show", tree=message["id"], path=path)

    async def get_tree(self, dest: Path, source: str = "") -> list[str]:
        """Copy a directory of the box to the host, checked; what was left out."""
        place, relative = self._locate(source)
        with self._store(place) as store, store.open_directory(relative) as directory:
            most = self._limits.disk_mb * 2**20
            return await asyncio.to_thread(export.write_out, dest, directory, most)

    def endpoint(self, port: int) -> str:
        """Base URL through which a driver reaches a server on this port inside the box."""
        if "net" not in self._premises.pieces:
            return f"http://127.0.0.1:{port}"
        if not self._link.open:
            raise self._closed()
        if port not in self._relays:
            self._relays[port] = Relay(functools.partial(self._connect, port))
        return self._relays[port].url

    async def _connect(self, port: int) -> socket.socket:
        _, (descriptor,) = await self._link.ask("connect", port=port)
        return socket.socket(fileno=descriptor)

    async def snapshot(self, dest: Path) -> None:
        """Pack the workspace into a tar file on the host, links and devices left out."""
        with self._store(self._premises.work) as store, store.open_directory("") as directory:
            most = self._limits.disk_mb * 2**20
            await asyncio.to_thread(export.pack, dest, directory, most)

    def _in_workspace(self, path: str) -> str:
        place, relative = self._locate(path)
        if place != self._premises.work:
            raise PermissionError(f"{path} is outside the workspace")
        return relative

    def _locate(self, path: str) -> tuple[int, str]:
        premises = self._premises
        for shown, place in (
            (premises.work_path, premises.work),
            (premises.tmp_path, premises.tmp),
            (WORKSPACE, premises.work),
            ("/tmp", premises.tmp),  # noqa: S108 - inside the box
        ):
            if path == shown or path.startswith(f"{shown}/"):
                return place, path[len(shown) :].strip("/")
        return premises.work, path

    @contextlib.contextmanager
    def _store(self, place: int) -> Iterator[files.Store]:
        if not self._link.open:
            raise self._closed()
        # A copy of the descriptor: closing the box must not pull it from under a thread.
        root = os.dup(place)
        try:
            yield files.Store(root, self._premises.owner)
        finally:
            os.close(root)

    def _closed(self) -> SandboxError:
        return SandboxError(f"sandbox {self._label} is closed, or its keeper was killed")

    async def close(self) -> None:
        """End every process and remove every file. Safe to call twice."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._end())
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        for relay in self._relays.values():
            await relay.close()
        self._link.close()
        await end_keeper(self._premises.keeper)
        for terminal in self._terminals:
            terminal.let_go()
        os.close(self._premises.work)
        os.close(self._premises.tmp)
        if self._premises.scratch and Path(self._premises.scratch).exists():
            await asyncio.to_thread(remove_scratch, self._premises.scratch)
        self._forget(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _request(op: str, argv: list[str], env: dict[str, str] | None, cwd: str) -> dict[str, Any]:
    if not argv:
        raise ValueError("a command needs at least a program")
    return {"op": op, "argv": argv, "env": env or {}, "cwd": cwd}


async def _wait_quietly(report: asyncio.Future[Any], patience_s: float) -> None:
    with contextlib.suppress(SandboxError, TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(report), patience_s)
