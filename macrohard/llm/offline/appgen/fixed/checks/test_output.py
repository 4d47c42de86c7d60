"""Tests of tables, lines and JSON."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import json
import unittest
from decimal import Decimal

from macrohard.llm.offline.appgen.fixed import output
from macrohard.llm.offline.appgen.fixed.values import Link

ROWS = [
    {"id": 1, "name": "Ann", "sum": Decimal("9.50"), "of": Link(2, "B")},
    {"id": 10, "name": "日本", "sum": None, "of": None},
]
HEADINGS = ("id", "name", "sum", "of")


class ListingTest(unittest.TestCase):
    """Lists."""

    def test_columns_are_aligned(self) -> None:
        """Numbers stand at the right; wide letters take two columns; no line ends in spaces."""
        lines = output.listing(HEADINGS, ROWS, "No rows.", False).split("\n")
        self.assertEqual(lines[0], "id  name   sum  of")
        self.assertEqual(lines[1], " 1  Ann   9.50  2 B")
        self.assertEqual(lines[2], "10  日本     -  -")

    def test_json(self) -> None:
        """Rows become objects; a link becomes an id, nothing becomes null."""
        found = json.loads(output.listing(HEADINGS, ROWS, "No rows.", True))
        self.assertEqual(found[0], {"id": 1, "name": "Ann", "sum": "9.50", "of": 2})
        self.assertIsNone(found[1]["sum"])

    def test_unseen_characters(self) -> None:
        """What nobody sees is spelt out, and is the same to who reads the JSON."""
        text = output.listing(("name",), [{"name": "soft\u00ad\u202ehyphen"}], "", True)
        self.assertIn("soft\\u00ad\\u202ehyphen", text)
        self.assertEqual(json.loads(text), [{"name": "soft\u00ad\u202ehyphen"}])

    def test_nothing(self) -> None:
        """Without rows people get a sentence and programs an empty list."""
        self.assertEqual(output.listing(HEADINGS, [], "No rows.", False), "No rows.")
        self.assertEqual(json.loads(output.listing(HEADINGS, [], "No rows.", True)), [])


class RecordTest(unittest.TestCase):
    """Single records."""

    def test_lines_and_json(self) -> None:
        """A line for each field, or one object."""
        self.assertEqual(
            output.record(HEADINGS, ROWS[0], False), "id: 1\nname: Ann\nsum: 9.50\nof: 2 B"
        )
        self.assertEqual(json.loads(output.record(HEADINGS, ROWS[0], True))["of"], 2)


class FigureTest(unittest.TestCase):
    """Single figures."""

    def test_figures(self) -> None:
        """Bare for people, named for programs."""
        self.assertEqual(output.figure("total", Decimal("1.00"), False), "1.00")
        self.assertEqual(output.figure("average", None, False), "-")
        self.assertEqual(json.loads(output.figure("average", None, True)), {"average": None})
