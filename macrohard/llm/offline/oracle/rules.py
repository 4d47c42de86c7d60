"""What stands against a write: fields first, then the rules of the app."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from macrohard.llm.offline.dialect.ast import (
    BoundRule,
    DeleteRule,
    Field,
    FieldType,
    OverlapRule,
    RecordRule,
    Rule,
    UniqueRule,
)
from macrohard.llm.offline.oracle.aftermath import broken_by, measure_holds
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.values import Value
from macrohard.llm.offline.oracle.world import Record, World, stored_fields


@dataclass(frozen=True)
class Problem:
    """Why a write is refused: the field or the rule that stands against it.

    Attributes:
        text: In words.
        slug: The field.
        rule: The rule.
        owner: Name of the kind and id of another record, where it is that one that would break it.
    """

    text: str
    slug: str = ""
    rule: Rule | None = None
    owner: tuple[str, int] | None = None


class RefusedError(Exception):
    """A write that an app must refuse."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def problems(
    before: World, after: World, kind: str, number: int, *, bounded: bool = True
) -> Iterator[Problem]:
    """Everything that stands against the write of one record.

    Args:
        before: The world without the write.
        after: The world with it.
        kind: Kind of the record that was written or deleted.
        number: Its id.
        bounded: Whether to look at bounds on the records that it refers to.
    """
    record = after.record(kind, number)
    if record is not None:
        for field in stored_fields(record.kind):
            yield from _field_problems(before, record, field)
        for rule in after.app.rules:
            if isinstance(rule, BoundRule | DeleteRule) or rule.kind != kind:
                continue
            kept_later = isinstance(rule, RecordRule) and rule.only_new
            if kept_later and before.record(kind, number) is not None:
                continue
            if _breaks(rule, record):
                yield Problem(rule.text, rule=rule)
    if bounded:
        yield from bounds_broken(before, after, kind, number)
    for look, owner in broken_by(before, after, kind, number):
        yield Problem(look.rule.text, rule=look.rule, owner=(owner.kind.name, owner.id))


def bounds_broken(before: World, after: World, kind: str, number: int) -> Iterator[Problem]:
    """The bounds on records which this one refers to that its write breaks; as above."""
    was, record = before.record(kind, number), after.record(kind, number)
    for rule in after.app.rules:
        if not isinstance(rule, BoundRule) or rule.kind != kind:
            continue
        if not all(measure_holds(rule, t) for t in bound_targets(rule, was, record, after)):
            yield Problem(rule.text, rule=rule)


def _field_problems(before: World, record: Record, field: Field) -> Iterator[Problem]:
    value = record.row[field.slug]
    if value is None:
        if field.required:
            yield Problem(f"{field.name} is required", slug=field.slug)
        return
    if field.type is FieldType.REFERENCE and value not in before.rows[field.target]:
        yield Problem(f"there is no {field.target} {value}", slug=field.slug)
    if field.unique and any(other.row[field.slug] == value for other in _others(record)):
        yield Problem(f"another {record.kind.name} has this {field.name}", slug=field.slug)


def _others(record: Record) -> list[Record]:
    return [other for other in record.world.records(record.kind.slug) if other.id != record.id]


def _breaks(rule: RecordRule | OverlapRule | UniqueRule, record: Record) -> bool:
    match rule:
        case RecordRule():
            return not holds(rule.condition, record, lenient=True)
        case OverlapRule():
            return any(_clash(rule, record, other) for other in _others(record))
        case UniqueRule():
            mine = [record.row[slug] for slug in rule.fields]
            return None not in mine and any(
                [other.row[slug] for slug in rule.fields] == mine for other in _others(record)
            )


def bound_targets(
    rule: BoundRule, was: Record | None, now: Record | None, after: World
) -> list[Record]:
    """The records whose measure a write may have moved, as they are after it."""
    numbers = {record.row.get(rule.via) for record in (was, now) if record is not None}
    found = [after.record(rule.target, n) for n in sorted(n for n in numbers if isinstance(n, int))]
    return [target for target in found if target is not None]


def _clash(rule: OverlapRule, mine: Record, other: Record) -> bool:
    for slug in rule.same:
        if mine.value(slug) is None or mine.value(slug) != other.value(slug):
            return False
    start, end = _moment(mine.value(rule.start)), _moment(mine.value(rule.end))
    begin, stop = _moment(other.value(rule.start)), _moment(other.value(rule.end))
    if start is None or begin is None:
        return False
    return (stop is None or start < stop) and (end is None or begin < end)


def _moment(value: Value) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (no zones in the dialect)
    return None
