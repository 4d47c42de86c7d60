"""Files in and out of a directory whose owner may be hostile and at work while we look.

Every path is walked one component at a time from an open directory, never through a link, so
that nothing swapped in between can lead outside. Only regular files and directories go in or out.
Nothing here uses tar to copy: ``tarfile``'s data filter lets crafted links out (CVE-2025-4517).
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from macrohard.errors import SandboxError

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not make us wait
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 2**20
MAX_NAME = 255


@dataclass(frozen=True)
class Store:
    """A directory to read and write safely.

    Attributes:
        root: Descriptor of it; stays the caller's.
        owner: User and group new entries belong to, None for our own.
    """

    root: int
    owner: int | None = None

    def read(self, path: str, max_bytes: int) -> bytes:
        """A regular file's bytes; raises as :meth:`Sandbox.read` says."""
        parts = split(path)
        if not parts:
            raise IsADirectoryError(f"{path or '.'} is a directory")
        with self._parent(parts, path) as parent, explained(path):
            mode = os.stat(parts[-1], dir_fd=parent, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(f"{path} is a directory")
            if not stat.S_ISREG(mode):
                raise PermissionError(f"{path} is {kind_of(mode)}, not a regular file")
            with opened(os.open(parts[-1], READ, dir_fd=parent)) as file:
                return read_regular(file, path, max_bytes)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Put a file in place in one step, making its directories."""
        parts = split(path)
        if not parts:
            raise IsADirectoryError(f"{path or '.'} is a directory")
        with self._parent(parts, path, make=True) as parent, explained(path):
            self._place(parent, parts[-1], data, mode)

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it; nothing happens where one is."""
        with self._parent([*split(path), "."], path, make=True):
            pass

    def _place(self, parent: int, name: str, data: bytes, mode: int) -> None:
        if len(os.fsencode(name)) > MAX_NAME:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        # A fresh file moved into place: whatever stood there before (a link, a FIFO, a file
        # linked from elsewhere) is replaced, never written through.
        draft = f".{secrets.token_hex(8)}.part"
        file = os.open(draft, _CREATE, 0o600, dir_fd=parent)
        try:
            with opened(file):
                view = memoryview(data)
                while view:
                    view = view[os.write(file, view) :]
                self._own(file)
                os.fchmod(file, mode)
            os.rename(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft, dir_fd=parent)
            raise

    def _own(self, descriptor: int) -> None:
        if self.owner is not None:
            os.fchown(descriptor, self.owner, self.owner)

    @contextlib.contextmanager
    def _parent(self, parts: list[str], path: str, *, make: bool = False) -> Iterator[int]:
        """The directory that holds the last of ``parts``."""
        with explained(path):
            current = os.dup(self.root)
        try:
            for name in parts[:-1]:
                with explained(path):
                    below = self._enter(current, name, make=make)
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)

    def _enter(self, parent: int, name: str, *, make: bool) -> int:
        try:
            return os.open(name, DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            if not make:
                raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=parent)
        directory = os.open(name, DIRECTORY, dir_fd=parent)
        os.fchmod(directory, 0o755)  # whatever our umask is
        self._own(directory)
        return directory

    @contextlib.contextmanager
    def open_directory(self, path: str) -> Iterator[int]:
        """A descriptor of a directory below the root."""
        # Opening "." turns a descriptor that only names a place into one that can be listed.
        with self._parent([*split(path), ".", "."], path) as directory:
            yield directory

    def put_read_only_tree(self, source: Path, dest: str) -> None:
        """Copy a directory of the host in, ours and without write permission.

        Holds against another user: the directories above become sticky and ours too, so that the
        tree cannot be moved away. Against processes of our own user nothing here can hold.
        """
        self.make_directory(dest)
        parts = split(dest)
        for depth in range(1, len(parts)):
            with self.open_directory("/".join(parts[:depth])) as above:
                os.fchown(above, os.geteuid(), -1)
                os.fchmod(above, 0o1777)
        ours = Store(self.root)
        ours.put_tree(source, dest)
        with ours.open_directory(dest) as top:
            for _, _, files, directory in os.fwalk(".", dir_fd=top):
                for name in files:
                    with opened(os.open(name, READ, dir_fd=directory)) as file:
                        os.fchmod(file, os.fstat(file).st_mode & 0o555)
                if self.owner is None:
                    os.fchmod(directory, 0o555)

    def put_tree(self, source: Path, dest: str) -> None:
        """Copy a directory of the host in."""
        self.make_directory(dest)
        for entry in walk_host(source):
            relative = PurePosixPath(dest, entry.relative_to(source).as_posix())
            if entry.is_dir():
                self.make_directory(str(relative))
            else:
                mode = 0o755 if entry.stat().st_mode & 0o111 else 0o644
                self.write(str(relative), entry.read_bytes(), mode)


def split(path: str) -> list[str]:
    """Components of a path relative to its root.

    Raises:
        PermissionError: It is absolute or climbs with ``..``.
    """
    if "\0" in path:
        raise PermissionError("a path may not hold a NUL character")
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise PermissionError(f"{path} leads outside the box")
    return list(pure.parts)


def walk_host(source: Path) -> Iterator[Path]:
    """Regular files and directories below a directory of the host, links left out."""
    for entry in sorted(source.iterdir()):
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield entry
            yield from walk_host(entry)
        elif stat.S_ISREG(mode):
            yield entry


def kind_of(mode: int) -> str:
    """What a file that is neither regular nor a directory is, in words."""
    kinds = {
        stat.S_IFLNK: "a link",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")


@contextlib.contextmanager
def opened(descriptor: int) -> Iterator[int]:
    """A descriptor that is closed in the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_regular(file: int, path: str, max_bytes: int) -> bytes:
    """The bytes of an open file, if it is a regular one and has no more than that.

    Raises:
        PermissionError: It is something else.
        SandboxError: It is larger, or grows while it is read.
    """
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise PermissionError(f"{path} is {kind_of(status.st_mode)}, not a regular file")
    if status.st_size > max_bytes:
        raise SandboxError(f"{path} has {status.st_size} bytes; at most {max_bytes} were asked for")
    chunks: list[bytes] = []
    left = max_bytes + 1  # it may grow while it is read
    while left > 0 and (chunk := os.read(file, min(_CHUNK, left))):
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise SandboxError(f"{path} grew past {max_bytes} bytes while it was read")
    return b"".join(chunks)


@contextlib.contextmanager
def explained(path: str) -> Iterator[None]:
    """System errors in the words of the Sandbox contract."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise  # one of ours
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise PermissionError(f"{path} leads through a link or a file") from error
        if error.errno == errno.EROFS:
            raise PermissionError(f"{path} is mounted read-only") from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SandboxError(f"{path} was not written: the workspace is full") from error
        if error.errno == errno.ENOENT:
            raise FileNotFoundError(f"{path} does not exist in the box") from error
        if error.errno in (errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST):
            raise IsADirectoryError(f"{path} is a directory") from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise PermissionError(f"{path} may not be touched: {error.strerror}") from error
        raise SandboxError(f"{path[:300]} cannot be used: {error.strerror}") from error
