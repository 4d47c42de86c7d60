"""Totals, averages, smallest and largest values; empty values never count."""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, TypeVar

from macrohard.llm.offline.appgen.fixed.values import rounded

PLENTY = 1000
"""Digits that no total of decimals ever has, so that nothing is rounded on the way."""

Record = TypeVar("Record")
Value = TypeVar("Value", int, str, Decimal, dt.datetime, dt.date)


def total(amounts: Iterable[int | None]) -> int:
    """Add whole numbers up."""
    return sum(amount for amount in amounts if amount is not None)


def exact_total(amounts: Iterable[Decimal | None]) -> Fraction:
    """Add decimals up, exactly."""
    with localcontext() as context:
        context.prec = PLENTY
        return Fraction(sum((amount for amount in amounts if amount is not None), Decimal(0)))


def exact_average(numbers: Iterable[Decimal | int | None]) -> Fraction | None:
    """Average numbers, exactly; None when there are none."""
    known = [Fraction(number) for number in numbers if number is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def average(numbers: Iterable[Decimal | int | None], places: int) -> Decimal | None:
    """Average numbers, rounded half up; None when there are none."""
    exact = exact_average(numbers)
    return None if exact is None else rounded(exact, places)


def smallest(found: Iterable[Value | None]) -> Value | None:
    """Find the smallest value; None when there is none."""
    return min((value for value in found if value is not None), default=None)


def largest(found: Iterable[Value | None]) -> Value | None:
    """Find the largest value; None when there is none."""
    return max((value for value in found if value is not None), default=None)


def text_key(text: str | None) -> str | None:
    """Make texts compare without regard to case."""
    return None if text is None else text.casefold()


def in_order(
    records: Iterable[Record], key: Callable[[Record], Any], *, descending: bool = False
) -> list[Record]:
    """Sort records; equal ones keep their order, those without a value come last."""
    keyed = [(key(record), record) for record in records]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [record for _, record in known] + [record for value, record in keyed if value is None]


def grouped(
    records: Iterable[Record], key: Callable[[Record], Any]
) -> list[tuple[Any, list[Record]]]:
    """Gather records by a value: groups in the order of their values, those without one last."""
    groups: dict[Any, list[Record]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return in_order(groups.items(), lambda group: sort_key(group[0]))


def sort_key(value: Any) -> Any:
    """Make groups sort as lists do: texts without regard to case, links by their id."""
    if isinstance(value, str):
        return (value.casefold(), value)
    return getattr(value, "id", value)
