"""A seccomp filter for commands: system calls that reach around the namespaces are refused.

The box still shares the host's kernel; this takes away the doors that ordinary programs never
use: io_uring, bpf, ptrace, keyrings, userfaultfd, perf, new namespaces, mounts, and socket
families without a network namespace of their own (AF_VSOCK reaches the hypervisor).
Numbers are from ``asm/unistd.h`` of each architecture, opcodes from ``linux/bpf_common.h``.
"""

import ctypes
import errno
import os
import socket
import struct
from typing import NamedTuple

_LOAD_WORD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_ANY_BIT = 0x45
_JUMP_AT_LEAST = 0x35
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_OFFSET_NUMBER = 0
_OFFSET_ARCHITECTURE = 4
_OFFSET_FIRST_ARGUMENT = 16  # its low word on the little-endian machines below
_X32_BIT = 0x40000000
_NEW_NAMESPACES = (
    0x7E020000  # CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
)
_CLONE3 = 435
_ON_EVERY_MACHINE = (*range(425, 434), 442)  # io_uring, the mount calls, mount_setattr
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # 16: AF_NETLINK, own namespace
_PR_SET_SECCOMP = 22
_FILTER = 2


class _Machine(NamedTuple):
    audit: int
    clone: int
    sockets: tuple[int, int]  # socket, socketpair
    refused: tuple[int, ...]
    # ptrace, mount, umount2, pivot_root, unshare, setns, add_key, request_key, keyctl,
    # perf_event_open, bpf, userfaultfd, open_by_handle_at, kexec_load


_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        clone=56,
        sockets=(41, 53),
        refused=(101, 165, 166, 155, 272, 308, 248, 249, 250, 298, 321, 323, 304, 246),
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        clone=220,
        sockets=(198, 199),
        refused=(117, 40, 39, 41, 97, 268, 217, 218, 219, 241, 280, 282, 265, 104),
    ),
}


def compile_filter(machine: str = "") -> bytes:
    """The filter as an array of ``struct sock_filter``.

    Args:
        machine: Architecture by its ``uname`` name; this one when empty.

    Raises:
        OSError: Its numbers are not in the table.
    """
    known = _MACHINES.get(machine or os.uname().machine)
    if known is None:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine or os.uname().machine}")
    refuse = _step(_RETURN, _ERRNO | errno.EPERM)
    steps = [
        _step(_LOAD_WORD, _OFFSET_ARCHITECTURE),
        _step(_JUMP_EQUAL, known.audit, 1, 0),
        refuse,
        _step(_LOAD_WORD, _OFFSET_NUMBER),
        _step(_JUMP_AT_LEAST, _X32_BIT, 0, 1),
        refuse,
        # Its flags are in memory, where no filter can look; programs fall back to clone.
        _step(_JUMP_EQUAL, _CLONE3, 0, 1),
        _step(_RETURN, _ERRNO | errno.ENOSYS),
    ]
    for number in (*known.refused, *_ON_EVERY_MACHINE):
        steps += [_step(_JUMP_EQUAL, number, 0, 1), refuse]
    steps += [
        _step(_JUMP_EQUAL, known.clone, 0, 4),
        _step(_LOAD_WORD, _OFFSET_FIRST_ARGUMENT),
        _step(_JUMP_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        refuse,
        _step(_RETURN, _ALLOW),
    ]
    families = [_step(_LOAD_WORD, _OFFSET_FIRST_ARGUMENT)]
    for family in _FAMILIES:
        families += [_step(_JUMP_EQUAL, family, 0, 1), _step(_RETURN, _ALLOW)]
    families.append(_step(_RETURN, _ERRNO | errno.EAFNOSUPPORT))
    steps += [
        _step(_JUMP_EQUAL, known.sockets[0], 1, 0),
        _step(_JUMP_EQUAL, known.sockets[1], 0, len(families)),
        *families,
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def install(program: bytes) -> None:
    """Put a filter on this process and all it will start; needs no_new_privs."""
    steps = ctypes.create_string_buffer(program, len(program))
    record = struct.pack("@HP", len(program) // 8, ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.c_char_p(record), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp filter refused")
