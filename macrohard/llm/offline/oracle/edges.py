"""Values of a field that bring a record to the edge of a rule."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from macrohard.llm.offline.dialect.ast import (
    App,
    BoolOp,
    BoundRule,
    Compare,
    Condition,
    DeleteRule,
    Expression,
    Field,
    FieldRef,
    Kind,
    OverlapRule,
    RecordRule,
    RelatedAggregate,
    Rule,
    Through,
    UniqueRule,
)
from macrohard.llm.offline.oracle.aftermath import owners
from macrohard.llm.offline.oracle.evaluate import Term, as_term, evaluate, settle
from macrohard.llm.offline.oracle.pools import aggregates_in, fields_in, shift, takes
from macrohard.llm.offline.oracle.rules import bound_targets
from macrohard.llm.offline.oracle.trial import Trial
from macrohard.llm.offline.oracle.values import Value, canonical
from macrohard.llm.offline.oracle.world import Record, stored_fields


def towards(trial: Trial, field: Field, rules: Sequence[Rule | None]) -> list[str]:
    """Typed values of a field at the edge of some rules, and one step to either side."""
    values: list[str] = []
    for rule in dict.fromkeys(rules):
        for value in _at_edge(trial, field, rule):
            values += around(field, value)
    return list(dict.fromkeys(values))


def around(field: Field, value: Value) -> list[str]:
    """A value and its neighbours, as far as the field takes them."""
    moved = [value, shift(field, value, 1), shift(field, value, -1)]
    return [text for text in map(canonical, moved) if text and takes(field, text)]


def _at_edge(trial: Trial, field: Field, rule: Rule | None) -> list[Value]:
    terms: list[Term] = []
    record = trial.records[0]
    if isinstance(rule, RecordRule | BoundRule):
        terms = _for_others(rule, field, trial)
    if rule is None or rule.kind != trial.kind.slug:
        return _settled(field, terms)
    match rule:
        case RecordRule():
            for side, other in _sides(rule.condition):
                terms += _levelling(trial, field, side, evaluate(other, record))
        case BoundRule():
            terms += _to_the_bound(rule, field, trial)
        case OverlapRule():
            return _touching(rule, field, record)
        case UniqueRule():
            others = record.world.records(trial.kind.slug)
            return [other.row[field.slug] for other in others if other.id != record.id]
    return _settled(field, terms)


def _settled(field: Field, terms: list[Term]) -> list[Value]:
    return [value for term in terms if (value := settle(field, term)) is not None]


def _levelling(trial: Trial, field: Field, side: Expression, goal: Term) -> list[Term]:
    """What the field must be for one side of a comparison to come to the other."""
    if side == FieldRef(field.slug):
        return [goal]
    if field.slug not in stored_in(trial.kind, fields_in(side)):
        return []
    now, level = as_term(trial.records[0].row.get(field.slug)), evaluate(side, trial.records[0])
    if not isinstance(level, Fraction) or not isinstance(goal, Fraction):
        return []
    if isinstance(now, Fraction):
        # Right for sums and differences, and for products and shares.
        scaled: list[Term] = [now * goal / level] if level else []
        return [now + (goal - level), now - (goal - level), *scaled]
    if isinstance(now, date):
        return [_moved(now, goal - level), _moved(now, level - goal)]
    return []


def _moved(moment: date, days: Fraction) -> Term:
    try:
        return moment + timedelta(minutes=int(days * 24 * 60))
    except OverflowError:
        return moment


def _to_the_bound(rule: BoundRule, field: Field, trial: Trial) -> list[Term]:
    """Values of a number that may take the measure just to its bound."""
    record = trial.records[0]
    now = as_term(record.row.get(field.slug))
    if not isinstance(now, Fraction):
        return []
    was = trial.before.world.record(trial.kind.slug, trial.number)
    found: list[Term] = []
    for target in bound_targets(rule, was, record, record.world):
        measure, bound = as_term(target.value(rule.measure)), evaluate(rule.bound, target)
        if isinstance(measure, Fraction) and isinstance(bound, Fraction):
            found += [now + (measure - bound), now - (measure - bound)]
    return found


def _for_others(rule: RecordRule | BoundRule, field: Field, trial: Trial) -> list[Term]:
    """Values that may take another record, which the rule is about, just to its edge."""
    record = trial.records[0]
    now = as_term(record.row.get(field.slug))
    found: list[Term] = []
    for look in record.world.looks:
        if look.rule != rule or look.kind != trial.kind.slug or field.slug not in look.fields:
            continue
        for owner in owners(record, look.path):
            for side, other in _sides_of(rule):
                goal = evaluate(other, owner)
                if isinstance(side, Through | FieldRef) and side.slug == field.slug:
                    found.append(goal)
                level = evaluate(side, owner)
                if not isinstance(now, Fraction) or not isinstance(goal, Fraction):
                    continue
                if isinstance(level, Fraction):
                    found += [now + (goal - level), now - (goal - level)]
    return found


def _sides_of(rule: RecordRule | BoundRule) -> list[tuple[Expression, Expression]]:
    if isinstance(rule, RecordRule):
        return _sides(rule.condition)
    return _sides(Compare(rule.op, FieldRef(rule.measure), rule.bound))


def _touching(rule: OverlapRule, field: Field, record: Record) -> list[Value]:
    """Where spans begin and end that this one might clash with."""
    others = [other for other in record.world.records(rule.kind) if other.id != record.id]
    if field.slug in rule.same:
        return [other.row[field.slug] for other in others]
    if field.slug not in {rule.start, rule.end}:
        return []
    return [
        value
        for other in others
        if all(other.value(slug) == record.value(slug) for slug in rule.same)
        for value in (other.value(rule.start), other.value(rule.end))
        if isinstance(value, date | datetime)
    ]


def _sides(condition: Condition) -> list[tuple[Expression, Expression]]:
    """Both sides of every comparison in a condition, each with the other."""
    match condition:
        case Compare(_, left, right):
            return [(left, right), (right, left)]
        case BoolOp(_, parts):
            return [pair for part in parts for pair in _sides(part)]
    return []


def looked_at(record: Record, rule: Rule) -> set[str]:
    """Slugs of the fields of a record that a rule about other records looks at."""
    return {
        slug
        for look in record.world.looks
        if look.rule == rule and look.kind == record.kind.slug
        for slug in look.fields
    }


def involved(app: App, rule: Rule) -> set[str]:
    """Slugs of the stored fields of its kind that decide whether a record breaks a rule."""
    kind = app.kind(rule.kind)
    match rule:
        case RecordRule():
            return stored_in(kind, fields_in(rule.condition))
        case BoundRule():
            return {rule.via} | _measured(app, rule)
        case OverlapRule():
            return {rule.start, rule.end, *rule.same}
        case UniqueRule():
            return set(rule.fields)
        case DeleteRule():
            return {rule.via}


def _measured(app: App, rule: BoundRule) -> set[str]:
    """Fields of the records that a measure is made of; all where that is not plain to see."""
    kind = app.kind(rule.kind)
    found: set[str] = set()
    for aggregate in _behind(app.kind(rule.target), rule.measure):
        if aggregate.kind == rule.kind:
            found |= {aggregate.field} if aggregate.field else set()
            found |= fields_in(aggregate.where) if aggregate.where else set()
    return stored_in(kind, found) if found else {field.slug for field in stored_fields(kind)}


def _behind(kind: Kind, slug: str) -> list[RelatedAggregate]:
    """The aggregates that a field is made of, through other computed fields too."""
    computed = kind.field(slug).computed
    if computed is None:
        return []
    inner = [found for other in fields_in(computed) for found in _behind(kind, other)]
    return [*aggregates_in(computed), *inner]


def stored_in(kind: Kind, slugs: set[str]) -> set[str]:
    """The stored fields behind some fields: computed ones are traced to what they are made of."""
    found: set[str] = set()
    for slug in slugs:
        computed = kind.field(slug).computed
        if computed is None:
            found.add(slug)
        else:
            found |= stored_in(kind, fields_in(computed))
    return found
