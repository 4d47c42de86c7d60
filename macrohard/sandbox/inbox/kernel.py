"""System calls the standard library has no names for, as plain functions that raise OSError.

Numbers of the mount calls are the same on every architecture (they are above 423). Constants are
those of ``linux/sched.h``, ``linux/mount.h`` and ``linux/prctl.h``.
"""

import ctypes
import fcntl
import os
import socket
import struct

NEWNS = 0x00020000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

MS_REC = 1 << 14
MS_SLAVE = 1 << 19
MNT_DETACH = 2

RDONLY = 0x1
NOSUID = 0x2
NODEV = 0x4
NOEXEC = 0x8

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_MOVE_FROM_FD = 0x4
_MOVE_ONTO_FD = 0x40
_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_SYS_FSOPEN = 430
_SYS_FSCONFIG = 431
_SYS_FSMOUNT = 432
_SYS_MOUNT_SETATTR = 442
_FSCONFIG_SET_STRING = 1
_FSCONFIG_CREATE = 6

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_LAST_CAPABILITY = 63  # bits past the last known one answer EINVAL, which ends the loop

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def _syscall(number: int, what: str, *arguments: object) -> int:
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments), what)


def unshare(flags: int) -> None:
    """Leave the namespaces named by ``flags``."""
    _checked(_libc.unshare(flags), "unshare")


def hear_of_parents_death(signal_number: int) -> None:
    """Ask for a signal when the parent dies."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "PR_SET_PDEATHSIG")


def hide_memory() -> None:
    """No other process of this user may trace this one or its forks, or read their /proc files."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE")


def adopt_orphans() -> None:
    """Descendants whose parent dies become children of this process."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "PR_SET_CHILD_SUBREAPER")


def renounce_privileges() -> None:
    """Neither setuid programs nor file capabilities can raise this process again."""
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last capability, or none to drop: then there is nothing to lose
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")


def slave_mounts() -> None:
    """Nothing mounted from here on reaches the host."""
    _checked(_libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None), "mount MS_SLAVE")


def copy_tree_of_mounts(path: str) -> int:
    """A detached copy of what is mounted at ``path``, with everything below; a descriptor."""
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return _syscall(_SYS_OPEN_TREE, f"open_tree {path}", _AT_FDCWD, os.fsencode(path), flags)


def new_mount(kind: str, options: dict[str, str], attributes: int) -> int:
    """A detached fresh file system; a descriptor of its root."""
    context = _syscall(_SYS_FSOPEN, f"fsopen {kind}", kind.encode(), 1)
    try:
        for key, value in options.items():
            what = f"{kind} {key}={value}"
            arguments = (context, _FSCONFIG_SET_STRING, key.encode(), value.encode(), 0)
            _syscall(_SYS_FSCONFIG, what, *arguments)
        _syscall(_SYS_FSCONFIG, f"create {kind}", context, _FSCONFIG_CREATE, None, None, 0)
        return _syscall(_SYS_FSMOUNT, f"fsmount {kind}", context, 1, attributes)
    finally:
        os.close(context)


def set_attributes(mount: int, attributes: int, *, recursive: bool) -> None:
    """Add attributes (read-only, nosuid, …) to a mount given by a descriptor of its root."""
    record = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = _AT_EMPTY_PATH | (_AT_RECURSIVE if recursive else 0)
    _syscall(_SYS_MOUNT_SETATTR, "mount_setattr", mount, b"", flags, record, len(record))


def attach(mount: int, onto: str) -> None:
    """Put a detached mount onto a path."""
    what = f"move_mount {onto}"
    _syscall(_SYS_MOVE_MOUNT, what, mount, b"", _AT_FDCWD, os.fsencode(onto), _MOVE_FROM_FD)


def attach_onto_descriptor(mount: int, onto: int) -> None:
    """Put a detached mount onto the directory a descriptor names, whatever its path is now."""
    flags = _MOVE_FROM_FD | _MOVE_ONTO_FD
    _syscall(_SYS_MOVE_MOUNT, "move_mount", mount, b"", onto, b"", flags)


def copy_mount_of(directory: int) -> int:
    """A detached copy of the mount below an open directory, that directory its root."""
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC | _AT_EMPTY_PATH
    return _syscall(_SYS_OPEN_TREE, "open_tree", directory, b"", flags)


def enter_root(mount_point: str) -> None:
    """Make a mounted directory the root and let go of the old one."""
    os.chdir(mount_point)
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")


def name_host(name: str) -> None:
    """Name this machine, in a UTS namespace of its own."""
    socket.sethostname(name)


def raise_loopback() -> None:
    """Bring ``lo`` up in this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(probe, _SIOCGIFFLAGS, request), 16)
        up = struct.pack("16sH14x", b"lo", flags | _IFF_UP_RUNNING)
        fcntl.ioctl(probe, _SIOCSIFFLAGS, up)


def map_own_user(inside: int) -> None:
    """In a fresh user namespace: this user and group are ``inside`` there, and nobody else is."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {uid} 1"),
        ("gid_map", f"{inside} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
