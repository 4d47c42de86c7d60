"""How near an example stands to the edge of a rule."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction

from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    BoundRule,
    Compare,
    Condition,
    OverlapRule,
    RecordRule,
    Rule,
    UniqueRule,
)
from macrohard.llm.offline.oracle.evaluate import Term, as_term, evaluate
from macrohard.llm.offline.oracle.rules import bound_targets
from macrohard.llm.offline.oracle.seek import Trial
from macrohard.llm.offline.oracle.world import Record


def distances(rule: Rule, trial: Trial) -> Iterator[float]:
    """How far a tried record is from the edges of a rule: in units, or in days."""
    record = trial.records[0]
    match rule:
        case RecordRule():
            for compare in comparisons(rule.condition):
                yield from between(evaluate(compare.left, record), evaluate(compare.right, record))
        case BoundRule():
            was = trial.before.world.record(trial.kind.slug, trial.number)
            for target in bound_targets(rule, was, record, record.world):
                yield from between(
                    as_term(target.value(rule.measure)), evaluate(rule.bound, target)
                )
        case OverlapRule():
            for other in others_alike(record, rule.same):
                yield from between(
                    as_term(record.value(rule.start)), as_term(other.value(rule.end))
                )
                yield from between(
                    as_term(record.value(rule.end)), as_term(other.value(rule.start))
                )
        case UniqueRule():
            for left_out in rule.fields:
                same = [slug for slug in rule.fields if slug != left_out]
                if any(True for _ in others_alike(record, tuple(same))):
                    yield 0.0


def comparisons(condition: Condition) -> Iterator[Compare]:
    """All comparisons in a condition."""
    match condition:
        case Compare():
            yield condition
        case BoolOp(_, parts):
            for part in parts:
                yield from comparisons(part)


def others_alike(record: Record, same: tuple[str, ...]) -> Iterator[Record]:
    """The other records of the kind that have these fields in common with it."""
    for other in record.world.records(record.kind.slug):
        if other.id != record.id and all(
            record.value(slug) == other.value(slug) is not None for slug in same
        ):
            yield other


def between(left: Term, right: Term) -> Iterator[float]:
    """The distance of two terms, where there is one."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        yield float(abs(left - right))
    elif isinstance(left, date) and isinstance(right, date):
        yield abs(moment(left) - moment(right)) / timedelta(days=1)
    elif left is not None and right is not None:
        yield 0.0


def moment(value: date) -> datetime:
    """A date as its first minute."""
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001  (no zones in the dialect)
