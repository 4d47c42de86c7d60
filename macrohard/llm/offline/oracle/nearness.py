"""The edge of a rule: how far a record is from it, and the records nearest to it on each side."""

from datetime import date, datetime, timedelta
from fractions import Fraction

from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    BoundRule,
    Compare,
    Condition,
    FieldType,
    Kind,
    OverlapRule,
    RecordRule,
    Rule,
    UniqueRule,
)
from macrohard.llm.offline.dialect.sight import Look
from macrohard.llm.offline.oracle.aftermath import owners
from macrohard.llm.offline.oracle.edges import involved
from macrohard.llm.offline.oracle.evaluate import Term, as_term, evaluate
from macrohard.llm.offline.oracle.rules import bound_targets
from macrohard.llm.offline.oracle.seek import Seeker
from macrohard.llm.offline.oracle.timeless import Timeless
from macrohard.llm.offline.oracle.trial import Trial, Typed
from macrohard.llm.offline.oracle.world import Record, stored_fields

FAR = 1e18
"""A distance for what cannot be measured."""

_MEASURES = frozenset({FieldType.INTEGER, FieldType.DECIMAL, FieldType.DATE, FieldType.DATETIME})


def just_beyond(
    seeker: Seeker, there: Timeless, kind: Kind, rule: Rule, *, turn: int, number: int = 0
) -> Typed | None:
    """What to type so that this rule, and nothing else, stands against it, by the least.

    Args:
        seeker: Finds records.
        there: The records that exist.
        kind: The kind the rule is about.
        rule: The rule.
        turn: Different turns draw different everyday values.
        number: A record to change, in the fields that decide about the rule; 0 for a new one.
    """
    about = frozenset(involved(seeker.app, rule))
    others = {f.slug: None for f in stored_fields(kind) if f.slug not in about}
    return seeker.find(
        there,
        kind,
        turn=turn,
        number=number,
        fixed=others if number else None,
        about=about,
        edge=rule,
        want=lambda trial: trial.only(rule),
        cost=lambda trial: distance(rule, trial),
    )


def edit_beyond(
    seeker: Seeker, there: Timeless, kind: Kind, look: Look, number: int
) -> Typed | None:
    """An edit of a record that a rule of others looks at, so that one of these just breaks it.

    Args: as above; ``look`` says who looks at what.
    """
    others = {f.slug: None for f in stored_fields(kind) if f.slug not in look.fields}
    return seeker.find(
        there,
        kind,
        turn=13,
        number=number,
        about=look.fields,
        edge=look.rule,
        fixed=others,
        want=lambda trial: trial.only(look.rule) and trial.strikes_others,
        cost=lambda trial: _gap_of_others(look, trial),
    )


def _gap_of_others(look: Look, trial: Trial) -> float:
    found = [
        owner for owner in owners(trial.records[0], look.path) if owner.kind.slug == look.owner
    ]
    if isinstance(look.rule, BoundRule):
        bound, measure = look.rule.bound, look.rule.measure
        gaps = [_between(as_term(o.value(measure)), evaluate(bound, o)) for o in found]
    else:
        gaps = [_gap(c, o) for c in _comparisons(look.rule.condition) for o in found]
    return min(gaps, default=FAR)


def just_within(
    seeker: Seeker, there: Timeless, kind: Kind, rule: Rule, *, turn: int, beyond: Typed | None
) -> Typed | None:
    """What to type so that a record is accepted and the rule is met by the least.

    Like the one just ``beyond`` in all but what measures, where such a record is found.
    """
    about = frozenset(involved(seeker.app, rule))
    alike: dict[str, str | None] = {
        f.slug: (beyond or {}).get(f.slug)
        for f in stored_fields(kind)
        if f.slug not in about or f.type not in _MEASURES
    }
    for fixed in [alike, {}] if beyond is not None else [{}]:
        found = seeker.find(
            there,
            kind,
            turn=turn,
            fixed=fixed,
            about=about,
            edge=rule,
            want=lambda trial: trial.fine and distance(rule, trial) < FAR,
            cost=lambda trial: distance(rule, trial),
        )
        if found is not None:
            return found
    return None


def distance(rule: Rule, trial: Trial) -> float:
    """How far a record is from the edge of a rule, in no particular unit."""
    record = trial.records[0]
    match rule:
        case RecordRule():
            return min((_gap(c, record) for c in _comparisons(rule.condition)), default=FAR)
        case BoundRule():
            was = trial.before.world.record(trial.kind.slug, trial.number)
            targets = bound_targets(rule, was, record, record.world)
            gaps = [
                _between(as_term(t.value(rule.measure)), evaluate(rule.bound, t)) for t in targets
            ]
            return min(gaps, default=FAR)
        case OverlapRule():
            return _nearest_span(rule, record)
        case UniqueRule():
            return -float(_most_shared(rule, record))
    return 0.0


def _comparisons(condition: Condition) -> list[Compare]:
    match condition:
        case Compare():
            return [condition]
        case BoolOp(_, parts):
            return [found for part in parts for found in _comparisons(part)]
    return []


def _gap(compare: Compare, record: Record) -> float:
    return _between(evaluate(compare.left, record), evaluate(compare.right, record))


def _between(left: Term, right: Term) -> float:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return float(abs(left - right))
    if isinstance(left, date) and isinstance(right, date):
        return abs(_moment(left) - _moment(right)) / timedelta(days=1)
    if left is None or right is None:
        return FAR
    return 0.0 if left == right else 1.0


def _moment(value: date) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (no zones in the dialect)


def _nearest_span(rule: OverlapRule, record: Record) -> float:
    """Days from this record's span to the nearest one it might clash with: 0 when they touch."""
    start, end = record.value(rule.start), record.value(rule.end)
    gaps = [
        min(_between(as_term(start), as_term(stop)), _between(as_term(end), as_term(begin)))
        for other in record.world.records(rule.kind)
        if other.id != record.id
        and all(record.value(slug) == other.value(slug) for slug in rule.same)
        for begin, stop in [(other.value(rule.start), other.value(rule.end))]
    ]
    return min(gaps, default=FAR)


def _most_shared(rule: UniqueRule, record: Record) -> int:
    shared = [
        sum(record.row[slug] == other.row[slug] is not None for slug in rule.fields)
        for other in record.world.records(rule.kind)
        if other.id != record.id
    ]
    return max(shared, default=0)
