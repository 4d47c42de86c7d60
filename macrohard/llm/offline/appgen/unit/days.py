"""Examples at the edge of rules and conditions that look at the clock.

The oracle's examples stay away from today on purpose. Here dates are moved day by day, and the
moment at which the answer changes is taken.
"""

from collections.abc import Iterator
from datetime import timedelta

from macrohard.llm.offline.appgen.unit.examples import NOW, Examples
from macrohard.llm.offline.dialect.ast import (
    Arithmetic,
    BoolOp,
    Compare,
    Condition,
    Expression,
    Field,
    FieldRef,
    FieldType,
    Kind,
    RecordRule,
    Today,
)
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.values import Value, canonical
from macrohard.llm.offline.oracle.world import Record

REACH_DAYS = 70
"""Days before and after the clock of the tests that are tried."""


def looks_at_clock(kind: Kind, node: Expression | Condition) -> bool:
    """Whether today matters, directly or through computed fields of the kind."""
    match node:
        case Today():
            return True
        case FieldRef(slug):
            computed = kind.field(slug).computed if slug != "id" else None
            return computed is not None and looks_at_clock(kind, computed)
        case Arithmetic(_, left, right) | Compare(_, left, right):
            return looks_at_clock(kind, left) or looks_at_clock(kind, right)
        case BoolOp(_, parts):
            return any(looks_at_clock(kind, part) for part in parts)
        case _:
            return False


def day_fields(kind: Kind) -> list[Field]:
    """The stored dates and date-times of a kind."""
    days = (FieldType.DATE, FieldType.DATETIME)
    return [field for field in kind.fields if field.stored and field.type in days]


def moments(field: Field) -> Iterator[Value]:
    """Values around the clock: days, or minutes within days."""
    for day in range(-REACH_DAYS, REACH_DAYS + 1):
        moment = NOW + timedelta(days=day)
        if field.type is FieldType.DATE:
            yield moment.date()
        else:
            yield moment - timedelta(minutes=1)
            yield moment
            yield moment + timedelta(minutes=1)


def turning_records(
    examples: Examples, kind: Kind, condition: Condition
) -> tuple[Record, Record] | None:
    """Two records a moment apart of which one meets the condition and the other does not."""
    for record in examples.of(kind):
        for field in day_fields(kind):
            last: Record | None = None
            for moment in moments(field):
                moved = with_value(record, field.slug, moment)
                if last is not None and holds(condition, moved) is not holds(condition, last):
                    return last, moved
                last = moved
    return None


def with_value(record: Record, slug: str, value: Value) -> Record:
    """The same record in a world where one field has another value."""
    world = record.world.copy()
    world.rows[record.kind.slug][record.id] = {**record.row, slug: value}
    return Record(world, record.kind, record.id)


def turning_texts(examples: Examples, kind: Kind, rule: RecordRule) -> tuple[Typed, Typed] | None:
    """What to type a moment apart: one accepted record, and one that the rule alone refuses."""
    fresh = examples.fresh(kind)
    if fresh is None:
        return None
    for field in day_fields(kind):
        last: tuple[Typed, bool] | None = None
        for moment in moments(field):
            typed = {**fresh, field.slug: canonical(moment)}
            refusal = examples.refusal(kind, typed)
            if refusal is not None and refusal.rule != rule:
                last = None
                continue
            accepted = refusal is None
            if last is not None and last[1] is not accepted:
                return (last[0], typed) if last[1] else (typed, last[0])
            last = typed, accepted
    return None
