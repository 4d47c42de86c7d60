"""One command from its start to the death of everything it started.

A runner is forked from the keeper for each command. It adopts the orphans of its descendants, so
a daemon that leaves its session is still found; it ends when it has no children left.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import termios
import time

from . import kernel, tree

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from typing import Any, NoReturn

TIMED_OUT = 124
NOT_FOUND = 127
NOT_RUNNABLE = 126
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT)
"""What Python handles in its own way, and a command is to find as usual."""

_LINUX = sys.platform == "linux"


class Identity:
    """Who commands run as.

    Attributes:
        uid: User and group to become, or None to stay who we are.
        limits: Resource limits by the name of their constant.
        adopts: Whether orphans can be adopted and found; otherwise a process group is all that
            is known of a command.
        filter: System calls refused, as a seccomp program; empty for none.
    """

    __slots__ = ("adopts", "filter", "limits", "uid")

    def __init__(
        self, uid: int | None, limits: dict[str, int], *, adopts: bool, filter_: bytes
    ) -> None:
        self.uid = uid
        self.limits = limits
        self.adopts = adopts
        self.filter = filter_


def run(
    request: dict[str, Any],
    descriptors: list[int],
    identity: Identity,
    control: socket.socket,
    terminal: bool,
) -> NoReturn:
    """Start the command, see it and its descendants to their end, report, exit.

    Args:
        request: ``argv``, ``env``, ``cwd``, ``timeout_s`` (None for no deadline).
        descriptors: Standard input, output and error of the command.
        identity: Who it runs as.
        control: Where the keeper says ``k`` (kill) or ``m`` (kill: memory), and where the report
            goes.
        terminal: Whether the descriptors are a terminal the command is to control.
    """
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if identity.adopts:
        kernel.adopt_orphans()
    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    failure_read, failure_write = os.pipe()
    if terminal or identity.uid is not None or identity.filter:
        child = os.fork()
        if child == 0:
            _become(request, descriptors, identity, failure_write, terminal)
    else:
        child = _spawn(request, descriptors, identity, failure_write)
    os.close(failure_write)
    for descriptor in set(descriptors):
        os.close(descriptor)
    limit_s = request["timeout_s"]
    deadline = None if limit_s is None else started + limit_s
    status, ended_by = _watch(child, control, wake_read, deadline)
    survivors = 0
    if identity.adopts:
        survivors = tree.kill_descendants()
    else:
        tree.kill_group(child)
    failure = os.read(failure_read, 4096).decode(errors="replace")
    report = _report(status, ended_by, failure)
    report["duration_s"] = time.monotonic() - started
    report["survivors"] = survivors
    control.sendall(json.dumps(report).encode())
    os._exit(0)


def _report(status: int | None, ended_by: str, failure: str) -> dict[str, Any]:
    if failure:
        digits, _, reason = failure.partition(":")
        if int(digits) not in (NOT_FOUND, NOT_RUNNABLE):
            return {"error": reason}
        return {"returncode": int(digits), "outcome": "exited"}
    if ended_by == "timeout":
        return {"returncode": TIMED_OUT, "outcome": "timeout"}
    if ended_by or status is None:
        outcome = "oom" if ended_by == "memory" else "killed"
        return {"returncode": 128 + signal.SIGKILL, "outcome": outcome}
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return {"returncode": 128 - code, "outcome": "killed"}
    return {"returncode": code, "outcome": "exited"}


def _watch(
    child: int, control: socket.socket, wake: int, deadline: float | None
) -> tuple[int | None, str]:
    """Wait for the command; its status, and what ended it before its time."""
    while True:
        status, collected = _reap(child)
        if status is not None:
            return status, ""
        patience = None if deadline is None else deadline - time.monotonic()
        if patience is not None and patience <= 0:
            return None, "timeout"
        if not collected:
            patience = 0
        lines: list[Any] = [control, wake]
        ready, _, _ = select.select(lines, [], [], patience)
        if wake in ready:
            os.read(wake, 4096)
        if control in ready:
            word = control.recv(1)  # empty when the keeper died: then everything goes too
            return None, "memory" if word == b"m" else "keeper"


def _reap(child: int) -> tuple[int | None, bool]:
    """Collect who ended; the status of ``child`` if it was among them, and whether that was all."""
    found = None
    for _ in range(tree.COLLECT_AT_ONCE):
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found, True
        if pid == 0:
            return found, True
        if pid == child:
            found = status
    return found, False


def _become(
    request: dict[str, Any],
    descriptors: list[int],
    identity: Identity,
    failure: int,
    terminal: bool,
) -> NoReturn:
    """Turn this process into the command; never returns."""
    code, reason = 1, "unknown"
    try:
        os.setsid()
        if terminal:
            _take_terminal(descriptors[0])
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        _restore_signals()
        os.umask(0o022)
        _limit(identity)
        try:
            os.chdir(request["cwd"])
            os.execvpe(request["argv"][0], request["argv"], request["env"])  # noqa: S606
        except OSError as error:
            code, reason = _explain(error, request)
    except BaseException as error:  # noqa: BLE001 - nothing may run on as a second runner
        reason = f"{type(error).__name__}: {error}"
    try:
        os.write(failure, f"{code}:{reason}"[:4000].encode(errors="replace"))
        if code in (NOT_FOUND, NOT_RUNNABLE):
            os.write(2, f"macrohard: {reason}\n".encode(errors="replace"))
    finally:
        os._exit(code)


def _spawn(
    request: dict[str, Any], descriptors: list[int], identity: Identity, failure: int
) -> int:
    """Start the command without copying ourselves, which takes most of the time of a short one.

    Everything that has to be done before it runs can be done to ourselves: we serve it alone.
    Where it cannot be started, a child that ends at once stands in for it.
    """
    try:
        os.umask(0o022)
        _limit(identity)
        os.chdir(request["cwd"])
        return _spawn_from_path(request, descriptors)
    except OSError as error:
        code, reason = _explain(error, request)
    os.write(failure, f"{code}:{reason}"[:4000].encode(errors="replace"))
    if code in (NOT_FOUND, NOT_RUNNABLE):
        os.write(descriptors[2], f"macrohard: {reason}\n".encode(errors="replace"))
    child = os.fork()
    if child == 0:
        os._exit(code)
    return child


def _spawn_from_path(request: dict[str, Any], descriptors: list[int]) -> int:
    argv, env = request["argv"], request["env"]
    folders = [""] if "/" in argv[0] else env.get("PATH", os.defpath).split(":")
    refused: OSError | None = None
    for folder in folders:
        program = os.path.join(folder, argv[0])
        if folder and not os.path.exists(program):
            continue  # sooner seen than tried
        try:
            return os.posix_spawn(
                program,
                argv,
                env,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, descriptor, number)
                    for number, descriptor in enumerate(descriptors)
                ],
                setsid=True,
                setsigmask=[],
                setsigdef=_RESTORED,
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            refused = refused or error
        except OSError as error:
            refused = error
    raise refused or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _explain(error: OSError, request: dict[str, Any]) -> tuple[int, str]:
    name = request["argv"][0]
    if not os.path.isdir(request["cwd"]):
        return NOT_FOUND, f"no such directory to run in: {request['cwd']}"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return NOT_FOUND, f"command not found: {name}"
    if error.errno in (errno.EACCES, errno.ENOEXEC, errno.E2BIG, errno.ENAMETOOLONG, errno.EISDIR):
        return NOT_RUNNABLE, f"cannot run {name[:200]}: {error.strerror}"
    return 1, f"cannot start {name[:200]}: {error.strerror}"


def set_size(terminal: int, rows: int, columns: int) -> None:
    """Tell a terminal how large its window is."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _take_terminal(descriptor: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _RESTORED:
        signal.signal(number, signal.SIG_DFL)


def _limit(identity: Identity) -> None:
    for name, value in identity.limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            if _LINUX:  # elsewhere some limits exist by name only
                raise
    if identity.uid is not None:
        os.setgroups([])
        os.setresgid(identity.uid, identity.uid, identity.uid)
        if _LINUX:
            # The bounding set can only be emptied while we still may.
            kernel.renounce_privileges()
        os.setresuid(identity.uid, identity.uid, identity.uid)
        if os.getresuid() != (identity.uid,) * 3:
            raise OSError(errno.EPERM, f"still not user {identity.uid}")
    elif _LINUX:
        kernel.renounce_privileges()
    if identity.filter:
        from . import syscalls  # noqa: PLC0415 - containers have a filter of their engine

        syscalls.install(identity.filter)
