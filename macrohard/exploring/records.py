"""A closer look at what commands keep: other records stay, filters are heeded, changes checked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from macrohard.exploring.figures import number_in
from macrohard.exploring.helptext import Argument
from macrohard.exploring.typing import Command, CommandExplorer, as_field, words_of
from macrohard.exploring.values import Habit, about, kind_of

OTHERS = (Habit("Probe Fir", 509), Habit("Probe Gorse", 541), Habit("Probe Holly", 571))
"""Records beside the first."""
_REWORDED = "Probe Ivy"
_JUNK = ("''", "-1", "abc", "2031-02-30", "1:2:3:4")
_OPTIONS = 5
NONSENSE = "no-such-value-here"
_ESCAPED = "\"$(printf 'Zed\\033[31mred')\""
BARE, WRITTEN = "Zedred", "[31mred"
"""What is shown of a name with an escape code where the code was obeyed, and where it was not."""
_ANSWERS = ("yes", "no", *(habit.word for habit in OTHERS), "Probe Cedar")


@dataclass(frozen=True)
class Family:
    """Commands about one kind of thing.

    Attributes:
        add: Adds one.
        given: What it accepted, by option or argument.
        number: What the first one is called by.
        list: Lists all, if there is such a command.
        edit: Changes one, likewise.
        delete: Removes one, likewise.
        readers: Commands that show something of these things and need nothing more.
    """

    add: Command
    given: Mapping[str, str]
    number: str
    list: Command | None
    edit: Command | None
    delete: Command | None
    readers: tuple[Command, ...]


def bare(name: str) -> str:
    """An option or argument without dashes and capitals."""
    return name.lstrip("-").replace("-", " ").replace("_", " ").lower()


def value_of(given: Mapping[str, str], name: str) -> str:
    """What was given for an option or argument of this name, however it is written."""
    return next((text for key, text in given.items() if bare(key) == bare(name)), "")


async def look_closer(user: CommandExplorer, family: Family, first: Habit) -> None:
    """Have several records; change one, remove one: the others stay. Filter them.

    Args:
        user: Does it.
        family: The commands.
        first: What the first record was made of.
    """
    if family.list is None:
        return
    needed = {name: text for name, text in family.given.items() if _is_needed(family.add, name)}
    if needed != family.given:
        await user.run(*family.add.words, *words_of(_with(needed, first, OTHERS[0])))
    made = []
    for habit in OTHERS:
        before = await _rows(user, family.list)
        await user.run(*family.add.words, *words_of(_with(family.given, first, habit)))
        made += [number for number in await _rows(user, family.list) if number not in before]
    if family.edit is not None and family.number:
        await _edit_one(user, family, first)
        await _misuse_edit(user, family, first)
    if family.delete is not None and len(made) > 1:
        await _delete_one(user, family, made)
    await _misuse_filters(user, family, first)
    await _filter_figures(user, family)


def _is_needed(command: Command, name: str) -> bool:
    known = (*command.help.options, *command.help.arguments)
    return any(each.name == name and each.required for each in known)


def _with(given: Mapping[str, str], old: Habit, new: Habit) -> dict[str, str]:
    """What was given, with other words and numbers."""
    return {
        name: str(int(text) - old.number + new.number)
        if old.owns(text)
        else text.replace(old.word, new.word)
        for name, text in given.items()
    }


async def _rows(user: CommandExplorer, command: Command) -> dict[str, str]:
    """Lines of a list that begin with a number, by it."""
    answer = await user.run(*command.words)
    found = {}
    for line in answer.text.splitlines() if answer.worked else ():
        match = re.match(r"\W{0,3}([0-9]+)\b[.:)]?\s+(.*\S)", line)
        if match:
            found[match[1]] = match[2]
    return found


async def _edit_one(user: CommandExplorer, family: Family, first: Habit) -> None:
    assert family.edit is not None and family.list is not None  # noqa: S101, PT018 - see the caller
    for option in family.edit.help.options:
        old = value_of(family.given, option.name)
        new = old.replace(first.word, _REWORDED) if first.word in old else ""
        if not new:
            continue
        before = await _rows(user, family.list)
        answer = await user.run(*family.edit.words, family.number, option.name, new)
        after = await _rows(user, family.list)
        lost = [number for number in before if number not in after and number != family.number]
        if answer.worked and lost and after:
            title = f"`{' '.join(family.edit.words)}` loses other records than the one it changes"
            user.find("kept", title, seen=f"{answer.line}\nlost: {before[lost[0]]}")
        await user.run(*family.edit.words, family.number, option.name, old)
        return


async def _misuse_edit(user: CommandExplorer, family: Family, first: Habit) -> None:
    """What nobody means, and escape codes, in a change; a crash is found by itself."""
    assert family.edit is not None  # noqa: S101 - see the caller
    for option in [o for o in family.edit.help.options if o.value][:_OPTIONS]:
        old = value_of(family.given, option.name)
        for value in _JUNK:
            raw = f"{option.name}={value}" if value.startswith("-") else f"{option.name} {value}"
            await user.run(*family.edit.words, family.number, raw=raw)
        if first.word in old:
            raw = f"{option.name} {_ESCAPED}"
            answer = await user.run(*family.edit.words, family.number, raw=raw)
            for reader in family.readers if answer.worked else ():
                shown = await user.run(*reader.words)
                if BARE in shown.text and WRITTEN not in shown.text:
                    title = (
                        f"escape codes typed with `{' '.join(family.edit.words)}` reach the screen"
                    )
                    seen = f"`{shown.line}` shows {BARE}: the code was obeyed"
                    user.find("markup", title, seen=seen)
        if old:
            await user.run(*family.edit.words, family.number, option.name, old)


async def _delete_one(user: CommandExplorer, family: Family, made: list[str]) -> None:
    """Remove one of several: it is the one that goes."""
    assert family.delete is not None and family.list is not None  # noqa: S101, PT018 - see the caller
    before = await _rows(user, family.list)
    answer = await user.run(*family.delete.words, made[0])
    after = await _rows(user, family.list)
    lost = [number for number in before if number not in after and number != made[0]]
    if answer.worked and lost and after:
        title = f"`{' '.join(family.delete.words)}` removes another record than it is told"
        user.find("kept", title, seen=f"{answer.line}\nlost: {lost[0]} {before[lost[0]]}")


def _filters(reader: Command, add: Command) -> Iterable[tuple[Argument, Argument]]:
    """Options of a command that shows something which the command that adds has, too."""
    entries = {bare(each.name): each for each in (*add.help.options, *add.help.arguments)}
    for option in reader.help.options:
        if option.value and bare(option.name) in entries:
            yield option, entries[bare(option.name)]


async def _misuse_filters(user: CommandExplorer, family: Family, first: Habit) -> None:
    """What is refused as a value of a record is refused as a filter, too."""
    spoilt = _with(family.given, first, Habit("Probe Juniper", 601))
    for reader in family.readers:
        for option, entry in _filters(reader, family.add):
            if not await _refuses(user, family, entry, spoilt):
                continue
            asked = await user.run(*reader.words, option.name, NONSENSE)
            if asked.worked:
                title = (
                    f"`{' '.join(reader.words)} {option.name}` takes a value that "
                    f"`{' '.join(family.add.words)}` refuses"
                )
                user.find("wrong input", title, seen=f"{asked.line}\n{asked.text}")


async def _refuses(
    user: CommandExplorer, family: Family, entry: Argument, fresh: Mapping[str, str]
) -> bool:
    """Whether the command that adds says that it takes no nonsense for an option."""
    for given in (fresh, family.given):
        words = words_of({**given, entry.name: NONSENSE})
        answer = await user.run(*family.add.words, *words)
        if answer.worked or about(bare(entry.name), answer.text):
            return not answer.worked
    return False


async def _filter_figures(user: CommandExplorer, family: Family) -> None:
    """A figure for records that there are not is not that of all."""
    assert family.list is not None  # noqa: S101 - see the caller
    listed = {bare(option.name) for option, _ in _filters(family.list, family.add)}
    if not await _rows(user, family.list):
        return
    for reader in family.readers:
        for option, entry in _filters(reader, family.add):
            if reader is family.list or bare(option.name) not in listed:
                continue
            if kind_of(as_field(entry)) == "number":
                continue
            await _filter_figure(user, family.list, reader, option)


async def _filter_figure(
    user: CommandExplorer, list_: Command, reader: Command, option: Argument
) -> None:
    whole = await user.run(*reader.words)
    if not whole.worked or not any(number_in(word) for word in whole.text.split()):
        return
    for value in _ANSWERS:
        some = await user.run(*list_.words, option.name, value)
        if not some.worked or re.search(r"^\W{0,3}[0-9]+\b", some.text, re.MULTILINE):
            continue
        figure = await user.run(*reader.words, option.name, value)
        if figure.worked and figure.text.strip() == whole.text.strip():
            title = f"`{' '.join(reader.words)}` does not heed `{option.name}`"
            seen = f"{some.line}\n{some.text}\n{figure.line}\n{figure.text}"
            user.find("totals", title, seen=seen)
        return
