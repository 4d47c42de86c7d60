"""What the help of a command tells somebody who has never used it: commands, options, arguments."""

import re
from dataclasses import dataclass, field

_FRAME = re.compile("[\u2500-\u257f]+")
_HEADING = re.compile(r"^(?P<name>[A-Za-z][\w ,/()-]*):?\s*$")
_ROW = re.compile(r"^(?P<indent>\s*)(?P<head>\S(?:.*?\S)?)(?:\s{2,}(?P<said>\S.*))?$")
_VALUE = r"\{[^}]*\}|\[?<?[A-Z][^\s,]*|\[[\w-]+(?:\|[\w-]+)+\]"
_OPTION = re.compile(rf"(?P<flag>--[A-Za-z0-9][\w-]*)(?:(?: {{1,9}}|=)(?P<value>{_VALUE}))?")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_COMMANDS = re.compile(r"command|verb|subcommand|action", re.IGNORECASE)
_CHOICES = re.compile(r"\{([^{}]+)\}|\[([\w-]+(?:\|[\w-]+)+)\]|one of ([\w-]+(?:, ?[\w-]+)+)")
_FAR = 14
"""Columns from which on a line goes on with what the line above says."""


@dataclass(frozen=True)
class Argument:
    """An option or an argument.

    Attributes:
        name: With its dashes, where it is an option.
        value: What stands for its value; empty for a switch.
        said: Its description.
        required: Whether the usage line has it outside of brackets, or it says so itself.
    """

    name: str
    value: str = ""
    said: str = ""
    required: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be chosen, where the help tells."""
        found = _CHOICES.search(f"{self.value} {self.said}")
        if found is None:
            return ()
        given = next(group for group in found.groups() if group)
        return tuple(word.strip() for word in re.split(r"[,|]", given) if word.strip())


@dataclass(frozen=True)
class Help:
    """A help text, read.

    Attributes:
        usage: The usage line.
        commands: Names of commands below, with what is said of each.
        options: Options but for those of help and version.
        arguments: Arguments by position.
    """

    usage: str = ""
    commands: dict[str, str] = field(default_factory=dict)
    options: tuple[Argument, ...] = ()
    arguments: tuple[Argument, ...] = ()


def read_help(text: str) -> Help:
    """Read a help text as argparse, click, typer and most people write it."""
    raw = text.splitlines()
    lines = [_FRAME.sub(" ", line).rstrip() for line in raw]
    usage = _usage(lines)
    reader = _Reader(usage)
    for line, framed in zip(lines, raw, strict=True):
        # typer writes headings into the upper edge of a frame, and marks what is required.
        edge = framed.lstrip().startswith(("\u256d", "\u250c"))
        reader.take(f"{line.strip()}:" if edge else line.replace("*", " ", 1))
    return Help(
        usage=usage,
        commands=reader.commands,
        options=tuple(reader.options.values()),
        arguments=_arguments(usage, reader),
    )


def _usage(lines: list[str]) -> str:
    for number, line in enumerate(lines):
        if line.strip().lower().startswith("usage:"):
            part = [line.strip()]
            for more in lines[number + 1 :]:
                if not more.strip() or not more.startswith(" "):
                    break
                part.append(more.strip())
            return " ".join(part)
    return ""


class _Reader:
    """Goes through the lines below the usage line."""

    def __init__(self, usage: str) -> None:
        self.commands: dict[str, str] = {}
        self.options: dict[str, Argument] = {}
        self.positions: dict[str, str] = {}
        self._usage = usage
        self._section = ""
        self._outer = 0
        self._column = 0
        self._last = ""

    def take(self, line: str) -> None:
        heading = _HEADING.match(line.strip() if not line.startswith("  ") else "")
        if heading and (line.rstrip().endswith(":") or line.strip().istitle()):
            self._section, self._outer, self._last = heading["name"].lower(), 0, ""
            self._column = 0
            return
        row = _ROW.match(line)
        if row is None or not self._section:
            return
        indent, head, said = len(row["indent"]), row["head"], row["said"] or ""
        if indent >= _FAR or not indent:
            self._go_on(line.strip())
        elif head.startswith("-"):
            self._option(head, said)
        elif _COMMANDS.search(self._section):
            # argparse may name the commands as a group first, in capitals or between braces.
            name = _NAME.fullmatch(head.split(maxsplit=1)[0].rstrip(",*"))
            self._column = self._column or (indent if name else 0)
            if head.startswith("{") or (name and indent <= self._column + 1):
                self._command(head, said)
        elif "argument" in self._section:
            self._position(indent, head, said)

    def _option(self, head: str, said: str) -> None:
        # typer puts what stands for the value into a column of its own.
        value_first = re.match(r"(?P<value>[A-Z]{2,}|\[[\w|-]+\])(?:\s{2,}|$)", said)
        if value_first and " " not in head:
            head, said = f"{head} {value_first['value']}", said[value_first.end() :]
        found = _OPTION.search(head)
        if found is None or found["flag"] in {"--help", "--version"}:
            self._last = ""
            return
        flag, value = found["flag"], (found["value"] or "").strip("[]<>")
        self._last = flag
        inside = re.search(rf"\[(?:[^\[\]]*[ |])?{re.escape(flag)}\b", self._usage)
        named = re.search(rf"{re.escape(flag)}\b", self._usage)
        required = bool(named and not inside) or "required" in said.lower()
        self.options.setdefault(flag, Argument(flag, value, said, required))

    def _command(self, head: str, said: str) -> None:
        braces = re.fullmatch(r"\{([^{}]+)\}", head)
        names = braces[1].split(",") if braces else [head.split(maxsplit=1)[0].rstrip(",*")]
        for name in names:
            if _NAME.fullmatch(name.strip()):
                self.commands.setdefault(name.strip(), said)

    def _position(self, indent: int, head: str, said: str) -> None:
        braces = re.fullmatch(r"\{([^{}]+)\}", head)
        if braces:
            for name in braces[1].split(","):
                self.commands.setdefault(name.strip(), "")
            self._outer = indent
        elif self._outer and indent > self._outer:
            self._command(head, said)
        else:
            # argparse lists the commands of a group below its name, further in.
            self._outer = indent
            self.positions[head.split(maxsplit=1)[0].strip("[]<>*")] = said
            self._last = ""

    def _go_on(self, more: str) -> None:
        known = self.options.get(self._last)
        if known is not None and more:
            said = f"{known.said} {more}".strip()
            required = known.required or "required" in said.lower()
            self.options[self._last] = Argument(known.name, known.value, said, required)


def _arguments(usage: str, reader: _Reader) -> tuple[Argument, ...]:
    """Arguments by position, from the usage line where it has them."""
    if reader.commands:
        return ()
    plain = re.sub(r"\[[^\[\]]*-[^\[\]]*\]", " ", usage)
    plain = re.sub(r"--?[\w-]+(?:[ =][A-Z<{][^\s\]]*)?", " ", plain)
    found = []
    for word in plain.split()[1:]:
        name = word.strip("[]<>.…()")
        if (name.isupper() and name not in {"OPTIONS", "COMMAND"}) or name in reader.positions:
            said = reader.positions.get(name, "")
            found.append(Argument(name, name, said, required=not word.startswith("[")))
    return tuple({argument.name: argument for argument in found}.values())
