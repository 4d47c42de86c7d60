"""Reads totals: ``total amount of expenses by category, by month and by person``."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from macrohard.llm.offline.dialect.ast import AggregateOp, Field, GroupBy
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.related import AGGREGATES, WHERE
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.subjects import (
    AHEAD,
    FieldsOfKinds,
    Subject,
    fields_of_kinds,
    kinds_having,
    read_field_list,
    read_subjects,
)
from macrohard.llm.offline.dialect.typecheck import DATES, NUMERIC, check_aggregate
from macrohard.llm.offline.dialect.words import Cursor, Puzzle

_LEADS = (
    "show",
    "see",
    "list",
    "give",
    "report",
    "display",
    "compute",
    "calculate",
    "get",
    "print",
)
_BY = ("grouped by", "by", "per", "for each", "for every", "group by", "of each")
_ENDS = {",", ";", ".", "by", "per", "for", "grouped"}
_PARTS = {"month": "month", "months": "month", "year": "year", "years": "year"}


@dataclass
class Totals:
    """The aggregates of one clause: kind, operation, slug of the field, groupings."""

    kinds: Subject
    wanted: list[tuple[DraftKind, AggregateOp, str | None, tuple[GroupBy, ...]]] = field(
        default_factory=list
    )


def starts_totals(cursor: Cursor) -> bool:
    """Whether an aggregate comes next."""
    probe = Cursor(cursor.text, cursor.position, cursor.tokens)
    probe.accept(*_LEADS)
    probe.accept("me")
    probe.skip("the", "a")
    return AGGREGATES.find(probe) is not None


def read_totals(
    cursor: Cursor, schema: Schema, inherited: Subject, assumptions: list[str]
) -> Totals:
    """Read an aggregate with everything that belongs to it.

    Args:
        cursor: Stands at its beginning.
        schema: The record kinds.
        inherited: Kinds named above or before.
        assumptions: Takes what is assumed.

    Raises:
        Puzzle: It cannot be read.
    """
    cursor.accept(*_LEADS)
    cursor.accept("me")
    ops = list(dict.fromkeys(_operations(cursor)))
    later = _named_later(cursor, schema)
    begin = cursor.position
    targets = _targets(cursor, schema, inherited, ops, assumptions)
    if ops == [AggregateOp.COUNT]:
        _refuse_counted_fields(cursor, begin, targets)
    if cursor.norm() in WHERE:
        raise cursor.puzzle(
            "a total cannot have a condition of its own; let people filter instead: "
            "every filter works on totals too."
        )
    totals = Totals(tuple(kind for kind, _ in targets))
    start = cursor.position
    for kind, fields in targets:
        cursor.position = start
        groups = tuple(dict.fromkeys(_groups(cursor, schema, kind)))
        if later is not None and later.kind is kind and not groups:
            groups = tuple(dict.fromkeys(_groups(later.behind, schema, kind)))
        for op in ops:
            if op is AggregateOp.COUNT:
                totals.wanted.append((kind, op, None, groups))
                continue
            for each in fields:
                check_aggregate(op, each)
                totals.wanted.append((kind, op, each.slug, groups))
    return totals


def _refuse_counted_fields(cursor: Cursor, begin: int, targets: FieldsOfKinds) -> None:
    """Refuse ``count open loans`` where that is a field: records are counted, not fields."""
    for kind, fields in targets:
        if fields:
            cursor.position = begin
            known = fields[0].name
            total = f", “total {known} of {kind.plural}”" if fields[0].type in NUMERIC else ""
            raise cursor.puzzle(
                f"records are counted, and {known} is a field of {kind.name}. Write “count "
                f'{kind.plural}”, “count {kind.plural} by {known}”{total}, or “list "NAME" '
                "KINDS where CONDITION” for some of them: every list can be counted."
            )


def _operations(cursor: Cursor) -> Iterator[AggregateOp]:
    while True:
        cursor.skip("the", "a", "an")
        op = AGGREGATES.take(cursor)
        if op is not None:
            yield op
        start = cursor.position
        cursor.skip(",", "and", "or", "the")
        if cursor.position == start or AGGREGATES.find(cursor) is None:
            cursor.position = start
            return


def _targets(
    cursor: Cursor,
    schema: Schema,
    inherited: Subject,
    ops: list[AggregateOp],
    assumptions: list[str],
) -> FieldsOfKinds:
    """The kinds and their fields that are aggregated."""
    cursor.skip("of", "the", "all")
    if (told := fields_of_kinds(cursor, schema)) is not None:
        return told
    kinds = read_subjects(cursor, schema)
    if not kinds:
        later = _named_later(cursor, schema)
        kinds = inherited or ((later.kind,) if later else kinds_having(cursor, schema))
        if not kinds:
            raise _no_target(cursor, schema)
        if not (cursor.at_end or cursor.norm() in _ENDS):
            start = cursor.position
            targets: FieldsOfKinds = []
            for kind in kinds:
                cursor.position = start
                targets.append((kind, read_field_list(cursor, schema, kind)))
            return targets
    return [(kind, _only_field(kind, ops, schema, assumptions)) for kind in kinds]


@dataclass(frozen=True)
class _Later:
    """A kind that is named at the end of a list of totals, and what stands behind it."""

    kind: DraftKind
    behind: Cursor


def _named_later(cursor: Cursor, schema: Schema) -> _Later | None:
    """The kind of ``total seats`` in ``total seats and total price of bookings by show``."""
    probe = Cursor(cursor.text, cursor.position, cursor.tokens)
    probe.skip("of", "the", "all")
    start = probe.position
    for ahead in range(len(cursor.tokens) - start):
        word = probe.norm(ahead)
        if word in _ENDS - {","}:
            return None
        if word == "of":
            behind = Cursor(cursor.text, start + ahead + 1, cursor.tokens)
            behind.skip("the", "all")
            kind = schema.take_kind(behind)
            first = None if kind is None else schema.take_field(probe, kind.slug)
            joined = probe.accept(", and", ",", "and") and AGGREGATES.find(probe) is not None
            return None if kind is None or first is None or not joined else _Later(kind, behind)
    return None


def _no_target(cursor: Cursor, schema: Schema) -> Puzzle:
    """Why there is nothing to aggregate: no such field, or no such kind."""
    for ahead in range(1, min(AHEAD, len(cursor.tokens) - cursor.position)):
        if cursor.norm(ahead) == "of":
            behind = Cursor(cursor.text, cursor.position + ahead + 1, cursor.tokens)
            if (kind := schema.take_kind(behind)) is not None:
                return kind.no_field(cursor)
    return schema.no_kind(cursor)


def _only_field(
    kind: DraftKind, ops: list[AggregateOp], schema: Schema, assumptions: list[str]
) -> list[Field]:
    """The only number of a kind, where no field is named: ``total expenses by month``."""
    if ops == [AggregateOp.COUNT]:
        return []
    numbers = [each for each in schema.fields(kind.slug) if each.type in NUMERIC]
    if len(numbers) != 1:
        known = listed((each.name for each in numbers), "or") or "it has no number"
        raise Puzzle(f"{ops[0].value} of which field of {kind.plural}: {known}?", hint="features")
    assumptions.append(f"The {ops[0].value} of {kind.plural} is that of their {numbers[0].name}.")
    return numbers


def _groups(cursor: Cursor, schema: Schema, kind: DraftKind) -> Iterator[GroupBy]:
    start = cursor.position
    cursor.accept(",")
    if not cursor.accept(*_BY):
        cursor.position = start
        return
    yield _group(cursor, schema, kind)
    while True:
        start = cursor.position
        cursor.skip(",", "and", "or", "/")
        separated = cursor.position > start
        named = cursor.accept(*_BY)
        if not separated or not (
            named or kind.names.find(cursor) or cursor.norm() in {*_PARTS, "the", "its"}
        ):
            cursor.position = start
            return
        yield _group(cursor, schema, kind)


def _group(cursor: Cursor, schema: Schema, kind: DraftKind) -> GroupBy:
    """``category``, ``month``, ``month of the date``, ``date month``."""
    cursor.skip("the", "its", "their")
    at = cursor.position
    each = schema.take_field(cursor, kind.slug)
    if each is not None:
        part = _PARTS.get(cursor.norm(), "")
        if each.type in DATES and part:
            cursor.position += 1
            return GroupBy(each.slug, part)
        return GroupBy(each.slug)
    part = _PARTS.get(cursor.norm(), "")
    if not part:
        raise kind.no_field(cursor)
    cursor.position += 1
    named = cursor.accept("of")
    behind = cursor.position
    each = schema.take_field(cursor, kind.slug)
    if named or (each is not None and each.type in DATES):
        if each is None or each.type not in DATES:
            cursor.position = behind
            raise cursor.puzzle(f"“{cursor.rest(40)}” is no date of {kind.name}.")
        return GroupBy(each.slug, part)
    cursor.position = behind
    dates = [each for each in schema.fields(kind.slug) if each.type in DATES]
    if len(dates) == 1:
        return GroupBy(dates[0].slug, part)
    cursor.position = at
    known = listed((each.name for each in dates), "or")
    advice = f"write “by {part} of {dates[0].name}” ({known})" if dates else "it has no date"
    raise cursor.puzzle(f"by {part} of which date of {kind.name}? {advice}.")
