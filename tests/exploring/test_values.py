"""What a field takes is learned from its label, its hint, and what a refusal says of it."""

import pytest

from macrohard.exploring.sight import Field
from macrohard.exploring.values import Habit, about, kind_of, number_for, typed_for

HABIT = Habit("Probe Alder", 137)


def field(label: str, hint: str = "") -> Field:
    return Field(label=label, kind="text", hint=hint)


@pytest.mark.parametrize(
    ("label", "kind"),
    [("Nights (1 to 30)", "number"), ("Arrival (YYYY-MM-DD)", "date"),
     ("Name (up to 60 characters)", "text"), ("Title (1 to 60 characters)", "text")],
)  # fmt: skip
def test_what_stands_in_brackets_counts(label: str, kind: str) -> None:
    assert kind_of(field(label)) == kind


def test_a_range_bounds_a_number() -> None:
    assert number_for(field("Nights (1 to 30)"), 137) == "30"


def test_an_example_is_copied_after_a_refusal() -> None:
    asked = field("time", "minutes and seconds, as 52:30")
    assert typed_for(asked, HABIT, 2, attempt=1) == "52:30"


def test_a_refusal_is_read_for_its_field() -> None:
    told = "Please mend this. Nights must be a whole number from 1 to 30. Midnights are none."
    said = about("Nights (how many)", told)
    assert said == "nights must be a whole number from 1 to 30."
    assert kind_of(field("Stay", said)) == "number"


def test_numbers_of_a_form_are_told_apart() -> None:
    first, second = (typed_for(field("Amount"), HABIT.at(place), place) for place in (0, 1))
    assert (first, second) == ("137", "138")
    assert HABIT.owns(first)
    assert HABIT.owns(second)
    assert not HABIT.owns("136")
