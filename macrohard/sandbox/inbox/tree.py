"""Process trees: finding everything below a process, and killing it for good."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

PATIENCE_S = 2.0
"""After this long what still lives is given up, and the box itself has to go."""

COLLECT_AT_ONCE = 200
"""Ended processes to collect before looking at anything else: there may be no end of them."""

_MOST = 2000
_LONGEST_PAUSE_S = 0.02
_PASSES = 20  # each pass finds the children born during the last; a few are enough


def descendants(ancestor: int, spare: AbstractSet[int] = frozenset()) -> Iterator[int]:
    """Every process below ``ancestor``, nearest first, without those in and below ``spare``.

    A moment's picture: processes come and go while it is taken, and it ends after ``_MOST``,
    because a process that hands over to a child all the time could be followed for ever.
    """
    children_of = _listed_children if os.path.exists("/proc/thread-self/children") else _scan()
    waiting = [ancestor]
    for _ in range(_MOST):
        if not waiting:
            break
        for pid in children_of(waiting.pop(0)):
            if pid not in spare:
                waiting.append(pid)
                yield pid


def _listed_children(parent: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{parent}/task"):
            found += map(int, content(f"/proc/{parent}/task/{task}/children").split())
    except OSError:
        pass  # it ended meanwhile
    return found


def content(path: str) -> bytes:
    """What a file of ``/proc`` holds now."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def _scan() -> Lookup:
    """Children by parent, from one walk over ``/proc``, for kernels that do not list them."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = content(f"/proc/{name}/stat")
            except OSError:
                continue
            # The name in parentheses may hold anything, a closing parenthesis included.
            parent = int(stat.rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(name))
    return Lookup(children)


class Lookup:
    """Children by parent, callable like :func:`_listed_children`."""

    def __init__(self, children: dict[int, list[int]]) -> None:
        self._children = children

    def __call__(self, parent: int) -> list[int]:
        """Children of ``parent``."""
        return self._children.get(parent, [])


def kill_descendants(spare: AbstractSet[int] = frozenset()) -> int:
    """Kill everything below this process, until nothing is left; 1 when something outlived us.

    A process that may not fork any more cannot outrun us: first the right to fork is taken from
    all of them, then they are killed. (Killing alone frees places for the survivors' children.)

    Args:
        spare: Children that stay, with all below them.
    """
    give_up = time.monotonic() + PATIENCE_S
    pause_s = 0.0005
    while spare or has_children():
        doomed = _forbid_forks(spare, give_up)
        for pid in doomed:
            kill(pid)
            # Somebody else's child comes to us when its parent is gone.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if spare and not doomed:
            return 0
        if time.monotonic() > give_up:
            return 1
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
    return 0


def has_children() -> bool:
    """Whether anything is below this process, once those that ended are collected."""
    try:
        for _ in range(COLLECT_AT_ONCE):
            if not os.waitpid(-1, os.WNOHANG)[0]:
                return True
    except ChildProcessError:
        return False
    return True


def _forbid_forks(spare: AbstractSet[int], give_up: float) -> list[int]:
    """Take the right to fork from every descendant, until no new one turns up; who they are."""
    known: set[int] = set()
    for _ in range(_PASSES):
        new = [pid for pid in descendants(os.getpid(), spare) if pid not in known]
        if not new or time.monotonic() > give_up:
            break
        known.update(new)
        for pid in new:
            if sys.platform == "linux":
                with contextlib.suppress(OSError, ValueError):
                    resource.prlimit(pid, resource.RLIMIT_NPROC, (0, 0))
    return list(known)


def kill(pid: int) -> None:
    """Kill one process, if it is still there and ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def kill_group(group: int) -> None:
    """Kill a process group and collect its leader; all there is without a view of the tree."""
    _signal_group(group)
    kill(group)  # it may not lead its group yet
    with contextlib.suppress(ChildProcessError):
        os.waitpid(group, 0)
    _signal_group(group)  # what it started while it died


def _signal_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
