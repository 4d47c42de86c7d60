"""The novice: reads the help first, errs once in each ordinary way, then does it right."""

import re

from macrohard.llm.offline.personas.command import Command
from macrohard.llm.offline.personas.screen import Screen
from macrohard.llm.offline.personas.user import Play, Script, User

WORDS = "I read the help, did what was asked, and got things wrong the way one does:"

_KEPT_BACK = 2


def novice(user: User) -> Script:
    """A session: help, then each step, the first tries of which go wrong."""
    known: set[str] = set()
    slips = [_misspell_verb, _forget_value, _forget_option]
    yield from _read_help(user)
    for number, step in enumerate(user.scenario.steps, start=1):
        command = user.command(step)
        if command is not None and command.kind and command.kind not in known:
            known.add(command.kind)
            yield from _read_help(user, command.kind)
        if command is not None and command.verb == "add" and slips and step.exit_code == 0:
            slip = slips.pop(0)
            if user.spare > _KEPT_BACK:
                yield from slip(user, command)
        screen = yield from user.do(number, step)
        added = command is not None and command.verb == "add" and screen.status == 0
        if command is not None and added and user.spare > _KEPT_BACK:
            yield from _look(user, command)


def _read_help(user: User, kind: str = "") -> Play:
    words = (kind, "--help") if kind else ("--help",)
    line = Command(user.program, "", "", ()).line(*words)
    screen = yield from user.type(line)
    if screen.status != 0 or not screen.lines:
        user.complain(screen, f"`{line}` does not help")
    elif kind and not screen.shows(kind):
        user.complain(screen, f"the help of {kind} does not even name it")
    return screen


def _misspell_verb(user: User, command: Command) -> Play:
    """Type `addd` for `add`."""
    line = command.line(command.kind, "addd", *command.rest)
    screen = yield from user.type(line)
    user.expect_refusal(line, screen, "addd")
    return screen


def _forget_value(user: User, command: Command) -> Play:
    """Press Enter before the last value is typed."""
    names = [word for word in command.rest if word.startswith("--") and "=" not in word]
    if not names:
        return Screen("", 0)
    line = command.line(command.kind, "add", names[-1])
    screen = yield from user.type(line)
    user.expect_refusal(line, screen, *names, *_spoken(names))
    return screen


def _forget_option(user: User, command: Command) -> Play:
    """Type only the command and nothing of the record; the help says what is required."""
    line = command.line(command.kind, "add", "--help")
    screen = yield from user.type(line)
    required = _required_options(screen.text)
    if screen.status != 0:
        user.complain(screen, f"`{line}` does not help")
    if not required:
        return screen
    line = command.line(command.kind, "add")
    screen = yield from user.type(line)
    user.expect_refusal(line, screen, *required, *_spoken(required))
    return screen


def _required_options(text: str) -> list[str]:
    """Options which a usage line shows without brackets."""
    usage = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    bare = re.sub(r"\[[^\[\]]*\]", " ", usage)
    return re.findall(r"(?<![\w-])--[a-z][\w-]*", bare)


def _spoken(options: list[str]) -> list[str]:
    """Options as a sentence names them: ``paid by``."""
    return [option.removeprefix("--").replace("-", " ") for option in options]


def _look(user: User, command: Command) -> Play:
    """See whether what was just entered is there, if there is a list."""
    line = command.line(command.kind, "--help")
    screen = yield from user.type(line)
    if not screen.shows("list"):
        return screen
    line = command.line(command.kind, "list")
    screen = yield from user.type(line)
    if screen.status != 0 or not screen.lines:
        user.complain(screen, f"`{line}` shows nothing of what was entered")
    return screen
