"""Main loop of a box: builds it, then starts, watches and kills commands in it for the factory.

The factory holds the other end of the socket on descriptor 0. When that end closes, for whatever
reason, the box ends: with a process namespace the kernel kills everything in it, without one the
runners kill what they started.
"""

import contextlib
import os
import select
import signal
import socket
from typing import Any, NoReturn

from . import plain, runner, syscalls, wire
from .jobs import LOOK_EVERY_S, Jobs, Premises
from .leave import LINUX, PieceError, attempt, become_init, in_user_namespace, leave_host

if LINUX:
    from . import kernel, mounts

_CONNECT_S = 0.5  # to our own loopback: either at once or not at all


def main() -> NoReturn:
    """Build the box described by the first message on descriptor 0, then serve it to its end."""
    link = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    inbox = wire.Inbox()
    plan = _first_message(link, inbox)
    try:
        uid = leave_host(plan["pieces"], plan["uid"])
        if "pid" in plan["pieces"]:
            become_init(link)
        keeper = Keeper(link, inbox, plan, uid)
    except PieceError as error:
        wire.send(link, {"failed": error.piece, "why": error.why})
        os._exit(3)
    keeper.serve()


def _first_message(link: socket.socket, inbox: wire.Inbox) -> dict[str, Any]:
    while True:
        data, descriptors = wire.receive_some(link)
        if not data:
            os._exit(0)
        for message, _ in inbox.feed(data, descriptors):
            return message


class Keeper:
    """The state of one box.

    Args:
        link: The socket to the factory.
        inbox: What was read from it so far.
        plan: See :func:`mounts.build_root`; further ``pieces``, ``rlimits``, ``scratch``.
        uid: Who commands run as, None for our own user.
    """

    def __init__(
        self, link: socket.socket, inbox: wire.Inbox, plan: dict[str, Any], uid: int | None
    ) -> None:
        self._link = link
        self._inbox = inbox
        self._plan = plan
        self._private = "mount" in plan["pieces"]
        self._uid = uid
        self._adopts = "orphans" in plan["pieces"]
        refused = (
            attempt("syscalls", syscalls.compile_filter) if "syscalls" in plan["pieces"] else b""
        )
        identity = runner.Identity(uid, plan["rlimits"], adopts=self._adopts, filter_=refused)
        self._trees: dict[int, int] = {}
        if self._private:
            owner = os.geteuid() if uid is None else uid
            places = attempt("mount", lambda: mounts.build_root(plan, owner))
            self._top = ""
        else:
            places = plain.build_scratch(plan, uid)
            self._top = plan["scratch"]
        self._workspace = places[0]
        work, environment = f"{self._top}/work", base_environment(self._top)
        premises = Premises(work, environment, plan["limits"], private="pid" in plan["pieces"])
        self._jobs = Jobs(premises, identity)
        if LINUX and not in_user_namespace(plan["pieces"], uid):
            kernel.hide_memory()
        if self._adopts:
            attempt("orphans", kernel.adopt_orphans)
        if uid is not None and not self._can_run_as(uid):
            raise PieceError("user", "another user cannot reach the Python interpreter")
        wire.send(link, {"work": work, "tmp": environment["HOME"]}, places)

    def _can_run_as(self, uid: int) -> bool:
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                python = f"{self._top}/opt/python/bin/python"
                os._exit(0 if os.access(python, os.X_OK) else 1)
            except OSError:
                os._exit(1)
        return os.waitpid(child, 0)[1] == 0

    def serve(self) -> NoReturn:
        """Do what the factory asks until it goes away."""
        wake, wake_write = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # The first process of a namespace is deaf to signals it has no handler for, so with one
        # of its own a box must not find any here.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if "pid" not in self._plan["pieces"]:
            signal.signal(signal.SIGTERM, lambda *_: self._end())
        while True:
            lines = self._jobs.lines()
            pause = LOOK_EVERY_S if lines else None
            waiting_for: list[Any] = [self._link, wake, *lines]
            ready, _, _ = select.select(waiting_for, [], [], pause)
            if wake in ready:
                os.read(wake, 4096)
            for line in ready:
                if line in lines and (report := self._jobs.hear(lines[line])) is not None:
                    wire.send(self._link, {"id": lines[line].number, **report})
            self._jobs.reap_strangers()
            self._jobs.look_after_limits()
            if self._link in ready:
                self._hear_factory()

    def _hear_factory(self) -> None:
        try:
            data, descriptors = wire.receive_some(self._link)
        except ConnectionError:
            data, descriptors = b"", []
        if not data:
            self._end()
        for message, mine in self._inbox.feed(data, descriptors):
            handler = getattr(self, f"_do_{message['op']}")
            try:
                handler(message, mine)
            except (OSError, ValueError) as error:
                wire.send(self._link, {"id": message["id"], "error": str(error)})
            finally:
                for descriptor in mine:
                    os.close(descriptor)

    def _end(self) -> NoReturn:
        if "pid" in self._plan["pieces"]:
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the second word of the same news
        self._jobs.hang_up()
        if self._top:
            plain.remove_scratch(self._top)
        os._exit(0)

    def _do_exec(self, message: dict[str, Any], descriptors: list[int]) -> None:
        self._jobs.start(message["id"], message, descriptors, terminal=False)

    def _do_terminal(self, message: dict[str, Any], _descriptors: list[int]) -> None:
        master, slave = os.openpty()
        try:
            runner.set_size(slave, message["rows"], message["columns"])
            if self._uid is not None:
                os.fchown(slave, self._uid, -1)
            self._jobs.start(message["job"], message, [slave, slave, slave], terminal=True)
            wire.send(self._link, {"id": message["id"]}, (master,))
        finally:
            os.close(master)
            os.close(slave)

    def _do_kill(self, message: dict[str, Any], _descriptors: list[int]) -> None:
        self._jobs.kill(message["job"])

    def _do_tree(self, message: dict[str, Any], _descriptors: list[int]) -> None:
        tree = mounts.fresh_tree(self._plan["limits"]["disk_mb"])
        self._trees[message["id"]] = tree
        wire.send(self._link, {"id": message["id"]}, (tree,))

    def _do_show(self, message: dict[str, Any], _descriptors: list[int]) -> None:
        mounts.show_read_only(self._trees.pop(message["tree"]), self._workspace, message["path"])
        wire.send(self._link, {"id": message["id"]})

    def _do_connect(self, message: dict[str, Any], _descriptors: list[int]) -> None:
        # Numbers, not names: nothing here may read files of the box or ask a resolver.
        for address in ("127.0.0.1", "::1"):
            with contextlib.suppress(OSError):
                place = (address, message["port"])
                with socket.create_connection(place, timeout=_CONNECT_S) as stream:
                    stream.settimeout(None)
                    wire.send(self._link, {"id": message["id"]}, (stream.fileno(),))
                    return
        raise OSError(f"nothing listens on port {message['port']}")


def base_environment(top: str) -> dict[str, str]:
    """The whole environment of a command: nothing of the host's.

    Args:
        top: Prefix of every path of the box on the host; empty with a root of its own.
    """
    temporary = f"{top}/tmp"  # noqa: S108 - the box's own
    return {
        "PATH": f"{top}/opt/python/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": temporary,
        "TMPDIR": temporary,
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "MACROHARD_WORK": f"{top}/work",
    }
