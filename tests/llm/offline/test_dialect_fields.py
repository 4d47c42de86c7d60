"""What a field's line may say, in its many wordings."""

from decimal import Decimal
from typing import Any

import pytest
from support.dialect_base import computed, field_of, read, refusal

from macrohard.llm.offline.dialect.ast import (
    Compare,
    CompareOp,
    FieldRef,
    FieldType,
    RecordRule,
    Today,
)

D = Decimal

TYPES = [
    (FieldType.TEXT, "text, string, free text, a short text"),
    (FieldType.INTEGER, "integer, whole number, int, an integer"),
    (FieldType.DECIMAL, "decimal, decimal number, money"),
    (FieldType.DATE, "date, a date"),
    (FieldType.DATETIME, "date-time, datetime, date and time, timestamp"),
    (FieldType.YES_NO, "yes/no, yes or no, true/false, boolean, flag"),
    (FieldType.EMAIL, "e-mail, email, an e-mail address"),
]


@pytest.mark.parametrize(
    ("wording", "kind"), [(w, kind) for kind, words in TYPES for w in words.split(", ")]
)
@pytest.mark.parametrize(
    "form", ["x: {}", "x ({})", "x - {}", "**x**: {}.", "`x`: {}", "the x: {}"]
)
def test_types(wording: str, kind: FieldType, form: str) -> None:
    field = field_of(form.format(wording))
    assert (field.type, field.name) == (kind, "x")


@pytest.mark.parametrize(
    "wording", ["reference to Person", "a person", "person", "link to a person", "refers to people"]
)
def test_references(wording: str) -> None:
    field = field_of(f"who: {wording}, required")
    assert (field.type, field.target, field.required) == (FieldType.REFERENCE, "person", True)


@pytest.mark.parametrize(
    "wording",
    [
        "one of (low, high)",
        "one of: low, high",
        "one of low or high",
        "either low or high",
        'one of "low" or "high"',
        "one of (low | high)",
        "choice of low, high",
        "one of the following: low, high",
    ],
)
def test_choices(wording: str) -> None:
    field = field_of(f"x: {wording}; required")
    assert (field.choices, field.required) == (("low", "high"), True)


def test_choices_keep_their_spelling_and_quotes_hold_anything() -> None:
    field = field_of('x: one of (Very Low, e-mail, C++, 50%, "a, b (c)"), default A, B (C)'[:-17])
    assert field.choices == ("Very Low", "e-mail", "C++", "50%", "a, b (c)")


def test_choices_may_be_nested_bullets() -> None:
    app = read("### Extra", "- x: one of", "    - low", "    - high", "- y: text")
    assert app.kind("extra").field("x").choices == ("low", "high")


BOUNDS: list[tuple[str, Any, Any]] = [
    ("at least 0", D(0), None),
    ("minimum 0", D(0), None),
    ("min: 0", D(0), None),
    (">= 0", D(0), None),
    ("not below 0", D(0), None),
    ("zero or more", D(0), None),
    ("0 or more", D(0), None),
    ("not negative", D(0), None),
    ("non-negative", D(0), None),
    ("positive", D(1), None),
    ("above 0", D(1), None),
    ("more than 4", D(5), None),
    ("at most 9", None, D(9)),
    ("maximum 9", None, D(9)),
    ("no more than 9", None, D(9)),
    ("up to 9", None, D(9)),
    ("<= 9", None, D(9)),
    ("9 or less", None, D(9)),
    ("below 9", None, D(8)),
    ("less than 9", None, D(8)),
    ("from 1 to 5", D(1), D(5)),
    ("between 1 and 5", D(1), D(5)),
    ("1 to 5", D(1), D(5)),
    ("1-5", D(1), D(5)),
    ("1..5", D(1), D(5)),
    ("at least one, at most five", D(1), D(5)),
    ("from -5 to -1", D(-5), D(-1)),
]


@pytest.mark.parametrize(("wording", "low", "high"), BOUNDS)
@pytest.mark.parametrize("form", ["x: integer, {}", "x: integer {}", "x (integer, {}, required)"])
def test_bounds_of_integers(wording: str, low: Any, high: Any, form: str) -> None:
    field = field_of(form.format(wording))
    assert (field.minimum, field.maximum) == (low, high)


@pytest.mark.parametrize(
    ("line", "low", "high"),
    [
        ("decimal, positive", "0.01", None),
        ("decimal (3 decimal places), positive", "0.001", None),
        ("positive decimal, no decimal places", "1", None),
        ("decimal, above 1 and below 2", "1.01", "1.99"),
        ("date, after 2024-02-28", "2024-02-29", None),
        ("date, before 2024-03-01", None, "2024-02-29"),
        ("date, on or after 2024-01-01", "2024-01-01", None),
        ("date from 2024-01-01 to 2024-12-31", "2024-01-01", "2024-12-31"),
        ("date-time, after 2024-02-29 23:59", "2024-03-01 00:00", None),
        ("date-time, not after 2024-02-29", None, "2024-02-29 23:59"),
        ("date-time, after 2024-02-29", "2024-03-01 00:00", None),
        ("date-time, before 2024-02-29", None, "2024-02-28 23:59"),
        ("date-time, on or after 2024-02-29", "2024-02-29 00:00", None),
    ],
)
def test_bounds_are_inclusive_in_the_steps_of_the_field(line: str, low: str, high: str) -> None:
    field = field_of(f"x: {line}")
    expected = tuple(bound and (D(bound) if "decimal" in line else bound) for bound in (low, high))
    assert (field.minimum, field.maximum) == expected


@pytest.mark.parametrize(
    "wording",
    [
        "up to 200 characters",
        "at most 200 characters",
        "max 200 characters",
        "maximum length 200",
        "no longer than 200 characters",
        "200 characters or fewer",
        "<= 200 chars",
    ],
)
def test_greatest_lengths(wording: str) -> None:
    assert field_of(f"x: text, {wording}").max_length == 200


@pytest.mark.parametrize(
    ("line", "default"),
    [
        ("text, default none", "none"),
        ('text, default "a, b and c."', "a, b and c."),
        ("text, default today", "today"),
        ("integer, by default 3", "3"),
        ("decimal, default 3", "3.00"),
        ("decimal, 3 decimal places, default 1.5", "1.500"),
        ("integer, default: -1", "-1"),
        ("yes/no, default false", "no"),
        ("yes/no, by default yes.", "yes"),
        ("one of (in stock, gone), default IN STOCK", "in stock"),
        ("date, default today", "today"),
        ("date, default 2024-02-29", "2024-02-29"),
        ("date-time, default now", "today"),
        ("date-time, default 2024-02-29 12:30", "2024-02-29 12:30"),
        ("e-mail, default a@b.org", "a@b.org"),
    ],
)
def test_defaults_are_canonical(line: str, default: str) -> None:
    assert field_of(f"x: {line}").default == default


def test_flags_in_any_order() -> None:
    field = field_of("x: a required, unique integer, not negative")
    assert (field.required, field.unique, field.minimum) == (True, True, D(0))
    assert not field_of("x: optional text").required


@pytest.mark.parametrize(
    ("line", "op"),
    [
        ("not in the future", CompareOp.LE),
        ("in the past", CompareOp.LT),
        ("at most today", CompareOp.LE),
        ("after today", CompareOp.GT),
    ],
)
def test_a_bound_that_moves_is_a_rule(line: str, op: CompareOp) -> None:
    (rule,) = read("### Extra", f"- x: date, {line}").rules
    assert isinstance(rule, RecordRule)
    assert rule.condition == Compare(op, FieldRef("x"), Today())


def test_a_bound_that_is_a_field_is_a_rule_of_its_line() -> None:
    app = read("### Extra", "- ended: date, required, after started", "- started: date")
    (rule,) = app.rules
    assert isinstance(rule, RecordRule)
    assert rule.condition == Compare(CompareOp.GT, FieldRef("ended"), FieldRef("started"))
    assert rule.line == app.kind("extra").fields[0].line
    assert rule.text == "ended of an extra is after started"


def test_nested_bullets_go_on_about_the_field() -> None:
    app = read("### Extra", "- x: text", "\t- required", "\t- up to 9 characters", "- y: date")
    assert (app.kind("extra").field("x").required, app.kind("extra").field("x").max_length) == (
        True,
        9,
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x: phone", "“phone” is no type I know"),
        ("x: txt", "Did you mean “text”?"),
        ("x: number", "write integer for whole numbers"),
        ("x", "the field x has no type"),
        ("x: required", "the field x has no type"),
        ("x: reference to Nothing", "“Nothing”: not a record kind of this spec"),
        ("x: reference to Pers", "Did you mean “person”?"),
        ("x: people", "a field refers to one record"),
        ("x: list of items", "a field refers to one record"),
        ("x: integer, text", "two types: integer and text"),
        ("x: integer, atleast 4", "Did you mean “at least”?"),
        ("x: text, up to 200", "Write “up to 200 characters”"),
        ("x: text, at least 3 characters", "a greatest length only"),
        ("x: text, up to 0 characters", "must be a number from 1"),
        ("x: integer, up to 9 characters", "only text has a greatest length"),
        ("x: yes/no, at least 1", "only numbers and dates have bounds"),
        ("x: integer, 2 decimal places", "only decimals have decimal places"),
        ("x: decimal, 12 decimal places", "from 0 to 9"),
        ("x: integer, at least 0.5", "whole numbers only"),
        ("x: decimal, at least 0.001", "2 decimal places only"),
        ("x: integer, from 5 to 1", "can have no value"),
        ("x: integer, from 5", "a range needs two ends"),
        ("x: integer, at least 1, at least 2", "two lower bounds"),
        ("x: integer, at least", "the bound of x is missing"),
        ("x: integer, at least 99999999999999999999", "more than 15 digits"),
        ("x: date, at least 5", "is a date; “5” is none"),
        ("x: date, after 9999-12-31", "beyond the end of the calendar"),
        ("x: date, on or after 2023-02-29", "“2023-02-29” is none"),
        ("x: integer, at least 2024-01-01", "is no number"),
        ("x: integer, default 5, at least 6", "outside its bounds"),
        ("x: integer, default 1.5", "whole numbers only"),
        ("x: integer, default many", "the default “many” of x is not an integer"),
        ("x: integer, default 99999999999999999999", "too large to be kept"),
        ("x: decimal, default 1e5", "is not a decimal"),
        ("x: date, default 2023-02-29", "is not a date"),
        ("x: yes/no, default perhaps", "is not yes or no"),
        ("x: e-mail, default nobody", "is not an e-mail"),
        ("x: one of (red, blue), default rad", "Did you mean “red”?"),
        ("x: text, up to 3 characters, default long", "longer than 3 characters"),
        ("x: text, default a, default b", "two defaults"),
        ("x: text, default", "the default of x is missing"),
        ("x: text, default none required", "Put it in quotes"),
        ("x: a person, default 1", "a reference can have no default"),
        ("x: integer, unique, default 1", "the second record would be refused"),
        ("x: text, required, optional", "both required and optional"),
        ('x: one of ("a", not "b")', "in quotes as a whole"),
        ("x: one of (a)", "two or more choices"),
        ("x: one of (a, A)", "“A” is there twice"),
        ("x: one of (a, b", "never closed"),
        ("x: one of a, b default a", "Put the choices in brackets"),
        (f"x: one of ({'c' * 61}, d)", "more than 60 characters"),
        (f"x: one of ({', '.join(f'c{i}' for i in range(101))})", "101 choices"),
        ("x: date, after y", "extra has no such field"),
        ("x: date, after 2 weeks", "a date cannot be compared with an integer"),
        ("id: integer", "every record has an id already"),
        ("search: text", "--search finds records"),
        ("where: text", "the word holds sentences together"),
        ("2nd: text", "names begin with a letter"),
        ("a&b: text", "names are made of letters"),
        ("名前: text", "Latin letters"),
        ("x and y: text", "“x and y”: is this one field or two?"),
        (
            "de\u200bsk: text",
            "U+200B (ZERO WIDTH SPACE), stands in column 5",
        ),
        ("x: one of (a, \u202eb)", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        (f"{'x' * 200}: text", "has 200 characters; at most 60"),
    ],
)
def test_what_cannot_be_a_field_is_said(line: str, said: str) -> None:
    assert said in refusal("### Extra", f"- {line}")


def test_an_error_names_the_line_it_is_about() -> None:
    lines = refusal("### Extra", "- x: text", "- y: phone", "- z: text", "- w: fone").splitlines()
    numbers = [int(line.split(":")[1]) for line in lines]
    assert len(numbers) == 2
    assert numbers[1] - numbers[0] == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mass: decimal(3), > 0, required", {"places": 3, "required": True}),
        ("mass: decimal (1)", {"places": 1}),
        ("code: text(8), unique", {"max_length": 8, "unique": True}),
        ("size: enum (small, large)", {"choices": ("small", "large")}),
    ],
)
def test_sizes_as_databases_write_them(line: str, expected: dict[str, object]) -> None:
    field = field_of(line)
    assert {name: getattr(field, name) for name in expected} == expected


def test_an_unknown_type_in_brackets_is_named_without_them() -> None:
    assert "“year” is no type I know" in refusal("### Extra", "- good until (year)")


@pytest.mark.parametrize(
    "choices",
    [
        "(a, b, ...)",
        "(a, b, …)",
        "(a, b...)",
        "(a, b, etc.)",
        "(a, b etc.)",
        "a, b, and so on",
        "a, b, ...",
    ],
)
def test_choices_that_are_left_open_are_refused(choices: str) -> None:
    assert "leave the choices open: name every one" in refusal(
        "### Extra", f"- c: one of {choices}"
    )


def test_a_choice_in_quotes_may_be_of_dots() -> None:
    assert field_of('c: one of (a, "etc", "...")').choices == ("a", "etc", "...")


@pytest.mark.parametrize("name", ["length", "minimum", "default", "max"])
def test_a_computed_field_may_be_called_like_a_bound(name: str) -> None:
    assert computed("loan", f"{name} = end - start").slug == name


def test_a_formula_may_stand_in_the_first_cell_of_a_table() -> None:
    table = ("### Extra", "| field | type | must be |", "|---|---|---|", "| born | integer | |")
    extra = read(*table, "| age = 2026 - born | | |", "| age 2 | = age * 2 | |").kind("extra")
    assert [field.slug for field in extra.fields if field.computed] == ["age", "age_2"]


def test_two_kinds_under_one_heading_are_refused() -> None:
    assert "“Books and authors”: is this one record kind or two?" in refusal(
        "### Books and authors"
    )


def test_joiners_stay_where_a_script_needs_them() -> None:
    choice = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert choice in field_of(f'x: one of ("{choice}", no)').choices
    assert "U+200C (ZERO WIDTH NON-JOINER)" in refusal("### Extra", "- x: one of (a, b\u200cc)")
