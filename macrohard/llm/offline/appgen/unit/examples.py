"""Example records for unit tests, and what must come of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from macrohard.llm.offline.appgen.unit.edges import distances
from macrohard.llm.offline.dialect.ast import App, Kind, Rule
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.base import Base, Made, build_base
from macrohard.llm.offline.oracle.rules import Problem, RefusedError
from macrohard.llm.offline.oracle.seek import Trial, Typed, involved
from macrohard.llm.offline.oracle.values import Value
from macrohard.llm.offline.oracle.world import Record, World

NOW = datetime(2030, 6, 15, 10, 30)  # noqa: DTZ001  (the dialect has no zones)
"""The clock of the tests. Example dates lie years away from it, before and after."""

NEAR = 1.0
"""How near to the edge of a rule an example should be: one unit, one day."""


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
    def base(self) -> Base:
        """The oracle's example records."""
        return build_base(self.app)

    @cached_property
    def world(self) -> World:
        """The world with these records, on the day of the tests. Copy it before changing it."""
        world = self.base.there.world.copy()
        world.now = NOW
        return world

    @property
    def made(self) -> tuple[Made, ...]:
        """The records in the order in which they can be made."""
        return self.base.made

    def of(self, kind: Kind) -> list[Record]:
        """The records of a kind, in order of id."""
        return self.world.records(kind.slug)

    def fresh(self, kind: Kind, turn: int = 5) -> Typed | None:
        """What to type for one more record that is accepted."""
        typed = self.base.seeker.find(self.base.there, kind, turn=turn)
        return typed if typed is not None and self.refusal(kind, typed) is None else None

    def refusal(self, kind: Kind, typed: Mapping[str, str]) -> Problem | None:
        """Why a new record would be refused; None when it is accepted."""
        try:
            writing.add(self.world.copy(), kind.slug, typed)
        except RefusedError as error:
            return error.problem
        return None

    def breaking(self, kind: Kind, rule: Rule, number: int = 0) -> Typed | None:
        """What to type so that one rule alone stands against it, as near to its edge as found."""
        about = frozenset(involved(self.app, rule))
        others = {f.slug: None for f in kind.fields if f.stored and f.slug not in about}
        for near in (True, False):
            found = self.base.seeker.find(
                self.base.there,
                kind,
                turn=21,
                number=number,
                about=about,
                edge=rule,
                fixed=others if number else None,
                want=lambda trial, near=near: trial.only(rule) and is_near(rule, trial, near=near),  # type: ignore[misc]
            )
            if found is not None:
                return found
        return None

    def keeping(self, kind: Kind, rule: Rule) -> Typed | None:
        """What to type so that a record is accepted just within a rule."""
        for near in (True, False):
            found = self.base.seeker.find(
                self.base.there,
                kind,
                turn=22,
                about=frozenset(involved(self.app, rule)),
                edge=rule,
                want=lambda trial, near=near: trial.fine and is_near(rule, trial, near=near),  # type: ignore[misc]
            )
            if found is not None:
                return found
        return None


def is_near(rule: Rule, trial: Trial, *, near: bool) -> bool:
    """Whether a record is at the edge of a rule, or at least touches upon it."""
    found = list(distances(rule, trial))
    return bool(found) and (not near or min(found) <= NEAR)


def stored_row(record: Record) -> dict[str, Value]:
    """The stored fields of a record by slug."""
    return {f.slug: record.row.get(f.slug) for f in record.kind.fields if f.stored}
