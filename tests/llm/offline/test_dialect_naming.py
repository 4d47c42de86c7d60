"""Names, plurals and near misses."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.llm.offline.dialect.naming import (
    did_you_mean,
    listed,
    package_name,
    plural_of,
    singular_of,
    slug_of,
    some,
    with_article,
)
from macrohard.llm.offline.dialect.words import Puzzle

NOUNS = """
    expense expenses, box boxes, person people, category categories, day days, shelf shelves,
    knife knives, class classes, dish dishes, match matches, child children, hero heroes,
    bus buses, photo photos, stock-item stock-items, wolf wolves, chief chiefs, cave caves,
    house houses, address addresses, woman women, quiz quizzes, supply supplies
"""
PAIRS = [tuple(pair.split()) for pair in NOUNS.split(",")]


@pytest.mark.parametrize(("one", "many"), PAIRS)
def test_plurals(one: str, many: str) -> None:
    assert plural_of(one) == many
    assert plural_of(one.capitalize()) == many.capitalize()


@pytest.mark.parametrize(("one", "many"), [pair for pair in PAIRS if pair != ("bus", "buses")])
def test_singulars(one: str, many: str) -> None:
    assert singular_of(many) == one


@pytest.mark.parametrize(
    "word", ["address", "bus", "analysis", "equipment", "sheep", "news", "person"]
)
def test_what_is_no_plural(word: str) -> None:
    assert singular_of(word) is None


@given(st.text(max_size=80))
def test_a_slug_is_an_identifier_or_a_puzzle(name: str) -> None:
    try:
        slug = slug_of(name, "field")
    except Puzzle:
        return
    assert slug.isidentifier()
    assert slug.isascii()
    assert not keyword.iskeyword(slug)


@given(st.text(max_size=80))
def test_a_package_name_is_an_identifier_or_a_puzzle(title: str) -> None:
    try:
        slug = package_name(title)
    except Puzzle:
        return
    assert slug.isidentifier()
    assert slug.isascii()
    assert not keyword.iskeyword(slug)


def test_lists_and_articles() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
    assert some("abc", 2) == ["a", "b", "others"]
    assert with_article("item") == "an item"
    assert with_article("person") == "a person"


def test_near_misses() -> None:
    assert did_you_mean("amuont", ["amount", "price"]) == " Did you mean “amount”?"
    assert did_you_mean("zebra", ["amount", "price"]) == ""
