"""The commands of one box under way: started, counted, killed, and told apart in their ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time

from . import runner, tree, watch, wire

TYPE_CHECKING = False  # not from typing, which takes half a megabyte of every box
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

LOOK_EVERY_S = 0.1
"""How often the use of commands is counted."""

_FORK_TRIES = 40
_MOST_DESCRIPTORS = 4096  # of this program; far more than it ever opens


class Job:
    """A command under way: its runner, the line to it, what it said so far."""

    __slots__ = ("control", "number", "runner", "said")

    def __init__(self, number: int, runner: int, control: socket.socket) -> None:
        self.number = number
        self.runner = runner
        self.control = control
        self.said: list[bytes] = []


class Premises:
    """Where commands run and what they may use.

    Attributes:
        work: Path of the workspace.
        environment: The whole environment of a command, before its own additions.
        limits: ``memory_mb`` and ``pids`` of all commands together.
        private: Whether every process we may kill belongs to this box.
    """

    __slots__ = ("environment", "limits", "private", "work")

    def __init__(
        self, work: str, environment: dict[str, str], limits: dict[str, Any], *, private: bool
    ) -> None:
        self.work = work
        self.environment = environment
        self.limits = limits
        self.private = private


class Jobs:
    """Every command of a box that has not ended.

    Args:
        premises: Where commands run.
        identity: Who they run as.
        memory_deaths: How many processes of this box the kernel killed for memory so far.
        ready: Whether to keep a runner ready for the next command.
    """

    def __init__(
        self,
        premises: Premises,
        identity: runner.Identity,
        memory_deaths: Callable[[], int] = lambda: 0,
        *,
        ready: bool = False,
    ) -> None:
        self._premises = premises
        self._identity = identity
        self._memory_deaths = memory_deaths
        self._deaths_seen = memory_deaths()
        self._deaths_unexplained = False
        self._looked = 0.0
        self._keeps_ready = ready
        self._ready: tuple[int, socket.socket] | None = None
        self._jobs: dict[int, Job] = {}

    def __bool__(self) -> bool:
        return bool(self._jobs)

    @property
    def deaths_seen(self) -> int:
        """How many processes the kernel killed for memory, when last looked at."""
        return self._deaths_seen

    def lines(self) -> dict[int, Job]:
        """Commands by the descriptor on which their runner reports."""
        return {job.control.fileno(): job for job in self._jobs.values()}

    def start(
        self, number: int, request: dict[str, Any], descriptors: list[int], *, terminal: bool
    ) -> None:
        """Start a command.

        Args:
            number: What its report will be called by.
            request: ``argv``, ``env``, ``cwd``, ``timeout_s``.
            descriptors: Its standard input, output and error; the caller closes its copies.
            terminal: Whether they are a terminal the command is to control.
        """
        wanted = {
            "argv": request["argv"],
            "env": {**self._premises.environment, **request["env"]},
            "cwd": self._place(request["cwd"]),
            "timeout_s": request["timeout_s"],
        }
        wanted["terminal"] = terminal
        child, ours = self._take_runner()
        try:
            wire.send(ours, wanted, tuple(descriptors))
        except OSError:
            # It was killed while it waited.
            ours.close()
            child, ours = self._new_runner()
            wire.send(ours, wanted, tuple(descriptors))
        self._jobs[number] = Job(number, child, ours)

    def make_ready(self) -> None:
        """Have a runner wait for the next command: to make one takes longer than most commands."""
        if self._keeps_ready and self._ready is None:
            with contextlib.suppress(OSError):
                self._ready = self._new_runner()

    def _take_runner(self) -> tuple[int, socket.socket]:
        found, self._ready = self._ready, None
        return found or self._new_runner()

    def _new_runner(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        try:
            child = self._fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if child == 0:
            try:
                # Nothing of ours goes along: a copy of a pipe would keep somebody waiting.
                _close_all_but({0, 1, 2, theirs.fileno()})
                _serve_once(theirs, self._identity)
            finally:
                os._exit(1)
        theirs.close()
        return child, ours

    def _fork(self) -> int:
        """Fork; where commands have taken every process there may be, end the one with most."""
        for _ in range(_FORK_TRIES):
            try:
                return os.fork()
            except BlockingIOError:
                if not self._jobs:
                    raise
                uses = {job.number: watch.measure(job.runner) for job in self._jobs.values()}
                _tell(self._jobs[max(uses, key=lambda number: uses[number].tasks)], b"k")
                time.sleep(LOOK_EVERY_S / 2)
        return os.fork()

    def _place(self, path: str) -> str:
        if path == "/work" or path.startswith("/work/"):
            path = path[len("/work/") :]
        return os.path.join(self._premises.work, path)

    def kill(self, number: int) -> None:
        """End a command and everything it started, if it still runs."""
        job = self._jobs.get(number)
        if job is not None:
            _tell(job, b"k")

    def hear(self, job: Job) -> dict[str, Any] | None:
        """Read what a runner says; its report once everything below it is dead."""
        try:
            data = job.control.recv(65536)
        except ConnectionError:
            data = b""
        if data:
            job.said.append(data)
            return None
        job.control.close()
        del self._jobs[job.number]
        os.waitpid(job.runner, 0)
        lost = {"returncode": 128 + signal.SIGKILL, "outcome": "killed", "survivors": 1}
        report: dict[str, Any] = json.loads(b"".join(job.said)) if job.said else lost
        if report.get("survivors"):
            # Its runner could not end everything, or was itself killed from within.
            report["survivors"] = self.kill_strangers()
        elif not self._identity.adopts:
            self._kill_everybody()
        if report.get("outcome") == "killed" and self._killed_for_memory():
            report["outcome"] = "oom"
        return report

    def _killed_for_memory(self) -> bool:
        self._count_deaths()
        unexplained, self._deaths_unexplained = self._deaths_unexplained, False
        return unexplained

    def _count_deaths(self) -> None:
        deaths = self._memory_deaths()
        if deaths > self._deaths_seen:
            self._deaths_seen = deaths
            self._deaths_unexplained = True

    def reap_strangers(self) -> None:
        """Collect orphans that came to us because their runner died."""
        if not self._identity.adopts:
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

    def kill_strangers(self) -> int:
        """Kill every descendant that no living runner answers for; how many are left."""
        if not self._identity.adopts:
            self._kill_everybody()
            return 0
        if self._premises.private and not self._jobs:
            # The kernel does this in one step, which nobody can outrun.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
        return tree.kill_descendants(spare={job.runner for job in self._jobs.values()})

    def _kill_everybody(self) -> None:
        """Where orphans cannot be adopted: kill all of our user, once none of it is wanted."""
        if not self._premises.private or self._jobs:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)
        if self._ready is not None:
            child, line = self._ready
            self._ready = None
            line.close()
            os.waitpid(child, 0)

    def look_after_limits(self) -> None:
        """Kill the largest command when all of them together use more than the box may."""
        now = time.monotonic()
        if not self._identity.adopts or not self._jobs or now - self._looked < LOOK_EVERY_S:
            return
        self._looked = now
        uses = {job.number: watch.measure(job.runner) for job in self._jobs.values()}
        most = self._premises.limits["memory_mb"] * 2**20
        self._count_deaths()
        if self._deaths_unexplained:
            # The kernel took one process; what is left of its command is not worth waiting for.
            self._deaths_unexplained = False
            self._end_largest(uses, b"m")
        elif sum(use.memory for use in uses.values()) > most:
            uses = {n: watch.measure(self._jobs[n].runner, exact=True) for n in uses}
            if sum(use.memory for use in uses.values()) > most:
                self._end_largest(uses, b"m")
        if sum(use.tasks for use in uses.values()) > self._premises.limits["pids"]:
            largest = max(uses, key=lambda number: uses[number].tasks)
            _tell(self._jobs[largest], b"k")

    def _end_largest(self, uses: dict[int, watch.Use], word: bytes) -> None:
        largest = max(uses, key=lambda number: uses[number].memory)
        _tell(self._jobs[largest], word)

    def hang_up(self) -> None:
        """End every command and wait for it: the box is closing."""
        for job in self._jobs.values():
            job.control.close()
        for job in self._jobs.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(job.runner, 0)
        self._jobs.clear()
        self.kill_strangers()


def _serve_once(control: socket.socket, identity: runner.Identity) -> None:
    """Wait for a command as a runner, and run it."""
    inbox = wire.Inbox()
    while True:
        data, numbers = wire.receive_some(control)
        if not data:
            return
        for message, descriptors in inbox.feed(data, numbers):
            terminal = message.pop("terminal")
            runner.run(message, descriptors, identity, control, terminal=terminal)


def _tell(job: Job, word: bytes) -> None:
    with contextlib.suppress(OSError):  # it is just ending
        job.control.send(word)


def _close_all_but(kept: Iterable[int]) -> None:
    low = 0
    for descriptor in sorted(kept):
        if low < descriptor:  # an empty range from 0 would mean all of them
            os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, _MOST_DESCRIPTORS)
