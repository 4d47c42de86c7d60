"""Files of a Docker box, in and out. What comes out was written by somebody hostile.

Nothing travels as tar: the agent sends names and bytes, and every name is checked again here,
walked one component at a time, before anything is written (see :mod:`macrohard.sandbox.files`).
"""

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from macrohard.errors import SandboxError
from macrohard.sandbox import export, files
from macrohard.sandbox.base import WORKSPACE
from macrohard.sandbox.docker.agent import Agent, Container
from macrohard.sandbox.docker.hardening import KEEPER
from macrohard.sandbox.docker.line import LineLostError
from macrohard.sandbox.inbox.frames import TREE_PIECE, Message

Entry = tuple[str, int, bytes]
"""Path, mode (0 for a directory), bytes."""

_TMP = "/tmp"  # noqa: S108 - inside the box


class Trees:
    """Everything about the files of one box.

    Args:
        container: Where they are.
        app: The agent of their owner.
    """

    def __init__(self, container: Container, app: Agent) -> None:
        self._container = container
        self._app = app
        self._keeper = Agent(container, KEEPER)
        self._frozen: list[PurePosixPath] = []

    async def read(self, path: str, max_bytes: int) -> bytes:
        """A file's bytes; raises as :meth:`Sandbox.read` says."""
        place, relative = _locate(path)
        _, data = await self._ask("read", place=place, path=relative, max_bytes=max_bytes)
        return data

    async def write(self, path: str, data: bytes) -> None:
        """Write a file of the workspace."""
        relative = self._writable(path)
        if not files.split(relative):
            raise IsADirectoryError(f"{path or '.'} is a directory")
        await self._write(self._app, [(relative, 0o644, data)])

    async def put(self, source: Path, dest: str) -> None:
        """Copy a directory of the host in, the app its owner."""
        await self._put(self._app, source, self._writable(dest))

    async def put_read_only(self, source: Path, dest: str) -> None:
        """Copy a directory of the host in, the keeper its owner and nobody allowed to write."""
        relative = self._writable(dest)
        parts = files.split(relative)
        if not parts:
            raise PermissionError("the workspace itself cannot be read-only; name a directory")
        for depth in range(1, len(parts)):
            await self._hold("/".join(parts[:depth]))
        await self._hold(relative)
        await self._put(self._keeper, source, relative)
        await self._ask_agent(self._keeper, "freeze", path=relative)
        self._frozen.append(PurePosixPath(relative))

    async def _hold(self, path: str) -> None:
        """Make a directory the keeper's, moving what the app has there into it."""
        held, _ = await self._ask_agent(self._keeper, "hold", path=path)
        if not held["theirs"]:
            return
        draft = f".{secrets.token_hex(8)}.part"
        await self._ask_agent(self._keeper, "hold", path=draft)
        await self._ask("give_way", path=path, to=draft)
        await self._ask_agent(self._keeper, "take_over", path=path, to=draft)

    async def _put(self, agent: Agent, source: Path, dest: str) -> None:
        await self._write(agent, [(dest or ".", 0, b"")])
        batches = _batches(source, dest)
        while batch := await asyncio.to_thread(next, batches, None):
            await self._write(agent, batch)

    async def _write(self, agent: Agent, entries: list[Entry]) -> None:
        if entries:
            listed = [(path, mode, len(data)) for path, mode, data in entries]
            data = b"".join(data for _, _, data in entries)
            await self._ask_agent(agent, "write", data, place=WORKSPACE, entries=listed)

    async def get(self, dest: Path, source: str) -> list[str]:
        """Copy a directory of the box to the host; what was left out."""
        left_out: list[str] = []
        with contextlib.ExitStack() as open_files:
            store: files.Store | None = None
            async for entries in self._entries(source, left_out):
                if store is None:
                    dest.mkdir(parents=True, exist_ok=True)
                    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
                    root = open_files.enter_context(files.opened(os.open(dest, flags)))
                    store = files.Store(root)
                await asyncio.to_thread(_place, store, entries)
        return left_out

    async def copy_to(self, other: "Trees") -> list[str]:
        """Put everything into another workspace; what was left out."""
        left_out: list[str] = []
        async for entries in self._entries("", left_out):
            await other.lay_out(entries)
        return left_out

    async def lay_out(self, entries: list[Entry]) -> None:
        """Write entries, the app their owner."""
        await self._write(self._app, entries)

    async def snapshot(self, dest: Path) -> None:
        """Pack the workspace into a tar file on the host."""
        with tempfile.TemporaryDirectory(prefix="macrohard-snapshot-") as scratch:
            await self.get(Path(scratch), "")
            with files.opened(os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)) as root:
                await asyncio.to_thread(export.pack, dest, root, self._most)

    @property
    def _most(self) -> int:
        return self._container.limits.disk_mb * 2**20

    async def _entries(self, source: str, left_out: list[str]) -> AsyncIterator[list[Entry]]:
        """What a directory of the box holds, checked, a piece at a time.

        Raises:
            SandboxError: It is more than the caps allow, or the agent breaks its word.
        """
        place, relative = _locate(source)
        line = await self._app.line()
        begun = await line.ask_numbered("tree", place=place, path=relative, max_bytes=self._most)
        count = size = 0
        while True:
            try:
                message, data = await line.ask("next", tree=begun)
            except LineLostError as error:
                raise SandboxError(
                    f"sandbox {self._container.label}: the tree was torn off on its way out"
                    f" ({error}); read it again"
                ) from await self._app.explain(error)
            entries = list(_checked(message, data))
            count += len(entries)
            size += len(data)
            if count > export.MAX_FILES or size > self._most:
                raise SandboxError(
                    f"the tree holds more than {export.MAX_FILES} files or {self._most} bytes"
                )
            yield entries
            if "left_out" in message:
                left_out += [str(line) for line in message["left_out"]]
                return

    def _writable(self, path: str) -> str:
        place, relative = _locate(path)
        if place != WORKSPACE:
            raise PermissionError(f"{path} is outside the workspace")
        files.split(relative)
        for frozen in self._frozen:
            if PurePosixPath(relative).is_relative_to(frozen):
                raise PermissionError(f"{path} is in a read-only tree")
        return relative

    async def _ask(self, op: str, payload: bytes = b"", **fields: Any) -> tuple[Message, bytes]:
        return await self._ask_agent(self._app, op, payload, **fields)

    async def _ask_agent(
        self, agent: Agent, op: str, payload: bytes = b"", **fields: Any
    ) -> tuple[Message, bytes]:
        try:
            return await (await agent.line()).ask(op, payload, **fields)
        except LineLostError as error:
            # Code in the box may have killed the agent; files can be asked for twice.
            if agent.closed:
                raise await agent.explain(error) from error
            return await (await agent.line()).ask(op, payload, **fields)

    def close(self) -> None:
        """Hang up."""
        self._keeper.close()


def _locate(path: str) -> tuple[str, str]:
    for place in (WORKSPACE, _TMP):
        if path == place or path.startswith(f"{place}/"):
            return place, path[len(place) :].strip("/")
    files.split(path)
    return WORKSPACE, path


def _batches(source: Path, dest: str) -> Iterator[list[Entry]]:
    """What a directory of the host holds, about a megabyte at a time."""
    batch: list[Entry] = []
    size = 0
    for entry in files.walk_host(source):
        path = str(PurePosixPath(dest, entry.relative_to(source).as_posix()))
        if entry.is_dir():
            batch.append((path, 0, b""))
        else:
            mode = 0o755 if entry.stat().st_mode & 0o111 else 0o644
            batch.append((path, mode, entry.read_bytes()))
        size += len(batch[-1][2]) + 64
        if size >= TREE_PIECE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _checked(message: Message, data: bytes) -> Iterator[Entry]:
    """Entries as an agent sent them, which code in the box may have taken the place of."""
    at = 0
    for found in message.get("entries", ()):
        match found:
            case [str(path), bool(executable), int(size)] if (
                path.isprintable() and files.split(path) and 0 <= size <= len(data) - at
            ):
                mode = 0o755 if executable else 0o644
                yield path, 0 if path.endswith("/") else mode, data[at : at + size]
                at += size
            case _:
                raise SandboxError(f"a tree came out torn: {found!r:.200} is no entry")


def _place(store: files.Store, entries: list[Entry]) -> None:
    for path, mode, data in entries:
        if mode:
            store.write(path, data, mode)
        else:
            store.make_directory(path)
