"""The private root of a box: what code in it sees instead of the host's file system.

Everything is in memory or a read-only copy of a host mount: ``/usr`` and the interpreter that
runs the factory, an ``/etc`` of a dozen lines, a ``/dev`` of five devices, fresh ``/proc``,
``/tmp``, ``/dev/shm`` and the workspace with hard caps on bytes and files. When the last process
of the box dies, the kernel drops all of it; there is nothing to clean up.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import kernel

WORK = "work"
_SHIELDS = kernel.NOSUID | kernel.NODEV
_FROZEN = _SHIELDS | kernel.RDONLY
_MOUNT_POINT = "/tmp"  # noqa: S108 - hidden in this mount namespace only; any directory would do
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr")
_ETC_FROM_HOST = ("alternatives", "ld.so.cache", "localtime")
_SHM_MB = 16  # of /dev/shm; small beside Limits.memory_mb
_PROC_FROZEN = ("sys", "sysrq-trigger", "irq", "bus", "fs")  # settings of the whole kernel
_FILES_PER_MB = 128  # inodes a workspace may have: enough for files of 8 KB on average
_LEAST_FILES = 32768


def build_root(plan: dict[str, Any], uid: int) -> tuple[int, int]:
    """Build the root described by ``plan`` and make it this process's root.

    Must run in the box's own mount and pid namespaces.

    Args:
        plan: ``binds`` (pairs of host path and path in the box), ``links`` (pairs of path and
            target), ``files`` (pairs of path and text), ``limits``.
        uid: Who owns the workspace.

    Returns:
        Descriptors of the workspace and of ``/tmp``.
    """
    kernel.slave_mounts()
    binds = [(copy, dest) for source, dest in _all_binds(plan) if (copy := _frozen_copy(source))]
    devices = [(name, kernel.copy_tree_of_mounts(f"/dev/{name}")) for name in _DEVICES]
    # The keeper and its runners cannot be seen: who cannot trace a process does not see it.
    proc = kernel.new_mount("proc", {"hidepid": "2"}, _SHIELDS | kernel.NOEXEC)
    root = kernel.new_mount("tmpfs", {"size": "4m", "mode": "755"}, _SHIELDS)
    kernel.attach(root, _MOUNT_POINT)
    os.chdir(_MOUNT_POINT)
    _lay_out(plan)
    limits = plan["limits"]
    work = _memory_disk(
        WORK, limits["disk_mb"], "755"
    )  # a descriptor of the mount, not fit for reading or fchown
    os.chown(WORK, uid, uid)
    tmp = _memory_disk("tmp", limits["tmp_mb"], "1777")
    for copy, dest in binds:
        _attach_at(copy, dest.lstrip("/"))
    _attach_at(proc, "proc")
    for name in _PROC_FROZEN:
        if frozen := _frozen_copy(f"{_MOUNT_POINT}/proc/{name}"):
            _attach_at(frozen, f"proc/{name}")
    _lay_out_devices(devices)
    kernel.enter_root(_MOUNT_POINT)
    kernel.set_attributes(root, kernel.RDONLY, recursive=False)
    os.close(root)
    return work, tmp


def _all_binds(plan: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_dir() and not path.is_symlink():
            yield str(path), str(path)
    for name in _ETC_FROM_HOST:
        yield f"/etc/{name}", f"/etc/{name}"
    yield from plan["binds"]


def _frozen_copy(source: str) -> int | None:
    if not Path(source).exists():
        return None
    copy = kernel.copy_tree_of_mounts(source)
    kernel.set_attributes(copy, _FROZEN, recursive=True)
    return copy


def _lay_out(plan: dict[str, Any]) -> None:
    for name in ("proc", "tmp", "work", "run", "var", "etc", "dev", "home"):
        Path(name).mkdir(mode=0o755)
    Path("var/tmp").symlink_to("/tmp")  # noqa: S108 - inside the box
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            Path(name).symlink_to(path.readlink())
    for path_text, target in plan["links"]:
        link = Path(path_text.lstrip("/"))
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    for path_text, text in plan["files"]:
        file = Path(path_text.lstrip("/"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)


def _lay_out_devices(devices: list[tuple[str, int]]) -> None:
    dev = Path("dev")
    for name, copy in devices:
        _attach_at(copy, f"dev/{name}")
    terminals = {"mode": "0620", "ptmxmode": "0666"}
    pts = kernel.new_mount("devpts", terminals, kernel.NOSUID | kernel.NOEXEC)
    _attach_at(pts, "dev/pts", directory=True)
    _memory_disk("dev/shm", _SHM_MB, "1777")
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        (dev / name).symlink_to(target)


def _memory_disk(path: str, size_mb: int, mode: str) -> int:
    """A capped tmpfs at ``path``; a descriptor of its root."""
    files = max(_LEAST_FILES, size_mb * _FILES_PER_MB)
    options = {"size": f"{size_mb}m", "nr_inodes": str(files), "mode": mode}
    disk = kernel.new_mount("tmpfs", options, _SHIELDS)
    Path(path).mkdir(exist_ok=True)
    kernel.attach(disk, path)
    return disk


def _attach_at(mount: int, path: str, *, directory: bool | None = None) -> None:
    point = Path(path)
    point.parent.mkdir(parents=True, exist_ok=True)
    is_directory = os.stat(mount).st_mode & 0o170000 == 0o040000 if directory is None else directory
    if is_directory:
        point.mkdir(exist_ok=True)
    else:
        point.touch()
    kernel.attach(mount, path)
    os.close(mount)


def fresh_tree(size_mb: int) -> int:
    """A file system nobody in the box can reach yet, for the factory to fill; a descriptor."""
    options = {"size": f"{size_mb}m", "nr_inodes": str(_LEAST_FILES), "mode": "755"}
    return kernel.new_mount("tmpfs", options, _SHIELDS)


def show_read_only(tree: int, workspace: int, path: str) -> None:
    """Freeze a tree from :func:`fresh_tree` and put it into the workspace.

    Every directory on the way becomes a mount point of its own, so that none of them can be
    renamed and another tree put in its place.

    Raises:
        OSError: A component is no directory, or something still writes to the tree.
    """
    kernel.set_attributes(tree, _FROZEN, recursive=False)
    place = os.dup(workspace)
    try:
        *ancestors, _ = names = path.split("/")
        for depth, name in enumerate(names, start=1):
            directory = os.open(name, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
            if depth <= len(ancestors):
                kernel.attach_onto_descriptor(pinned := kernel.copy_mount_of(directory), directory)
                os.close(directory)
                directory = pinned
            os.close(place)
            place = directory
        kernel.attach_onto_descriptor(tree, place)
    finally:
        os.close(place)
        os.close(tree)
