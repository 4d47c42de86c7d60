"""An exploring user at a terminal: types lines, waits for the prompt, and goes on."""

import re
import shlex
from dataclasses import dataclass, field, replace

from macrohard.exploring.findings import Explorer
from macrohard.exploring.helptext import Argument, Help, read_help
from macrohard.exploring.sight import Field
from macrohard.exploring.values import Habit, about, kind_of, typed_for
from macrohard.users.base import Action, Observation, Press, TypeLine, Wait
from macrohard.users.judging.screentext import collapse

SLOW_S = 10.0
"""A command that shows nothing and is not done by then is told as slow."""
_WAITS = 3
"""Waits of :data:`macrohard.users.base.MAX_WAIT_S` until a command is ended by force."""
_ATTEMPTS = 5
_NOT_FILLED = re.compile(
    r"^--(?:db|database|config|json|file|format|color|no-|quiet|verbose|debug|output|log|version)"
)


@dataclass(frozen=True)
class Told:
    """What a line brought.

    Attributes:
        line: What was typed.
        text: What came.
        status: Exit status; None where the prompt did not come back, or a program owns the screen.
        at: What the terminal is doing.
    """

    line: str
    text: str
    status: int | None
    at: str

    @property
    def worked(self) -> bool:
        """Whether the command says that it did what it was asked."""
        return self.status == 0


@dataclass(frozen=True)
class Command:
    """A command that the help told of.

    Attributes:
        words: How it is called, behind the program.
        said: What the help says of it.
        help: Its own help.
    """

    words: tuple[str, ...]
    said: str
    help: Help

    @property
    def verb(self) -> str:
        """Its last word."""
        return self.words[-1] if self.words else ""


@dataclass
class _Filling:
    tries: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)
    """What refusals said about an option or argument, by name."""

    def read(self, each: Argument) -> Field:
        """An option or argument as a field, with all that is known of it."""
        plain, said = as_field(each), self.said.get(each.name)
        return replace(plain, hint=f"{said}; {plain.hint}") if said else plain


class CommandExplorer(Explorer):
    """Looks around at a shell.

    Args:
        driver: Eyes and hands.
        name: Names the tape.
        program: What starts the program, as typed.
    """

    def __init__(self, driver: object, name: str, program: str) -> None:
        super().__init__(driver, name)  # type: ignore[arg-type]
        self.program = program
        self._ended = False

    async def run(self, *words: str, raw: str = "") -> Told:
        """Run the program with some words.

        Args:
            words: Quoted for the shell.
            raw: Put behind them as it is.
        """
        quoted = " ".join(shlex.quote(word) for word in words)
        return await self.type(" ".join(part for part in (self.program, quoted, raw) if part))

    async def type(self, line: str, *, may_wait: bool = False) -> Told:
        """Type a line, and wait for the prompt as long as patience lasts.

        Args:
            line: What is typed.
            may_wait: Whether it may wait for input, as filters do that are started with nothing.
        """
        seen = await self._seen(TypeLine(text=line))
        waits = 0
        while not may_wait and self._works(seen, waits):
            seen, waits = await self._seen(Wait(seconds=SLOW_S)), waits + 1
        if waits > 1 and seen.state.at == "prompt":
            self.find("slow", f"`{line}` takes longer than {SLOW_S:g} seconds")
        elif waits == _WAITS and seen.state.at == "running":
            self.find("hang", f"`{line}` does not come to an end")
        if seen.state.at == "ended" and not self._ended:
            self._ended = True
            self.find("crash", f"`{line}` took the whole terminal down with it")
        if seen.state.at == "full-screen" and line != self.program:
            return await self._leave_pager(line, seen)
        return Told(line, seen.text, seen.state.exit_status, seen.state.at)

    async def _leave_pager(self, line: str, shown: Observation) -> Told:
        """A command that shows its answer in a pager: it is read, and left."""
        after = await self._seen(Press(keys="q"))
        return Told(line, shown.screen, after.state.exit_status, after.state.at)

    async def _seen(self, action: Action) -> Observation:
        seen = await self.tries(action)
        assert seen is not None  # noqa: S101 - lines and keys can always be typed
        return seen

    def _works(self, seen: Observation, waits: int) -> bool:
        return seen.state.at == "running" and waits < _WAITS and not self._asks(seen)

    @staticmethod
    def _asks(seen: Observation) -> bool:
        """Whether a program seems to wait for an answer: it left the cursor behind a question."""
        last = seen.text.rstrip("\n").rpartition("\n")[2]
        return bool(re.search(r"[:?>$#\])]\s*$", last))

    async def leave(self) -> bool:
        """End what is running, as people do; whether the prompt is back."""
        for keys in ("Ctrl-C", "Ctrl-D", "q", "Ctrl-C"):
            seen = await self._seen(Press(keys=keys))
            if seen.state.at in {"prompt", "ended"}:
                return True
        return False

    async def help(self, *words: str) -> tuple[Told, Help]:
        """Ask for help, and read it."""
        told = await self.run(*words, "--help")
        if told.status is None:
            await self.leave()
        return told, read_help(told.text)

    async def fill(self, command: Command, habit: Habit) -> tuple[Told, dict[str, str]]:
        """Run a command with what its help asks for, until it is accepted.

        Returns:
            What came, and what was given, by option or argument.
        """
        known = _Filling()
        for _ in range(_ATTEMPTS):
            given = _given(command, habit, known)
            told = await self.run(*command.words, *words_of(given))
            if told.worked:
                break
            if told.status is None:
                await self.leave()
                break
            _learn(told, given, command, known)
        return told, given


def words_of(given: dict[str, str]) -> list[str]:
    """Options and arguments as words; an option and its value are two."""
    words = [word for name, text in given.items() if name.startswith("--") for word in (name, text)]
    values = [text for name, text in given.items() if not name.startswith("--")]
    return [*words, *values]


def _given(command: Command, habit: Habit, known: _Filling) -> dict[str, str]:
    given = {}
    for place, each in enumerate((*command.help.options, *command.help.arguments)):
        skipped = each.name.startswith("--") and (not each.value or _NOT_FILLED.match(each.name))
        if each.name in known.left_out or (skipped and not each.required):
            continue
        attempt = known.tries.get(each.name, 0)
        if each.choices and not attempt:
            given[each.name] = each.choices[0]
        else:
            given[each.name] = typed_for(known.read(each), habit.at(place), place, attempt)
    return given


def as_field(argument: Argument) -> Field:
    """An option as a field of a form."""
    label = argument.name.lstrip("-").replace("-", " ").lower()
    return Field(label=label, kind="text", hint=argument.said, required=argument.required)


def _learn(told: Told, given: dict[str, str], command: Command, known: _Filling) -> None:
    """From a refusal: what was wrong, and what to leave out."""
    text = collapse(told.text)
    every = {each.name: each for each in (*command.help.options, *command.help.arguments)}
    said = {name: about(name.lstrip("-").replace("-", " "), text) for name in given}
    blamed = [name for name in given if said[name]]
    for name in blamed or list(given):
        before = kind_of(known.read(every[name]))
        if said[name]:
            known.said[name] = said[name]
        if kind_of(known.read(every[name])) == before:
            known.tries[name] = known.tries.get(name, 0) + 1
        if known.tries.get(name, 0) > 1 and not every[name].required:
            known.left_out.add(name)
