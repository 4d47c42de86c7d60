"""Amounts and durations as people say them, and texts a terminal can be shown."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.report.words import (
    account_cells,
    clean,
    clean_lines,
    duration,
    models_said,
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


def test_accounts_mark_what_is_not_exact() -> None:
    plain = {
        "calls": 1200, "input_tokens": 3000, "cached_tokens": 1000, "output_tokens": 50,
        "usd": 1.5, "seconds": 61.0, "unpriced": 0, "estimated": False,
    }  # fmt: skip
    assert account_cells(plain) == ("1,200", "3,000", "1,000", "50", "$1.50", "1 min 01 s")
    rough = account_cells({**plain, "unpriced": 2, "estimated": True})
    assert rough[1:5] == ("~3,000", "~1,000", "~50", "$1.50 and 2 calls of unknown price")


def test_the_models_that_answered_are_named() -> None:
    record: dict[str, Any] = {"cost": {"by_model": {}}, "options": {"model": "a:x"}}
    assert models_said(record) == "model a:x"
    record["cost"]["by_model"] = {name: {} for name in "pqrst"}
    assert models_said(record) == "models p, q, r and 2 more"
