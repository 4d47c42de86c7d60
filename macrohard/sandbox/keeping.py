"""Starting and ending the keeper process of a box, and telling it what to build."""

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from macrohard.sandbox.base import Limits
from macrohard.sandbox.inbox.leave import INSIDE_UID
from macrohard.sandbox.interpreter import Layout

PIECES = ("user", "mount", "pid", "net", "ipc", "orphans", "syscalls")
"""What isolation is made of, in the order in which a keeper asks the host for it."""

_FIRST_UID = 2_000_000_000  # far above people and services; plus a process id it is ours alone
_FIRST_UID_IN_CONTAINER = 60_000  # where only 65,536 users are mapped
_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from inbox.keeper import main; main()"
_END_PATIENCE_S = 8.0  # commands that have to be killed one by one take up to 4 s
_MEGABYTE = 2**20
_RESERVED_PER_USED = 4
_ROOM_FOR_OTHERS = 1000  # what else our user may start while a box runs
_OPEN_FILES = 1024  # what Linux gives a login by default


def start_keeper(stream: socket.socket) -> subprocess.Popen[bytes]:
    """Start the program that keeps a box, its end of the line on descriptor 0.

    It gets nothing of our environment. The kernel kills it when the thread that calls this ends,
    so call it from the thread of the event loop.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _CODE, str(Path(__file__).parent)],
        stdin=stream.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={},
        cwd="/",
        start_new_session=True,  # Ctrl-C is for the factory, which then ends its boxes in order
    )


async def end_keeper(keeper: subprocess.Popen[bytes]) -> str:
    """Wait for a keeper whose line was closed; the last thing it said."""
    pause_s, waited_s = 0.001, 0.0
    while keeper.poll() is None:
        if waited_s > _END_PATIENCE_S:
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


def own_uid(keeper_pid: int) -> int | None:
    """A user nobody else is, for a box whose keeper may change users; None when it may not."""
    if os.geteuid() != 0 or sys.platform != "linux":
        return None
    wanted = _FIRST_UID + keeper_pid
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        inside, _, count = map(int, line.split())
        if inside <= wanted < inside + count:
            return wanted
    return _FIRST_UID_IN_CONTAINER + keeper_pid % 5000


def plan(
    pieces: tuple[str, ...], uid: int | None, limits: Limits, layout: Layout, scratch: str
) -> dict[str, Any]:
    """What a keeper has to know; see :mod:`macrohard.sandbox.inbox.keeper`."""
    shown = uid if uid is not None else INSIDE_UID
    return {
        "pieces": pieces,
        "uid": uid,
        "limits": asdict(limits),
        "rlimits": _rlimits(
            limits, own_count=counted_apart(uid, pieces), memory_counted="orphans" in pieces
        ),
        "scratch": scratch,
        "binds": layout.binds,
        "links": layout.links,
        "files": [*layout.files, *_etc(shown)],
    }


def counted_apart(uid: int | None, pieces: Collection[str]) -> bool:
    """Whether the kernel counts the processes of a box apart from all others, and caps them."""
    if uid is not None:
        return True
    # Since Linux 5.14 each user namespace has a count of its own; root is not held to any.
    return "user" in pieces and os.geteuid() != 0 and _kernel_version() >= (5, 14)


def _kernel_version() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])


def _tasks_of_this_user() -> int:
    """Processes and threads of our user now; 0 where there is no ``/proc`` to count in."""
    tasks = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry.stat().st_uid == os.geteuid():
                tasks += len(list((entry / "task").iterdir()))
    return tasks


def _etc(uid: int) -> list[tuple[str, str]]:
    box = f"box:x:{uid}:{uid}:box:/tmp:/bin/sh\n"
    return [
        ("/etc/passwd", f"root:x:0:0:root:/:/bin/false\n{box}"),
        ("/etc/group", f"root:x:0:\nbox:x:{uid}:\n"),
        ("/etc/hosts", "127.0.0.1 localhost box\n::1 localhost\n"),
        ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ]


def _rlimits(limits: Limits, *, own_count: bool, memory_counted: bool) -> dict[str, int]:
    # Programs reserve far more addresses than they use (64 MB for each thread that allocates), so
    # these are only the wall behind what is counted.
    found = {
        "RLIMIT_AS": limits.memory_mb * _MEGABYTE * _RESERVED_PER_USED,
        "RLIMIT_FSIZE": limits.file_mb * _MEGABYTE,
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": limits.cpu_s,
    }
    if not memory_counted:
        found["RLIMIT_DATA"] = limits.memory_mb * _MEGABYTE  # writable memory of one process
    if own_count:
        found["RLIMIT_NPROC"] = limits.pids
    elif others := _tasks_of_this_user():
        # The kernel counts everything this user runs, so this only keeps a fork bomb from
        # taking the machine; the keeper counts the box itself.
        found["RLIMIT_NPROC"] = others + limits.pids + _ROOM_FOR_OTHERS
    return found
