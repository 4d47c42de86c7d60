"""Conditions: many wordings, one meaning; and types that must go together."""

from decimal import Decimal

import pytest
from support.dialect_base import condition, refusal

from macrohard.errors import SpecError
from macrohard.llm.offline.dialect.ast import (
    Arithmetic,
    BoolOp,
    Compare,
    CompareOp,
    Condition,
    FieldRef,
    IsEmpty,
    Number,
    RecordRule,
    TextValue,
    Through,
    Today,
    YesNo,
)
from macrohard.llm.offline.dialect.parser import parse_spec

D = Decimal

NUMBERS = {
    CompareOp.EQ: "is, equals, is equal to, =, ==, is exactly",
    CompareOp.NE: "is not, !=, ≠, is different from, differs from, isn't, must not be",
    CompareOp.LT: "is below, is less than, is under, <, is smaller than, must be fewer than",
    CompareOp.GT: "is above, is more than, is over, >, is greater than, exceeds, above",
    CompareOp.LE: "is at most, is not above, <=, ≤, is no more than, does not exceed, is up to, "
    "is not greater than, must not exceed, at most, is less than or equal to",
    CompareOp.GE: "is at least, is not below, >=, ≥, is not less than, is never below, "
    "must not go below, stays at or above",
}
DATES = {
    CompareOp.LT: "is before, is earlier than, comes before, must be before",
    CompareOp.GT: "is after, is later than, comes after",
    CompareOp.LE: "is not after, is on or before, is no later than, is not later than",
    CompareOp.GE: "is not before, is on or after, is no earlier than, must not be before",
    CompareOp.EQ: "is, is on",
}


def _each(table: dict[CompareOp, str]) -> list[tuple[str, CompareOp]]:
    return [(words, op) for op, all_words in table.items() for words in all_words.split(", ")]


@pytest.mark.parametrize(("words", "op"), _each(NUMBERS))
def test_comparisons_of_numbers(words: str, op: CompareOp) -> None:
    assert condition("loan", f"the quantity {words} 5") == Compare(
        op, FieldRef("quantity"), Number(D(5))
    )


@pytest.mark.parametrize(("words", "op"), _each(DATES))
def test_comparisons_of_dates(words: str, op: CompareOp) -> None:
    assert condition("loan", f"end {words} its start") == Compare(
        op, FieldRef("end"), FieldRef("start")
    )


def _compare(op: CompareOp, slug: str, value: object) -> Compare:
    return Compare(op, FieldRef(slug), value)  # type: ignore[arg-type]


EQ, NE, LT, GT, LE, GE = (
    CompareOp.EQ, CompareOp.NE, CompareOp.LT, CompareOp.GT, CompareOp.LE, CompareOp.GE,
)  # fmt: skip
LOAN: list[tuple[str, Condition]] = [
    ("done", _compare(EQ, "done", YesNo(True))),
    ("it is done", _compare(EQ, "done", YesNo(True))),
    ("done is no", _compare(EQ, "done", YesNo(False))),
    ("not done", _compare(NE, "done", YesNo(True))),
    ("they are not done", _compare(NE, "done", YesNo(True))),
    ("returned is empty", IsEmpty("returned")),
    ("returned is missing", IsEmpty("returned")),
    ("returned has no value", IsEmpty("returned")),
    ("returned is not empty", IsEmpty("returned", negated=True)),
    ("returned is given", IsEmpty("returned", negated=True)),
    ("returned is not given", IsEmpty("returned")),
    ("returned has a value", IsEmpty("returned", negated=True)),
    ("end is in the past", _compare(LT, "end", Today())),
    ("end is not in the future", _compare(LE, "end", Today())),
    ("quantity is negative", _compare(LT, "quantity", Number(D(0)))),
    ("quantity is not negative", _compare(GE, "quantity", Number(D(0)))),
    ("quantity is zero", _compare(EQ, "quantity", Number(D(0)))),
    ('remark is "so, what"', _compare(EQ, "remark", TextValue("so, what"))),
    ('"so" is not remark', _compare(NE, "remark", TextValue("so"))),
    ("end is 2024-02-29", _compare(EQ, "end", TextValue("2024-02-29"))),
    (
        "end is before today - 2 weeks",
        _compare(LT, "end", Arithmetic("-", Today(), Number(D(14)))),
    ),
    ("item.price is above 5", Compare(GT, Through("item", "price"), Number(D(5)))),
    ("item.status is lent out", Compare(EQ, Through("item", "status"), TextValue("lent out"))),
    ("the cost of the loan is above 5.50", _compare(GT, "cost", Number(D("5.50")))),
    (
        "quantity is between 1 and 5 and done",
        BoolOp(
            "and",
            (
                _compare(GE, "quantity", Number(D(1))),
                _compare(LE, "quantity", Number(D(5))),
                _compare(EQ, "done", YesNo(True)),
            ),
        ),
    ),
    (
        "quantity is not between 1 and 5",
        BoolOp(
            "or", (_compare(LT, "quantity", Number(D(1))), _compare(GT, "quantity", Number(D(5))))
        ),
    ),
    (
        "quantity is at least 1 and at most 5",
        BoolOp(
            "and", (_compare(GE, "quantity", Number(D(1))), _compare(LE, "quantity", Number(D(5))))
        ),
    ),
]


@pytest.mark.parametrize(("text", "meant"), LOAN)
def test_conditions_about_a_loan(text: str, meant: Condition) -> None:
    assert condition("loan", text) == meant


STATUS = [_compare(EQ, "status", TextValue(each)) for each in ("in stock", "not started")]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("status is in stock", STATUS[0]),
        ("status is In Stock", STATUS[0]),
        ('status is "in stock"', STATUS[0]),
        ("status is not started", STATUS[1]),
        ("status is not not started", _compare(NE, "status", TextValue("not started"))),
        ("status is in stock or not started", BoolOp("or", tuple(STATUS))),
        ("status is one of (in stock, not started)", BoolOp("or", tuple(STATUS))),
        ("status is either in stock or not started", BoolOp("or", tuple(STATUS))),
        ("status is in (in stock, not started)", BoolOp("or", tuple(STATUS))),
    ],
)
def test_choices_need_no_quotes(text: str, meant: Condition) -> None:
    assert condition("item", text) == meant


def test_and_binds_closer_than_or_and_brackets_closer_still() -> None:
    done, some, few = (
        _compare(EQ, "done", YesNo(True)),
        _compare(GT, "quantity", Number(D(1))),
        _compare(LT, "quantity", Number(D(9))),
    )
    flat = condition("loan", "done or quantity > 1 and quantity < 9")
    assert flat == BoolOp("or", (done, BoolOp("and", (some, few))))
    grouped = condition("loan", "(done or (quantity > 1)) and ((quantity) < (9))")
    assert grouped == BoolOp("and", (BoolOp("or", (done, some)), few))


def test_a_day_beside_a_date_time_is_the_whole_day() -> None:
    first, last = TextValue("2024-02-29 00:00"), TextValue("2024-02-29 23:59")
    for words, op, moment in (
        ("before", LT, first),
        ("not before", GE, first),
        ("after", GT, last),
        ("at most", LE, last),
    ):
        meant = _compare(op, "from_", moment)
        assert condition("booking", f"from is {words} 2024-02-29") == meant
    on = (_compare(GE, "from_", first), _compare(LE, "from_", last))
    off = (IsEmpty("from_"), _compare(LT, "from_", first), _compare(GT, "from_", last))
    assert condition("booking", "from is 2024-02-29") == BoolOp("and", on)
    assert condition("booking", "from is not 2024-02-29") == BoolOp("or", off)
    assert condition("booking", "to is after now") == _compare(GT, "to", Today())


def test_a_choice_that_is_a_field_as_well_is_read_by_what_follows() -> None:
    kind = "### Game\n- result: one of (white, black, done)\n- black: text\n- done: yes/no\n"
    head = f"# Chess\nGames.\n## Data\n{kind}## Rules\n"

    def rule(text: str) -> Condition:
        (found,) = parse_spec(f"{head}- Each game: {text}\n").rules
        assert isinstance(found, RecordRule)
        return found.condition

    white, black = (_compare(EQ, "result", TextValue(choice)) for choice in ("white", "black"))
    assert rule("result is white or black.") == BoolOp("or", (white, black))
    named = BoolOp("or", (white, _compare(EQ, "black", TextValue("Bo"))))
    assert rule('result is white or black is "Bo".') == named
    said = "“done” is a choice of result and a yes/no field as well"
    with pytest.raises(SpecError, match=said):
        rule("result is white or done.")


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("loans", "amount is above 3", "loan has no such field"),
        ("loans", "quantity is above", "something is missing"),
        ("loans", "quantity above lots", "“lots”: loan has no such field"),
        ("loans", "quantity", "something is missing"),
        ("loans", "quantity smells", "I do not understand “smells”"),
        ("loans", 'quantity is "5"', "an integer cannot be compared with text"),
        ("loans", "quantity is done", "an integer cannot be compared with yes or no"),
        ("loans", "remark is above remark", "text has no order"),
        ("loans", "remark is Bob", 'A text stands in quotes: "Bob"'),
        ("loans", "end is 2024-02-30", "“2024-02-30” is no date"),
        ("loans", "end is after 5", "a date cannot be compared with an integer"),
        ("loans", "borrower is item", "a reference to person cannot be compared with one to item"),
        ("loans", "1 is above 0", "compares no field"),
        ("loans", "quantity is between 1", "needs two values"),
        ("loans", "(quantity is 1", "never closed"),
        ("loans", "quantity is 1 and", "something is missing"),
        ("loans", "item.price is empty", "only a field of the record itself"),
        ("loans", "count of loans is above 3", "stand in computed fields only"),
        ("loans", "((((((((((((((((((((((done", "brackets"),
        ("items", "status is lost", "“lost” is not one of in stock, lent out or not started"),
        ("items", "status is lend out", "Did you mean “lent out”?"),
        ("items", "status is above in stock", "has no order"),
        ("bookings", "to is soon", "booking has no such field"),
        ("bookings", "to is after today + 1 day", "cannot be compared with a date"),
    ],
)
def test_what_cannot_be_compared_is_said(kind: str, text: str, said: str) -> None:
    assert said in refusal(f'- List "odd" {kind} where {text}', section="Features")


@pytest.mark.parametrize(
    "text",
    [
        "the quantity is not above 100 or below 10",
        "the quantity is not above 100 and below 10",
        "the quantity must never exceed 100 or below 10",
        "the quantity isn't above 100 or below 10",
        "the quantity is not between 1 and 5 or above 100",
        "the quantity is not 5 or between 7 and 9",
        "the quantity is not 5 or > 9",
    ],
)
def test_a_not_that_may_go_for_two_comparisons_is_refused_with_what_to_write(text: str) -> None:
    said = refusal(f'- List "odd" loans where {text}', section="Features")
    assert "does “not” go for" in said
    for advice in said.split("“")[3:]:
        condition("loan", f"{text.rpartition(' or ')[0] or 'done'} {advice.partition('”')[0]}")


@pytest.mark.parametrize(
    "text",
    [
        "the quantity is not above 100 and not below 10",
        "the quantity is not above 100 or is below 10",
        "the quantity is not above 100 or the quantity is below 10",
        "the quantity is above 5 and below 100",
        "the quantity is not empty and above 5",
        "the item status is not in stock or lent out",
    ],
)
def test_a_not_that_goes_for_one_comparison_or_for_choices_is_read(text: str) -> None:
    read_as = condition("item" if "status" in text else "loan", text.replace("the item ", ""))
    assert isinstance(read_as, BoolOp)
    assert len(read_as.parts) == 2
