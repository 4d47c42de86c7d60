"""What the program in the foreground of a terminal is doing: computing, or waiting for the user.

From outside, a program that waits for a line looks like one that computes. The kernel knows: on
Linux, ``/proc/PID/stat`` has the state, session and foreground group of a process (proc(5)), and
``/proc/PID/wchan`` the kernel function it sleeps in. Where either cannot be read, nothing is known,
and the driver goes by silence.
"""

from typing import Literal

from macrohard.sandbox.base import Sandbox

Doing = Literal["reads", "computes", "sleeps", "unknown"]

_SCRIPT = """\
for d in /proc/[0-9]*; do
  s= w=
  { read -r s < $d/stat; read -r w < $d/wchan; } 2>/dev/null
  [ -z "$s" ] || printf '%s @%s\\n' "$s" "$w"
done
"""
"""Starts no process: it is run after every key that a simulated user presses."""
_READS = {"wait_woken", "n_tty_read"}
"""Where Linux 4 to 6 keeps the reader of a terminal."""

_SLEEPS = {"hrtimer_nanosleep", "do_nanosleep"}
_LIMIT_S = 3.0


async def foreground(box: Sandbox, shell_pid: int) -> Doing:
    """What runs in the foreground of a shell's terminal.

    Args:
        box: Where the shell runs.
        shell_pid: Its process id, as the box counts.

    Returns:
        ``reads``: it waits for input from the terminal. ``computes``: it computes, or waits for a
        disk. ``sleeps``: it sleeps for a set time. ``unknown``: it waits for something else, or
        nothing can be found out.
    """
    found = await box.exec(["sh", "-c", _SCRIPT], timeout_s=_LIMIT_S)
    return read_processes(found.stdout, shell_pid)


def read_processes(listing: str, shell_pid: int) -> Doing:
    """What the foreground processes of a session are doing, from lines of stat and wchan."""
    doings = [_doing(line, shell_pid) for line in listing.splitlines()]
    wanted: tuple[Doing, ...] = ("reads", "computes", "sleeps")
    return next((doing for doing in wanted if doing in doings), "unknown")


def _doing(line: str, shell_pid: int) -> Doing:
    # The name of a process stands in brackets and may hold anything, brackets and blanks too.
    stat, _, wchan = line.rpartition(" @")
    fields = stat.rpartition(") ")[2].split()
    if len(fields) < 6 or not all(field.lstrip("-").isdigit() for field in fields[1:6]):
        return "unknown"
    state = fields[0]
    group, session, _, foreground_group = map(int, fields[2:6])
    if session != shell_pid or group != foreground_group:
        return "unknown"
    if state == "S" and wchan in _READS:
        return "reads"
    if state in {"R", "D"}:
        return "computes"
    return "sleeps" if wchan in _SLEEPS else "unknown"
