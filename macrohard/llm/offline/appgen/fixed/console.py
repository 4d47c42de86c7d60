"""The command line: options that all commands share, and errors in one line."""
# For ruff: argparse has no public name for the type.
# ruff: noqa: SLF001

import argparse
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeAlias

from macrohard.llm.offline.appgen.fixed.errors import InputError
from macrohard.llm.offline.appgen.fixed.values import parse_id

FIELD = "field_"
WORDINGS = (
    ("the following arguments are required: VERB", "say what to do; PROGRAM --help has the verbs"),
    ("the following arguments are required: (.+)", r"\1 is missing; see PROGRAM --help"),
    ("unrecognized arguments: (.+)", r"unknown argument \1; see PROGRAM --help"),
    (r"argument VERB: invalid choice: (.+) \((choose from .+)\)", r"unknown verb \1: \2"),
    (r"argument (.+): expected one argument", r"\1 takes a value: \1 VALUE, or \1=VALUE"),
)
Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"


class Once(argparse.Action):
    """Stores a value; the same option once more is refused, not taken instead of the first."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store what was given."""
        given: frozenset[str] = getattr(namespace, "given", frozenset())
        if option_string is not None and self.dest in given:
            parser.error(f"{option_string} is given twice")
        namespace.given = given | {self.dest}
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises InputError where argparse would print its usage."""

    def __init__(self, **settings: Any) -> None:
        """Make a parser that knows no abbreviations, and takes each option once."""
        super().__init__(allow_abbrev=False, **settings)
        self.register("action", None, Once)

    def parse_known_args(self, *given: Any, **named: Any) -> tuple[Any, list[str]]:
        """Refuse what is unknown here, where it is known which help to point to."""
        options, unknown = super().parse_known_args(*given, **named)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found wrong, in words of ours where its own lead nowhere."""
        for pattern, words in WORDINGS:
            if match := re.fullmatch(pattern, message):
                raise InputError(match.expand(words.replace("PROGRAM", self.prog)))
        raise InputError(message)


def file_path(text: str) -> str:
    """Take a path that is not empty."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return text


def add_database_option(parser: argparse.ArgumentParser) -> None:
    """Let the person choose the database file; no default, so that it can stand in two places."""
    parser.add_argument(
        "--db",
        metavar="PATH",
        type=file_path,
        default=argparse.SUPPRESS,
        help="the database file",
    )


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Let the person ask for JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def add_verb(
    verbs: Verbs, name: str, about: str, run: Callable[[argparse.Namespace], str]
) -> argparse.ArgumentParser:
    """Declare a verb, what it is for, and the function that runs it."""
    parser = verbs.add_parser(name, help=about, description=about)
    add_database_option(parser)
    parser.set_defaults(action=run)
    return parser


def add_id_argument(parser: argparse.ArgumentParser, about: str = "its number") -> None:
    """Let the person say which record is meant."""
    parser.add_argument("id", metavar="ID", help=about)


def record_id(options: argparse.Namespace) -> int:
    """Read the id that was given."""
    value = parse_id("id", options.id)
    if value is None:
        raise InputError("id is required")
    return value


def add_file_argument(parser: argparse.ArgumentParser) -> None:
    """Let the person name a file."""
    parser.add_argument("file", metavar="FILE", type=file_path, help="path of the file")


def add_field_option(parser: argparse.ArgumentParser, option: str, slug: str, about: str) -> None:
    """Add an option that gives a value for a field."""
    parser.add_argument(option, dest=FIELD + slug, metavar="VALUE", help=about)


def given_fields(options: argparse.Namespace) -> dict[str, str]:
    """Collect the fields that were given, as texts."""
    return {
        name.removeprefix(FIELD): text
        for name, text in vars(options).items()
        if name.startswith(FIELD) and text is not None
    }


def choose(what: str, text: str, choices: Iterable[str]) -> str:
    """Find the choice that a person means; case, spaces, ``_`` and ``-`` are all one."""
    known = tuple(choices)
    if not known:
        raise InputError(f"no {what} is possible here: {text!r}")
    wanted = text.strip().lower().replace("_", "-").replace(" ", "-")
    if wanted not in known:
        raise InputError(f"unknown {what} {text!r}: choose from {', '.join(known)}")
    return wanted


def count_of(count: int, singular: str, plural: str) -> str:
    """Say ``1 expense`` or ``3 expenses``."""
    return f"{count} {singular if count == 1 else plural}"
