"""Tests of figures: which field and which grouping is meant."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

from macrohard.llm.offline.appgen.fixed import summaries
from macrohard.llm.offline.appgen.fixed.checks.support import AppTest


class ChooseGroupTest(AppTest):
    """Groupings by name."""

    def test_a_part_will_do_where_it_is_clear(self) -> None:
        """``month`` is the month of the one date that has months, and of none of two."""
        group = summaries.Group("day", "day", lambda _connection, _record: None)
        one = {"day": group, "day:month": group, "day:year": group}
        two = {**one, "due:month": group}
        for text in ("day:month", "month", " Month "):
            with self.subTest(text=text):
                self.assertEqual(summaries.choose_group(text, one), "day:month")
        self.assertEqual(summaries.choose_group("year", two), "day:year")
        self.assertEqual(summaries.choose_group("day", two), "day")
        for text in ("month", "week", ""):
            with self.subTest(text=text):
                self.assert_refused("choose from", summaries.choose_group, text, two)
