"""Keeping a process out of the sight of others that run as the same user."""

import contextlib
import ctypes
import sys
from pathlib import Path

_PR_SET_DUMPABLE = 4
_ARGUMENTS = slice(45, 47)
"""Where the arguments begin and end in memory, among the fields of ``/proc/self/stat`` after the
name of the program."""


def hide() -> None:
    """Blank our command line, and refuse others our memory, environment and descriptors."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, ValueError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = map(int, fields[_ARGUMENTS])
        if 0 < start < end:
            ctypes.memset(start, 0, end - start)
    set_open(value=False)


def set_open(*, value: bool) -> None:
    """Say whether others of this user may look into this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, int(value), 0, 0, 0)
