"""Help texts as argparse, click and typer write them are read for what can be typed."""

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.exploring.helptext import read_help

CLICK = """\
Usage: shop [OPTIONS] COMMAND [ARGS]...

  Sells things.

Options:
  --version  Show the version and exit.
  --help     Show this message and exit.

Commands:
  add     Add a thing.
  remove  Remove a thing, which can
          not be undone.
"""
TYPER = """\
 Usage: shop add [OPTIONS] NAME

╭─ Arguments ─────────────────────────────────╮
│ *    name      TEXT  What it is [required]  │
╰─────────────────────────────────────────────╯
╭─ Options ───────────────────────────────────╮
│ --price        INTEGER  In cents            │
│ --help                  Show this message.  │
╰─────────────────────────────────────────────╯
"""


def test_commands_of_click() -> None:
    found = read_help(CLICK)
    assert found.commands == {"add": "Add a thing.", "remove": "Remove a thing, which can"}
    assert found.options == ()


def test_options_and_arguments_of_typer() -> None:
    found = read_help(TYPER)
    assert [(o.name, o.value) for o in found.options] == [("--price", "INTEGER")]
    assert [(a.name, a.required) for a in found.arguments] == [("NAME", True)]


def test_argparse_tells_what_is_required_and_what_can_be_chosen() -> None:
    parser = argparse.ArgumentParser(prog="shop add")
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--price", required=True, metavar="N", help="in cents")
    parser.add_argument("--colour", choices=["red", "blue"], help="of it")
    found = read_help(parser.format_help())
    assert [a.name for a in found.arguments] == ["NAME"]
    options = {option.name: option for option in found.options}
    assert options["--price"].required
    assert not options["--colour"].required
    assert options["--colour"].choices == ("red", "blue")


@pytest.mark.parametrize("named", [{}, {"title": "commands"}, {"metavar": "VERB"}])
@pytest.mark.parametrize("titled", [{}, {"title": "commands"}])
def test_commands_of_argparse(named: dict[str, str], titled: dict[str, str]) -> None:
    parser = argparse.ArgumentParser(prog="shop")
    verbs = parser.add_subparsers(**(named | titled))
    verbs.add_parser("add", help="add a thing")
    verbs.add_parser("list", help="list all")
    assert list(read_help(parser.format_help()).commands) == ["add", "list"]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    found = read_help(text)
    assert all(option.name.startswith("--") for option in found.options)
