"""What the tests share: a database in memory, refusals, and the program run in this process."""
# ruff: noqa: PT009, PT027

import contextlib
import io
import tempfile
import unittest
from collections.abc import Callable, Mapping
from pathlib import Path
from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed import cli, database
from macrohard.llm.offline.appgen.fixed.errors import AppError


class AppTest(unittest.TestCase):
    """A test case that can say what must be refused."""

    def assert_refused(
        self, message: str, action: Callable[..., object], *arguments: object
    ) -> None:
        """Fail unless the action ends with an error that holds the message."""
        with self.assertRaises(AppError) as caught:
            action(*arguments)
        self.assertIn(message, str(caught.exception))


class DatabaseTest(AppTest):
    """A test case with an empty database in memory."""

    def setUp(self) -> None:
        """Open the database."""
        self.connection: Connection = database.connect(":memory:")
        self.addCleanup(self.connection.close)
        database.prepare(self.connection)

    def insert(self, table: str, row: Mapping[str, str | int | None]) -> int:
        """Store a row as it is and return its id."""
        columns = ", ".join(f'"{column}"' for column in row)
        marks = ", ".join("?" for _ in row)
        query = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'
        return int(self.connection.execute(query, tuple(row.values())).lastrowid or 0)

    def assert_change_refused(
        self, message: str, change: Callable[..., object], *arguments: object
    ) -> None:
        """Fail unless a change is refused with this message; undo it, as the program does."""
        self.connection.execute("BEGIN")
        self.assert_refused(message, change, self.connection, *arguments)
        self.connection.execute("ROLLBACK")

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self.connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])


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
