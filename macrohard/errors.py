"""Every exception macrohard raises on purpose, and the exit code each one ends a command with.

::

    MacrohardError            6  internal: a broken promise of ours
    ├── UsageError            2  a flag, a path or a run directory that cannot be used
    │   ├── ConfigError       2  a setting with a value that means nothing
    │   ├── RoleError         2  a role file that cannot be used; names file and line
    │   └── RunBusyError      2  another process works on this run
    ├── SpecError             2  a spec that cannot be read; names file and line
    ├── ModelError            3  the model provider failed, or answered nothing usable
    │   └── ReplyError        3  a reply that stayed invalid after every repair
    ├── SandboxError          4  the sandbox failed (a command that fails is a result, not this)
    ├── PackageError          4  a package of the app cannot be had as asked
    ├── BudgetError           5  a cap would be passed by the next call
    ├── NotAcceptedError      1  an app was built, but it was not accepted
    └── InterruptedRunError 130  stopped by a person or a signal; resumable

A message says what happened, where, and what to do; it is written for the person who reads it.
"""

from typing import ClassVar


class MacrohardError(Exception):
    """Base of all our exceptions.

    Attributes:
        exit_code: What the command line exits with when this reaches it.
    """

    exit_code: ClassVar[int] = 6


class UsageError(MacrohardError):
    """A flag, a path or a run directory that cannot be used."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting with a value that means nothing."""


class RoleError(UsageError):
    """A role file that cannot be used. The message starts with ``file:line``."""


class RunBusyError(UsageError):
    """Another process holds the lock of this run."""


class SpecError(MacrohardError):
    """A spec that cannot be read.

    Args:
        message: What is wrong and what to write instead.
        source: File name of the spec, or ``<stdin>``.
        line: 1-based line the message is about, when it is about one.
    """

    exit_code = 2

    def __init__(self, message: str, *, source: str = "", line: int | None = None) -> None:
        self.source = source
        self.line = line
        self.reason = message
        where = ":".join(str(part) for part in (source, line) if part)
        super().__init__(f"{where}: {message}" if where else message)


class ModelError(MacrohardError):
    """The model provider failed, or answered nothing usable."""

    exit_code = 3


class ReplyError(ModelError):
    """A reply that stayed invalid after every bounded repair."""


class SandboxError(MacrohardError):
    """The sandbox itself failed. A command that fails inside it is a result, not this."""

    exit_code = 4


class PackageError(MacrohardError):
    """A package of the app cannot be had as asked: no wheel, another hash, no index."""

    exit_code = 4


class BudgetError(MacrohardError):
    """A cap would be passed by the next call; the run stops resumably."""

    exit_code = 5


class NotAcceptedError(MacrohardError):
    """An app was built, but it was not accepted."""

    exit_code = 1


class InterruptedRunError(MacrohardError):
    """Stopped by a person or a signal; ``macrohard resume`` goes on from here."""

    exit_code = 130
