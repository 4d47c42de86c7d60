"""How much of an application users without a task have looked at, and what they have not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Coverage:
    """What was met on a look round, and what of it took something.

    Attributes:
        what: What is counted, in the plural: ``forms``, ``operations``, ``commands``.
        met: How many there are.
        done: How many of them accepted something reasonable.
        left: What could not be looked at, one sentence each.
    """

    what: str = ""
    met: int = 0
    done: int = 0
    left: tuple[str, ...] = ()
