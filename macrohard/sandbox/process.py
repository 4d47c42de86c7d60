"""Boxes made of plain processes: namespaces, resource limits and another user, where they exist.

One keeper process per box (see :mod:`macrohard.sandbox.inbox`). It shares the host's kernel, so
it is no place for code somebody hostile wrote; ``describe()`` says what holds on this host.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from macrohard.errors import SandboxError
from macrohard.sandbox import files
from macrohard.sandbox.base import WORKSPACE, ExecResult, Limits
from macrohard.sandbox.interpreter import Layout, layout
from macrohard.sandbox.link import Link
from macrohard.sandbox.output import Capture, drain, pour
from macrohard.sandbox.terminal import PtyTerminal

PIECES = ("user", "mount", "pid", "net", "ipc")
"""What isolation is made of, in the order in which a keeper asks the host for it."""

_FIRST_UID = 2_000_000_000  # far above people and services; plus a process id it is ours alone
_KEEPER_START_S = 20.0
_KEEPER_END_S = 5.0
_REPORT_PATIENCE_S = 10.0  # past a deadline; the runner itself needs at most 3 s
_PIPE_PATIENCE_S = 0.5
_KEEPER_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from inbox.keeper import main; main()"


class ProcessProvider:
    """Makes process sandboxes.

    Args:
        root: Where boxes without a private root keep their files; a fresh temporary folder
            otherwise.
        without: Pieces of isolation not to ask for, to see how a poorer host behaves.
        packages: Python packages a box has beside the standard library.
    """

    name = "process"

    def __init__(
        self,
        root: Path | None = None,
        *,
        without: frozenset[str] = frozenset(),
        packages: tuple[str, ...] = ("pytest",),
    ) -> None:
        self._root = root
        self._pieces = tuple(piece for piece in PIECES if piece not in without)
        self._forced = frozenset(without)
        self._refused: dict[str, str] = {}
        self._packages = packages
        self._layout: Layout | None = None
        self._boxes: set[ProcessSandbox] = set()

    async def create(self, *, label: str, limits: Limits | None = None) -> "ProcessSandbox":
        """A fresh box; about 50 ms.

        Raises:
            SandboxError: None can be made; says why and what to do.
        """
        limits = limits or Limits()
        while True:
            attempt = await self._attempt(label, limits)
            if isinstance(attempt, ProcessSandbox):
                self._boxes.add(attempt)
                return attempt
            piece, why = attempt
            if piece not in self._pieces:
                raise SandboxError(f"sandbox {label} cannot be made: {piece}: {why}")
            if piece == "user" and os.geteuid() == 0:
                raise SandboxError(
                    f"sandbox {label} cannot be made: commands would run as root ({why});"
                    " run macrohard as an ordinary user"
                )
            self._refused[piece] = why
            self._pieces = tuple(kept for kept in self._pieces if kept != piece)
            if piece == "mount":  # without its own /proc a process namespace cannot be tended
                self._pieces = tuple(kept for kept in self._pieces if kept != "pid")

    async def _attempt(self, label: str, limits: Limits) -> "ProcessSandbox | tuple[str, str]":
        ours, theirs = socket.socketpair()
        keeper = _start_keeper(theirs)
        theirs.close()
        link = Link(ours, label)
        try:
            _, hello = link.expect(0)
            plan = self._plan(limits, keeper.pid)
            async with asyncio.timeout(_KEEPER_START_S):
                await link.send(plan)
                message, descriptors = await hello
        except BaseException as error:
            link.close()
            said = await _end(keeper)
            if isinstance(error, SandboxError | TimeoutError):
                raise SandboxError(
                    f"sandbox {label} cannot be made: its keeper did not start: {said or error}"
                ) from error
            raise
        if "failed" in message:
            link.close()
            await _end(keeper)
            return message["failed"], message["why"]
        return ProcessSandbox(
            label=label,
            limits=limits,
            keeper=keeper,
            link=link,
            places={message["work"]: descriptors[0], message["tmp"]: descriptors[1]},
            owner=plan["uid"] if "user" in self._pieces else None,
            pieces=frozenset(self._pieces),
            scratch=plan["scratch"],
            forget=self._boxes.discard,
        )

    def _plan(self, limits: Limits, keeper_pid: int) -> dict[str, Any]:
        if self._layout is None:
            self._layout = layout(self._packages)
        own_user = "user" in self._pieces
        return {
            "pieces": self._pieces,
            "uid": _FIRST_UID + keeper_pid if own_user and os.geteuid() == 0 else None,
            "limits": asdict(limits),
            "rlimits": _rlimits(limits, own_count="user" in self._pieces),
            "env": {},
            "scratch": "" if "mount" in self._pieces else self._scratch(),
            **asdict(self._layout),
        }

    def _scratch(self) -> str:
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="macrohard-boxes-"))
            self._root.chmod(0o711)
        folder = self._root / f"{os.getpid()}-{secrets.token_hex(4)}"
        folder.mkdir(parents=True)
        return str(folder)

    def describe(self) -> list[str]:
        """What holds and what does not on this host, one sentence each."""
        return [f"{piece}: {'own' if piece in self._pieces else 'shared'}" for piece in PIECES]

    async def close(self) -> None:
        """Close every box that is still open."""
        await asyncio.gather(*(box.close() for box in tuple(self._boxes)))


def _rlimits(limits: Limits, *, own_count: bool) -> dict[str, int]:
    megabyte = 2**20
    found = {
        "RLIMIT_AS": limits.memory_mb * megabyte,
        "RLIMIT_FSIZE": limits.file_mb * megabyte,
        "RLIMIT_NOFILE": 1024,
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": limits.cpu_s,
    }
    if own_count:
        # The kernel counts by user: with one shared with the host this would be somebody else's.
        found["RLIMIT_NPROC"] = limits.pids
    return found


def _start_keeper(stream: socket.socket) -> subprocess.Popen[bytes]:
    home = str(Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _KEEPER_CODE, home],
        stdin=stream.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={},
        cwd="/",
        start_new_session=True,  # Ctrl-C is for the factory, which then ends its boxes in order
    )


async def _end(keeper: subprocess.Popen[bytes]) -> str:
    """Wait for a keeper whose line was closed; the last thing it said."""
    pause_s, waited_s = 0.001, 0.0
    while keeper.poll() is None:
        if waited_s > _KEEPER_END_S:
            keeper.kill()
        await asyncio.sleep(pause_s)
        waited_s += pause_s
        pause_s = min(pause_s * 1.5, 0.05)
    if keeper.stderr is None:
        return ""
    with keeper.stderr:
        os.set_blocking(keeper.stderr.fileno(), False)
        said = keeper.stderr.read() or b""
    return said.decode(errors="replace").strip()[-2000:]


class ProcessSandbox:
    """One box; made by :class:`ProcessProvider`."""

    def __init__(
        self,
        *,
        label: str,
        limits: Limits,
        keeper: subprocess.Popen[bytes],
        link: Link,
        places: dict[str, int],
        owner: int | None,
        pieces: frozenset[str],
        scratch: str,
        forget: Callable[["ProcessSandbox"], None],
    ) -> None:
        self._label = label
        self._limits = limits
        self._keeper = keeper
        self._link = link
        self._places = places
        self._work, self._tmp = places
        self._owner = owner
        self._pieces = pieces
        self._scratch = scratch
        self._forget = forget
        self._closing: asyncio.Task[None] | None = None

    async def exec(
        self,
        argv: list[str],
        *,
        timeout_s: float,
        stdin: bytes = b"",
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> ExecResult:
        """Run a command to its end, or to its deadline with the whole process tree killed."""
        number, report = self._link.expect()
        request = _request("exec", argv, env, cwd)
        request |= {"id": number, "timeout_s": timeout_s}
        async with contextlib.AsyncExitStack() as stack:
            ends, streams = _make_pipes(bool(stdin))
            for end in ends:
                stack.callback(_close_quietly, end)
            try:
                await self._link.send(request, streams)
            finally:
                for stream in streams:
                    os.close(stream)
            captures = (Capture(self._limits.output_bytes), Capture(self._limits.output_bytes))
            tasks = [
                asyncio.create_task(drain(end, capture))
                for end, capture in zip(ends[:2], captures, strict=True)
            ]
            if stdin:
                tasks.append(asyncio.create_task(pour(os.dup(ends[2]), stdin)))
                _close_quietly(ends.pop())
            try:
                message = await self._report(report, timeout_s)
                await asyncio.wait(tasks[:2], timeout=_PIPE_PATIENCE_S)
            except asyncio.CancelledError:
                await self._kill(number, report)
                raise
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return self._result(message, captures)

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

    async def _kill(self, number: int, report: asyncio.Future[Any]) -> None:
        self._link.post("kill", job=number)
        with contextlib.suppress(SandboxError, TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(report), _REPORT_PATIENCE_S)

    def _result(self, message: dict[str, Any], captures: tuple[Capture, Capture]) -> ExecResult:
        stdout, stderr = captures
        return ExecResult(
            returncode=message["returncode"],
            stdout=stdout.text(),
            stderr=stderr.text(),
            truncated=stdout.truncated or stderr.truncated,
            duration_s=message.get("duration_s", 0.0),
            outcome=message["outcome"],
        )

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
        _, (master,) = await self._link.ask("terminal", **request)
        return PtyTerminal(master, ended, lambda: self._link.post("kill", job=job))

    async def read(self, path: str, *, max_bytes: int = 10_000_000) -> bytes:
        """A file's bytes, from the workspace or ``/tmp``."""
        place, relative = self._locate(path)
        with self._store(place) as store:
            return await asyncio.to_thread(store.read, relative, max_bytes)

    async def write(self, path: str, data: bytes) -> None:
        """Write a file of the workspace, making its directories."""
        place, relative = self._locate(path)
        if place != self._work:
            raise PermissionError(f"{path} is outside the workspace")
        with self._store(place) as store:
            await asyncio.to_thread(store.write, relative, data)

    async def put_tree(self, source: Path, dest: str = "", *, read_only: bool = False) -> None:
        """Copy a directory of the host into the box (regular files and directories only)."""
        place, relative = self._locate(dest)
        if place != self._work:
            raise PermissionError(f"{dest} is outside the workspace")
        with self._store(place) as store:
            if not read_only:
                await asyncio.to_thread(store.put_tree, source, relative)
                return
            if not files.split(relative):
                raise PermissionError("the workspace itself cannot be read-only; name a directory")
            if "mount" in self._pieces:
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
            return await asyncio.to_thread(files.write_out, dest, directory, most)

    def endpoint(self, port: int) -> str:
        """Base URL through which a driver reaches a server on this port inside the box."""
        if "net" in self._pieces:
            raise SandboxError("servers in a process sandbox cannot be reached yet")
        return f"http://127.0.0.1:{port}"

    async def snapshot(self, dest: Path) -> None:
        """Pack the workspace into a tar file on the host."""
        raise SandboxError(f"snapshots are not built yet; {dest} was not written")

    def _locate(self, path: str) -> tuple[str, str]:
        for shown, place in (
            (WORKSPACE, self._work),
            (self._work, self._work),
            ("/tmp", self._tmp),  # noqa: S108 - inside the box
            (self._tmp, self._tmp),
        ):
            if path == shown or path.startswith(f"{shown}/"):
                return place, path[len(shown) :].strip("/")
        return self._work, path

    @contextlib.contextmanager
    def _store(self, place: str) -> Any:
        if not self._link.open:
            raise SandboxError(f"sandbox {self._label} is closed")
        # A copy of the descriptor: closing the box must not pull it from under a thread.
        root = os.dup(self._places[place])
        try:
            yield files.Store(root, self._owner)
        finally:
            os.close(root)

    async def close(self) -> None:
        """End every process and remove every file. Safe to call twice."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._end())
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        self._link.close()
        await _end(self._keeper)
        for place in self._places.values():
            os.close(place)
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


def _make_pipes(with_input: bool) -> tuple[list[int], tuple[int, int, int]]:
    """Our ends (output, error, then input when there is some) and the command's three streams."""
    out, out_theirs = os.pipe()
    err, err_theirs = os.pipe()
    ends = [out, err]
    if with_input:
        in_theirs, own_in = os.pipe()
        ends.append(own_in)
    else:
        in_theirs = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    for end in ends:
        os.set_blocking(end, False)
    return ends, (in_theirs, out_theirs, err_theirs)


def _close_quietly(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
