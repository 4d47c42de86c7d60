"""The careful one: looks after each change, compares before and after, and adds up again."""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from macrohard.llm.offline.personas.command import Command
from macrohard.llm.offline.personas.screen import Screen
from macrohard.llm.offline.personas.user import Play, Script, User
from macrohard.work import ScenarioStep

WORDS = "I looked after every change and added everything up again:"

_SPARE = 2
_FIGURES = {"total", "count", "min", "max"}


@dataclass
class Memory:
    """What the user has seen so far.

    Attributes:
        can: For each kind the text of its help.
        lists: For each kind its list as it was seen last, while nothing changed since.
        first: The line that showed the first record, while it must still be there.
    """

    can: dict[str, Screen] = field(default_factory=dict)
    lists: dict[str, Screen] = field(default_factory=dict)
    first: str = ""

    def offers(self, kind: str, verb: str) -> bool:
        """Whether the help of a kind lists a verb; its prose (“show this help”) is no list."""
        listed = rf"(?m)^ {{2,8}}{re.escape(verb)}(?: |$)|[{{,]{re.escape(verb)}[,}}]"
        return kind in self.can and re.search(listed, self.can[kind].text) is not None


def careful(user: User) -> Script:
    """A session: each step, then a look at what it did."""
    memory = Memory()
    for number, step in enumerate(user.scenario.steps, start=1):
        command = user.command(step)
        if command is None or not command.kind:
            yield from user.do(number, step)
            continue
        if command.kind not in memory.can and user.spare > _SPARE:
            memory.can[command.kind] = yield from user.type(command.line(command.kind, "--help"))
        refused = step.exit_code not in {0, None}
        if refused and command.kind not in memory.lists and user.spare > _SPARE:
            yield from _look(user, memory, command)
        screen = yield from user.do(number, step)
        if refused:
            yield from _compare(user, memory, command)
        elif screen.status == 0:
            yield from _follow(user, memory, command, step, screen)
    yield from _come_back(user, memory)


def _look(user: User, memory: Memory, command: Command) -> Play:
    """Remember the list of a kind, where there is one."""
    if not memory.offers(command.kind, "list"):
        return Screen("", 0)
    screen = yield from user.type(command.line(command.kind, "list"))
    memory.lists[command.kind] = screen
    return screen


def _compare(user: User, memory: Memory, command: Command) -> Script:
    """After a refusal the list is as it was."""
    before = memory.lists.get(command.kind)
    if before is not None and user.spare > _SPARE:
        after = yield from _look(user, memory, command)
        user.expect_same(before, after, "something was refused, so nothing may have changed")


def _follow(
    user: User, memory: Memory, command: Command, step: ScenarioStep, screen: Screen
) -> Script:
    """Look at what a step did."""
    if command.verb in {"add", "edit", "delete", "import"}:
        memory.lists.clear()
        memory.first = "" if command.verb == "delete" else memory.first
    if user.spare <= _SPARE:
        return
    if command.verb == "add":
        found = re.search(r"(\d+)\.?\s*$", screen.text)
        yield from _check_record(user, memory, command, found[1] if found else "")
    elif command.verb == "edit":
        yield from _check_record(user, memory, command, command.target)
    elif command.verb == "delete" and memory.offers(command.kind, "show"):
        line = command.line(command.kind, "show", command.target)
        user.expect_refusal(line, (yield from user.type(line)))
    elif command.verb in _FIGURES and "--json" not in command.rest:
        yield from _add_up(user, memory, command, step, screen)


def _check_record(user: User, memory: Memory, command: Command, number: str) -> Script:
    """The record shows every value that was typed."""
    if not number or not memory.offers(command.kind, "show"):
        return
    line = command.line(command.kind, "show", number)
    screen = yield from user.type(line)
    for option, value in command.options.items():
        if value.strip() and value.strip().casefold() not in screen.text.casefold():
            user.complain(screen, f"`{line}` does not show {option} {value}")
    memory.first = memory.first or line


def _add_up(
    user: User, memory: Memory, command: Command, step: ScenarioStep, screen: Screen
) -> Script:
    """Work out a plain figure from the list."""
    if "--by" in command.rest or command.options or not memory.offers(command.kind, "list"):
        return
    line = command.line(command.kind, "list", "--json")
    listed = yield from user.type(line)
    try:
        records = json.loads(listed.text)
        expected = _figure(command, records)
        shown = Decimal(screen.lines[0]) if screen.lines else None
    except (ValueError, KeyError, InvalidOperation, TypeError, AttributeError):
        return  # The list was cut short, or the figure is none: nothing to compare.
    if expected is not None and shown is not None and shown != expected:
        user.complain(listed, f"`{step.type}` says {shown}; from the list it is {expected}")


def _figure(command: Command, records: list[dict[str, object]]) -> Decimal | None:
    if command.verb == "count":
        return Decimal(len(records))
    name = command.rest[0].replace("-", "_")
    values = [Decimal(str(r[name])) for r in records if r[name] is not None]
    if command.verb == "total":
        return sum(values, Decimal(0))
    if not values:
        return None
    return min(values) if command.verb == "min" else max(values)


def _come_back(user: User, memory: Memory) -> Script:
    """The oldest record is still there after all that was done."""
    if memory.first and user.spare > 0:
        after = yield from user.type(memory.first)
        if after.status != 0:
            user.complain(after, f"`{memory.first}` worked before, and does not any more")
