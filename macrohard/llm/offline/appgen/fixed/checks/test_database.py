"""Tests of the database file."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import sqlite3
import tempfile
from contextlib import chdir, closing
from pathlib import Path
from unittest import mock

from macrohard.llm.offline.appgen.fixed import database, schema
from macrohard.llm.offline.appgen.fixed.checks.support import AppTest, DatabaseTest


class TransactionTest(AppTest):
    """Transactions."""

    def setUp(self) -> None:
        """Choose a path for the database."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "test.db")

    def tables(self) -> set[str]:
        """Name the tables that a reader sees."""
        with database.reading(self.path) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {row["name"] for row in rows}

    def test_reading_makes_no_file(self) -> None:
        """A database that is not there yet reads as an empty one."""
        self.assertLessEqual(set(schema.KIND_NAMES), self.tables())
        self.assertFalse(Path(self.path).exists())

    def test_writing_is_all_or_nothing(self) -> None:
        """After an error the file is as it was before."""
        with database.writing(self.path) as connection:
            connection.execute("CREATE TABLE kept (id)")
        with self.assertRaises(ZeroDivisionError), database.writing(self.path) as connection:  # noqa: PT027
            connection.execute("CREATE TABLE lost (id)")
            raise ZeroDivisionError
        self.assertIn("kept", self.tables())
        self.assertNotIn("lost", self.tables())

    def test_other_files_are_refused(self) -> None:
        """Neither a text nor the database of another program is touched."""
        Path(self.path).write_text("no database, but a text of some length\n" * 40)
        self.assert_refused("cannot use the database", self.tables)
        Path(self.path).unlink()
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("CREATE TABLE other (id)")
        self.assert_refused("another program", self.tables)

    def test_a_file_may_have_any_name(self) -> None:
        """What SQLite would keep in memory is kept in a file of that name, or refused."""
        with chdir(Path(self.path).parent):
            self.path = ":memory:"
            with database.writing(self.path) as connection:
                connection.execute("CREATE TABLE kept (id)")
            self.assertIn("kept", self.tables())
            self.assert_refused("cannot use the database", database.writing("").__enter__)

    def test_a_missing_folder_is_refused(self) -> None:
        """The folder of a database must be there."""
        self.path += "/no/folder.db"
        self.assert_refused("cannot use the database", self.tables)


class PrepareTest(AppTest):
    """Tables."""

    def test_ids_are_never_used_again(self) -> None:
        """Every table counts its ids on, whatever was deleted."""
        with closing(database.connect(":memory:")) as connection:
            database.prepare(connection)
            for table in schema.KIND_NAMES:
                query = "SELECT sql FROM sqlite_master WHERE name = ?"
                (statement,) = connection.execute(query, (table,)).fetchone()
                self.assertIn("AUTOINCREMENT", statement)


class FetchTest(AppTest):
    """Reading rows."""

    def test_foreign_values_are_refused(self) -> None:
        """A row that cannot be read is an error about the database."""
        with closing(database.connect(":memory:")) as connection:
            self.assertEqual(
                database.fetch(connection, lambda row: int(row[0]), "SELECT ?", "7"), [7]
            )
            self.assert_refused(
                "did not write",
                lambda: database.fetch(connection, lambda row: int(row[0]), "SELECT ?", "x"),
            )


class ColumnTest(AppTest):
    """Reading one column."""

    def test_values_are_read(self) -> None:
        """Every value is read alike; one that cannot be read is an error about the database."""
        query = "SELECT ? UNION ALL SELECT ?"
        with closing(database.connect(":memory:")) as connection:
            self.assertEqual(database.column(connection, int, query, "7", "8"), [7, 8])
            self.assert_refused("did not write", database.column, connection, int, query, "7", "x")


class WithIdsTest(DatabaseTest):
    """Names in place of ids."""

    def setUp(self) -> None:
        """Make a table of names."""
        super().setUp()
        self.connection.execute('CREATE TEMP TABLE "named" ("id" INTEGER, "name" TEXT)')
        rows = [(1, "Oak"), (2, "Elm"), (3, "ELM"), (4, "Ash 7")]
        self.connection.executemany('INSERT INTO "named" VALUES (?, ?)', rows)

    def with_ids(self, text: str) -> str:
        """Read one reference."""
        return database.with_ids(self.connection, {"to": text}, {"to": ("named", "name")})["to"]

    def test_names_become_ids(self) -> None:
        """A name is found in any case where that is clear; ids and nothing stay as they are."""
        known = {"Oak": "1", "oak": "1", "Elm": "2", " ELM ": "3", "Ash 7": "4", "9": "9", "": ""}
        for text, expected in known.items():
            with self.subTest(text=text):
                self.assertEqual(self.with_ids(text), expected)

    def test_case_of_every_letter(self) -> None:
        """Letters beyond those of English have two cases, too."""
        self.connection.execute("INSERT INTO \"named\" VALUES (5, 'B\u00e4r')")
        self.assertEqual(self.with_ids("b\u00c4R"), "5")

    def test_other_fields_stay(self) -> None:
        """Only references are looked up."""
        self.assertEqual(database.with_ids(self.connection, {"a": "Oak"}, {}), {"a": "Oak"})

    def test_unclear_names_are_refused(self) -> None:
        """A name that nobody has, or several have, is refused; the second by their ids."""
        names = dict(schema.KIND_NAMES, named=("tree", "trees"))
        with mock.patch.object(database, "KIND_NAMES", names):
            self.assert_refused("no tree is called 'Yew'", self.with_ids, "Yew")
            self.assert_refused("no tree is called '\\udcff'", self.with_ids, "\udcff")
            self.assert_refused("'elm' may be tree 2, 3: give the id", self.with_ids, "elm")


class FindIdTest(DatabaseTest):
    """The record that is meant."""

    def test_ids_and_names_are_found(self) -> None:
        """A number is an id, whatever is there; anything else is a name."""
        self.connection.execute('CREATE TEMP TABLE "named" ("id" INTEGER, "name" TEXT)')
        self.connection.execute("INSERT INTO \"named\" VALUES (4, 'Oak')")
        for text, expected in {"oak": 4, "7": 7}.items():
            self.assertEqual(database.find_id(self.connection, "named", "name", text), expected)
        for text in ("0", "-1", ""):
            with self.subTest(text=text):
                self.assert_refused("id", database.find_id, self.connection, "named", "name", text)


class OtherWithTest(DatabaseTest):
    """Looking for values that are taken."""

    def test_others_are_found(self) -> None:
        """Neither the record itself nor an empty value counts."""
        table = next(iter(schema.KIND_NAMES))
        empty = {"id": None}
        self.assertIsNone(database.other_with(self.connection, table, 0, empty))
        self.assertIsNone(database.other_with(self.connection, table, 0, {"id": 1}))
