"""What holds in a process sandbox on this host, in words for the person who has to trust it."""

from collections.abc import Mapping
from dataclasses import dataclass

_PIDS_CAPPED = "pids: holds: the kernel caps the processes and threads of a box"
_PIDS_COUNTED = (
    "pids: does not hold: processes of a box are only counted ten times a second, or not at all"
    " where orphans are not found (the kernel counts them with all others of this user)"
)
_KERNEL = (
    "kernel: does not hold: it is the host's own, so a hole in it is a way out;"
    " code somebody hostile wrote belongs in a virtual machine"
)


@dataclass(frozen=True)
class Holding:
    """What a host gave.

    Attributes:
        pieces: Pieces of isolation boxes have.
        refused: Why the others could not be had, by piece.
        by_uid: Whether commands run as another user of the host (else in a user namespace).
        counted_apart: Whether the kernel caps the number of processes of a box.
    """

    pieces: frozenset[str]
    refused: Mapping[str, str]
    by_uid: bool
    counted_apart: bool

    def __contains__(self, piece: str) -> bool:
        return piece in self.pieces


def describe(holding: Holding) -> list[str]:
    """One sentence each; it begins with what it is about and whether that holds."""
    return [
        _line(holding, "user", _user(holding)),
        _line(
            holding,
            "mount",
            "a private root; of the host's files only system programs and Python are seen,"
            " read-only; the workspace is in memory, with a hard cap",
            "commands see the host's file system and can do there what their user can;"
            f" nothing caps the size of the workspace; {_read_only(holding)}",
        ),
        _line(
            holding,
            "pid",
            "a process tree of its own; the host's processes are unseen, and closing the box"
            " ends every process in it",
            "commands see the host's processes; one that kills its keeper can outlive the box",
        ),
        _line(
            holding,
            "net",
            "no network but a loopback of its own",
            "commands reach every network this machine reaches",
        ),
        _line(
            holding,
            "ipc",
            "shared memory, message queues and host name of its own",
            "shared memory and message queues are the host's",
        ),
        _line(
            holding,
            "orphans",
            "whatever a command started dies when it ends, daemons that left its session included;"
            " memory and processes of the box are counted ten times a second",
            "daemons that leave their session outlive their command; memory is capped for each"
            " process only",
        ),
        _line(
            holding,
            "syscalls",
            "ptrace, bpf, io_uring, keyrings, mounts, new namespaces and AF_VSOCK are refused",
            "every system call of the host's kernel can be made",
        ),
        _PIDS_CAPPED if holding.counted_apart else _PIDS_COUNTED,
        _KERNEL,
    ]


def _line(holding: Holding, piece: str, held: str, lost: str = "") -> str:
    if piece in holding:
        return f"{piece}: holds: {held}"
    return f"{piece}: does not hold: {lost or held} ({holding.refused.get(piece, 'not asked for')})"


def _user(holding: Holding) -> str:
    if "user" not in holding:
        return "commands run as the user who runs macrohard"
    if holding.by_uid:
        return "commands run as a user who owns nothing else on this machine, without privileges"
    return (
        "commands run in a user namespace without privileges; outside it they are the user who"
        " runs macrohard"
    )


def _read_only(holding: Holding) -> str:
    if "user" in holding and holding.by_uid:
        return "read-only trees are protected by their owner"
    return "read-only trees can be changed by a command that sets out to"
