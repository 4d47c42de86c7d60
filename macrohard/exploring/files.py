"""Files that programs write and read: a name is one cell, and the last row counts."""

import csv
import io
import re

from macrohard.exploring.records import Family
from macrohard.exploring.typing import Command, CommandExplorer, words_of
from macrohard.exploring.values import Habit

QUOTED = Habit('Zoe "Q", Łucja 山田', 631)
"""A name with what separates cells, and letters of several scripts."""
_TAKEN_IN = (Habit("Probe Quince", 661), Habit("Probe Rowan", 691))
_FILE = "probe-rows.csv"
_EXPORT = ("export", "dump", "backup")
_IMPORT = ("import", "load", "restore")


def garbled(text: str, word: str) -> bool:
    """Whether a word is in the text of a table with separators, and no cell of it."""
    head, *_, tail = re.sub(r"[^\w<>-]+", " ", word).split()
    lines = [line for line in text.splitlines() if head in line and tail in line]
    for separator in ",;\t|":
        rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
        if any(word == cell or (word in cell and len(row) > 1) for row in rows for cell in row):
            return False
    return bool(lines)


async def exchange(
    user: CommandExplorer, family: Family, commands: list[Command], first: Habit
) -> None:
    """Write the records to a file, read others from one.

    Args:
        user: Does it.
        family: Commands about one kind of thing.
        commands: All commands.
        first: What the first record was made of.
    """
    out = _with_file(family, commands, _EXPORT)
    if out is None:
        return
    given = {name: text.replace(first.word, QUOTED.word) for name, text in family.given.items()}
    await user.run(*family.add.words, *words_of(given))
    wrote = await user.run(*out.words, _FILE)
    text = (await user.type(f"cat {_FILE}")).text if wrote.worked else ""
    if garbled(text, QUOTED.word):
        title = f"in the file of `{' '.join(out.words)}`, a name with quotes is not one cell"
        user.find("files", title, seen=text[-500:])
    taker = _with_file(family, commands, _IMPORT)
    rows = list(csv.reader(io.StringIO(text)))
    if taker is not None and len(rows) > 1:
        await _take_in(user, family, taker, rows, first)


def _with_file(family: Family, commands: list[Command], verbs: tuple[str, ...]) -> Command | None:
    """The command of a family that takes the name of a file, and nothing more."""
    for command in commands:
        needed = [each for each in command.help.arguments if each.required]
        near = command.words[:-1] == family.add.words[:-1]
        if near and command.verb.split("-")[0] in verbs and len(needed) == 1:
            return command
    return None


async def _take_in(
    user: CommandExplorer, family: Family, taker: Command, rows: list[list[str]], first: Habit
) -> None:
    """Read two rows from a file whose last line has no end: both are there."""
    head, model = rows[0], next((row for row in rows if first.word in " ".join(row)), None)
    if model is None:
        return
    lines = [_line(head)]
    for habit in _TAKEN_IN:
        cells = [
            str(int(cell) - first.number + habit.number)
            if first.owns(cell)
            else cell.replace(first.word, habit.word)
            for cell in model
        ]
        named = zip(head, cells, strict=False)
        lines.append(_line(["" if name.lower() == "id" else cell for name, cell in named]))
    *most, last = (line.replace("'", "") for line in lines)
    whole = " ".join(f"'{line}'" for line in most)
    await user.type(f"printf '%s\\n' {whole} > {_FILE}")
    await user.type(f"printf '%s' '{last}' >> {_FILE}")
    answer = await user.run(*taker.words, _FILE)
    if not answer.worked or family.list is None:
        return
    shown = await user.run(*family.list.words)
    there = [habit.word in shown.text for habit in _TAKEN_IN]
    if there == [True, False]:
        title = f"`{' '.join(taker.words)}` loses the last row of a file"
        user.find("files", title, seen=f"{answer.line}\n{answer.text}\n{last} is not listed")


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
