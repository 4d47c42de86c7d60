import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.loop.editing import NoMatchError, replace

TEXT = """\
def total(prices):
    \"\"\"Sum.\"\"\"
    return sum(prices)


def largest(prices):
    if not prices:
        raise LookupError
    return max(prices)
"""


def complaint(old: str, text: str = TEXT) -> str:
    with pytest.raises(NoMatchError) as caught:
        replace(text, old, "")
    return str(caught.value)


def test_one_place_is_replaced() -> None:
    text, lines = replace(TEXT, "max(prices)", "min(prices)")
    assert text == TEXT.replace("max", "min")
    assert lines == [9]


def test_a_passage_with_other_white_space_is_shown_as_it_stands() -> None:
    said = complaint("if not prices:\n    raise LookupError\n")
    assert "only its white space differs" in said
    assert "7|     if not prices:\n" in said
    assert "8|         raise LookupError" in said


def test_a_passage_that_is_nearly_there_is_shown_with_line_numbers() -> None:
    said = complaint("def largest(prices):\n    if len(prices) == 0:\n        raise LookupError")
    assert "6| def largest(prices):" in said
    assert "white space" not in said


def test_a_misspelt_line_is_found_by_its_likeness() -> None:
    assert "3|     return sum(prices)" in complaint("return sums(price)")


def test_a_passage_like_nothing_is_said_to_be() -> None:
    assert "no line of the file is like" in complaint("zzz qqq")
    assert "no line of the file is like" in complaint("anything", text="")


def test_each_place_of_a_passage_is_named_and_all_can_be_replaced() -> None:
    assert "3 times, at lines 1, 3, 6" in complaint(
        "prices):\n", "prices):\n\n" * 2 + "\nprices):\n"
    )
    text, lines = replace(TEXT, "prices", "costs", every=True)
    assert text == TEXT.replace("prices", "costs")
    assert lines == [1, 3, 6, 7, 9]


def test_a_file_of_another_system_keeps_its_line_ends() -> None:
    text, _ = replace("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\n")
    assert text == "x\r\ny\r\nc\r\n"


@given(st.text("ab \n", max_size=40), st.text("ab \n", min_size=1, max_size=6))
def test_it_replaces_exactly_once_or_says_why_not(text: str, old: str) -> None:
    if text.count(old) == 1:
        line = text[: text.index(old)].count("\n") + 1
        assert replace(text, old, "X") == (text.replace(old, "X"), [line])
    else:
        with pytest.raises(NoMatchError):
            replace(text, old, "X")
