"""Tests of the program as a whole."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import argparse
import functools
import subprocess
import sys
from pathlib import Path

from macrohard.llm.offline.appgen.fixed import cli
from macrohard.llm.offline.appgen.fixed.checks.program import ProgramTest
from macrohard.llm.offline.appgen.fixed.commands import COMMANDS


class MainTest(ProgramTest):
    """Running the program."""

    def test_mistakes_are_one_line(self) -> None:
        """An unknown command, none at all, an unknown option."""
        for arguments in ((), ("no-such-kind",), ("--nonsense",), ("--db",)):
            with self.subTest(arguments=arguments):
                self.refuses(*arguments)

    def test_one_database(self) -> None:
        """The database is named once, in whichever place."""
        kind = next(iter(COMMANDS))
        self.assertIn("--db is given twice", self.refuses("--db", "a.db", kind, "--db=b.db"))

    def test_help_is_wrapped_between_words(self) -> None:
        """Lines are no longer than the terminal, words are whole, columns stay columns."""
        about = "  kind  one, two, three and four more"
        narrow = functools.partial(cli.Lines, width=26)
        made = argparse.ArgumentParser(description=about, formatter_class=narrow)
        self.assertIn("\n  kind  one, two, three\n        and four more\n", made.format_help())

    def test_messages_show_no_control_characters(self) -> None:
        """What was typed cannot do anything to the terminal."""
        self.assertNotIn("\x1b", self.refuses("\x1b[31m"))
        self.assertEqual(cli.one_line("a\x1bb\nc"), "a\\x1bb\\nc")
        self.assertEqual(cli.one_line("a\u202eb"), "a\\u202eb")


class ProcessTest(ProgramTest):
    """The program as a process of its own."""

    def test_help_and_exit_code(self) -> None:
        """``--help`` names every kind; a mistake ends with exit code 2 and no traceback."""
        package = str(Path(cli.__file__).parent.name)
        folder = Path(cli.__file__).parent.parent
        command = [sys.executable, "-m", package]
        helped = subprocess.run(
            [*command, "--help"], cwd=folder, capture_output=True, text=True, check=True
        )
        for kind in COMMANDS:
            self.assertIn(kind, helped.stdout)
        failed = subprocess.run(
            [*command, "no-such-kind"], cwd=folder, capture_output=True, text=True, check=False
        )
        self.assertEqual(failed.returncode, 2)
        self.assertNotIn("Traceback", failed.stderr)
