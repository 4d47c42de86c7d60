"""Boxes made of plain processes: namespaces, resource limits and another user, where they exist.

One keeper process per box (see :mod:`macrohard.sandbox.inbox`). It shares the host's kernel, so
it is no place for code somebody hostile wrote; ``describe()`` says what holds on this host.
"""

import asyncio
import concurrent.futures
import os
import re
import secrets
import socket
import tempfile
from pathlib import Path

from macrohard.errors import SandboxError
from macrohard.sandbox import description
from macrohard.sandbox.base import Limits
from macrohard.sandbox.box import Premises, ProcessSandbox
from macrohard.sandbox.inbox.plain import remove_scratch
from macrohard.sandbox.interpreter import Layout, layout
from macrohard.sandbox.keeping import PIECES, counted_apart, end_keeper, own_uid, plan, start_keeper
from macrohard.sandbox.link import Link

_START_PATIENCE_S = 30.0  # 50 ms on an idle machine
_SCRATCH = re.compile(r"macrohard-box-(\d+)-[0-9a-f]+")


class ProcessProvider:
    """Makes process sandboxes.

    Args:
        root: Where boxes without a private root keep their files; folders that factories killed
            before left there are removed. The system's temporary folder when None.
        without: Pieces of isolation not to ask for, to see how a poorer host behaves.
        packages: Python packages a box has beside the standard library.
        limits: What boxes may use unless ``create`` is told otherwise.
    """

    name = "process"

    def __init__(
        self,
        root: Path | None = None,
        *,
        without: frozenset[str] = frozenset(),
        packages: tuple[str, ...] = ("pytest",),
        limits: Limits | None = None,
    ) -> None:
        self._root = root
        self._pieces = tuple(piece for piece in PIECES if piece not in without)
        self._as_asked = self._pieces
        self._refused: dict[str, str] = {}
        self._packages = packages
        self._limits = limits or Limits()
        self._layout: Layout | None = None
        self._site: Path | None = None
        self._boxes: set[ProcessSandbox] = set()
        self._known = False

    async def create(self, *, label: str, limits: Limits | None = None) -> ProcessSandbox:
        """A fresh box, in about 50 ms.

        Raises:
            SandboxError: None can be made; says why and what to do.
        """
        while True:
            made = await self._attempt(label, limits or self._limits)
            if isinstance(made, ProcessSandbox):
                self._known = True
                self._boxes.add(made)
                return made
            self._do_without(label, *made)

    def use_packages(self, site: Path) -> None:
        """Show boxes that are made from now on a folder with Python packages, read-only."""
        self._site, self._layout = site.absolute(), None

    def _do_without(self, label: str, piece: str, why: str) -> None:
        if piece not in self._as_asked:
            raise SandboxError(f"sandbox {label} cannot be made: {piece}: {why}")
        if piece == "user" and os.geteuid() == 0:
            raise SandboxError(
                f"sandbox {label} cannot be made: commands would run as root ({why});"
                " run macrohard as an ordinary user"
            )
        self._refused[piece] = why
        lost = {piece}
        if piece == "mount" and "pid" in self._pieces:
            # A process namespace is of no use without a /proc of its own.
            lost.add("pid")
            self._refused.setdefault("pid", "it needs a private root")
        self._pieces = tuple(kept for kept in self._pieces if kept not in lost)

    async def _attempt(self, label: str, limits: Limits) -> ProcessSandbox | tuple[str, str]:
        """A box with the pieces we hope for, or the piece that cannot be had and why."""
        pieces = self._pieces
        scratch = "" if "mount" in pieces else self._make_scratch(label)
        ours, theirs = socket.socketpair()
        with theirs:
            keeper = start_keeper(theirs)
        link = Link(ours, label)
        uid = self._uid(keeper.pid) if "user" in pieces else None
        try:
            _, hello = link.expect(0)
            async with asyncio.timeout(_START_PATIENCE_S):
                await link.send(plan(pieces, uid, limits, self._python(), scratch))
                message, descriptors = await hello
        except BaseException as error:
            link.close()
            said = await end_keeper(keeper)
            _remove(scratch)
            if isinstance(error, SandboxError | TimeoutError):
                raise SandboxError(
                    f"sandbox {label} cannot be made: its keeper did not start: {said or error}"
                ) from error
            raise
        if "failed" in message:
            link.close()
            await end_keeper(keeper)
            _remove(scratch)
            return message["failed"], message["why"]
        premises = Premises(
            keeper=keeper,
            link=link,
            work=descriptors[0],
            tmp=descriptors[1],
            work_path=message["work"],
            tmp_path=message["tmp"],
            owner=uid,
            pieces=frozenset(pieces),
            scratch=scratch,
        )
        return ProcessSandbox(label, limits, premises, self._boxes.discard)

    def _uid(self, keeper_pid: int) -> int | None:
        return own_uid(keeper_pid)

    def _python(self) -> Layout:
        if self._layout is None:
            self._layout = layout(self._packages, self._site)
        return self._layout

    def _make_scratch(self, label: str) -> str:
        root = self._root or Path(tempfile.gettempdir())
        try:
            root.mkdir(parents=True, exist_ok=True)
            if self._root is not None and not self._known:
                remove_leftovers(root)
            folder = root.absolute() / f"macrohard-box-{os.getpid()}-{secrets.token_hex(6)}"
            folder.mkdir(mode=0o711)
        except OSError as error:
            raise SandboxError(
                f"sandbox {label} cannot be made: no folder for it under {root}: {error}"
            ) from error
        return str(folder)

    def describe(self) -> list[str]:
        """What holds and what does not on this host, one sentence each.

        Makes a box to find out when none was made before.
        """
        if not self._known:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                try:
                    pool.submit(asyncio.run, self._try_one()).result()
                except SandboxError as error:
                    return [f"nothing holds: {error}"]
        uid = self._uid(os.getpid()) if "user" in self._pieces else None
        holding = description.Holding(
            pieces=frozenset(self._pieces),
            refused=self._refused,
            by_uid=uid is not None,
            counted_apart=counted_apart(uid, self._pieces),
        )
        return description.describe(holding)

    async def _try_one(self) -> None:
        async with await self.create(label="probe"):
            pass

    async def close(self) -> None:
        """Close every box that is still open."""
        await asyncio.gather(*(box.close() for box in tuple(self._boxes)))


def remove_leftovers(root: Path | None = None) -> int:
    """Remove what factories that are dead by now left behind; how many folders.

    Args:
        root: Where boxes without a private root keep their files; the system's temporary folder
            when None.
    """
    count = 0
    for entry in (root or Path(tempfile.gettempdir())).iterdir():
        match = _SCRATCH.fullmatch(entry.name)
        if match and not Path(f"/proc/{match[1]}").exists() and entry.is_dir():
            _remove(str(entry))
            count += not entry.exists()
    return count


def _remove(scratch: str) -> None:
    if scratch and Path(scratch).exists():
        remove_scratch(scratch)
