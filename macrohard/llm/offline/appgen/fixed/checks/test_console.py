"""Tests of the command line's common parts."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import argparse

from macrohard.llm.offline.appgen.fixed import console
from macrohard.llm.offline.appgen.fixed.checks.support import AppTest


class ParserTest(AppTest):
    """The argument parser."""

    def test_mistakes_are_errors(self) -> None:
        """Unknown options, abbreviations and empty paths are refused without a usage block."""
        parser = console.Parser()
        console.add_database_option(parser)
        self.assertEqual(parser.parse_args(["--db", "x"]).db, "x")
        for arguments in (["--d", "x"], ["--nonsense"], ["--db"], ["--db", ""]):
            with self.subTest(arguments=arguments):
                self.assert_refused("", parser.parse_args, arguments)

    def test_options_are_given_once(self) -> None:
        """The same option once more is refused; another one is not."""
        parser = console.Parser()
        for name in ("--size", "--note"):
            parser.add_argument(name)
        parser.add_argument("words", nargs="*")
        given = parser.parse_args(["--size", "1", "--note", "1", "a", "b"])
        self.assertEqual((given.size, given.note, given.words), ("1", "1", ["a", "b"]))
        twice = ["--size", "1", "--note", "1", "--size=1"]
        self.assert_refused("--size is given twice", parser.parse_args, twice)

    def test_messages_say_what_to_do(self) -> None:
        """What is missing or unknown is named, and where to read on."""
        parser = console.Parser(prog="app {thing}")
        verbs = parser.add_subparsers(prog="app", metavar="VERB", required=True)
        console.add_verb(verbs, "show", "show one", str).add_argument("id", metavar="ID")
        for arguments, message in (
            ([], "say what to do; app {thing} --help has the verbs"),
            (["shw"], "unknown verb 'shw': choose from"),
            (["show"], "ID is missing; see app show --help"),
            (["show", "1", "--all"], "unknown argument --all; see app show --help"),
            (["show", "1", "--db"], "--db takes a value: --db VALUE, or --db=VALUE"),
        ):
            with self.subTest(arguments=arguments):
                self.assert_refused(message, parser.parse_args, arguments)


class GivenFieldsTest(AppTest):
    """Fields on the command line."""

    def test_only_given_fields_are_collected(self) -> None:
        """An empty text is given, an absent option is not; negative numbers are values."""
        parser = console.Parser()
        for slug in ("name", "size", "note"):
            console.add_field_option(parser, f"--{slug}", slug, slug)
        options = parser.parse_args(["--size", "-5", "--note", ""])
        self.assertEqual(console.given_fields(options), {"size": "-5", "note": ""})


class RecordIdTest(AppTest):
    """Ids on the command line."""

    def test_ids(self) -> None:
        """An id is a whole number from 1 on."""
        self.assertEqual(console.record_id(argparse.Namespace(id="7")), 7)
        for text in ("0", "-1", "x", ""):
            with self.subTest(text=text):
                self.assert_refused("id", console.record_id, argparse.Namespace(id=text))


class ChooseTest(AppTest):
    """Choosing by name."""

    def test_names_are_forgiving(self) -> None:
        """Case, spaces and underscores do not matter; an unknown name is refused with a list."""
        self.assertEqual(console.choose("field", "Due_Date", ("due-date", "id")), "due-date")
        self.assert_refused("choose from a, b", console.choose, "field", "c", ("a", "b"))
        self.assert_refused("no field is possible here: 'c'", console.choose, "field", "c", ())


class CountOfTest(AppTest):
    """Counting words."""

    def test_singular_and_plural(self) -> None:
        """One is one; none and many are several."""
        self.assertEqual(console.count_of(1, "expense", "expenses"), "1 expense")
        self.assertEqual(console.count_of(0, "expense", "expenses"), "0 expenses")
