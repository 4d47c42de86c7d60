"""Tests of totals, averages, order and groups."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import unittest
from decimal import Decimal
from fractions import Fraction

from macrohard.llm.offline.appgen.fixed import aggregates
from macrohard.llm.offline.appgen.fixed.values import Link


class TotalTest(unittest.TestCase):
    """Totals of whole numbers."""

    def test_empty_values_are_left_out(self) -> None:
        """They count as nothing; over nothing the total is 0."""
        self.assertEqual(aggregates.total([2, None, 3]), 5)
        self.assertEqual(aggregates.total([]), 0)


class ExactTotalTest(unittest.TestCase):
    """Totals of decimals."""

    def test_totals_are_exact(self) -> None:
        """A tenth and two tenths are three tenths."""
        amounts = [Decimal("0.10"), None, Decimal("0.20")]
        self.assertEqual(aggregates.exact_total(amounts), Fraction(3, 10))
        self.assertEqual(aggregates.exact_total([]), 0)


class ExactAverageTest(unittest.TestCase):
    """Averages."""

    def test_averages_are_exact(self) -> None:
        """Empty values are left out, not counted as 0."""
        self.assertEqual(aggregates.exact_average([1, None, 0, 0]), Fraction(1, 3))
        self.assertIsNone(aggregates.exact_average([None]))


class AverageTest(unittest.TestCase):
    """Rounded averages."""

    def test_averages_are_rounded_half_up(self) -> None:
        """Half a cent becomes a cent; over nothing there is no average."""
        self.assertEqual(aggregates.average([Decimal("0.01"), 0], 2), Decimal("0.01"))
        self.assertEqual(aggregates.average([1, 0, 0], 2), Decimal("0.33"))
        self.assertIsNone(aggregates.average([], 2))


class SmallestTest(unittest.TestCase):
    """Smallest values."""

    def test_smallest(self) -> None:
        """Empty values are left out; over nothing there is none."""
        self.assertEqual(aggregates.smallest([3, None, 2]), 2)
        self.assertIsNone(aggregates.smallest([None]))


class LargestTest(unittest.TestCase):
    """Largest values."""

    def test_largest(self) -> None:
        """Empty values are left out; over nothing there is none."""
        self.assertEqual(aggregates.largest([3, None, 5]), 5)
        self.assertIsNone(aggregates.largest([None]))


class TextKeyTest(unittest.TestCase):
    """Comparing texts."""

    def test_case_does_not_count(self) -> None:
        """Texts that differ in case alone are equal; no text stays none."""
        self.assertEqual(aggregates.text_key("STRASSE"), aggregates.text_key("straße"))
        self.assertIsNone(aggregates.text_key(None))


class InOrderTest(unittest.TestCase):
    """Order."""

    def test_order_is_stable_both_ways(self) -> None:
        """Equals keep their order; what has no value comes last, whatever the direction."""
        pairs = [("b", 1), (None, 2), ("a", 3), ("b", 4)]
        up = aggregates.in_order(pairs, lambda pair: pair[0])
        down = aggregates.in_order(pairs, lambda pair: pair[0], descending=True)
        self.assertEqual([number for _, number in up], [3, 1, 4, 2])
        self.assertEqual([number for _, number in down], [1, 4, 3, 2])


class GroupedTest(unittest.TestCase):
    """Groups."""

    def test_groups_are_in_order(self) -> None:
        """Groups stand in the order of their values, those without one last."""
        found = aggregates.grouped(["b1", "-", "A1", "b2"], lambda text: text.strip("-12") or None)
        self.assertEqual(found, [("A", ["A1"]), ("b", ["b1", "b2"]), (None, ["-"])])

    def test_links_are_ordered_by_their_ids(self) -> None:
        """The labels of links do not matter."""
        links = [Link(2, "a"), Link(1, "b")]
        found = aggregates.grouped(links, lambda link: link)
        self.assertEqual([link.id for link, _ in found], [1, 2])
