"""The hurried one: no help, half-typed commands, everything twice."""

from collections.abc import Generator

from macrohard.llm.offline.personas.command import CHANGES, Command
from macrohard.llm.offline.personas.screen import Screen
from macrohard.llm.offline.personas.user import Play, Script, User
from macrohard.llm.offline.scene import Action

WORDS = "I had no time, typed ahead, and sent things twice:"

_SPARE = 3
_REPEATS = 4


def hurried(user: User) -> Script:
    """A session: straight through the steps, slips in between, a double entry at the end."""
    repeats = 0
    last_added: tuple[str, Command] | None = None
    for number, step in enumerate(user.scenario.steps, start=1):
        command = user.command(step)
        if number == 1 and command is not None:
            yield from _send_half(user, command)
        if number == 2:
            yield from _interrupt(user, command)
        screen = yield from user.do(number, step)
        if command is None or step.type is None:
            continue
        if command.verb == "add" and screen.status == 0:
            last_added = (step.type, command)
        if repeats < _REPEATS and user.spare > _SPARE:
            repeats += yield from _again(user, command, step.type, screen)
    if last_added is not None and user.spare > _SPARE:
        yield from _enter_twice(user, *last_added)


def _send_half(user: User, command: Command) -> Play:
    """Press Enter on a half-typed command."""
    line = command.line(command.kind[: max(1, len(command.kind) // 2)] or "x")
    screen = yield from user.type(line)
    user.expect_refusal(line, screen)
    return screen


def _interrupt(user: User, command: Command | None) -> Play:
    """Press Ctrl-C in the middle of a line."""
    if command is None:
        return Screen("", 0)
    screen = yield from user.press(f"{command.program[0]} Ctrl-C")
    if screen.status is None:
        user.complain(screen, "after Ctrl-C the prompt did not come back")
    return screen


def _again(user: User, command: Command, line: str, before: Screen) -> Generator[Action, str, int]:
    """Send the same line twice, where that must not matter; 1 when it was done."""
    if command.verb == "delete" and before.status == 0:
        screen = yield from user.type(line)
        user.expect_refusal(line, screen, command.target)
        return 1
    if before.status == 0 and command.verb not in CHANGES and command.verb != "export":
        screen = yield from user.type(line)
        user.expect_same(before, screen, f"`{line}` was only sent twice")
        return 1
    return 0


def _enter_twice(user: User, line: str, command: Command) -> Play:
    """Send the last entry again after everything, and take it out."""
    screen = yield from user.type(line)
    numbers = [word.strip(".") for word in screen.text.split() if word.strip(".").isdigit()]
    if screen.status != 0 or not numbers:
        user.expect_refusal(line, screen)
        return screen
    line = command.line(command.kind, "delete", numbers[-1])
    screen = yield from user.type(line)
    if screen.status != 0:
        user.remarks.append(f"action {user.actions}: what was sent twice cannot be taken out")
    return screen
