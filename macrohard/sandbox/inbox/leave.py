"""Leaving the host: the namespaces a keeper enters before it builds its box."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import TypeVar

LINUX = sys.platform == "linux"
if LINUX:
    from . import kernel

INSIDE_UID = 1000
"""What our own user is called in a user namespace."""

T = TypeVar("T")


class PieceError(Exception):
    """One piece of isolation cannot be had here.

    Args:
        piece: ``user``, ``mount``, ``pid``, ``net``, ``ipc``, ``orphans``, ``syscalls``.
        why: What the host answered.
    """

    def __init__(self, piece: str, why: object) -> None:
        super().__init__(f"{piece}: {why}")
        self.piece = piece
        self.why = str(why)


def leave_host(pieces: list[str], uid: int | None) -> int | None:
    """Enter the namespaces asked for; the user commands are to run as, None for our own."""
    if not LINUX:
        if pieces:
            raise PieceError(pieces[0], "namespaces are a feature of Linux")
        return None
    # With a process namespace all that is left to do is to die; without one there is clearing up.
    kernel.hear_of_parents_death(signal.SIGKILL if "pid" in pieces else signal.SIGTERM)
    if "user" in pieces and uid is None:
        attempt("user", lambda: kernel.map_own_user(INSIDE_UID))
    namespaces = (
        ("mount", kernel.NEWNS),
        ("pid", kernel.NEWPID),
        ("net", kernel.NEWNET),
        ("ipc", kernel.NEWIPC | kernel.NEWUTS),
    )
    for piece, flag in namespaces:
        if piece in pieces:
            attempt(piece, partial(kernel.unshare, flag))
    if "net" in pieces:
        attempt("net", kernel.raise_loopback)
    if "ipc" in pieces:
        attempt("ipc", lambda: kernel.name_host("box"))
    return uid if "user" in pieces else None


def in_user_namespace(pieces: list[str], uid: int | None) -> bool:
    """Whether our privileges over commands come from a user namespace.

    Commands have none there, which keeps them from tracing us or seeing us in ``/proc``. (To hide
    our memory as well would hide the runners from the keeper.)
    """
    return "user" in pieces and uid is None


def attempt(piece: str, step: Callable[[], T]) -> T:
    """Take a step that a piece of isolation needs.

    Raises:
        PieceError: The host does not allow it.
    """
    try:
        return step()
    except OSError as error:
        raise PieceError(piece, error) from error


def become_init(link: socket.socket) -> None:
    """Go on as the first process of the new process namespace; the parent only waits for it."""
    child = os.fork()
    if child:
        link.close()
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.hear_of_parents_death(signal.SIGKILL)
