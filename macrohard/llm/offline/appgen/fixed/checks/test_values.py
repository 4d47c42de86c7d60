"""Tests of reading and showing values."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import datetime as dt
import unittest
from decimal import Decimal
from fractions import Fraction

from macrohard.llm.offline.appgen.fixed import values
from macrohard.llm.offline.appgen.fixed.checks.support import AppTest


class ParseTextTest(AppTest):
    """Reading texts."""

    def test_outer_white_space_goes(self) -> None:
        """What stands around a text is no part of it; a blank text is none."""
        self.assertEqual(values.parse_text("note", "  two  words\t"), "two  words")
        self.assertIsNone(values.parse_text("note", " \t "))

    def test_control_characters_are_refused(self) -> None:
        """Terminal escapes, line breaks and broken characters cannot come in."""
        for text in ("a\x1b[31mb", "a\nb", "a\x00b", "a\x7fb", "a\x9bb", "a\u2028b", "a\ud800b"):
            with self.subTest(text=text):
                self.assert_refused("note must not hold control", values.parse_text, "note", text)


class ParseEmailTest(AppTest):
    """Reading e-mail addresses."""

    def test_addresses(self) -> None:
        """One sign, something before it, and a dot in the domain."""
        self.assertEqual(values.parse_email("mail", " ann@example.org "), "ann@example.org")
        for text in ("ann", "@example.org", "ann@", "ann@example", "a@b@c.d", "a b@c.d", "a@.org"):
            with self.subTest(text=text):
                self.assert_refused("must be an e-mail", values.parse_email, "mail", text)


class ParseIntegerTest(AppTest):
    """Reading whole numbers."""

    def test_whole_numbers(self) -> None:
        """Digits, with a minus or none, within 64 bits."""
        self.assertEqual(values.parse_integer("count", "-042"), -42)
        self.assertEqual(values.parse_integer("count", str(2**63 - 1)), 2**63 - 1)
        self.assertEqual(values.parse_integer("count", str(-(2**63))), -(2**63))

    def test_others_are_refused(self) -> None:
        """Nothing else is a whole number, and nothing beyond 64 bits is taken."""
        for text in ("1.0", "1e3", "+1", "--1", "0x1", "\u0663", "one"):
            with self.subTest(text=text):
                self.assert_refused("must be a whole", values.parse_integer, "count", text)
        for text in (str(2**63), str(-(2**63) - 1), "9" * 5000):
            with self.subTest(text=text[:30]):
                self.assert_refused("out of range", values.parse_integer, "count", text)


class ParseDecimalTest(AppTest):
    """Reading decimals."""

    def test_decimals_are_exact(self) -> None:
        """Every decimal has all its places, and zero has no sign."""
        for text, shown in (("12.5", "12.50"), ("-3", "-3.00"), ("0.1", "0.10"), ("-0", "0.00")):
            with self.subTest(text=text):
                self.assertEqual(str(values.parse_decimal("price", text, places=2)), shown)

    def test_others_are_refused(self) -> None:
        """Too many places, too large, or no number at all."""
        for text in ("1e3", "1,5", "nan", ".5", "5.", "+1", "1.2.3"):
            with self.subTest(text=text):
                self.assert_refused("must be a number", values.parse_decimal, "price", text, 2)
        self.assert_refused("2 decimal places", values.parse_decimal, "price", "0.123", 2)
        self.assert_refused("out of range", values.parse_decimal, "price", "1" + "0" * 15, 2)


class ParseDateTest(AppTest):
    """Reading dates."""

    def test_dates(self) -> None:
        """Dates of the calendar, in one form."""
        self.assertEqual(values.parse_date("day", "2024-02-29"), dt.date(2024, 2, 29))
        for text in ("2023-02-29", "2024-2-9", "20240229", "2024-W01-1", "29.02.2024", "today"):
            with self.subTest(text=text):
                self.assert_refused("must be a date", values.parse_date, "day", text)


class ParseDatetimeTest(AppTest):
    """Reading dates with a time."""

    def test_dates_with_times(self) -> None:
        """A space or a T between them, no seconds."""
        moment = dt.datetime(2024, 2, 29, 23, 59)  # noqa: DTZ001
        self.assertEqual(values.parse_datetime("at", "2024-02-29 23:59"), moment)
        self.assertEqual(values.parse_datetime("at", "2024-02-29T23:59"), moment)
        for text in ("2024-02-29", "2024-02-29 24:00", "2024-02-29 23:59:00", "2024-02-30 10:00"):
            with self.subTest(text=text):
                self.assert_refused("must be a date and time", values.parse_datetime, "at", text)


class ParseYesNoTest(AppTest):
    """Reading yes and no."""

    def test_spellings(self) -> None:
        """Several spellings, in any case."""
        for text in ("yes", "Y", "TRUE", "1"):
            self.assertIs(values.parse_yes_no("paid", text), True)
        for text in ("no", "N", "False", "0"):
            self.assertIs(values.parse_yes_no("paid", text), False)
        self.assert_refused("must be yes or no", values.parse_yes_no, "paid", "maybe")


class ParseChoiceTest(AppTest):
    """Reading one of some choices."""

    def test_choices(self) -> None:
        """Any case is read; the spelling of the choice is kept."""
        self.assertEqual(values.parse_choice("size", "LARGE", ("small", "Large")), "Large")
        self.assert_refused(
            "one of small, Large", values.parse_choice, "size", "huge", ("small", "Large")
        )


class ParseIdTest(AppTest):
    """Reading ids."""

    def test_ids(self) -> None:
        """Ids count from 1."""
        self.assertEqual(values.parse_id("item", "1"), 1)
        self.assert_refused("item takes the id of a record", values.parse_id, "item", "0")


class RoundedTest(unittest.TestCase):
    """Rounding."""

    def test_halves_go_away_from_zero(self) -> None:
        """Exactly half a unit is rounded up, for negative numbers down."""
        for exact, shown in (
            (Fraction(5, 1000), "0.01"),
            (Fraction(-5, 1000), "-0.01"),
            (Fraction(-4, 1000), "0.00"),
            (Fraction(1, 3), "0.33"),
            (10**30, "1" + "0" * 30 + ".00"),
        ):
            with self.subTest(exact=exact):
                self.assertEqual(f"{values.rounded(exact, 2):f}", shown)


class DaysLaterTest(unittest.TestCase):
    """Counting days."""

    def test_days_are_counted(self) -> None:
        """Days go over the ends of months; beyond the calendar there is nothing."""
        self.assertEqual(values.days_later(dt.date(2024, 2, 28), 2), dt.date(2024, 3, 1))
        self.assertEqual(values.days_later(dt.date(2024, 3, 1), -1), dt.date(2024, 2, 29))
        self.assertIsNone(values.days_later(dt.date(2024, 3, 1), 10**10))


class ShownTest(unittest.TestCase):
    """Showing values to people."""

    def test_values_are_shown(self) -> None:
        """Nothing is a dash, yes and no are words, links carry their label."""
        for value, shown in (
            (None, "-"),
            ((), "-"),
            (("late", "large"), "late, large"),
            (True, "yes"),
            (False, "no"),
            (values.Link(3, "Hammer"), "3 Hammer"),
            (values.Link(3, ""), "3"),
            (Decimal("0.0000001"), "0.0000001"),
            (dt.date(2024, 1, 2), "2024-01-02"),
            (7, "7"),
        ):
            with self.subTest(value=value):
                self.assertEqual(values.shown(value), shown)

    def test_what_nobody_sees_is_spelt_out(self) -> None:
        """No text looks like another one; joiners stay in the scripts that need them."""
        for value, shown in (
            ("a\u202eb", "a\\u202eb"),
            (values.Link(3, "An\u200bn"), "3 An\\u200bn"),
            ("An\u200dn", "An\\u200dn"),
            ("\u200d\u06cc", "\\u200d\u06cc"),
            ("\u06cc\u200c\u06cc", "\u06cc\u200c\u06cc"),
            ("Zo\u00eb", "Zo\u00eb"),
        ):
            with self.subTest(value=value):
                self.assertEqual(values.shown(value), shown)
        self.assertEqual(values.canonical("a\u202eb"), "a\u202eb")


class CanonicalTest(unittest.TestCase):
    """Writing values for other programs."""

    def test_values_are_written(self) -> None:
        """Nothing is an empty text; dates are in ISO form, with a space before the time."""
        moment = dt.datetime(524, 1, 2, 3, 4)  # noqa: DTZ001
        self.assertEqual(values.canonical(None), "")
        self.assertEqual(values.canonical(False), "no")
        self.assertEqual(values.canonical(moment), "0524-01-02 03:04")
        self.assertEqual(values.canonical(Decimal("12.50")), "12.50")


class StoredTest(unittest.TestCase):
    """Preparing values for the database."""

    def test_values_are_prepared(self) -> None:
        """Numbers stay numbers, yes and no become 1 and 0, the rest becomes text."""
        self.assertIsNone(values.stored(None))
        self.assertEqual(values.stored(True), 1)
        self.assertEqual(values.stored(Decimal("0.10")), "0.10")
        self.assertEqual(values.stored(dt.date(2024, 1, 2)), "2024-01-02")


class PlainTest(unittest.TestCase):
    """Preparing values for JSON."""

    def test_values_are_prepared(self) -> None:
        """Links become ids, marks become lists, decimals become texts."""
        self.assertEqual(values.plain(values.Link(3, "Hammer")), 3)
        self.assertEqual(values.plain(("late",)), ["late"])
        self.assertEqual(values.plain(Decimal("12.50")), "12.50")
        self.assertIs(values.plain(True), True)
