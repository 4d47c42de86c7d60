"""Command lines as a user understands them: program, kind, verb, options."""

import re
import shlex
from dataclasses import dataclass

_STARTED_WITH = re.compile(r"started with:\s*(?P<command>[^\n]+)")
CHANGES = frozenset({"add", "edit", "delete", "import"})
"""Verbs that change records."""


@dataclass(frozen=True)
class Command:
    """One line for the program, in pieces.

    Attributes:
        program: Words that start the program.
        kind: First word behind them; empty when the line is about none.
        verb: Second word.
        rest: All words behind these.
    """

    program: tuple[str, ...]
    kind: str
    verb: str
    rest: tuple[str, ...]

    @property
    def target(self) -> str:
        """The id the line names, if it names one."""
        return self.rest[0] if self.rest and self.rest[0].isdigit() else ""

    @property
    def options(self) -> dict[str, str]:
        """Options with their values."""
        found: dict[str, str] = {}
        words = list(self.rest)
        for place, word in enumerate(words):
            if word.startswith("--") and "=" in word:
                name, _, value = word.partition("=")
                found[name] = value
            elif word.startswith("--") and place + 1 < len(words):
                value = words[place + 1]
                found[word] = "" if value.startswith("--") else value
        return found

    def line(self, *words: str) -> str:
        """A line for the same program."""
        return shlex.join((*self.program, *words))


def started_with(how_to_run: str) -> tuple[str, ...]:
    """The words that start the program, from the note on how to run it."""
    match = _STARTED_WITH.search(how_to_run)
    text = match["command"] if match else how_to_run.strip().splitlines()[0]
    # A sentence may end behind the command.
    return tuple(shlex.split(text.strip().rstrip(".")))


def understand(line: str | None, program: tuple[str, ...]) -> Command | None:
    """A line in pieces; ``None`` when it does not start the program."""
    try:
        words = shlex.split(line or "")
    except ValueError:
        return None
    if tuple(words[: len(program)]) != program:
        return None
    rest = words[len(program) :]
    while rest[:1] == ["--db"]:
        rest = rest[2:]
    if not rest or rest[0].startswith("-"):
        return Command(program, "", "", tuple(rest))
    return Command(program, rest[0], rest[1] if len(rest) > 1 else "", tuple(rest[2:]))
