"""Example records for unit tests, and what must come of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from macrohard.llm.offline.appgen.unit.edges import distances
from macrohard.llm.offline.dialect.ast import (
    App,
    Arithmetic,
    Condition,
    Expression,
    Kind,
    RecordRule,
    RelatedAggregate,
    Rule,
)
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.base import Made, build_base
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.pools import fields_in
from macrohard.llm.offline.oracle.rules import Problem, RefusedError
from macrohard.llm.offline.oracle.seek import Seeker, Trial, Typed, involved, stored_in
from macrohard.llm.offline.oracle.timeless import Timeless
from macrohard.llm.offline.oracle.world import Record, World

NOW = datetime(2030, 6, 15, 10, 30)  # noqa: DTZ001  (the dialect has no zones)
"""The clock of the tests. Example dates lie years away from it, before and after."""


@dataclass(frozen=True)
class Set:
    """Example records, in the order in which they are made, and the worlds that they make."""

    made: tuple[Made, ...]
    there: Timeless
    seeker: Seeker


@dataclass(frozen=True)
class Examples:
    """A few records of every kind, on a fixed day.

    Attributes:
        app: The app.
        clocks: The functions of the app's ``values`` that tell the time.
    """

    app: App
    clocks: tuple[str, ...] = ()

    @property
    def base_class(self) -> str:
        """The class of tests that need an empty database, and the clock to stand still."""
        return "FixedDayTest" if self.clocks else "DatabaseTest"

    @cached_property
    def known(self) -> Set:
        """The oracle's examples, and for each aggregate a record that counts and one that not."""
        base = build_base(self.app)
        made, there = list(base.made), base.there.copy()
        for kind, condition in wheres(self.app):
            for met in (True, False):
                if any(holds(condition, each) is met for each in there.world.records(kind.slug)):
                    continue
                typed = base.seeker.find(
                    there, kind, turn=31, about=about(kind, condition), want=meeting(condition, met)
                )
                if typed is not None:
                    number = there.add(kind.slug, typed)
                    made.append(Made(kind.slug, number, typed))
        return Set(tuple(made), there, base.seeker)

    @property
    def made(self) -> tuple[Made, ...]:
        """The records in the order in which they can be made."""
        return self.known.made

    @cached_property
    def world(self) -> World:
        """The world with these records, on the day of the tests. Copy it before changing it."""
        world = self.known.there.world.copy()
        world.now = NOW
        return world

    def of(self, kind: Kind) -> list[Record]:
        """The records of a kind, in order of id."""
        return self.world.records(kind.slug)

    def fresh(self, kind: Kind, turn: int = 5) -> Typed | None:
        """What to type for one more record that is accepted."""
        typed = self.known.seeker.find(self.known.there, kind, turn=turn)
        return typed if typed is not None and self.refusal(kind, typed) is None else None

    def refusal(self, kind: Kind, typed: Mapping[str, str]) -> Problem | None:
        """Why a new record would be refused; None when it is accepted."""
        try:
            writing.add(self.world.copy(), kind.slug, typed)
        except RefusedError as error:
            return error.problem
        return None

    def added(self, kind: Kind, typed: Mapping[str, str]) -> Record | None:
        """The record that these texts make beside the examples; None when they are refused."""
        world = self.world.copy()
        try:
            number = writing.add(world, kind.slug, typed)
        except RefusedError:
            return None
        return world.record(kind.slug, number)

    def breaking(self, kind: Kind, rule: Rule, number: int = 0) -> Typed | None:
        """What to type so that one rule alone stands against it, as near to its edge as found."""
        found = about_rule(self.app, rule)
        others = {f.slug: None for f in kind.fields if f.stored and f.slug not in found}
        return self.known.seeker.find(
            self.known.there,
            kind,
            turn=21,
            number=number,
            about=found,
            edge=rule,
            fixed=others if number else None,
            want=lambda trial: trial.only(rule),
            cost=None if number else nearness(rule),
        )

    def keeping(self, kind: Kind, rule: Rule) -> Typed | None:
        """What to type so that a record is accepted just within a rule."""
        return self.known.seeker.find(
            self.known.there,
            kind,
            turn=22,
            about=about_rule(self.app, rule),
            edge=rule,
            want=lambda trial: trial.fine and any(True for _ in distances(rule, trial)),
            cost=nearness(rule),
        )

    def at_edge(self, kind: Kind, condition: Condition, *, met: bool) -> Record | None:
        """One more record, as near to the edge of a condition as found, that meets it or not."""
        edge = RecordRule(kind.slug, condition, "", 0)
        found = self.known.seeker.find(
            self.known.there,
            kind,
            turn=23,
            about=about(kind, condition),
            edge=edge,
            want=meeting(condition, met),
            cost=nearness(edge),
        )
        return None if found is None else self.added(kind, found)


def about(kind: Kind, condition: Condition) -> frozenset[str]:
    """The stored fields that a condition looks at."""
    return frozenset(stored_in(kind, fields_in(condition)))


def about_rule(app: App, rule: Rule) -> frozenset[str]:
    """The stored fields that a rule looks at."""
    return frozenset(involved(app, rule))


def meeting(condition: Condition, met: bool) -> Callable[[Trial], bool]:
    """Whether a tried record is accepted, and meets a condition or not, on any day."""
    return lambda trial: (
        trial.fine and all(holds(condition, record) is met for record in trial.records)
    )


def nearness(rule: Rule) -> Callable[[Trial], float]:
    """How far a tried record is from the nearest edge of a rule."""
    return lambda trial: min(distances(rule, trial), default=float("inf"))


def wheres(app: App) -> Iterator[tuple[Kind, Condition]]:
    """The conditions of aggregates over related records, each with the kind it is about."""
    for kind in app.kinds:
        for field in kind.fields:
            for node in aggregates_in(field.computed):
                if node.where is not None:
                    yield app.kind(node.kind), node.where


def aggregates_in(node: Expression | None) -> Iterator[RelatedAggregate]:
    """The aggregates in an expression."""
    if isinstance(node, RelatedAggregate):
        yield node
    elif isinstance(node, Arithmetic):
        yield from aggregates_in(node.left)
        yield from aggregates_in(node.right)
