"""Values of fields: read from what a user types, written as text, JSON and CSV."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from macrohard.llm.offline.dialect.ast import Field, FieldType

Value = str | int | Decimal | date | datetime | bool | None
"""A value of a field; ``None`` is empty. Decimals have exactly the field's places."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INTEGER_LIMIT = 2**63
_DECIMAL_LIMIT = 10**15
_YES_NO = {
    **dict.fromkeys(("yes", "true", "y", "1"), True),
    **dict.fromkeys(("no", "false", "n", "0"), False),
}
DATE_FORM = "%Y-%m-%d"
DATETIME_FORM = "%Y-%m-%d %H:%M"


class BadValueError(ValueError):
    """A typed value that the field does not take; the message says what it takes."""


def read_value(field: Field, typed: str) -> Value:
    """What a user typed, as a value of the field, its bounds checked.

    Raises:
        BadValueError: The field does not take it.
    """
    text = typed.strip()
    if not text:
        return None
    value = _READERS[field.type](field, text)
    _check_bounds(field, value)
    return value


def _read_text(field: Field, text: str) -> str:
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        raise BadValueError("control characters are refused")
    if field.max_length is not None and len(text) > field.max_length:
        raise BadValueError(f"at most {field.max_length} characters")
    return text


def _read_integer(_field: Field, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise BadValueError("a whole number")
    value = int(text)
    if not -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        raise BadValueError("a whole number within 64 bits")
    return value


def _read_decimal(field: Field, text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise BadValueError("a decimal number")
    value = Decimal(text)
    if value != round_half_up(Fraction(value), field.places):
        raise BadValueError(f"at most {field.places} decimal places")
    if abs(value) >= _DECIMAL_LIMIT:
        raise BadValueError("at most 15 digits before the point")
    return round_half_up(Fraction(value), field.places)


def _read_date(_field: Field, text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise BadValueError("a date such as 2024-05-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadValueError("a date of the calendar") from None


def _read_datetime(_field: Field, text: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}", text, re.ASCII):
        raise BadValueError("a date and time such as 2024-05-31 09:30")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadValueError("a date of the calendar and a time of the day") from None


def _read_yes_no(_field: Field, text: str) -> bool:
    try:
        return _YES_NO[text.lower()]
    except KeyError:
        raise BadValueError("yes or no") from None


def _read_choice(field: Field, text: str) -> str:
    for choice in field.choices:
        if choice.casefold() == text.casefold():
            return choice
    raise BadValueError("one of " + ", ".join(field.choices))


def _read_email(field: Field, text: str) -> str:
    name, at, domain = text.partition("@")
    inside = domain.strip(".") == domain and "." in domain and "@" not in domain
    if not (name and at and inside) or re.search(r"\s", text):
        raise BadValueError("an e-mail address such as ann@example.org")
    return _read_text(field, text)


_READERS: dict[FieldType, Callable[[Field, str], Value]] = {
    FieldType.TEXT: _read_text,
    FieldType.INTEGER: _read_integer,
    FieldType.DECIMAL: _read_decimal,
    FieldType.DATE: _read_date,
    FieldType.DATETIME: _read_datetime,
    FieldType.YES_NO: _read_yes_no,
    FieldType.ONE_OF: _read_choice,
    FieldType.EMAIL: _read_email,
    FieldType.REFERENCE: _read_integer,
}


def bound_value(field: Field, bound: Decimal | str) -> Value:
    """A bound of the field as one of its values (``0.5`` for a decimal of two places: ``0.50``)."""
    if isinstance(bound, str):
        return _READERS[field.type](field, bound)
    if field.type is FieldType.INTEGER:
        return int(bound)
    return bound


def _check_bounds(field: Field, value: Value) -> None:
    if field.minimum is not None and less(value, bound_value(field, field.minimum)):
        raise BadValueError(f"at least {field.minimum}")
    if field.maximum is not None and less(bound_value(field, field.maximum), value):
        raise BadValueError(f"at most {field.maximum}")


def less(left: Value, right: Value) -> bool:
    """Whether ``left < right``, for two values of one field."""
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left < right
    if isinstance(left, date) and isinstance(right, date):
        return left < right
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return left < right
    raise TypeError(f"{left!r} and {right!r} have no order")


def round_half_up(value: Fraction, places: int) -> Decimal:
    """An exact number as a decimal of ``places`` places, halves away from zero."""
    scaled = abs(value.numerator) * 10**places
    whole = (2 * scaled + value.denominator) // (2 * value.denominator)
    number = Decimal(-whole if value < 0 else whole).scaleb(-places)
    return abs(number) if not whole else number


def follows_clock(field: Field) -> bool:
    """Whether the field's default is the day or minute of the write; a text may say ``today``."""
    return field.default == "today" and field.type in {FieldType.DATE, FieldType.DATETIME}


def default_value(field: Field, now: datetime) -> Value:
    """What a field holds that is not given."""
    if field.default is None:
        return None
    if follows_clock(field):
        return now.date() if field.type is FieldType.DATE else now
    return read_value(field, field.default)


def canonical(value: Value) -> str:
    """The value as CSV and commands write it; empty as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime(DATETIME_FORM)
    if isinstance(value, date):
        return value.strftime(DATE_FORM)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def as_json(value: Value) -> Json:
    """The value in JSON output: numbers, booleans and null, all else as text."""
    if value is None or isinstance(value, bool | int):
        return value
    return canonical(value)
