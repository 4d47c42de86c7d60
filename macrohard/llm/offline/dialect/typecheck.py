"""Types of expressions, and what may be compared with what."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    App,
    Arithmetic,
    BoolOp,
    Compare,
    CompareOp,
    Condition,
    Expression,
    Field,
    FieldRef,
    FieldType,
    IsEmpty,
    Kind,
    Number,
    RelatedAggregate,
    TextValue,
    Through,
    Today,
    YesNo,
)
from macrohard.llm.offline.dialect.naming import did_you_mean, listed
from macrohard.llm.offline.dialect.words import Puzzle, fold

Lookup = Callable[[str, str], Field]
"""Finds a field by the slugs of kind and field."""

NUMERIC = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
DATES = frozenset({FieldType.DATE, FieldType.DATETIME})
TEXTUAL = frozenset({FieldType.TEXT, FieldType.EMAIL, FieldType.ONE_OF})
ORDERED = NUMERIC | DATES

FIRST_MINUTE, LAST_MINUTE = "00:00", "23:59"
"""Of a day, as which a date-time counts beside a date."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}")
MIRRORED = {
    CompareOp.LT: CompareOp.GT,
    CompareOp.GT: CompareOp.LT,
    CompareOp.LE: CompareOp.GE,
    CompareOp.GE: CompareOp.LE,
    CompareOp.EQ: CompareOp.EQ,
    CompareOp.NE: CompareOp.NE,
}
"""The comparison with its sides exchanged."""


@dataclass(frozen=True)
class Shape:
    """What values an expression has.

    Attributes:
        type: Their type.
        places: Decimal places, of a decimal.
        choices: Of a ``one of``.
        target: Of a reference.
    """

    type: FieldType
    places: int = 2
    choices: tuple[str, ...] = ()
    target: str = ""


def infer_type(expression: Expression, kind: Kind, app: App) -> FieldType:
    """The type of an expression about records of a kind."""
    return shape_of(expression, kind.slug, lambda k, slug: app.kind(k).field(slug)).type


def shape_of(  # noqa: PLR0911  (a return for each form)
    expression: Expression, kind: str, lookup: Lookup
) -> Shape:
    """What values an expression about records of a kind has.

    Raises:
        Puzzle: It calculates with what is no number or date.
    """
    match expression:
        case Number(value):
            whole = value == value.to_integral_value()
            return Shape(FieldType.INTEGER) if whole else _decimal(places=_places(value.as_tuple()))
        case TextValue(value):
            return Shape(_type_of_text(value))
        case YesNo():
            return Shape(FieldType.YES_NO)
        case Today():
            return Shape(FieldType.DATE)
        case FieldRef(slug):
            return shape_of_field(lookup(kind, slug))
        case Through(reference, slug):
            return shape_of_field(lookup(lookup(kind, reference).target, slug))
        case RelatedAggregate():
            return _shape_of_aggregate(expression, lookup)
        case Arithmetic(op, left, right):
            return _shape_of_arithmetic(
                op, shape_of(left, kind, lookup), shape_of(right, kind, lookup)
            )


def shape_of_field(field: Field) -> Shape:
    """What values a field has."""
    return Shape(field.type, field.places, field.choices, field.target)


def _decimal(places: int) -> Shape:
    return Shape(FieldType.DECIMAL, places=max(places, 2))


def _places(number: "object") -> int:
    exponent = getattr(number, "exponent", 0)
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _type_of_text(value: str) -> FieldType:
    if is_date(value):
        return FieldType.DATE
    return FieldType.DATETIME if is_datetime(value) else FieldType.TEXT


def is_date(value: str) -> bool:
    """Whether the text is a date that exists, ``YYYY-MM-DD``."""
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_datetime(value: str) -> bool:
    """Whether the text is a date-time that exists, ``YYYY-MM-DD HH:MM``."""
    if not _DATETIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _shape_of_aggregate(aggregate: RelatedAggregate, lookup: Lookup) -> Shape:
    if aggregate.op is AggregateOp.COUNT or aggregate.field is None:
        return Shape(FieldType.INTEGER)
    field = lookup(aggregate.kind, aggregate.field)
    check_aggregate(aggregate.op, field)
    if aggregate.op is AggregateOp.AVERAGE:
        return _decimal(field.places if field.type is FieldType.DECIMAL else 2)
    return shape_of_field(field)


def check_aggregate(op: AggregateOp, field: Field) -> None:
    """See that a field can be aggregated so.

    Raises:
        Puzzle: It cannot.
    """
    allowed = ORDERED if op in {AggregateOp.MIN, AggregateOp.MAX} else NUMERIC
    if op is not AggregateOp.COUNT and field.type not in allowed:
        what = "numbers and dates" if allowed is ORDERED else "numbers"
        raise Puzzle(f"{field.name} is {spoken(field.type)}; {op.value} works on {what} only.")


def _shape_of_arithmetic(op: str, left: Shape, right: Shape) -> Shape:
    kinds = (left.type, right.type)
    if left.type in NUMERIC and right.type in NUMERIC:
        if op != "/" and kinds == (FieldType.INTEGER, FieldType.INTEGER):
            return Shape(FieldType.INTEGER)
        places = [side.places for side in (left, right) if side.type is FieldType.DECIMAL]
        return _decimal(max(places, default=2))
    if op == "-" and kinds == (FieldType.DATE, FieldType.DATE):
        return Shape(FieldType.INTEGER)
    if op in "+-" and kinds == (FieldType.DATE, FieldType.INTEGER):
        return Shape(FieldType.DATE)
    if op == "+" and kinds == (FieldType.INTEGER, FieldType.DATE):
        return Shape(FieldType.DATE)
    raise Puzzle(
        f"{spoken(left.type)} {op} {spoken(right.type)} means nothing: "
        "I calculate with numbers, and with dates (date - date in days, date + days)."
    )


def spoken(kind: FieldType) -> str:
    """A type with its article, for messages."""
    if kind in {FieldType.TEXT, FieldType.YES_NO, FieldType.ONE_OF}:
        return {"text": "text", "yes/no": "yes or no", "one of": "one of its choices"}[kind.value]
    return f"an {kind.value}" if kind.value[0] in "aei" else f"a {kind.value}"


def choice_of(value: str, choices: tuple[str, ...]) -> str | None:
    """The choice a text means, spelt as in the spec."""
    return next((choice for choice in choices if fold(choice) == fold(value)), None)


def fit(value: Expression, shape: Shape) -> Expression:
    """Make a literal fit what it is compared with: spell a choice as the spec does.

    Raises:
        Puzzle: It cannot be such a value.
    """
    if not isinstance(value, TextValue):
        return value
    text = value.value
    if shape.type is FieldType.ONE_OF:
        choice = choice_of(text, shape.choices)
        if choice is None:
            near = did_you_mean(text, shape.choices)
            raise Puzzle(f"“{text}” is not one of {listed(shape.choices, 'or')}.{near}")
        return TextValue(choice)
    if shape.type is FieldType.DATE and not is_date(text):
        raise Puzzle(f"“{text}” is no date; write it like 2024-12-31.")
    if shape.type is FieldType.DATETIME:
        if not is_datetime(text):
            raise Puzzle(f"“{text}” is no date-time; write it like 2024-12-31 18:30.")
        return TextValue(text.replace("T", " "))
    return value


def has_field(expression: Expression) -> bool:
    """Whether the value of an expression depends on a record."""
    if isinstance(expression, Arithmetic):
        return has_field(expression.left) or has_field(expression.right)
    return isinstance(expression, FieldRef | Through | RelatedAggregate)


def comparison(
    op: CompareOp, left: Expression, right: Expression, kind: str, lookup: Lookup
) -> Condition:
    """A comparison whose sides go together.

    Raises:
        Puzzle: They do not.
    """
    if not (has_field(left) or has_field(right)):
        raise Puzzle("this compares no field with anything.")
    if isinstance(left, TextValue) and not isinstance(right, TextValue):
        left, right, op = right, left, MIRRORED[op]
    one = shape_of(left, kind, lookup)
    if one.type is FieldType.DATETIME and isinstance(right, TextValue) and is_date(right.value):
        return _day_comparison(op, left, right.value)
    right = fit(right, one)
    other = shape_of(right, kind, lookup)
    if isinstance(right, TextValue) and one.type in TEXTUAL:
        other = one
    if isinstance(right, Today) and one.type is FieldType.DATETIME:
        other = one
    if isinstance(left, Today) and other.type is FieldType.DATETIME:
        one = other
    if {one.type, other.type} == DATES and not (_moves_today(left) or _moves_today(right)):
        other = one  # a date-time beside a date counts as its day
    _check_sides(op, one, other)
    return Compare(op, left, right)


def _day_comparison(op: CompareOp, left: Expression, day: str) -> Condition:
    """A date-time beside a date counts as its day: “is 2024-05-31” holds from midnight on."""
    first = TextValue(f"{day} {FIRST_MINUTE}")
    last = TextValue(f"{day} {LAST_MINUTE}")
    if op is CompareOp.EQ:
        inside = (Compare(CompareOp.GE, left, first), Compare(CompareOp.LE, left, last))
        return BoolOp("and", inside)
    if op is not CompareOp.NE:
        return Compare(op, left, last if op in {CompareOp.GT, CompareOp.LE} else first)
    if not isinstance(left, FieldRef):
        raise Puzzle(f"write “is before {day} or is after {day}” here, instead of “is not”.")
    outside = (Compare(CompareOp.LT, left, first), Compare(CompareOp.GT, left, last))
    return BoolOp("or", (IsEmpty(left.slug), *outside))


def _moves_today(expression: Expression) -> bool:
    """Whether an expression counts days from today: ``today + 7``."""
    if isinstance(expression, Arithmetic):
        return _moves_today(expression.left) or _moves_today(expression.right)
    return isinstance(expression, Today)


def _check_sides(op: CompareOp, one: Shape, other: Shape) -> None:
    same = (
        one.type == other.type
        or {one.type, other.type} <= NUMERIC
        or {one.type, other.type} <= TEXTUAL
    )
    if same and one.type is FieldType.REFERENCE and one.target != other.target:
        raise Puzzle(f"a reference to {one.target} cannot be compared with one to {other.target}.")
    if not same:
        raise Puzzle(f"{spoken(one.type)} cannot be compared with {spoken(other.type)}.")
    if op not in {CompareOp.EQ, CompareOp.NE} and one.type not in ORDERED:
        raise Puzzle(
            f"{spoken(one.type)} has no order; write “is” or “is not”. "
            "Above, below, before and after compare numbers and dates."
        )
