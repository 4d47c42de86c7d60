"""The Sandbox protocol: a box that runs code nobody has read.

A command that fails is a result. A sandbox that fails is a :class:`~macrohard.errors.SandboxError`.
Paths are absolute inside the box or relative to :data:`WORKSPACE`.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

WORKSPACE = "/work"
"""Where the tree under work is, as code inside the box sees it (also in ``$MACROHARD_WORK``).

A box that cannot rearrange the file system puts it elsewhere; use relative paths.
"""


@dataclass(frozen=True)
class Limits:
    """What a box may use. Sizes in megabytes of 2**20 bytes.

    Attributes:
        memory_mb: Memory of all processes together where the host can count it, else of each.
        pids: Processes and threads at once.
        file_mb: Largest file.
        disk_mb: All files of the workspace together.
        output_bytes: Of each of stdout and stderr; the middle of more is cut.
        cpu_s: CPU time of one process.
        cpus: Processors' worth of time at once, where the host can cap it.
        tmp_mb: All files in ``/tmp`` together, where the host can cap it.
    """

    memory_mb: int = 1024
    pids: int = 128
    file_mb: int = 64
    disk_mb: int = 512
    output_bytes: int = 1_000_000
    cpu_s: int = 300
    cpus: int = 2
    tmp_mb: int = 64


Outcome = Literal["exited", "timeout", "oom", "killed"]


@dataclass(frozen=True)
class ExecResult:
    """How a command ended.

    Attributes:
        returncode: Exit status; 128 + signal when a signal ended it; 124 on time-out.
        stdout: Decoded as UTF-8 with replacement, head and tail when ``truncated``.
        stderr: Likewise.
        truncated: Whether something was cut from either.
        duration_s: Wall time in seconds.
        outcome: ``timeout`` when the deadline ended it, ``oom`` when memory did, ``killed``
            when another signal did, otherwise ``exited``.
    """

    returncode: int
    stdout: str
    stderr: str
    truncated: bool
    duration_s: float
    outcome: Outcome = "exited"


class Terminal(Protocol):
    """A program on a pseudo-terminal inside a box."""

    async def send(self, data: bytes) -> None:
        """Type bytes."""
        ...

    async def read(self, timeout_s: float) -> bytes:
        """Bytes that arrived; empty when none did within ``timeout_s`` or after the end."""
        ...

    def resize(self, rows: int, columns: int) -> None:
        """Change the window size; the program gets SIGWINCH."""
        ...

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        ...

    async def close(self) -> int | None:
        """End the program and everything it started; its exit status when it had one."""
        ...


class Sandbox(Protocol):
    """One box. Use as an async context manager; leaving it ends every process and file in it."""

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

        Raises:
            SandboxError: The box is gone or cannot start processes.
        """
        ...

    async def terminal(
        self,
        argv: list[str],
        *,
        rows: int = 30,
        columns: int = 100,
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> Terminal:
        """Start a program on a pseudo-terminal."""
        ...

    async def read(self, path: str, *, max_bytes: int = 10_000_000) -> bytes:
        """A file's bytes.

        Raises:
            FileNotFoundError: Nothing is there.
            IsADirectoryError: A directory is there.
            PermissionError: It leads outside the box, or is not a regular file.
            SandboxError: It is larger than ``max_bytes``.
        """
        ...

    async def write(self, path: str, data: bytes) -> None:
        """Write a file, making its directories.

        Raises:
            PermissionError: The path leads outside the workspace, or is mounted read-only.
            SandboxError: The workspace is full.
        """
        ...

    async def put_tree(self, source: Path, dest: str = "", *, read_only: bool = False) -> None:
        """Copy a directory of the host into the box (regular files and directories only).

        ``read_only`` trees cannot be changed by anything that runs in the box.
        """
        ...

    async def get_tree(self, dest: Path, source: str = "") -> list[str]:
        """Copy a directory of the box to the host, checked: no links, devices or traversal.

        Returns:
            What was left out, one ``path: reason`` each.

        Raises:
            SandboxError: More than the disk limit, or more than 20,000 files.
        """
        ...

    def endpoint(self, port: int) -> str:
        """Base URL through which a driver reaches a server on this port inside the box."""
        ...

    async def snapshot(self, dest: Path) -> None:
        """Pack the workspace into a tar file on the host."""
        ...

    async def close(self) -> None:
        """End every process and remove every file. Safe to call twice."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class SandboxProvider(Protocol):
    """Makes boxes of one kind."""

    name: str

    async def create(self, *, label: str, limits: Limits | None = None) -> Sandbox:
        """A fresh box.

        Raises:
            SandboxError: None can be made; says why and what to do.
        """
        ...

    def use_packages(self, site: Path) -> None:
        """Give boxes that are made from now on a folder with Python packages, read-only.

        Their Python finds them beside its own.
        """
        ...

    def describe(self) -> list[str]:
        """What holds and what does not on this host, one sentence each."""
        ...

    async def close(self) -> None:
        """Close every box that is still open."""
        ...
