"""Looks for example records: accepted by every rule, or refused by exactly one."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

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
    FieldType,
    Kind,
    OverlapRule,
    RecordRule,
    Rule,
    UniqueRule,
)
from macrohard.llm.offline.oracle.evaluate import Term, as_term, evaluate, settle
from macrohard.llm.offline.oracle.pools import fields_in, pool, shift, takes
from macrohard.llm.offline.oracle.rules import Problem, bound_targets, problems
from macrohard.llm.offline.oracle.timeless import Timeless
from macrohard.llm.offline.oracle.values import Value, canonical, read_value
from macrohard.llm.offline.oracle.world import Record, Row, World, stored_fields

Typed = dict[str, str]
"""What a user types for a record, by slug; what is left out is not typed."""

_WALKS = 40
_STEPS = 14
"""Tries per search: some hundred at 0.1 ms each; the rules people write need a handful."""


@dataclass(frozen=True)
class Trial:
    """A record put into both worlds by force, to see what stands against it."""

    before: Timeless
    kind: Kind
    typed: Typed
    number: int

    @cached_property
    def records(self) -> tuple[Record, Record]:
        """The record in the early and in the late world."""
        return tuple(self._force(world) for world in self.before.worlds)  # type: ignore[return-value]

    @cached_property
    def problems(self) -> tuple[list[Problem], list[Problem]]:
        """What stands against it on the early and on the late day."""
        return tuple(  # type: ignore[return-value]
            list(problems(world, record.world, self.kind.slug, self.number))
            for world, record in zip(self.before.worlds, self.records, strict=True)
        )

    @property
    def fine(self) -> bool:
        """Whether it is accepted on any day."""
        return not self.problems[0] and not self.problems[1]

    def only(self, rule: object) -> bool:
        """Whether this rule alone stands against it, on any day."""
        return all([p.rule for p in found] == [rule] for found in self.problems)

    def _force(self, world: World) -> Record:
        after = world.copy()
        was = world.record(self.kind.slug, self.number)
        row: Row = dict(was.row) if was else {}
        for field in stored_fields(self.kind):
            text = self.typed.get(field.slug)
            if text is not None:
                row[field.slug] = read_value(field, text)
            elif not was:
                row[field.slug] = _default(world, field)
        after.rows[self.kind.slug][self.number] = row
        return Record(after, self.kind, self.number)


def _default(world: World, field: Field) -> Value:
    if field.default == "today":
        return world.now.date() if field.type is FieldType.DATE else world.now
    return None if field.default is None else read_value(field, field.default)


Want = Callable[[Trial], bool]
Cost = Callable[[Trial], float]


class Seeker:
    """Finds example records of an app. The same app gives the same examples.

    Args:
        app: The app.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._pools = {
            (kind.slug, field.slug): pool(app, kind, field)
            for kind in app.kinds
            for field in stored_fields(kind)
        }

    def pool(self, kind: Kind, field: Field) -> tuple[str, ...]:
        """Typed values that a field takes, likeliest first; none for references."""
        return self._pools[kind.slug, field.slug]

    def find(
        self,
        there: Timeless,
        kind: Kind,
        *,
        turn: int = 0,
        number: int = 0,
        fixed: Mapping[str, str | None] | None = None,
        about: frozenset[str] = frozenset(),
        edge: Rule | None = None,
        want: Want | None = None,
        cost: Cost | None = None,
    ) -> Typed | None:
        """A record to add (or to make of record ``number``) that is as wanted.

        Args:
            there: The records that exist.
            kind: Kind of the record.
            turn: Different turns draw different everyday values.
            number: Id of an existing record to change instead of a new one.
            fixed: Values that must be typed as given; ``None`` leaves a field out.
            about: Fields to vary first when a try is accepted but not wanted.
            edge: Rule at whose edge to look.
            want: What it must be; accepted on any day when not given.
            cost: The cheapest of all tries is taken; the first one when not given.

        Returns:
            What to type, or ``None`` when nothing was found.
        """
        wanted = want or (lambda trial: trial.fine)
        chance = random.Random(f"{self.app.slug}/{kind.slug}/{turn}/{sorted(about)}")  # noqa: S311
        best: tuple[float, Typed] | None = None
        for walk in range(_WALKS):
            typed = _settle_fixed(self._draw(there, kind, turn, walk, chance), fixed or {})
            for _ in range(_STEPS):
                trial = Trial(there, kind, typed, number or there.world.used[kind.slug] + 1)
                if wanted(trial):
                    if cost is None:
                        return typed
                    price = cost(trial)
                    if best is None or price < best[0]:
                        best = (price, typed)
                moved = self._step(trial, chance, fixed or {}, about, edge)
                if moved is None:
                    break
                typed = moved
        return best[1] if best else None

    def _draw(
        self,
        there: Timeless,
        kind: Kind,
        turn: int,
        walk: int,
        chance: random.Random,
    ) -> Typed:
        typed: Typed = {}
        for place, field in enumerate(stored_fields(kind)):
            values = self._values(there, kind, field)
            if values and (walk == 0 or field.required or chance.random() < 0.8):
                pick = turn + place * (field.type is FieldType.TEXT) * 5
                typed[field.slug] = (
                    values[pick % len(values)] if walk == 0 else chance.choice(values[: 4 + walk])
                )
        return typed

    def _values(self, there: Timeless, kind: Kind, field: Field) -> tuple[str, ...]:
        if field.type is FieldType.REFERENCE:
            return tuple(str(number) for number in sorted(there.world.rows[field.target]))
        return self.pool(kind, field)

    def _step(
        self,
        trial: Trial,
        chance: random.Random,
        fixed: Mapping[str, str | None],
        about: frozenset[str],
        edge: Rule | None,
    ) -> Typed | None:
        """A neighbour of a try: one field changed that what stands against it looks at."""
        found = trial.problems[0] or trial.problems[1]
        slugs = set(about)
        if found:
            problem = chance.choice(found)
            slugs |= {problem.slug} if problem.slug else involved(self.app, problem.rule)
        fields = [f for f in stored_fields(trial.kind) if f.slug in slugs and f.slug not in fixed]
        if not fields:
            return None
        field = chance.choice(fields)
        rules = [edge, *(problem.rule for problem in found)]
        values = [*self._solved(trial, field, rules), *self.near(trial, field)]
        if not field.required and chance.random() < 0.1:
            return {slug: text for slug, text in trial.typed.items() if slug != field.slug}
        return {**trial.typed, field.slug: chance.choice(values)} if values else None

    def near(self, trial: Trial, field: Field) -> list[str]:
        """Values to try for a field: its pool, and values of its type that stand around."""
        values = list(self._values(trial.before, trial.kind, field))
        if field.type in {FieldType.REFERENCE, FieldType.ONE_OF, FieldType.YES_NO}:
            return values
        alike = [other for other in stored_fields(trial.kind) if other.type is field.type]
        seen: list[Value] = [trial.records[0].row.get(other.slug) for other in alike]
        seen += [
            record.row.get(other.slug)
            for record in trial.before.world.records(trial.kind.slug)
            for other in alike
        ]
        for value in dict.fromkeys(seen):
            if value is not None:
                values += self.around(field, value)
        return values

    def around(self, field: Field, value: Value) -> list[str]:
        """A value and its neighbours, as far as the field takes them."""
        steps = (0, 1, -1, 60, -60) if field.type is FieldType.DATETIME else (0, 1, -1)
        moved = [shift(field, value, step) if step else value for step in steps]
        return [text for text in map(canonical, moved) if text and takes(field, text)]

    def _solved(self, trial: Trial, field: Field, rules: Sequence[Rule | None]) -> list[str]:
        """Values of this field that would bring a record to the edge of a rule."""
        values: list[str] = []
        for rule in dict.fromkeys(rules):
            terms: list[Term] = []
            if isinstance(rule, RecordRule):
                terms = _other_sides(rule.condition, field, trial.records[0])
            elif isinstance(rule, BoundRule):
                terms = _to_the_bound(rule, field, trial)
            for term in terms:
                settled = settle(field, term)
                if settled is not None:
                    values += self.around(field, settled)
        return values * 3  # they are likelier to help than what stands around


def _other_sides(condition: Condition, field: Field, record: Record) -> list[Term]:
    """What a rule compares a field with."""
    mine = FieldRef(field.slug)
    return [evaluate(other, record) for side, other in _comparisons(condition) if side == mine]


def _to_the_bound(rule: BoundRule, field: Field, trial: Trial) -> list[Term]:
    """Values of a number that may take the measure just to its bound."""
    now = as_term(trial.records[0].row.get(field.slug))
    if not isinstance(now, Fraction):
        return []
    record = trial.records[0]
    was = trial.before.world.record(trial.kind.slug, trial.number)
    found: list[Term] = []
    for target in bound_targets(rule, was, record, record.world):
        measure, bound = as_term(target.value(rule.measure)), evaluate(rule.bound, target)
        if isinstance(measure, Fraction) and isinstance(bound, Fraction):
            found += [now + (measure - bound), now - (measure - bound)]
    return found


def _settle_fixed(typed: Typed, fixed: Mapping[str, str | None]) -> Typed:
    kept = {slug: text for slug, text in typed.items() if slug not in fixed}
    return {**kept, **{slug: text for slug, text in fixed.items() if text is not None}}


def _comparisons(condition: Condition) -> list[tuple[Expression, Expression]]:
    match condition:
        case Compare(_, left, right):
            return [(left, right), (right, left)]
        case BoolOp(_, parts):
            return [pair for part in parts for pair in _comparisons(part)]
    return []


def involved(app: App, rule: object) -> set[str]:
    """Slugs of the stored fields of its kind that decide whether a record breaks a rule."""
    match rule:
        case RecordRule():
            return stored_in(app.kind(rule.kind), fields_in(rule.condition))
        case BoundRule() | DeleteRule():
            return {field.slug for field in stored_fields(app.kind(rule.kind))}
        case OverlapRule():
            return {rule.start, rule.end, *rule.same}
        case UniqueRule():
            return set(rule.fields)
    return set()


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
