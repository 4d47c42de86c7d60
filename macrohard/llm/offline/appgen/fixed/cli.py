"""The program: finds the command that is meant, runs it, and says what came of it."""
# For ruff: this is a program, it prints; only --help needs textwrap.
# ruff: noqa: T201, PLC0415

import argparse
import importlib
import re
import sys
from collections.abc import Sequence

from macrohard.llm.offline.appgen.fixed.commands import ABOUT, COMMANDS, DATABASE, PROGRAM, VERBS
from macrohard.llm.offline.appgen.fixed.console import Parser, add_database_option, choose
from macrohard.llm.offline.appgen.fixed.errors import AppError, InputError
from macrohard.llm.offline.appgen.fixed.values import visible


class Lines(argparse.HelpFormatter):
    """Wraps each line of a text by itself, and what it explains below where that began."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wrap a text between words."""
        import textwrap  # only --help needs it

        found: list[str] = []
        for line in text.splitlines():
            begin = re.match("(?:  +[^ ]+ +)?", line)
            below = indent + " " * (begin.end() if begin else 0)
            found += textwrap.wrap(line, width, subsequent_indent=below) or [""]
        return "\n".join(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0, or 2 with one line on standard error."""
    try:
        print(run(sys.argv[1:] if arguments is None else arguments))
    except AppError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return 2
    return 0


def run(arguments: Sequence[str]) -> str:
    """Run one command line and return what it prints."""
    if sum(each.partition("=")[0] == "--db" for each in arguments) > 1:
        raise InputError("--db is given twice")  # it may stand in two places: here both are seen
    options = parser().parse_args(arguments)
    if options.kind is None:
        raise InputError(f"no command; try: {PROGRAM} --help")
    kind = choose("command", options.kind, COMMANDS)
    module = importlib.import_module(COMMANDS[kind])
    known = argparse.Namespace(db=getattr(options, "db", DATABASE))
    chosen = module.parser().parse_args(options.rest, known)
    return str(chosen.action(chosen))


def parser() -> Parser:
    """Make the parser of everything before the verb."""
    made = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [--db PATH] KIND VERB ...",
        description=ABOUT,
        epilog=f"kinds and verbs:\n{overview()}\n\n{PROGRAM} KIND VERB --help says more.",
        formatter_class=Lines,
    )
    add_database_option(made)
    made.add_argument("kind", nargs="?", metavar="KIND", help="what it is about")
    made.add_argument("rest", nargs=argparse.REMAINDER, metavar="VERB ...", help="what to do")
    return made


def overview() -> str:
    """List the kinds, each with its verbs."""
    size = max(map(len, VERBS))
    return "\n".join(f"  {kind.ljust(size)}  {verbs}" for kind, verbs in VERBS.items())


def one_line(message: str) -> str:
    """Make a message printable in one line, whatever was typed."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda match: repr(match[0])[1:-1], message)
    return visible(plain)
