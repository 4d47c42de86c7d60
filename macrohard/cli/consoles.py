"""Where the command line writes: results on standard output, talk on standard error."""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_COLUMNS = 200
"""Width of tables that go into a pipe, where no window folds them."""


def out() -> "Console":
    """Standard output, for what a command was asked for."""
    return _console(stderr=False)


def err() -> "Console":
    """Standard error, for progress and the closing summary."""
    return _console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document and one newline on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - help must not wait for it

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Tell main of it: a reader that leaves early is no failure, which rich makes it."""
            raise BrokenPipeError

    kind = Console if stderr else Output
    console = kind(stderr=stderr, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    return console
