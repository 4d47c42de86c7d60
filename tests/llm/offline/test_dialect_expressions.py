"""Computed fields: what formulas mean, their types, and what is wrong with others."""

from decimal import Decimal

import pytest
from support.dialect_base import BASE, HEAD, computed, formula, refused_text

from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    Arithmetic,
    Compare,
    CompareOp,
    FieldRef,
    FieldType,
    Number,
    RelatedAggregate,
    TextValue,
    Through,
    Today,
)
from macrohard.llm.offline.dialect.parser import parse_spec

D = Decimal

QUANTITY = FieldRef("quantity")
PRICE = Through("item", "price")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("quantity * item.price", Arithmetic("*", QUANTITY, PRICE)),
        ("quantity times the price of the item", Arithmetic("*", QUANTITY, PRICE)),
        ("the quantity \N{MULTIPLICATION SIGN} its item's price", Arithmetic("*", QUANTITY, PRICE)),
        (r"quantity \* item.price", Arithmetic("*", QUANTITY, PRICE)),
        ("loan.quantity multiplied by item.price", Arithmetic("*", QUANTITY, PRICE)),
        ("quantity * item price", Arithmetic("*", QUANTITY, PRICE)),
        ("quantity / 2", Arithmetic("/", QUANTITY, Number(D(2)))),
        ("quantity divided by 2", Arithmetic("/", QUANTITY, Number(D(2)))),
        (
            "1 + quantity * 2 - 3",
            Arithmetic(
                "-",
                Arithmetic("+", Number(D(1)), Arithmetic("*", QUANTITY, Number(D(2)))),
                Number(D(3)),
            ),
        ),
        (
            "(1 plus quantity) * 2",
            Arithmetic("*", Arithmetic("+", Number(D(1)), QUANTITY), Number(D(2))),
        ),
        ("-quantity", Arithmetic("-", Number(D(0)), QUANTITY)),
        ("quantity - -3", Arithmetic("-", QUANTITY, Number(D(-3)))),
        ("end - start", Arithmetic("-", FieldRef("end"), FieldRef("start"))),
        ("start + 14 days", Arithmetic("+", FieldRef("start"), Number(D(14)))),
        ("start + 2 weeks", Arithmetic("+", FieldRef("start"), Number(D(14)))),
        ("today - start", Arithmetic("-", Today(), FieldRef("start"))),
    ],
)
def test_formulas_about_a_loan(text: str, meant: Arithmetic) -> None:
    assert formula("loan", text) == meant


DIRECTION_IN = Compare(CompareOp.EQ, FieldRef("direction"), TextValue("in"))


@pytest.mark.parametrize(
    ("kind", "text", "meant"),
    [
        ("item", "count of loans", RelatedAggregate(AggregateOp.COUNT, "loan", None, "item")),
        (
            "item",
            "the number of its loans",
            RelatedAggregate(AggregateOp.COUNT, "loan", None, "item"),
        ),
        (
            "item",
            "total quantity of movements",
            RelatedAggregate(AggregateOp.TOTAL, "movement", "quantity", "item"),
        ),
        (
            "item",
            "sum of the quantity of all movements (where direction is in)",
            RelatedAggregate(AggregateOp.TOTAL, "movement", "quantity", "item", DIRECTION_IN),
        ),
        (
            "item",
            "average cost of loans",
            RelatedAggregate(AggregateOp.AVERAGE, "loan", "cost", "item"),
        ),
        (
            "item",
            "latest at of movements",
            RelatedAggregate(AggregateOp.MAX, "movement", "at", "item"),
        ),
        (
            "person",
            "total amount of transfers via receiver",
            RelatedAggregate(AggregateOp.TOTAL, "transfer", "amount", "receiver"),
        ),
    ],
)
def test_aggregates_over_the_records_that_refer_here(
    kind: str, text: str, meant: RelatedAggregate
) -> None:
    assert formula(kind, text) == meant


def test_the_condition_of_an_aggregate_ends_where_the_calculation_goes_on() -> None:
    out = Compare(CompareOp.EQ, FieldRef("direction"), TextValue("out"))
    total = [
        RelatedAggregate(AggregateOp.TOTAL, "movement", "quantity", "item", where)
        for where in (DIRECTION_IN, out)
    ]
    assert parse_spec(BASE).kind("item").field("stock").computed == Arithmetic("-", *total)
    text = (
        "total quantity of movements where direction is in "
        "- total quantity of movements where direction is out"
    )
    assert formula("item", text) == Arithmetic("-", *total)


@pytest.mark.parametrize(
    ("kind", "line", "type_", "places"),
    [
        ("loan", "r = quantity * 2", FieldType.INTEGER, 2),
        ("loan", "r = quantity / 2", FieldType.DECIMAL, 2),
        ("loan", "r = quantity * item.price", FieldType.DECIMAL, 2),
        ("loan", "r (4 decimal places) = quantity / 3", FieldType.DECIMAL, 4),
        ("loan", "r: decimal, 1 decimal place = quantity * 2", FieldType.DECIMAL, 1),
        ("loan", "r = quantity / 3, rounded to 1 places", FieldType.DECIMAL, 1),
        ("loan", "r: computed as quantity * 1.125", FieldType.DECIMAL, 3),
        ("loan", "r: integer = quantity", FieldType.INTEGER, 2),
        ("loan", "r = end - start", FieldType.INTEGER, 2),
        ("loan", "r = end + quantity", FieldType.DATE, 2),
        ("loan", "r = item.name", FieldType.TEXT, 2),
        ("loan", "r = done", FieldType.YES_NO, 2),
        ("item", "r = average quantity of movements", FieldType.DECIMAL, 2),
        ("item", "r = earliest start of loans", FieldType.DATE, 2),
        ("item", "r = total cost of loans", FieldType.DECIMAL, 2),
    ],
)
def test_types_follow_from_formulas(kind: str, line: str, type_: FieldType, places: int) -> None:
    field = computed(kind, line)
    assert (field.type, field.places, field.stored) == (type_, places, False)


def test_a_computed_field_may_stand_before_what_it_needs() -> None:
    app = parse_spec(HEAD + "### T\n- c = b * 2\n- b = a * 1.5\n- a: integer\n")
    assert [field.type.value for field in app.kinds[0].fields] == ["decimal", "decimal", "integer"]


def _about_a_loan(line: str) -> str:
    return str(refused_text(BASE.replace("- cost = ", f"- {line}\n- cost = ")))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("r = amount * 2", "loan has no such field"),
        ("r = quantty * 2", "Did you mean “quantity”?"),
        ("r = item.weight", "item has no such field"),
        ("r = item", "would be a reference"),
        ("r = quantity +", "something is missing at the end"),
        ("r = (quantity + 1", "never closed"),
        ("r = quantity 2", "I do not understand “2”"),
        ("r = quantity / 0", "divides by zero"),
        ("r = remark + 1", "text + an integer means nothing"),
        ("r = start + end", "a date + a date means nothing"),
        ("r = start * 2", "a date * an integer means nothing"),
        ("r = r + 1", "computed from itself: r → r"),
        ("r: date = quantity", "said to be date, but its formula gives integer"),
        ("r = quantity, required", "I do not understand “required”"),
        ("r: required = quantity", "only its type and decimal places"),
        ("r = count of bookings", "bookings do not refer to loans"),
        ("r = total quantity of nothing", "“total quantity of nothing”: loan has no such field"),
        ("r = " + " + ".join(["quantity"] * 80), "more than 60 operations"),
        ("r = " + "(" * 30 + "quantity" + ")" * 30, "more than 20 brackets"),
        ("r = 1234567890123456", "more than 15 digits"),
    ],
)
def test_what_cannot_be_computed_is_said(line: str, said: str) -> None:
    assert said in _about_a_loan(line)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("r = total amount of transfers", "refer to people by sender or receiver; say which"),
        ("r = total amount of transfers via amount", "after “via” comes"),
        ("r = total wealth of transfers via sender", "transfer has no such field"),
        ("r = total sender of transfers via sender", "total works on numbers only"),
        ("r = count of loans where item is lost", "“lost”: loan has no such field"),
        ("r = count of loans where (returned is empty", "never closed"),
    ],
)
def test_what_cannot_be_aggregated_is_said(line: str, said: str) -> None:
    text = BASE.replace("- open loans = ", f"- {line}\n- open loans = ")
    assert said in str(refused_text(text))


def test_a_circle_through_several_kinds_is_told_once() -> None:
    data = (
        "### Box\n- weight = total weight of parcels\n"
        "### Parcel\n- box: reference to Box\n- weight = box.weight / 2\n"
    )
    error = refused_text(HEAD + data)
    assert "computed from itself: weight → weight → weight" in str(error)
    assert len(str(error).splitlines()) == 1
