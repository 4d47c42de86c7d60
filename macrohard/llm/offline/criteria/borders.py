"""Records on either side of what a named condition compares a field with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from macrohard.llm.offline.criteria.subject import Subject
from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    Compare,
    Condition,
    Field,
    FieldRef,
    FieldType,
    NamedCondition,
    Number,
    TextValue,
)
from macrohard.llm.offline.oracle.pools import fields_in, shift, takes
from macrohard.llm.offline.oracle.reading import Query
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.timeless import Timeless, UnsettledError
from macrohard.llm.offline.oracle.values import BadValueError, canonical, read_value
from macrohard.llm.offline.oracle.world import stored_fields

_MOST = 4
_ORDERED = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.DATE, FieldType.DATETIME}


@dataclass(frozen=True)
class Border:
    """A new record right beside a border, and the records there are when it was added.

    Attributes:
        field: The field that is compared.
        value: What is typed for it.
        typed: The whole record.
        meets: Whether it meets the condition.
        after: The examples and this record.
    """

    field: Field
    value: str
    typed: Typed
    meets: bool
    after: Timeless


def borders(subject: Subject, named: NamedCondition) -> list[Border]:
    """Both sides of each border of a condition, as far as no example lies there already."""
    found: dict[tuple[str, str], Border] = {}
    likes = [*_meeting(subject, named), {}]
    for field, literal in dict.fromkeys(_compared(subject, named.condition)):
        tried = [_added(subject, named, field, text, likes) for text in _near(field, literal)]
        for one, other in pairwise(tried):
            if one and other and one.meets != other.meets:
                found |= {(field.slug, each.value): each for each in (one, other)}
    return [border for border in found.values() if not _is_there(subject, border)][:_MOST]


def _compared(subject: Subject, condition: Condition) -> Iterator[tuple[Field, str]]:
    match condition:
        case BoolOp(_, parts):
            for part in parts:
                yield from _compared(subject, part)
        case Compare(_, left, right):
            for side, other in ((left, right), (right, left)):
                if isinstance(side, FieldRef) and isinstance(other, Number | TextValue):
                    field = subject.kind.field(side.slug)
                    if field.stored and field.type in _ORDERED:
                        yield field, str(other.value)


def _near(field: Field, literal: str) -> list[str]:
    """Values on both sides of a literal, in order."""
    try:
        if field.type is FieldType.DATETIME and len(literal) == len("2024-01-01"):
            day = date.fromisoformat(literal)
            one = timedelta(days=1)
            return [f"{day - one} 23:59", f"{day} 00:00", f"{day} 23:59", f"{day + one} 00:00"]
        value = read_value(field, literal)
    except (BadValueError, ValueError, OverflowError):
        return []
    near = (shift(field, value, steps) for steps in (-1, 0, 1))
    return [text for text in map(canonical, near) if takes(field, text)]


def _added(
    subject: Subject, named: NamedCondition, field: Field, value: str, likes: Sequence[Typed]
) -> Border | None:
    """A record with this value that is otherwise like one of some, as far as the condition goes."""
    for like in likes:
        typed = {**(subject.fresh or {}), **like, field.slug: value}
        trial = subject.there.copy()
        try:
            trial.add(subject.kind.slug, typed)
            chosen = trial.select(subject.kind, Query(condition=named.slug))
        except (RefusedError, UnsettledError):
            continue
        meets = any(record.id == subject.next for record in chosen)
        return Border(field, value, typed, meets, trial)
    return None


def _meeting(subject: Subject, named: NamedCondition) -> Iterator[Typed]:
    """What was typed, for the fields of the condition, for the examples that meet it."""
    try:
        chosen = subject.there.select(subject.kind, Query(condition=named.slug))
    except UnsettledError:
        return
    numbers = {record.id for record in chosen}
    about = fields_in(named.condition) & {field.slug for field in stored_fields(subject.kind)}
    for made in subject.examples:
        if made.number in numbers:
            yield {slug: text for slug, text in made.typed.items() if slug in about}


def _is_there(subject: Subject, border: Border) -> bool:
    slug = border.field.slug
    new = border.after.world.record(subject.kind.slug, subject.next)
    rows = subject.there.world.records(subject.kind.slug)
    return new is not None and any(record.row.get(slug) == new.row.get(slug) for record in rows)
