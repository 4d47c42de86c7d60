"""Criteria of totals, counts, averages, minima and maxima."""

from collections.abc import Iterator

from macrohard.llm.offline.criteria.check import Answers, Case, Check, Says, Tells
from macrohard.llm.offline.criteria.commands import aggregate, in_json, option
from macrohard.llm.offline.criteria.subject import Subject
from macrohard.llm.offline.dialect.ast import Aggregate, GroupBy
from macrohard.llm.offline.oracle.reading import (
    EMPTY,
    Query,
    aggregate_value,
    select,
    shown_value,
)
from macrohard.llm.offline.oracle.timeless import Timeless, UnsettledError
from macrohard.llm.offline.oracle.values import Json, Value, as_json, canonical
from macrohard.llm.offline.oracle.world import Record


def counting(subject: Subject, wanted: Aggregate) -> list[Case]:
    """The criteria of one aggregate: over everything, over nothing, and by each grouping."""
    cases = [*_overall(subject, wanted), *_over_nothing(subject, wanted)]
    for place, group in enumerate(wanted.groups):
        cases += _by_group(subject, wanted, group, as_text=place == 0)
    return cases


def what(subject: Subject, wanted: Aggregate) -> str:
    """The aggregate in words: ``total amount of the expenses``."""
    field = "" if wanted.field is None else f" {subject.label(subject.kind.field(wanted.field))}"
    return f"{wanted.op.value}{field} of the {subject.plural}"


def value_of(subject: Subject, there: Timeless, wanted: Aggregate, query: Query) -> Value:
    """An aggregate over the records of a query.

    Raises:
        UnsettledError: It depends on the day.
    """
    kind = subject.kind
    return there.agreed(
        lambda world: aggregate_value(kind, wanted.op, wanted.field, select(world, kind, query))
    )


def spoken(value: Value) -> str:
    """A bare value as text output has it."""
    return EMPTY if value is None else canonical(value)


def _name(subject: Subject, wanted: Aggregate) -> str:
    return f"{subject.kind.slug}_{wanted.op.value}_{(wanted.field or 'records').strip('_')}"


def _overall(subject: Subject, wanted: Aggregate) -> Iterator[Case]:
    words = aggregate(subject.kind, wanted)
    try:
        value = value_of(subject, subject.there, wanted, Query())
    except UnsettledError:
        return
    checks: list[Check] = [
        Says(words, spoken(value)),
        Answers(in_json(words), {wanted.op.value: as_json(value)}),
    ]
    checks += _filtered(subject, wanted)
    yield Case(
        name=_name(subject, wanted),
        given="the example records",
        when=f"the {what(subject, wanted)} is asked for",
        then=f"it is {spoken(value)}"
        + ("; and it follows the filters of the list" * (len(checks) > 2)),
        checks=tuple(checks),
    )


def _filtered(subject: Subject, wanted: Aggregate) -> list[Check]:
    """The aggregate over a part of the records."""
    for slug in subject.kind.features.filters:
        field = subject.kind.field(slug)
        for made in subject.examples:
            text = made.typed.get(slug)
            if not text:
                continue
            try:
                value = value_of(subject, subject.there, wanted, Query(filters=((slug, text),)))
            except UnsettledError:
                continue
            return [Says((*aggregate(subject.kind, wanted), *option(field, text)), spoken(value))]
    return []


def _over_nothing(subject: Subject, wanted: Aggregate) -> Iterator[Case]:
    words = aggregate(subject.kind, wanted)
    value = value_of(subject, Timeless(subject.app), wanted, Query())
    yield Case(
        name=f"{_name(subject, wanted)}_of_nothing",
        given=f"no {subject.plural} at all",
        when=f"the {what(subject, wanted)} is asked for",
        then=f"it is {spoken(value)}",
        checks=(Answers(in_json(words), {wanted.op.value: as_json(value)}),),
        base=False,
    )


def _by_group(
    subject: Subject, wanted: Aggregate, group: GroupBy, *, as_text: bool
) -> Iterator[Case]:
    words = aggregate(subject.kind, wanted, group)
    try:
        found = subject.there.grouped(subject.kind, wanted, group, Query())
    except UnsettledError:
        return
    if not found:
        return
    lines: list[Json] = [
        {group.slug: as_json(key), wanted.op.value: as_json(value)} for key, value in found
    ]
    rows = tuple((_group_shown(subject, group, key), spoken(value)) for key, value in found)
    part = f" by {group.part} of" if group.part else " by"
    label = subject.label(subject.kind.field(group.slug))
    yield Case(
        name=f"{_name(subject, wanted)}_by_{group.argument.replace(':', '_').replace('-', '_')}",
        given="the example records",
        when=f"the {what(subject, wanted)} is asked for{part} {label}",
        then="there is one line for each group, in order: "
        + ", ".join(f"{key} {value}" for key, value in rows),
        checks=(Answers(in_json(words), lines), *([Tells(words, rows)] if as_text else [])),
    )


def _group_shown(subject: Subject, group: GroupBy, key: Value) -> str:
    """A group as the table shows it: a reference with its label."""
    if key is None or group.part:
        return spoken(key)
    record: Record = next(
        r for r in subject.there.world.records(subject.kind.slug) if r.value(group.slug) == key
    )
    return shown_value(record, group.slug, key)
