"""Tests of reading and writing CSV files."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import tempfile
from pathlib import Path

from macrohard.llm.offline.appgen.fixed import csv_files
from macrohard.llm.offline.appgen.fixed.checks.support import AppTest


class FileTest(AppTest):
    """A test case with a file."""

    def setUp(self) -> None:
        """Choose a path."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "rows.csv")


class ReadTest(FileTest):
    """Reading."""

    def read(self, content: bytes) -> list[tuple[int, dict[str, str]]]:
        """Read a file of this content with the columns name and note, name being required."""
        Path(self.path).write_bytes(content)
        return csv_files.read(self.path, ("name", "note"), ("name",))

    def test_rows_know_their_lines(self) -> None:
        """Blank lines are skipped, quoted line breaks counted, ids and empty cells left out."""
        content = b'\xef\xbb\xbfname,note,id\r\nAnn,"two\nlines",7\n\nBob,,8\n'
        found = [(2, {"name": "Ann", "note": "two\nlines"}), (5, {"name": "Bob"})]
        self.assertEqual(self.read(content), found)

    def test_bad_files_are_refused_with_the_line(self) -> None:
        """The message names the line and what is wrong with it."""
        for content, message in (
            (b"", "line 1: no header"),
            (b"name,size\n", "line 1: unknown column 'size'"),
            (b"name,name\n", "line 1: column 'name' appears twice"),
            (b"note\n", "line 1: column 'name' is missing"),
            (b"name,note\na,b\nc\n", "line 3: 1 values for 2 columns"),
            (b"name,note\na,b\n\xff,d\n", "line 3: not UTF-8"),
            (b'name,note\na,b\n"c,d\n', "line 3: "),
        ):
            with self.subTest(content=content):
                self.assert_refused(message, self.read, content)

    def test_missing_files_are_refused(self) -> None:
        """A file that is not there cannot be read."""
        self.assert_refused("cannot read", csv_files.read, self.path, ("name",), ())


class WriteTest(FileTest):
    """Writing."""

    def test_rows_are_written(self) -> None:
        """A header, then a line for each row."""
        csv_files.write(self.path, ("id", "name"), [("1", "a,b")], "other.db")
        self.assertEqual(Path(self.path).read_text(encoding="utf-8"), 'id,name\n1,"a,b"\n')

    def test_the_database_is_not_overwritten(self) -> None:
        """Nor can a file be written where no folder is."""
        Path(self.path).write_text("precious", encoding="utf-8")
        self.assert_refused(
            "it is the database", csv_files.write, self.path, ("id",), [], self.path
        )
        self.assertEqual(Path(self.path).read_text(encoding="utf-8"), "precious")
        self.assert_refused(
            "cannot write", csv_files.write, self.path + "/x.csv", ("id",), [], "other.db"
        )
