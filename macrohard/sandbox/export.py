"""A hostile directory on its way out: checked, capped, and named where it is left out."""

import contextlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from macrohard.errors import SandboxError
from macrohard.sandbox.files import DIRECTORY, READ, Store, kind_of, opened, read_regular

MAX_FILES = 20_000
MAX_DEPTH = 48  # each level holds a descriptor open while it is walked


@dataclass
class Export:
    """One walk out of a hostile directory.

    Attributes:
        max_bytes: Most bytes of all files together.
        left_out: ``path: reason`` of what did not come along.
    """

    max_bytes: int
    left_out: list[str] = field(default_factory=list)
    _files: int = 0
    _bytes: int = 0

    def survey(self, directory: int) -> None:
        """Look before anything is copied; what passes is still checked on the way.

        Raises:
            SandboxError: There is more than the caps allow.
        """
        size = 0
        for files, status in enumerate(_statuses(directory, MAX_DEPTH), start=1):
            size += status.st_size if stat.S_ISREG(status.st_mode) else 0
            if files > MAX_FILES:
                raise SandboxError(f"the tree holds more than {MAX_FILES} files")
            if size > self.max_bytes:
                raise SandboxError(f"the tree holds more than {self.max_bytes} bytes")

    def entries(self, directory: int, prefix: str = "") -> Iterator[tuple[str, bool, bytes]]:
        """Path, whether it is executable, and bytes of every regular file.

        A directory comes before what is in it, as a path that ends in a slash.

        Raises:
            SandboxError: There is more than the caps allow.
        """
        for name in sorted(os.listdir(directory)):
            path = f"{prefix}{name}"
            self._files += 1
            if self._files > MAX_FILES:
                raise SandboxError(f"the tree holds more than {MAX_FILES} files")
            try:
                yield from self._entry(directory, name, path)
            except OSError as error:
                self._skip(path, f"cannot be read ({error.strerror})")

    def _entry(self, directory: int, name: str, path: str) -> Iterator[tuple[str, bool, bytes]]:
        mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
        if not name.isprintable() or not _encodable(name):
            self._skip(path, "a name with unprintable characters")
        elif stat.S_ISDIR(mode):
            if path.count("/") >= MAX_DEPTH:
                self._skip(path, f"deeper than {MAX_DEPTH} directories")
                return
            with opened(os.open(name, DIRECTORY, dir_fd=directory)) as below:
                yield f"{path}/", True, b""
                yield from self.entries(below, f"{path}/")
        elif stat.S_ISREG(mode):
            with opened(os.open(name, READ, dir_fd=directory)) as file:
                data = read_regular(file, path, self.max_bytes - self._bytes)
            self._bytes += len(data)
            yield path, bool(mode & 0o111), data
        else:
            self._skip(path, kind_of(mode))

    def _skip(self, path: str, reason: str) -> None:
        shown = "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in path)
        self.left_out.append(f"{shown}: {reason}")


def _statuses(directory: int, depth: int) -> Iterator[os.stat_result]:
    """Of everything below a directory, down to ``depth``; what goes away meanwhile is left out."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                yield status
                if stat.S_ISDIR(status.st_mode) and depth:
                    with opened(os.open(entry.name, DIRECTORY, dir_fd=directory)) as below:
                        yield from _statuses(below, depth - 1)


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def pack(dest: Path, source: int, max_bytes: int) -> None:
    """Write a hostile directory into a tar file on the host, same bytes for same contents."""
    draft = dest.with_name(f".{dest.name}.part")
    export = Export(max_bytes)
    export.survey(source)
    with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as archive:
        for path, executable, data in export.entries(source):
            member = tarfile.TarInfo(path.rstrip("/"))
            member.mode = 0o755 if executable else 0o644
            member.size = len(data)
            if path.endswith("/"):
                member.type = tarfile.DIRTYPE
            archive.addfile(member, io.BytesIO(data))
    draft.replace(dest)


def write_out(dest: Path, source: int, max_bytes: int) -> list[str]:
    """Copy a hostile directory to the host; what was left out."""
    export = Export(max_bytes)
    export.survey(source)
    dest.mkdir(parents=True, exist_ok=True)
    with opened(os.open(dest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as root:
        store = Store(root)
        for path, executable, data in export.entries(source):
            if path.endswith("/"):
                store.make_directory(path)
            else:
                store.write(path, data, 0o755 if executable else 0o644)
    return export.left_out
