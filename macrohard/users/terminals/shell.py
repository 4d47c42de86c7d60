"""The shell a simulated user sits at, and how the harness knows that its prompt is back.

The prompt reads ``[N] $ ``, N being the exit status of the last command. Around it the shell prints
control strings (OSC 7717) with a token that only this shell and the harness know. They are not
shown, not recorded, and not in the environment of programs, so that a program which prints
something like a prompt is never taken for the shell. The shell reads no start-up file.

Each prompt also puts the terminal back into its usual mode, as people do with ``stty sane`` after
a program died in raw mode.
"""

import re
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from macrohard.users.terminals.tokens import Token

SHELL = ("sh", "-i")
"""Any POSIX shell; tried with dash and with bash as sh."""

ENVIRONMENT = {
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "ENV": "",
}
"""What the user's programs see besides what the box sets. The app's folder is not written to."""

_CODE = 7717


@dataclass(frozen=True)
class Mark:
    """A control string of our shell.

    Attributes:
        kind: ``prompt`` begins a prompt, ``ready`` ends it, ``more`` asks for the rest of a line.
        exit_status: Of the last command, with ``prompt``.
        shell_pid: Process id of the shell, with ``prompt``.
    """

    kind: Literal["prompt", "ready", "more"]
    exit_status: int = 0
    shell_pid: int = 0


class Prompt:
    """One shell's secret: how to set its prompt, and how to recognise it."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(12)
        self._pattern = re.compile(
            rf"{_CODE};{self._token};(?:p;(?P<pid>\d+);(?P<status>\d+)|(?P<kind>[em]))"
        )

    def setup(self) -> str:
        """The line to type into a fresh shell.

        It holds no control string itself, so that its echo cannot be taken for a prompt. The
        environment must hold no ``PS1``: set anew, it would go on being exported to programs.
        """
        mark = f"{_CODE};{self._token}"
        return (
            "unset ENV HISTFILE; set +o emacs +o vi; "
            "e=$(printf '\\033'); b=$(printf '\\007'); "
            # $? comes before the command substitution, which would change it.
            f"PS1=\"$e]{mark};p;$$;\"'$?'\"$b\"'[$?] $ $(stty sane iutf8 2>/dev/null)'; "
            f'PS1="$PS1$e]{mark};e$b"; PS2="$e]{mark};m$b> "; unset e b'
        )

    def read(self, token: Token) -> Mark | None:
        """The mark that a token is, if it is one of ours."""
        if token.kind != "osc":
            return None
        match = self._pattern.fullmatch(token.body)
        if match is None:
            return None
        if match["status"]:
            return Mark("prompt", int(match["status"]), int(match["pid"]))
        return Mark("ready" if match["kind"] == "e" else "more")


def how_to_run(run: Sequence[str], app: str = "") -> str:
    """The text that tells a simulated user how the program is started.

    Args:
        run: Argument list that starts it (``Design.run``).
        app: Name of the app (``Design.app``), if it is to be told.
    """
    command = shlex.join(run)
    return (
        f"The program{f' {app}' if app else ''} is started with: {command}\n"
        f"You sit at a shell in the program's folder; its database is empty. Start with "
        f"{command} --help."
    )
