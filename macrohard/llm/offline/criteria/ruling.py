"""Criteria of rules: what is refused just beyond them, and what is accepted just within."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction

from macrohard.llm.offline.criteria.adding import REFUSED
from macrohard.llm.offline.criteria.check import Case, Check, Refuses, Says
from macrohard.llm.offline.criteria.commands import add, delete, edit
from macrohard.llm.offline.criteria.deleting import deletion_rule
from macrohard.llm.offline.criteria.subject import Subject, article
from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    BoundRule,
    Compare,
    Condition,
    DeleteRule,
    OverlapRule,
    RecordRule,
    Rule,
    UniqueRule,
)
from macrohard.llm.offline.oracle.evaluate import Term, as_term, evaluate
from macrohard.llm.offline.oracle.rules import bound_targets
from macrohard.llm.offline.oracle.seek import Trial, Typed, involved
from macrohard.llm.offline.oracle.world import Record, stored_fields

FAR = 1e18
"""A distance for what cannot be measured."""


def ruling(subject: Subject, rule: Rule, name: str) -> list[Case]:
    """The criteria of one rule.

    Args:
        subject: The kind the rule is about.
        rule: The rule.
        name: Start of the names of its cases.
    """
    if isinstance(rule, DeleteRule):
        return deletion_rule(subject, subject.kind.field(rule.via), rule)
    return [*_add_refused(subject, rule, name), *_change_refused(subject, rule, name)]


def breaking(subject: Subject, rule: Rule, number: int = 0) -> Typed | None:
    """What to type so that this rule, and nothing else, stands against it, by the least."""
    return subject.base.seeker.find(
        subject.there,
        subject.kind,
        turn=11,
        number=number,
        fixed=_only_involved(subject, rule) if number else None,
        about=frozenset(involved(subject.app, rule)),
        edge=rule,
        want=lambda trial: trial.only(rule),
        cost=lambda trial: distance(rule, trial),
    )


def keeping(subject: Subject, rule: Rule) -> Typed | None:
    """What to type so that a record is accepted and this rule is met by the least."""
    return subject.base.seeker.find(
        subject.there,
        subject.kind,
        turn=12,
        about=frozenset(involved(subject.app, rule)),
        edge=rule,
        want=lambda trial: trial.fine and distance(rule, trial) < FAR,
        cost=lambda trial: distance(rule, trial),
    )


def _only_involved(subject: Subject, rule: Rule) -> dict[str, str | None]:
    about = involved(subject.app, rule)
    return {f.slug: None for f in stored_fields(subject.kind) if f.slug not in about}


def _add_refused(subject: Subject, rule: Rule, name: str) -> Iterator[Case]:
    if not subject.kind.features.add:
        return
    bad, good = breaking(subject, rule), keeping(subject, rule)
    checks: list[Check] = []
    words: list[str] = []
    if bad is not None:
        checks.append(Refuses(add(subject.kind, bad)))
        words.append(f"with {subject.wording(bad)}")
    if good is not None:
        checks.append(Says(add(subject.kind, good), f"Added {subject.name} {subject.next}."))
        words.append(f"with {subject.wording(good)}")
    if bad is None:
        return
    yield Case(
        name=f"{name}_when_adding",
        given="the example records",
        when=f"{article(subject.name)} is added {', then one '.join(words)}",
        then=REFUSED.replace("it is refused", "the first is refused")
        + ("; the second is added" if good is not None else ""),
        checks=tuple(checks),
    )


def _change_refused(subject: Subject, rule: Rule, name: str) -> Iterator[Case]:
    checks: list[Check] = []
    acts: list[str] = []
    if subject.kind.features.edit:
        for made in subject.examples:
            typed = breaking(subject, rule, made.number)
            if typed:
                checks.append(Refuses(edit(subject.kind, made.number, typed)))
                acts.append(f"{subject.name} {made.number} is edited to {subject.wording(typed)}")
                break
    if subject.kind.features.delete and isinstance(rule, BoundRule):
        for made in subject.examples:
            if subject.refuses_delete(made.number):
                checks.append(Refuses(delete(subject.kind, made.number)))
                acts.append(f"{subject.name} {made.number} is deleted")
                break
    if checks:
        yield Case(
            name=f"{name}_when_changing",
            given="the example records",
            when=", and ".join(acts),
            then=REFUSED.replace("it is", "each is") if len(acts) > 1 else REFUSED,
            checks=tuple(checks),
        )


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
