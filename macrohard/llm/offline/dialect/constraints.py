"""Checks what a field's line asks for against the field's type, and makes the field of it."""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from macrohard.llm.offline.dialect.ast import CompareOp, Field, FieldType
from macrohard.llm.offline.dialect.naming import did_you_mean, listed
from macrohard.llm.offline.dialect.typecheck import (
    DATES,
    FIRST_MINUTE,
    LAST_MINUTE,
    NUMERIC,
    choice_of,
    is_date,
    is_datetime,
    spoken,
)
from macrohard.llm.offline.dialect.words import Puzzle, fold

MAX_INTEGER = 2**63 - 1
"""SQLite's integers have 64 bits."""

MAX_DECIMAL = Decimal(10**15 - 1) + Decimal("0.999999999")
"""Decimals have 15 digits before the point, as the contract of the built application says."""

MAX_PLACES = 9
MAX_TEXT = 1_000_000
MAX_CHOICES = 100
MAX_CHOICE = 60
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,20})?")
_YES = {"yes", "true", "y", "1"}
_NO = {"no", "false", "n", "0"}


@dataclass
class Wanted:
    """What a field's line asks for, as it was read.

    ``bounds``: comparison and operand, a number or the text of a date.
    """

    type: FieldType | None = None
    choices: tuple[str, ...] = ()
    target: str = ""
    required: bool | None = None
    unique: bool = False
    default: str | None = None
    quoted_default: bool = False
    bounds: list[tuple[CompareOp, Decimal | str]] = field(default_factory=list)
    max_length: int | None = None
    places: int | None = None


def make_field(name: str, slug: str, line: int, wanted: Wanted) -> Field:
    """The field, everything about it checked.

    Raises:
        Puzzle: Something asked for does not go with the type, or with something else asked for.
    """
    if wanted.type is None:
        raise Puzzle(f"the field {name} has no type.", hint="types")
    _check_choices(wanted)
    if wanted.places is not None and wanted.type is not FieldType.DECIMAL:
        raise Puzzle(f"{name} is {spoken(wanted.type)}; only decimals have decimal places.")
    if wanted.max_length is not None and wanted.type not in {FieldType.TEXT, FieldType.EMAIL}:
        raise Puzzle(f"{name} is {spoken(wanted.type)}; only text has a greatest length.")
    low, high = _bounds(name, wanted)
    made = Field(
        name=name,
        slug=slug,
        type=wanted.type,
        line=line,
        choices=wanted.choices,
        target=wanted.target,
        required=bool(wanted.required),
        unique=wanted.unique,
        minimum=low,
        maximum=high,
        max_length=wanted.max_length,
        places=2 if wanted.places is None else wanted.places,
        default=None,
    )
    if wanted.default is None:
        return made
    if wanted.unique:
        raise Puzzle(f"{name} is unique: with a default the second record would be refused.")
    return _with_default(made, wanted.default, literal=wanted.quoted_default)


def _check_choices(wanted: Wanted) -> None:
    if wanted.type is not FieldType.ONE_OF:
        return
    choices = wanted.choices
    if len(choices) < 2:
        raise Puzzle("“one of” needs two or more choices: one of (small, large).")
    if len(choices) > MAX_CHOICES:
        raise Puzzle(
            f"{len(choices)} choices; more than {MAX_CHOICES} are better a kind of record."
        )
    seen: set[str] = set()
    for choice in choices:
        if len(choice) > MAX_CHOICE:
            raise Puzzle(f"the choice “{choice[:30]}…” has more than {MAX_CHOICE} characters.")
        if fold(choice) in seen:
            raise Puzzle(f"the choice “{choice}” is there twice.")
        seen.add(fold(choice))


# -- bounds --------------------------------------------------------------------------------------

_Bound = Decimal | str


def _bounds(name: str, wanted: Wanted) -> tuple[_Bound | None, _Bound | None]:
    if wanted.bounds and wanted.type not in NUMERIC | DATES:
        advice = (
            " Write “up to 200 characters” for a length." if wanted.type is FieldType.TEXT else ""
        )
        raise Puzzle(
            f"{name} is {spoken(wanted.type or FieldType.TEXT)}; "
            f"only numbers and dates have bounds.{advice}"
        )
    low: _Bound | None = None
    high: _Bound | None = None
    for op, operand in wanted.bounds:
        value = _inclusive(name, op, operand, wanted)
        if op in {CompareOp.GE, CompareOp.GT}:
            if low is not None and low != value:
                raise Puzzle(f"{name} has two lower bounds: {low} and {value}.")
            low = value
        else:
            if high is not None and high != value:
                raise Puzzle(f"{name} has two upper bounds: {high} and {value}.")
            high = value
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        raise Puzzle(f"{name} can have no value: at least {low} and at most {high}.")
    return low, high


def _inclusive(name: str, op: CompareOp, operand: _Bound, wanted: Wanted) -> _Bound:
    """The operand in the form of the field; ``above 0`` becomes the next value up."""
    step = {CompareOp.GT: 1, CompareOp.LT: -1}.get(op, 0)
    if wanted.type in NUMERIC:
        if not isinstance(operand, Decimal):
            raise Puzzle(f"{name} is {spoken(wanted.type)}; “{operand}” is no number.")
        whole = wanted.type is FieldType.INTEGER
        places = 0 if whole else 2 if wanted.places is None else wanted.places
        return _number(name, operand, places, whole=whole) + Decimal(step).scaleb(-places)
    try:
        only_date, last = wanted.type is FieldType.DATE, op in {CompareOp.GT, CompareOp.LE}
        return _inclusive_date(name, str(operand), step, only_date=only_date, last=last)
    except OverflowError:
        raise Puzzle(f"{name} has a bound beyond the end of the calendar.") from None


def _inclusive_date(name: str, text: str, step: int, *, only_date: bool, last: bool) -> str:
    if only_date:
        if not is_date(text):
            raise Puzzle(f"{name} is a date; “{text}” is none. Write it like 2024-12-31.")
        return (date.fromisoformat(text) + timedelta(days=step)).isoformat()
    if is_date(text):  # it counts as its day: “after” it is after its last minute
        text = f"{text} {LAST_MINUTE if last else FIRST_MINUTE}"
    text = text.replace("T", " ")
    if not is_datetime(text):
        raise Puzzle(f"{name} is a date-time; “{text}” is none. Write it like 2024-12-31 18:30.")
    shifted = datetime.fromisoformat(text) + timedelta(minutes=step)
    return shifted.isoformat(" ", "minutes")


def _number(name: str, value: Decimal, places: int, *, whole: bool) -> Decimal:
    if abs(value) > MAX_INTEGER:
        raise Puzzle(f"{name}: {value:f} is too large to be kept.")
    rounded = value.quantize(Decimal(1).scaleb(-places))
    if rounded != value:
        what = "whole numbers" if places == 0 else f"numbers of {places} decimal places"
        raise Puzzle(f"{name} has {what} only; {value} is none.")
    if abs(rounded) > (MAX_INTEGER if whole else MAX_DECIMAL):
        raise Puzzle(f"{name}: {value:f} is too large to be kept.")
    return rounded


# -- defaults ------------------------------------------------------------------------------------


def _with_default(made: Field, text: str, *, literal: bool) -> Field:
    value = _default(made, text, literal=literal)
    if made.minimum is not None or made.maximum is not None:
        comparable: _Bound = Decimal(value) if made.type in NUMERIC and value != "today" else value
        below = made.minimum is not None and comparable < made.minimum  # type: ignore[operator]
        above = made.maximum is not None and comparable > made.maximum  # type: ignore[operator]
        if value != "today" and (below or above):
            raise Puzzle(f"the default {value} of {made.name} is outside its bounds.")
    if made.max_length is not None and len(value) > made.max_length:
        raise Puzzle(f"the default of {made.name} is longer than {made.max_length} characters.")
    return replace(made, default=value)


def _default(made: Field, text: str, *, literal: bool) -> str:
    """The default in canonical form."""
    low = fold(text)
    if made.type in DATES and low in {"today", "now"} and not literal:
        return "today"
    if made.type is FieldType.REFERENCE:
        raise Puzzle(f"{made.name} is a reference; a reference can have no default.")
    if made.type in NUMERIC:
        return _default_number(made, text)
    if made.type is FieldType.YES_NO and low in _YES | _NO:
        return "yes" if low in _YES else "no"
    if made.type is FieldType.ONE_OF:
        choice = choice_of(text, made.choices)
        if choice is None:
            near = did_you_mean(text, made.choices)
            raise Puzzle(
                f"the default “{text}” of {made.name} is not one of "
                f"{listed(made.choices, 'or')}.{near}"
            )
        return choice
    fits = {
        FieldType.DATE: is_date(text),
        FieldType.DATETIME: is_datetime(text),
        FieldType.EMAIL: _is_email(text),
        FieldType.TEXT: bool(text),
    }
    if not fits.get(made.type, False):
        raise Puzzle(f"the default “{text}” of {made.name} is not {spoken(made.type)}.")
    return text.replace("T", " ") if made.type is FieldType.DATETIME else text


def _default_number(made: Field, text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise Puzzle(f"the default “{text}” of {made.name} is not {spoken(made.type)}.")
    whole = made.type is FieldType.INTEGER
    return str(_number(made.name, Decimal(text), 0 if whole else made.places, whole=whole))


def _is_email(text: str) -> bool:
    local, at, domain = text.partition("@")
    return bool(local and at and "." in domain.strip(".") and "@" not in domain and " " not in text)
