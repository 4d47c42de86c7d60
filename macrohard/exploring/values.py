"""What a reasonable person would type into a field, from what the page says of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from macrohard.exploring.sight import Field

_FIELDS = 20
"""Fields of a form whose numbers are told apart."""
_DAY = date(2031, 5, 17)
"""Ahead of today, so that dates that must lie ahead do."""
_TEN_YEARS = timedelta(days=3_652)
_NUMBERS = (
    "amount|price|value|cost|number|quantity|count|age|year|decimal|integer|grams|kilos?|weight|"
    "hours?|minutes|seats|pages|pieces|points|score|size|sum|total|rate|percent|qty|"
    r"-?\d+ to -?\d+(?![0-9]| (?:characters|letters))"
)
_WORDS = (
    ("date-time", r"date-?time|datetime|timestamp|date and time|yyyy-mm-dd hh"),
    ("date", r"date|day|due|birthday|deadline|until|since|yyyy|taken|returned"),
    ("time", r"time|hh:mm"),
    ("email", r"e-?mail"),
    ("url", r"url|website|web site|link|https?:"),
    ("tel", r"phone|telephone|mobile"),
    ("number", _NUMBERS),
)
_SKILL = {
    "datetime-local": "date-time", "date": "date", "time": "time", "email": "email", "url": "url",
    "tel": "tel", "number": "number", "range": "number",
}  # fmt: skip
_EXAMPLE = re.compile(r"\b(?:such as|like|as|e\.g\.,?|for example,?|example:) (\S*\d\S*\w)")
"""What is given as an example of what a field takes."""
_MOST = re.compile(r"\b(?:at most|up to|maximum|max\.?) (\d+) (?:characters|letters)")
_ORDER = ("text", "number", "date", "date-time", "time", "email", "url", "yes")
"""What is tried next, where the page refuses the first guess."""


@dataclass(frozen=True)
class Habit:
    """How a user fills in forms, so that what was typed can be recognised.

    Attributes:
        word: Begins every free text.
        number: Typed as number into the first field, as far as that allows it; one more into
            the next (see ``at``).
    """

    word: str
    number: int

    def owns(self, text: str) -> bool:
        """Whether a text is a number that this habit made: each field has one of its own."""
        plain = text.strip()
        return plain.isdecimal() and 0 <= int(plain[:9]) - self.number < _FIELDS

    def marked(self, mark: str) -> "Habit":
        """The same with one word more, to be told from what others typed."""
        return replace(self, word=f"{self.word} {mark}") if mark else self

    def at(self, place: int) -> "Habit":
        """The same for one of several fields, so that figures tell which of them they follow."""
        return replace(self, number=self.number + place)


def kind_of(field: Field) -> str:
    """What a field seems to hold: ``text``, ``number``, ``date`` and so on."""
    if field.kind in _SKILL:
        return _SKILL[field.kind]
    label, hint = field.label.lower(), field.hint.lower()
    for said in (hint.partition(";")[0], bare(label), label, hint):
        for kind, words in _WORDS:
            if re.search(rf"(?<![a-z])(?:{words})(?![a-z])", said):
                return kind
    return "text"


def bare(label: str) -> str:
    """A label without what it says in brackets."""
    return re.sub(r"\s*[(\[].*|\s*[:*]+\s*$", "", label).strip() or label


def longest(field: Field) -> int:
    """Most characters that a field takes, as far as the page tells; 0 where it does not."""
    told = _MOST.search(f"{field.hint} {field.label}".lower())
    return field.most or (int(told[1]) if told else 0)


def typed_for(field: Field, habit: Habit, place: int, attempt: int = 0) -> str:
    """What is typed into a field.

    Args:
        field: The field.
        habit: Of the user.
        place: Its number among the fields: dates that come later on the page are later.
        attempt: How often the page has refused what was typed there before.
    """
    first = kind_of(field)
    example = _EXAMPLE.search(f"{field.hint} {field.label}")
    kinds = [
        first,
        *(["example"] if example else []),
        *(["past", "later"] if first in {"date", "date-time"} else []),
        *(["few"] if first == "number" else []),
        *(kind for kind in _ORDER if kind != first),
    ]
    kind = kinds[min(attempt, len(kinds) - 1)]
    day = _DAY + timedelta(days=place)
    day += {"past": -_TEN_YEARS, "later": _TEN_YEARS}.get(kind, timedelta(0))
    kind = first if kind in {"past", "later"} else kind
    makers: dict[str, Callable[[], str]] = {
        "date": day.isoformat,
        "date-time": lambda: (
            f"{day.isoformat()}{'T' if field.kind == 'datetime-local' else ' '}10:30"
        ),
        "time": lambda: f"1{place % 10}:30",
        "email": lambda: f"{_plain(habit.word)}@example.org",
        "url": lambda: f"https://example.org/{_plain(habit.word)}",
        "tel": lambda: f"030 555{habit.number:04}",
        "number": lambda: number_for(field, habit.number),
        "few": lambda: number_for(field, 1),
        "yes": lambda: "yes",
        "example": lambda: example[1] if example else "",
    }
    text = makers[kind]() if kind in makers else habit.word
    most = longest(field)
    return text[:most] if most and kind == "text" else text


def number_for(field: Field, wanted: int) -> str:
    """A number that the field allows, the wanted one where it does."""
    told = re.search(
        r"at most (-?[0-9.]*[0-9])|-?[0-9.]+ to (-?[0-9.]*[0-9])|<= ?(-?[0-9.]*[0-9])",
        f"{field.hint} {field.label}",
    )
    limit = next((g for g in told.groups() if g), "") if told else ""
    high = _decimal(field.high or limit)
    low = _decimal(field.low)
    number = Decimal(wanted)
    if high is not None and number > high:
        number = high
    if low is not None and number < low:
        number = low
    return f"{number:f}"


def about(label: str, told: str) -> str:
    """What a refusal says about a field: the sentences that name it."""
    name = re.escape(bare(label).lower())
    sentences = re.split(r"[\n;]|(?<=[.!])\s", told.lower())
    return " ".join(s.strip() for s in sentences if re.search(rf"(?<!\w){name}(?!\w)", s))


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", word.lower()) or "someone"
