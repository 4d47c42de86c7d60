"""Amounts and durations as people say them, and texts a terminal can be shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.report.words import (
    clean,
    clean_lines,
    duration,
    money,
    plural,
    seconds_between,
    tokens,
)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (10.4, "10 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("usd", "said"), [(0, "$0.00"), (0.0042, "$0.0042"), (1.5, "$1.50"), (1234.567, "$1,234.57")]
)
def test_money(usd: float, said: str) -> None:
    assert money(usd) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0"), (999, "999"), (1000, "1.0 k"), (999_949, "999.9 k"), (999_950, "1.00 M")],
)
def test_tokens(number: int, said: str) -> None:
    assert tokens(number) == said


def test_plurals() -> None:
    assert plural(1, "call") == "1 call"
    assert plural(1204, "call") == "1,204 calls"
    assert plural(2, "criterion", "criteria") == "2 criteria"


def test_seconds_between_times() -> None:
    assert seconds_between("2024-03-05T10:00:00+00:00", "2024-03-05T10:01:30.5+00:00") == 90.5
    assert seconds_between("2024-03-05T10:00:00+00:00", None) is None


@given(st.text())
def test_nothing_that_steers_a_terminal_gets_through(text: str) -> None:
    for made in (clean(text), *clean_lines(text).split("\n")):
        assert all(c == "\t" or unicodedata.category(c)[0] != "C" for c in made)


def test_escape_sequences_lose_their_teeth() -> None:
    assert clean("\x1b[2Jgone\r\n now") == "[2Jgone now"
    assert clean_lines("a\x07\n\tb") == "a\n\tb"
