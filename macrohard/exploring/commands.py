"""A user who looks around at a terminal: help, wrong input, what is kept, strange values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from macrohard.exploring.coverage import Coverage
from macrohard.exploring.figures import figures_of, followers, number_in, stale, told
from macrohard.exploring.files import exchange
from macrohard.exploring.fullscreen import explore_screen
from macrohard.exploring.records import BARE, WRITTEN, Family, look_closer, value_of
from macrohard.exploring.typing import Command, CommandExplorer, Told, as_field, words_of
from macrohard.exploring.values import Habit, kind_of, number_for
from macrohard.users.judging.screentext import collapse

COMMANDS = 30
"""Commands whose help is read."""
ADDERS = 6
"""Commands that add something which are tried out."""
FIRST = Habit("Probe Alder", 137)
SECOND = Habit("Probe Birch", 211)
STRANGE = Habit("Probe Cedar", 163)
_PASSES = 3
_CHANGED = 251
_ADD = ("add", "new", "create", "insert", "put", "log", "record")
_EDIT = ("edit", "update", "change", "modify", "set")
_DELETE = ("delete", "remove", "rm", "del")
_READ = (
    "list", "ls", "all", "show", "print", "total", "sum", "stats", "count", "report", "summary",
    "balance", "status", "average", "min", "max", "search",
)  # fmt: skip
_SHOWS = re.compile(r"(?:display|show|list|print|tell)s?\b", re.IGNORECASE)
"""How the help of a command that changes nothing begins."""
_NO_PROGRAM = (126, 127)
"""Exit statuses of a shell that finds no program, or none that it may start."""
_NONSENSE = "--no-such-option-here"
_VALUES = (
    "''", "'-1'", "'$(id)'", "\"'; DROP TABLE x; --\"", "'../../etc/passwd'", "'NaN'", "'1e999'",
    "\"$(printf '%0400d' 0 | tr 0 9)\"", "\"$(printf '%05000d' 0 | tr 0 x)\"",
    "\"$(printf 'a\\nb\\tc')\"", "\"$(printf '\\360\\237\\222\\251\\342\\200\\256')\"",
    "\"$(printf '\\377\\376')\"",
)  # fmt: skip
"""As typed at a shell: what no program should fall over."""
_ESCAPED = "\"$(printf 'Zed\\033[31mred')\""


@dataclass(frozen=True)
class Added:
    """Something that was added.

    Attributes:
        command: What added it.
        given: Its options and arguments.
        number: What the program calls it by; empty where it told no number.
        before: What the commands that show things showed before, by command.
        after: Likewise, after.
    """

    command: Command
    given: Mapping[str, str]
    number: str
    before: Mapping[str, str]
    after: Mapping[str, str]


async def explore_commands(user: CommandExplorer) -> Coverage:
    """Look around: help of all commands, wrong input, then records and strange values.

    Args:
        user: Sits at the prompt, in the folder of a fresh application.

    Returns:
        Which commands that add something accepted it, and which refused all that seemed reasonable.

    Raises:
        SandboxError: The box failed.
    """
    commands = await _read_all_help(user)
    if not commands:
        return Coverage()
    await _start_bare(user)
    await _misuse(user, commands)
    adders = [c for c in commands if _is(c, _ADD) and (c.help.options or c.help.arguments)]
    refused = await _add_all(user, adders[:ADDERS], commands)
    if not adders:
        await _feed(user, commands)
    left = [f"`{' '.join(c.words)}` refused all that seemed reasonable" for c in refused]
    left += [f"`{' '.join(c.words)}`: there are more than {ADDERS}" for c in adders[ADDERS:]]
    return Coverage("commands that add", len(adders), len(adders) - len(left), tuple(left))


async def _add_all(
    user: CommandExplorer, adders: Sequence[Command], commands: list[Command]
) -> list[Command]:
    """Add with each command; those that refuse come again, as they may need what others add.

    Returns:
        Commands that refused to the end.
    """
    waiting = list(adders)
    for _ in range(_PASSES):
        refused = []
        for command in waiting:
            added = await _add(user, command, commands, FIRST)
            if added is None:
                refused.append(command)
                continue
            await _change(user, added, commands)
            await _delete(user, command, commands)
            family = _family_around(added, commands)
            await look_closer(user, family, FIRST)
            await exchange(user, family, commands, FIRST)
            await _add_strange(user, added, commands)
        if len(refused) in {0, len(waiting)}:
            return refused
        waiting = refused
    return waiting


async def _read_all_help(user: CommandExplorer) -> list[Command]:
    """Commands at the ends of the tree that the help tells of; none where there is no program."""
    first, help_ = await user.help()
    if first.status in _NO_PROGRAM:
        user.find("start", f"`{user.program}` cannot be started")
        return []
    if not first.worked and not (help_.commands or help_.options or help_.arguments):
        bare = await user.type(user.program, may_wait=True)
        if bare.status == first.status and bare.text.strip() == first.text.strip():
            title = f"`{user.program}` cannot be started: whatever is asked, it says the same"
            user.find("start", title)
            return []
        if bare.status is None:
            await user.leave()
    if not first.worked and first.status is not None:
        title = f"`{first.line}` ends with exit status {first.status}"
        user.find("help", title, severity="minor")
    found: list[Command] = []
    waiting: list[tuple[tuple[str, ...], str]] = [
        ((name,), said) for name, said in help_.commands.items()
    ]
    asked = 0
    while waiting and asked < COMMANDS:
        (words, said), asked = waiting.pop(0), asked + 1
        answer, below = await user.help(*words)
        if not answer.worked:
            title = f"`{answer.line}` does not help: it ends with exit status {answer.status}"
            user.find("help", title)
        deeper = below.commands if len(words) < 3 else {}
        if deeper and set(deeper) != set(help_.commands):
            waiting += [((*words, name), what) for name, what in deeper.items()]
        else:
            found.append(Command(words, said, below))
    return found or [Command((), "", help_)]


async def _start_bare(user: CommandExplorer) -> None:
    """Start the program with nothing: what owns the screen is looked at, what asks is left."""
    told_ = await user.type(user.program, may_wait=True)
    if told_.at == "full-screen":
        await explore_screen(user)
    elif told_.status is None and not await user.leave():
        user.find("hang", f"`{user.program}` cannot be ended with Ctrl-C and Ctrl-D")


async def _misuse(user: CommandExplorer, commands: list[Command]) -> None:
    """What nobody can have meant is refused: with words, and an exit status that says so."""
    named = [command.words for command in commands[:COMMANDS] if command.words]
    lines: list[tuple[str, ...]] = [(_NONSENSE,)]
    if named:
        lines += [("no-such-command-here",), *((*words, _NONSENSE, "x") for words in named)]
    for words in lines:
        answer = await user.run(*words)
        if answer.status is None:
            await user.leave()
        elif answer.worked:
            title = f"wrong input is not refused: `{answer.line}` ends with exit status 0"
            user.find("wrong input", title, seen=answer.text)


async def _add(
    user: CommandExplorer, command: Command, commands: list[Command], habit: Habit
) -> Added | None:
    before = await _overview(user, commands)
    answer, given = await user.fill(command, habit)
    if not answer.worked:
        return None
    after = await _overview(user, commands)
    lists = [line for line in after if _family(line) == _family_of(command)]
    shown = any(habit.word in collapse(text) for text in (answer.text, *after.values()))
    if (
        lists
        and any(habit.word in text for text in given.values())
        and (not shown or not any(habit.word in collapse(after[line]) for line in lists))
    ):
        title = f"what `{' '.join(command.words)}` added is nowhere to be seen"
        user.find("kept", title, seen=f"{answer.line}\n{answer.text}\nnot in: {', '.join(lists)}")
    return Added(command, given, _number_of(answer, after, habit), before, after)


async def _change(user: CommandExplorer, added: Added, commands: list[Command]) -> None:
    """Change a number: what followed the addition follows the change."""
    editor = _beside(added.command, commands, _EDIT)
    if editor is None or not added.number:
        return
    for option in editor.help.options:
        old = number_in(value_of(added.given, option.name))
        field = as_field(option)
        if old is None or kind_of(field) != "number":
            continue
        new = number_in(number_for(field, _CHANGED))
        answer = await user.run(*editor.words, added.number, option.name, str(new))
        if new is None or new == old or not answer.worked:
            return
        now = await _overview(user, commands)
        grown = followers(figures_of(added.before), figures_of(added.after), old)
        wrong = stale(grown, figures_of(now), new - old)
        if wrong:
            title = f"figures do not follow a change with `{' '.join(editor.words)}`"
            user.find("totals", title, seen=f"{answer.line}\n{told(wrong)}")
        return


async def _delete(user: CommandExplorer, command: Command, commands: list[Command]) -> None:
    """Add something and delete it: it is gone, and no figure keeps it."""
    remover = _beside(command, commands, _DELETE)
    if remover is None:
        return
    added = await _add(user, command, commands, SECOND)
    if added is None or not added.number:
        return
    answer = await user.run(*remover.words, added.number)
    if not answer.worked:
        return
    now = await _overview(user, commands)
    left = [
        line for line, text in now.items()
        if SECOND.word in text and SECOND.word in added.after.get(line, "")
    ]  # fmt: skip
    if left:
        title = f"`{' '.join(remover.words)}` does not delete: it is still there"
        user.find("kept", title, seen=f"{answer.line}\n{answer.text}\nstill in: {left[0]}")
        return
    before = figures_of(added.before)
    for number in {number_in(text) for text in added.given.values()} - {None, Decimal(0)}:
        assert number is not None  # noqa: S101 - taken out above
        grown = followers(before, figures_of(added.after), number)
        wrong = [row for row in stale(grown, figures_of(now), -number) if row[0] in before]
        if wrong:
            user.find("totals", "figures do not follow a deletion", seen=told(wrong))


async def _add_strange(user: CommandExplorer, added: Added, commands: list[Command]) -> None:
    """Strange values: refused or kept as they are; a crash is found by itself."""
    words = [name for name, text in added.given.items() if FIRST.word in text]
    numbers = [name for name, text in added.given.items() if FIRST.owns(text)]
    for name in [*words[:1], *numbers[:1]]:
        for value in _VALUES:
            await _add_raw(user, added, name, value)
    if words:
        answer = await _add_raw(user, added, words[0], _ESCAPED)
        now = await _overview(user, commands) if answer.worked else {}
        for line, text in {answer.line: answer.text, **now}.items():
            if BARE in text and WRITTEN not in text:
                title = (
                    f"escape codes typed with `{' '.join(added.command.words)}` reach the screen"
                )
                user.find("markup", title, seen=f"`{line}` shows {BARE}: the code was obeyed")
                return
    await _overview(user, commands)


async def _add_raw(user: CommandExplorer, added: Added, name: str, value: str) -> Told:
    given = {key: text.replace(FIRST.word, STRANGE.word) for key, text in added.given.items()}
    if not name.startswith("--"):
        given.pop(name)
        answer = await user.run(*added.command.words, *words_of(given), raw=value)
    else:
        given.pop(name)
        answer = await user.run(*added.command.words, *words_of(given), raw=f"{name} {value}")
    if answer.status is None:
        await user.leave()
    return answer


def _reading(commands: list[Command]) -> list[tuple[str, ...]]:
    """Lines that only show something and need nothing more."""
    found = []
    for command in commands:
        missing = [o for o in command.help.options if o.required]
        needed = [a for a in command.help.arguments if a.required and not a.choices]
        if command.words and _is(command, _READ) and not missing and not needed:
            chosen = [a.choices[0] for a in command.help.arguments if a.required]
            found.append((*command.words, *chosen))
            # An optional argument that the help calls by one word: `total value`.
            said = [a.said for a in command.help.arguments if not a.required]
            found += [(*command.words, word) for word in said if word.isidentifier()]
    return found


async def _overview(user: CommandExplorer, commands: list[Command]) -> dict[str, str]:
    """What the commands that show something show."""
    found = {}
    for words in _reading(commands)[:COMMANDS]:
        answer = await user.run(*words)
        if answer.status is None:
            await user.leave()
        elif answer.worked:
            found[" ".join(words)] = answer.text
    return found


async def _feed(user: CommandExplorer, commands: list[Command]) -> None:
    """A program that keeps nothing: strange input through a pipe, and a file that is not there."""
    for command in commands[:4]:
        for fed in ("</dev/null", "</no/such/file"):
            await _run_fed(user, command, fed)
        quoted = " ".join((user.program, *command.words))
        for made in ("'\\377\\376\\000x'", "'%05000d' 7", "'a,b\\n1'", "'{'"):
            answer = await user.type(f"printf {made} | {quoted}")
            if answer.status is None:
                await user.leave()
        answer = await user.run(*command.words, "no/such/file.xyz")
        if answer.status is None:
            await user.leave()


async def _run_fed(user: CommandExplorer, command: Command, fed: str) -> None:
    answer = await user.run(*command.words, raw=fed)
    if answer.status is None:
        await user.leave()


def _is(command: Command, verbs: tuple[str, ...]) -> bool:
    first = command.verb.split("-")[0]
    shows = bool(_SHOWS.match(command.said))
    return shows if verbs is _READ and shows else first in verbs and not shows


def _beside(command: Command, commands: list[Command], verbs: tuple[str, ...]) -> Command | None:
    """The command for the same kind of thing that does something else."""
    same = [c for c in commands if c.words[:-1] == command.words[:-1] and _is(c, verbs)]
    return same[0] if same else None


def _family_around(added: Added, commands: list[Command]) -> Family:
    """The commands about the same kind of thing as what was added."""
    near = [c for c in commands if c.words[:-1] == added.command.words[:-1]]
    lines = {words for words in _reading(commands) if words[:-1] == added.command.words[:-1]}
    return Family(
        add=added.command,
        given=added.given,
        number=added.number,
        list=next((c for c in near if c.verb in {"list", "ls", "all"}), None),
        edit=_beside(added.command, commands, _EDIT),
        delete=_beside(added.command, commands, _DELETE),
        readers=tuple(c for c in near if c.words in lines),
    )


def _family_of(command: Command) -> str:
    return " ".join(command.words[:-1])


def _family(line: str) -> str:
    words = line.split()
    verb = next((n for n, word in enumerate(words) if word in {"list", "ls", "all"}), None)
    return " ".join(words[:verb]) if verb is not None else "\0"


def _number_of(answer: Told, after: Mapping[str, str], habit: Habit) -> str:
    """What a new thing is called by: a number in the answer, or in front of its line."""
    found = [word.strip("#.:()[]") for word in answer.text.split()]
    numbers = [word for word in found if word.isdigit() and not habit.owns(word)]
    if numbers:
        return numbers[-1]
    for text in after.values():
        for line in text.splitlines():
            first = line.split()[:1]
            if habit.word in line and first and first[0].strip("#.:()[]").isdigit():
                return first[0].strip("#.:()[]")
    return ""
