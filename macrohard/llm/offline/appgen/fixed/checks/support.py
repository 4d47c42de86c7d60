"""What the tests share: what must be refused, and a database in memory."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009, PT027, S608

import unittest
from collections.abc import Callable, Mapping
from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed import database
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
