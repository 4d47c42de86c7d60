"""Test cases that run the program, in this process."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import contextlib
import io
import tempfile
from pathlib import Path

from macrohard.llm.offline.appgen.fixed import cli
from macrohard.llm.offline.appgen.fixed.checks.examples import ExamplesTest
from macrohard.llm.offline.appgen.fixed.checks.support import AppTest


class ProgramTest(AppTest):
    """A test case that runs the program on a database file of its own."""

    def setUp(self) -> None:
        """Make a folder for the files of one test."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.database = str(self.folder / "test.db")

    def run_program(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command line; return the exit code, the output and the error output."""
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            code = cli.main(["--db", self.database, *arguments])
        return code, output.getvalue(), errors.getvalue()

    def says(self, *arguments: str) -> str:
        """Run a command line that must succeed; return what it prints."""
        code, output, errors = self.run_program(*arguments)
        self.assertEqual((code, errors), (0, ""), arguments)
        return output

    def refuses(self, *arguments: str) -> str:
        """Run a command line that must be refused in one line; return that line."""
        code, output, errors = self.run_program(*arguments)
        self.assertEqual((code, output), (2, ""), arguments)
        self.assertRegex(errors, r"\Aerror: [^\n]+\n\Z")
        return errors


class StoredExamplesTest(ProgramTest):
    """A test case of the program with the examples in its database file."""

    def setUp(self) -> None:
        """Store the examples in a file."""
        super().setUp()
        keeper = ExamplesTest()
        keeper.setUp()
        self.addCleanup(keeper.doCleanups)
        keeper.connection.execute("VACUUM INTO ?", (self.database,))
