"""Expressions and conditions of the dialect, worked out exactly."""

import operator
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, cast

from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
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
    Number,
    RelatedAggregate,
    TextValue,
    Through,
    Today,
    YesNo,
)
from macrohard.llm.offline.oracle.values import Value, round_half_up

Term = Fraction | str | date | datetime | bool | None
"""A value inside an expression: every number is exact."""


class Record(Protocol):
    """A record among others, as expressions look at it."""

    def value(self, slug: str) -> Value:
        """The value of a field, ``id`` included; computed fields are worked out."""
        ...

    def follow(self, reference: str) -> "Record | None":
        """The record that a reference points to."""
        ...

    def referrers(self, kind: str, via: str) -> "Iterable[Record]":
        """The records of a kind that point here through ``via``."""
        ...

    def now(self) -> datetime:
        """The clock, in whole minutes."""
        ...


def evaluate(  # noqa: PLR0911 (one return a node)
    expression: Expression, record: Record
) -> Term:
    """The exact value of an expression for a record; ``None`` when an operand is empty."""
    match expression:
        case Number(value):
            return Fraction(value)
        case TextValue(value) | YesNo(value):
            return value
        case Today():
            return record.now()
        case FieldRef(slug):
            return as_term(record.value(slug))
        case Through(reference, slug):
            target = record.follow(reference)
            return None if target is None else as_term(target.value(slug))
        case Arithmetic(op, left, right):
            return _calculate(op, evaluate(left, record), evaluate(right, record))
        case RelatedAggregate():
            return _aggregate_related(expression, record)


def as_term(value: Value) -> Term:
    """A field's value as a term."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    return Fraction(value)


def _calculate(op: str, left: Term, right: Term) -> Term:
    if left is None or right is None:
        return None
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        if op == "/":
            return left / right if right else None
        return _ARITHMETIC[op](left, right)
    return _calculate_dates(op, left, right)


_ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def _calculate_dates(op: str, left: Term, right: Term) -> Term:
    if isinstance(left, Fraction):
        left, right = right, left
    if isinstance(left, date) and isinstance(right, Fraction):
        days = timedelta(days=int(right))
        return left + days if op == "+" else left - days
    if isinstance(left, date) and isinstance(right, date):
        # A clock or a date-time beside a date counts as its day.
        if not (isinstance(left, datetime) and isinstance(right, datetime)):
            return Fraction((_day(left) - _day(right)).days)
        return Fraction((left - right) // timedelta(minutes=1), 24 * 60)
    raise TypeError(f"{left!r} {op} {right!r} means nothing")


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _aggregate_related(expression: RelatedAggregate, record: Record) -> Term:
    chosen = [
        other
        for other in record.referrers(expression.kind, expression.via)
        if expression.where is None or holds(expression.where, other)
    ]
    if expression.op is AggregateOp.COUNT or expression.field is None:
        return Fraction(len(chosen))
    values = [as_term(other.value(expression.field)) for other in chosen]
    return aggregate(expression.op, [value for value in values if value is not None])


def aggregate(op: AggregateOp, values: list[Term]) -> Term:
    """The exact aggregate of values that are not empty; over none, the total and count are 0."""
    if op is AggregateOp.COUNT:
        return Fraction(len(values))
    if op is AggregateOp.TOTAL:
        return sum(cast("list[Fraction]", values), Fraction(0))
    if not values:
        return None
    if op is AggregateOp.AVERAGE:
        return sum(cast("list[Fraction]", values), Fraction(0)) / len(values)
    pick = min if op is AggregateOp.MIN else max
    return pick(cast("list[Fraction]", values))


def settle(field: Field, term: Term) -> Value:
    """A computed term as a value of its field: decimals rounded half up to its places."""
    if isinstance(term, Fraction):
        rounded = round_half_up(term, 0 if field.type is FieldType.INTEGER else field.places)
        return int(rounded) if field.type is FieldType.INTEGER else rounded
    if field.type is FieldType.DATE and isinstance(term, datetime):
        return term.date()
    return term


def holds(condition: Condition, record: Record, *, lenient: bool = False) -> bool:
    """Whether a record meets a condition.

    Args:
        condition: What to meet.
        record: Who is to meet it.
        lenient: As rules read it: a comparison with an empty side is met.
    """
    match condition:
        case IsEmpty(slug, negated):
            return (record.value(slug) is None) is not negated
        case BoolOp(op, parts):
            met = (holds(part, record, lenient=lenient) for part in parts)
            return all(met) if op == "and" else any(met)
        case Compare(op, left, right):
            return compare(op, evaluate(left, record), evaluate(right, record), lenient=lenient)


def compare(op: CompareOp, left: Term, right: Term, *, lenient: bool) -> bool:
    """Compare two terms, texts exactly."""
    if left is None or right is None:
        return lenient or op is CompareOp.NE
    left, right = _alike(left, right), _alike(right, left)
    return bool(_COMPARISONS[op](left, right))


def _alike(term: Term, other: Term) -> Term:
    """A term in the type of what it is compared with: ISO text beside a date, a clock as a day."""
    if isinstance(term, str) and isinstance(other, date):
        return datetime.fromisoformat(term) if isinstance(other, datetime) else _iso(term)
    if isinstance(term, datetime) and isinstance(other, date) and not isinstance(other, datetime):
        return term.date()
    if isinstance(term, datetime) and isinstance(other, str):
        return term if len(other) > len("2024-05-31") else term.date()
    return term


def _iso(text: str) -> date:
    moment = datetime.fromisoformat(text)
    return moment.date()


_COMPARISONS: dict[CompareOp, Callable[[Term, Term], bool]] = {
    CompareOp.EQ: operator.eq,
    CompareOp.NE: operator.ne,
    CompareOp.LT: cast("Callable[[Term, Term], bool]", operator.lt),
    CompareOp.LE: cast("Callable[[Term, Term], bool]", operator.le),
    CompareOp.GT: cast("Callable[[Term, Term], bool]", operator.gt),
    CompareOp.GE: cast("Callable[[Term, Term], bool]", operator.ge),
}
