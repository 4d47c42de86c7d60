"""Tests of what the window does, without a screen."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

from macrohard.llm.offline.appgen.fixed.checks.windows import DeskTest
from macrohard.llm.offline.appgen.fixed.desktop import site
from macrohard.llm.offline.appgen.fixed.desktop.desk import Blank, Desk, mnemonics


class BlanksTest(DeskTest):
    """What is filled in."""

    def test_meaning(self) -> None:
        """What is chosen stands for its value; what asks for nothing is told as nothing."""
        chosen = Blank("kind", "Kind", "b", {"(any)": None, "(nothing)": "", "B": "b"})
        self.assertEqual(chosen.shown, "B")
        self.assertEqual([chosen.meant(t) for t in ("(any)", "(nothing)", "B")], [None, "", "b"])
        self.assertEqual(Blank("name", "Name").meant(""), "")
        self.assertIsNone(Blank("name", "Name", asks=True).meant("  "))
        self.assertEqual(Blank("name", "Name", asks=True).meant("x"), "x")

    def test_mnemonics(self) -> None:
        """Each name has a letter of its own, the first of a word where that is free."""
        names = ["Add a tool", "Export", "Edit", "Delete", "Add a tool"]
        found = mnemonics(names)
        letters = [name[place].lower() for name, place in found.items()]
        self.assertEqual(letters, ["a", "e", "d", "l"])
        self.assertEqual(mnemonics(["aa", "B"], taken="a"), {"B": 0})


class FileTest(DeskTest):
    """A file that cannot be used."""

    def test_broken_database(self) -> None:
        """It is a problem to be told, not a crash."""
        (self.folder / "test.db").write_text("no database at all, " * 100)
        outcome = Desk(site.SITE, self.database).changed(lambda _: "done")
        self.assertEqual(outcome.told, "")
        self.assertIn("cannot use the database", outcome.wrong[0].message)
