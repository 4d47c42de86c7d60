"""A name is one cell of a file for other programs, however it is quoted."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.exploring.files import QUOTED, garbled
from macrohard.exploring.sending import MARKUP


@pytest.mark.parametrize("word", [QUOTED.word, MARKUP.word])
@given(
    before=st.lists(st.text("ab,;\"' 1", max_size=5), max_size=3),
    separator=st.sampled_from(",;\t"),
)
def test_what_a_library_writes_is_well(word: str, before: list[str], separator: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerow([*before, word])
    assert not garbled(text.getvalue(), word)


@pytest.mark.parametrize("word", [QUOTED.word, MARKUP.word])
def test_what_is_joined_by_hand_is_not(word: str) -> None:
    assert garbled(f"id,name\n1,{word}\n", word)
    assert garbled(f'id,name\n1,"{word}"\n', word)


def test_a_file_without_the_name_says_nothing() -> None:
    assert not garbled("id,name\n1,Ann\n", QUOTED.word)
