"""Values: read from text as people type it, and shown again.

Every ``parse_…`` function takes the name of the field, for its messages, and the text. It returns
None for a blank text, and raises InputError for a text that is no such value.
"""
# For ruff: the dialect has no time zones.
# ruff: noqa: DTZ005, DTZ011

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from macrohard.llm.offline.appgen.fixed.errors import InputError

LARGEST_INTEGER = 2**63 - 1
SMALLEST_INTEGER = -(2**63)
DIGITS_BEFORE_POINT = 15
YES_NO = {"yes": True, "y": True, "true": True, "1": True}
YES_NO |= {"no": False, "n": False, "false": False, "0": False}
# Characters that nobody sees: they turn letters around, join or part them, or look like nothing.
# Joiners (U+200C, U+200D) belong into words of some scripts and into emoji, not elsewhere.
UNSEEN = (
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
# Control characters (terminal escapes among them), line separators, halves of broken characters.
FORBIDDEN = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"


class Link(NamedTuple):
    """A reference to another record: its id, and the text that people know it by."""

    id: int
    label: str


def today() -> dt.date:
    """Return the current date."""
    return dt.date.today()


def now() -> dt.datetime:
    """Return the current date and time, to the minute."""
    return dt.datetime.now().replace(second=0, microsecond=0)


def quoted(text: str) -> str:
    """Quote a text in a message, cut to a readable length."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def parse_text(name: str, text: str) -> str | None:
    """Read a text: outer white space goes, control characters are refused."""
    stripped = text.strip()
    if re.search(FORBIDDEN, stripped):
        raise InputError(f"{name} must not hold control characters: {quoted(stripped)}")
    return stripped or None


def parse_email(name: str, text: str) -> str | None:
    """Read an e-mail address: something, one ``@``, and a domain with a dot inside."""
    value = parse_text(name, text)
    if value is None:
        return None
    if not re.fullmatch(r"[^@\s]+@[^@\s.][^@\s]*\.[^@\s]*[^@\s.]", value):
        raise InputError(f"{name} must be an e-mail address, not {quoted(value)}")
    return value


def parse_integer(name: str, text: str) -> int | None:
    """Read a whole number of at most 64 bits."""
    value = parse_text(name, text)
    if value is None:
        return None
    if not re.fullmatch("-?[0-9]+", value):
        raise InputError(f"{name} must be a whole number, not {quoted(value)}")
    digits = value.lstrip("-").lstrip("0")
    number = int(value) if len(digits) <= 19 else LARGEST_INTEGER + 1
    if not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
        raise InputError(f"{name} is out of range: {quoted(value)}")
    return number


def parse_decimal(name: str, text: str, places: int) -> Decimal | None:
    """Read a decimal number, exactly, with at most so many decimal places."""
    value = parse_text(name, text)
    if value is None:
        return None
    match = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]+))?", value)
    if match is None:
        raise InputError(f"{name} must be a number such as 12.5, not {quoted(value)}")
    sign, whole, decimals = match[1], match[2].lstrip("0"), match[3] or ""
    if len(decimals) > places:
        raise InputError(f"{name} can have at most {places} decimal places: {quoted(value)}")
    if len(whole) > DIGITS_BEFORE_POINT:
        raise InputError(f"{name} is out of range: {quoted(value)}")
    number = Decimal(f"{sign}{whole or 0}.{decimals.ljust(places, '0')}")
    return number or number.copy_abs()


def parse_date(name: str, text: str) -> dt.date | None:
    """Read a date, written ``YYYY-MM-DD``."""
    value = parse_text(name, text)
    if value is None:
        return None
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise InputError(f"{name} must be a date as YYYY-MM-DD, not {quoted(value)}")


def parse_datetime(name: str, text: str) -> dt.datetime | None:
    """Read a date and time, written ``YYYY-MM-DD HH:MM`` (``T`` may stand for the space)."""
    value = parse_text(name, text)
    if value is None:
        return None
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}", value):
            return dt.datetime.fromisoformat(value)
    except ValueError:
        pass
    raise InputError(f"{name} must be a date and time as YYYY-MM-DD HH:MM, not {quoted(value)}")


def parse_yes_no(name: str, text: str) -> bool | None:
    """Read yes or no, in one of its spellings."""
    value = parse_text(name, text)
    if value is None:
        return None
    if value.casefold() not in YES_NO:
        raise InputError(f"{name} must be yes or no, not {quoted(value)}")
    return YES_NO[value.casefold()]


def parse_choice(name: str, text: str, choices: Sequence[str]) -> str | None:
    """Read one of the choices, in any case."""
    value = parse_text(name, text)
    if value is None:
        return None
    for choice in choices:
        if choice.casefold() == value.casefold():
            return choice
    offered = ", ".join(repr(choice) if "," in choice else choice for choice in choices)
    raise InputError(f"{name} must be one of {offered}, not {quoted(value)}")


def parse_id(name: str, text: str) -> int | None:
    """Read the id of a record: a whole number from 1 on."""
    try:
        value = parse_integer(name, text)
    except InputError:
        value = 0
    if value is not None and value < 1:
        raise InputError(
            f"{name} takes the id of a record, a whole number from 1 on, not {quoted(text)}"
        )
    return value


def rounded(exact: Fraction | Decimal | int, places: int) -> Decimal:
    """Round an exact number to decimal places; halves go away from zero."""
    scaled = abs(Fraction(exact)) * 10**places
    units = int(scaled + Fraction(1, 2))
    sign = 1 if exact < 0 and units else 0
    return Decimal((sign, tuple(map(int, str(units))), -places))


def shown(value: object) -> str:
    """Show a value to a person; nothing is shown as ``-``."""
    if value is None or value == ():
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Link):
        return visible(f"{value.id} {value.label}".rstrip())
    if isinstance(value, tuple):
        return ", ".join(value)
    return visible(canonical(value))


def visible(text: str) -> str:
    """Spell out characters that nobody sees, so that no text can pass for another one."""
    if text.isascii():
        return text
    return re.sub(UNSEEN, lambda match: f"\\u{ord(match[0]):04x}", text)


def canonical(value: object) -> str:
    """Write a value as it is stored and exchanged; nothing is an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def stored(value: object) -> str | int | None:
    """Turn a value into what a column of the database holds."""
    if value is None or isinstance(value, int):
        return value if value is None else int(value)
    return canonical(value)


def plain(value: object) -> object:
    """Turn a value into what JSON can hold: decimals and dates become texts."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Link):
        return value.id
    if isinstance(value, tuple):
        return list(value)
    return canonical(value)


def days_later(day: dt.date, days: int) -> dt.date | None:
    """Return the date so many days later; None beyond the calendar."""
    try:
        return day + dt.timedelta(days=days)
    except OverflowError:
        return None
