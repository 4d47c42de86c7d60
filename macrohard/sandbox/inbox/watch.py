"""What the commands of a box use together: memory and processes, counted from ``/proc``.

Limits of the kernel hold for each process or each user; these hold for the box, sampled.
"""

import mmap

from . import tree


class Use:
    """What one command and its descendants use.

    Attributes:
        tasks: Processes and threads.
        memory: Bytes of private memory.
    """

    __slots__ = ("memory", "tasks")

    def __init__(self, tasks: int, memory: int) -> None:
        self.tasks = tasks
        self.memory = memory


def measure(runner: int, *, exact: bool = False) -> Use:
    """Use of everything below a runner.

    Args:
        runner: Its process id.
        exact: Whether to share out memory that several processes share (dearer); otherwise it
            counts for each of them.
    """
    tasks = memory = 0
    for pid in tree.descendants(runner):
        entry = f"/proc/{pid}"
        try:
            fields = tree.content(f"{entry}/stat").rpartition(b")")[2].split()
            tasks += int(fields[17])
            memory += (exact and _shared_out(entry)) or _private(entry)
        except (OSError, ValueError, IndexError):
            continue  # it ended meanwhile
    return Use(tasks, memory)


def _private(entry: str) -> int:
    pages = tree.content(f"{entry}/statm").split()
    return (int(pages[1]) - int(pages[2])) * mmap.PAGESIZE


def _shared_out(entry: str) -> int:
    for line in tree.content(f"{entry}/smaps_rollup").splitlines():
        if line.startswith(b"Pss_Anon:"):
            return int(line.split()[1]) * 1024
    return 0
