"""Reads of a world: lists, single records, aggregates and CSV, as the contract words them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from macrohard.llm.offline.dialect.ast import (
    Aggregate,
    AggregateOp,
    Field,
    FieldType,
    GroupBy,
    Kind,
)
from macrohard.llm.offline.oracle.evaluate import Term, aggregate, as_term, holds
from macrohard.llm.offline.oracle.values import (
    Json,
    Value,
    as_json,
    canonical,
    read_value,
    round_half_up,
)
from macrohard.llm.offline.oracle.world import Record, World, stored_fields

EMPTY = "-"
"""How tables show a value that is not there."""

_AVERAGE_PLACES = 2


@dataclass(frozen=True)
class Query:
    """What a list is narrowed to and how it is ordered.

    Attributes:
        filters: Typed values by slug.
        sort: Field to sort by, by slug; empty for the order of ids.
        descending: Largest first.
        search: Part of a text, without regard to case.
        condition: Slug of a named condition.
    """

    filters: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    descending: bool = False
    search: str = ""
    condition: str = ""


def select(world: World, kind: Kind, query: Query) -> list[Record]:
    """The records that a list shows, in its order."""
    found = [record for record in world.records(kind.slug) if _matches(record, query)]
    if not query.sort:
        return found
    filled = [record for record in found if record.value(query.sort) is not None]
    empty = [record for record in found if record.value(query.sort) is None]
    # Sorting is stable, so equals keep the order of ids in either direction.
    filled.sort(key=lambda record: order_key(record.value(query.sort)), reverse=query.descending)
    if query.descending:
        filled = _restore_ids_within_equals(filled, query.sort)
    return filled + empty


def _restore_ids_within_equals(records: list[Record], slug: str) -> list[Record]:
    places: dict[Value, list[Record]] = {}
    for record in records:
        places.setdefault(record.value(slug), []).append(record)
    return [r for group in places.values() for r in sorted(group, key=lambda r: r.id)]


def order_key(value: Value) -> tuple[Fraction, str]:
    """Sorts values of one field: numbers by size, all else by its text without regard to case."""
    if isinstance(value, bool | int | Decimal):
        return Fraction(value), ""
    return Fraction(0), canonical(value).casefold()


def _matches(record: Record, query: Query) -> bool:
    kind = record.kind
    for slug, typed in query.filters:
        if not _equal(kind.field(slug), record.value(slug), typed):
            return False
    if query.search and not any(
        query.search.casefold() in canonical(record.value(slug)).casefold()
        for slug in kind.features.searches
    ):
        return False
    return not query.condition or query.condition in _met(record, marks_only=False)


def _equal(field: Field, value: Value, typed: str) -> bool:
    if not typed.strip():
        return value is None
    if field.type in {FieldType.TEXT, FieldType.EMAIL}:
        return isinstance(value, str) and value.casefold() == typed.strip().casefold()
    return value is not None and value == read_value(field, typed)


def _met(record: Record, *, marks_only: bool) -> list[str]:
    return [
        named.slug
        for named in record.kind.features.conditions
        if (named.marks or not marks_only) and holds(named.condition, record)
    ]


def has_marks(kind: Kind) -> bool:
    """Whether lists of the kind have a column of marks."""
    return any(named.marks for named in kind.features.conditions)


def marks(record: Record) -> list[str]:
    """Names of the marking conditions that a record meets."""
    names = {named.slug: named.name for named in record.kind.features.conditions}
    return [names[slug] for slug in _met(record, marks_only=True)]


def record_json(record: Record) -> dict[str, Json]:
    """A record as JSON output has it."""
    values: dict[str, Json] = {"id": record.id}
    for field in record.kind.fields:
        values[field.slug] = as_json(record.value(field.slug))
    if has_marks(record.kind):
        values["marks"] = list(marks(record))
    return values


def label(record: Record) -> str:
    """What a record is called where another refers to it; empty when it has no text."""
    texts = [field for field in record.kind.fields if field.type is FieldType.TEXT and field.stored]
    named = [field for field in texts if field.required] or texts
    value = record.value(named[0].slug) if named else None
    return value if isinstance(value, str) else ""


def shown(record: Record, slug: str) -> str:
    """A field as tables show it."""
    if slug == "marks":
        return ", ".join(marks(record)) or EMPTY
    return shown_value(record, slug, record.value(slug))


def shown_value(record: Record, slug: str, value: Value) -> str:
    """A value of a field as tables show it: a reference with its label."""
    if value is None:
        return EMPTY
    target = None
    if slug != "id" and record.kind.field(slug).type is FieldType.REFERENCE:
        target = record.follow(slug)
    return f"{canonical(value)} {label(target)}".strip() if target else canonical(value)


def columns(kind: Kind) -> list[str]:
    """Columns of a table of the kind."""
    return ["id", *(field.slug for field in kind.fields), *(["marks"] if has_marks(kind) else [])]


def aggregate_value(
    kind: Kind, op: AggregateOp, slug: str | None, records: Sequence[Record]
) -> Value:
    """An aggregate of a field over records, in the form the app shows."""
    if op is AggregateOp.COUNT:
        return len(records)
    field = kind.field(slug or "")
    values = [record.value(field.slug) for record in records]
    term = aggregate(op, [as_term(value) for value in values if value is not None])
    return _in_form(field, op, term)


def _in_form(field: Field, op: AggregateOp, term: Term) -> Value:
    if not isinstance(term, Fraction):
        return term
    whole = field.type is FieldType.INTEGER
    if op is AggregateOp.AVERAGE:
        places = max(_AVERAGE_PLACES, 0 if whole else field.places)
        return round_half_up(term, places)
    return int(term) if whole else round_half_up(term, field.places)


def group_key(record: Record, group: GroupBy) -> Value:
    """The group a record falls into; ``None`` when it has no value."""
    value = record.value(group.slug)
    if group.part and isinstance(value, date | datetime):
        return value.strftime("%Y-%m" if group.part == "month" else "%Y")
    return value


def grouped(
    world: World, kind: Kind, wanted: Aggregate, group: GroupBy, query: Query
) -> list[tuple[Value, Value]]:
    """Groups in their order with the aggregate of each; those without a value come last."""
    members: dict[Value, list[Record]] = {}
    for record in select(world, kind, query):
        members.setdefault(group_key(record, group), []).append(record)
    keys: list[Value] = sorted((key for key in members if key is not None), key=order_key)
    keys += [None] if None in members else []
    return [(key, aggregate_value(kind, wanted.op, wanted.field, members[key])) for key in keys]


def csv_header(kind: Kind) -> list[str]:
    """Columns of an exported file."""
    return ["id", *(field.slug for field in stored_fields(kind))]


def csv_row(record: Record) -> list[str]:
    """A record's cells in an exported file."""
    return [canonical(record.value(slug)) for slug in csv_header(record.kind)]


def typed_row(record: Record) -> Mapping[str, str]:
    """What a user types to get this record: its filled stored fields."""
    return {
        field.slug: canonical(record.row[field.slug])
        for field in stored_fields(record.kind)
        if record.row[field.slug] is not None
    }
