"""Main loop of a box: builds it, then starts, watches and kills commands in it for the factory.

The factory holds the other end of the socket on descriptor 0. When that end closes, for whatever
reason, the box ends: with a process namespace the kernel kills everything in it, without one the
runners kill what they started.
"""

import contextlib
import json
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from . import plain, runner, syscalls, tree, watch, wire
from .leave import LINUX, PieceError, attempt, become_init, in_user_namespace, leave_host

if LINUX:
    from . import kernel, mounts

_LOOK_EVERY_S = 0.1
_CONNECT_S = 0.5  # to our own loopback: either at once or not at all


class Job(NamedTuple):
    """A command under way: its runner, the line to it, what it said so far."""

    number: int
    runner: int
    control: socket.socket
    said: list[bytes]


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
        self._limits = plan["limits"]
        refused = (
            attempt("syscalls", syscalls.compile_filter) if "syscalls" in plan["pieces"] else b""
        )
        self._identity = runner.Identity(uid, plan["rlimits"], self._adopts, refused)
        self._looked = 0.0
        self._jobs: dict[int, Job] = {}
        self._trees: dict[int, int] = {}
        if self._private:
            owner = os.geteuid() if uid is None else uid
            places = attempt("mount", lambda: mounts.build_root(plan, owner))
            self._top = ""
        else:
            places = plain.build_scratch(plan, uid)
            self._top = plan["scratch"]
        self._work = f"{self._top}/work"
        self._workspace = places[0]
        self._env = _environment(self._top)
        if LINUX and not in_user_namespace(plan["pieces"], uid):
            kernel.hide_memory()
        if self._adopts:
            attempt("orphans", kernel.adopt_orphans)
        if uid is not None and not self._can_run_as(uid):
            raise PieceError("user", "another user cannot reach the Python interpreter")
        wire.send(link, {"work": self._work, "tmp": self._env["HOME"]}, places)

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
            lines = {job.control.fileno(): job for job in self._jobs.values()}
            pause = _LOOK_EVERY_S if lines else None
            waiting_for: list[Any] = [self._link, wake, *lines]
            ready, _, _ = select.select(waiting_for, [], [], pause)
            if wake in ready:
                os.read(wake, 4096)
            for line in ready:
                if line in lines:
                    self._hear_runner(lines[line])
            self._reap_strangers()
            if self._adopts and self._jobs:
                self._look_after_limits()
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
        for job in self._jobs.values():
            job.control.close()
        for job in self._jobs.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(job.runner, 0)
        self._kill_strangers()
        if self._top:
            plain.remove_scratch(self._top)
        os._exit(0)

    def _do_exec(self, message: dict[str, Any], descriptors: list[int]) -> None:
        self._start(message["id"], message, descriptors)

    def _do_terminal(self, message: dict[str, Any], _descriptors: list[int]) -> None:
        master, slave = os.openpty()
        try:
            runner.set_size(slave, message["rows"], message["columns"])
            if self._uid is not None:
                os.fchown(slave, self._uid, -1)
            self._start(message["job"], message, [slave, slave, slave], master=master)
            wire.send(self._link, {"id": message["id"]}, (master,))
        finally:
            os.close(master)
            os.close(slave)

    def _do_kill(self, message: dict[str, Any], _descriptors: list[int]) -> None:
        job = self._jobs.get(message["job"])
        if job is not None:
            _tell(job, b"k")

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

    def _start(
        self,
        number: int,
        message: dict[str, Any],
        descriptors: list[int],
        master: int | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        request = {
            "argv": message["argv"],
            "env": {**self._env, **message["env"]},
            "cwd": self._place(message["cwd"]),
            "timeout_s": message["timeout_s"],
        }
        child = os.fork()
        if child == 0:
            try:
                self._link.close()
                ours.close()
                if master is not None:
                    os.close(master)
                for job in self._jobs.values():
                    job.control.close()
                runner.run(
                    request, descriptors, self._identity, theirs, terminal=master is not None
                )
            finally:
                os._exit(1)
        theirs.close()
        self._jobs[number] = Job(number, child, ours, [])

    def _place(self, path: str) -> str:
        if path == "/work" or path.startswith("/work/"):
            path = path[len("/work/") :]
        return str(Path(self._work, path))

    def _hear_runner(self, job: Job) -> None:
        try:
            data = job.control.recv(65536)
        except ConnectionError:
            data = b""
        if data:
            job.said.append(data)
            return
        job.control.close()
        del self._jobs[job.number]
        os.waitpid(job.runner, 0)
        lost = {"returncode": 128 + signal.SIGKILL, "outcome": "killed", "survivors": 1}
        report = json.loads(b"".join(job.said)) if job.said else lost
        if report.get("survivors"):
            # Its runner could not end everything, or was itself killed from within.
            report["survivors"] = self._kill_strangers()
        wire.send(self._link, {"id": job.number, **report})

    def _reap_strangers(self) -> None:
        """Collect orphans that came to us because their runner died."""
        if not self._adopts:
            return
        runners = {job.runner for job in self._jobs.values()}
        for _ in range(tree.COLLECT_AT_ONCE):
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None or ended.si_pid in runners:
                return  # runners are collected when their line closes
            os.waitpid(ended.si_pid, 0)

    def _kill_strangers(self) -> int:
        """Kill every descendant that no living runner answers for; how many are left."""
        if not self._adopts:
            return 0
        if "pid" in self._plan["pieces"] and not self._jobs:
            # The kernel does this in one step, which nobody can outrun.
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        return tree.kill_descendants(spare={job.runner for job in self._jobs.values()})

    def _look_after_limits(self) -> None:
        """Kill the largest command when all of them together use more than the box may."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return
        self._looked = now
        uses = {job.number: watch.measure(job.runner) for job in self._jobs.values()}
        most = self._limits["memory_mb"] * 2**20
        if sum(use.memory for use in uses.values()) > most:
            uses = {n: watch.measure(self._jobs[n].runner, exact=True) for n in uses}
            if sum(use.memory for use in uses.values()) > most:
                largest = max(uses, key=lambda number: uses[number].memory)
                _tell(self._jobs[largest], b"m")
        if sum(use.tasks for use in uses.values()) > self._limits["pids"]:
            largest = max(uses, key=lambda number: uses[number].tasks)
            _tell(self._jobs[largest], b"k")


def _tell(job: Job, word: bytes) -> None:
    with contextlib.suppress(OSError):  # it is just ending
        job.control.send(word)


def _environment(top: str) -> dict[str, str]:
    """The whole environment of a command: nothing of the host's."""
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
