"""A world under two clocks at once, so that nothing expected depends on the day of the test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TypeVar

from macrohard.llm.offline.dialect.ast import Aggregate, App, Field, GroupBy, Kind, Today
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.reading import Query, grouped, record_json, select, shown
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.values import Json, Value, follows_clock
from macrohard.llm.offline.oracle.world import Record, World

EARLY = datetime(2025, 1, 1, 0, 1)  # noqa: DTZ001 (the dialect has no zones)
LATE = datetime(2120, 1, 1, 23, 59)  # noqa: DTZ001
"""Example dates lie outside these, so `today` compares with them alike on any day between."""


Answer = TypeVar("Answer")


class UnsettledError(Exception):
    """What happens depends on the day on which it is done."""


def speaks_of_today(node: object) -> bool:
    """Whether a tree of the dialect looks at the clock anywhere."""
    if isinstance(node, Today) or (isinstance(node, Field) and follows_clock(node)):
        return True
    if isinstance(node, tuple):
        return any(speaks_of_today(part) for part in node)
    if is_dataclass(node) and not isinstance(node, type):
        return any(speaks_of_today(getattr(node, part.name)) for part in fields(node))
    return False


class Timeless:
    """The same records on an early and on a late day.

    Args:
        app: The app whose rules hold.

    Attributes:
        timely: Whether anything in the app depends on the day at all.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.timely = speaks_of_today(app)
        self._worlds = (World(app, EARLY), World(app, LATE))

    def copy(self) -> "Timeless":
        """One that can be changed without changing this one."""
        twin = object.__new__(Timeless)
        twin.app, twin.timely = self.app, self.timely
        twin._worlds = (self._worlds[0].copy(), self._worlds[1].copy())
        return twin

    @property
    def worlds(self) -> tuple[World, World]:
        """The early and the late world."""
        return self._worlds

    @property
    def world(self) -> World:
        """The early world, for what no clock touches: ids, stored values."""
        return self._worlds[0]

    def add(self, kind: str, typed: Mapping[str, str]) -> int:
        """Add a record; its id.

        Raises:
            RefusedError: The app refuses it on any day.
            UnsettledError: It depends on the day.
        """
        return self._write(lambda world: writing.add(world, kind, typed))

    def edit(self, kind: str, number: int, typed: Mapping[str, str]) -> None:
        """Change fields of a record. Raises as :meth:`add`."""
        return self._write(lambda world: writing.edit(world, kind, number, typed))

    def delete(self, kind: str, number: int) -> dict[str, int]:
        """Delete a record; how many of each other kind went along. Raises as :meth:`add`."""
        return self._write(lambda world: writing.delete(world, kind, number))

    def add_all(self, kind: str, rows: Sequence[Mapping[str, str]]) -> int:
        """Add all records or none; how many. Raises as :meth:`add`."""
        return self._write(lambda world: writing.add_all(world, kind, rows))

    def select(self, kind: Kind, query: Query) -> list[Record]:
        """The records of a list, in its order.

        Raises:
            UnsettledError: It depends on the day.
        """
        early, late = (select(world, kind, query) for world in self._worlds)
        if [record.id for record in early] != [record.id for record in late]:
            raise UnsettledError
        return early

    def json(self, kind: Kind, number: int) -> dict[str, Json]:
        """A record in JSON, without the fields that depend on the day."""
        early, late = (record_json(_at(world, kind, number)) for world in self._worlds)
        return {key: value for key, value in early.items() if late[key] == value}

    def shown(self, kind: Kind, number: int, slug: str) -> str | None:
        """A field as tables show it; ``None`` when it depends on the day."""
        early, late = (shown(_at(world, kind, number), slug) for world in self._worlds)
        return early if early == late else None

    def grouped(
        self, kind: Kind, wanted: Aggregate, group: GroupBy, query: Query
    ) -> list[tuple[Value, Value]]:
        """Groups of an aggregate in their order.

        Raises:
            UnsettledError: They depend on the day.
        """
        early, late = (grouped(world, kind, wanted, group, query) for world in self._worlds)
        if early != late:
            raise UnsettledError
        return early

    def agreed(self, ask: Callable[[World], Answer]) -> Answer:
        """The answer of both worlds.

        Raises:
            UnsettledError: They differ.
        """
        early, late = (ask(world) for world in self._worlds)
        if early != late:
            raise UnsettledError
        return early

    def _write(self, act: Callable[[World], Answer]) -> Answer:
        trials = tuple(world.copy() for world in self._worlds)
        answers: list[Answer] = []
        refusals: list[RefusedError] = []
        for trial in trials:
            try:
                answers.append(act(trial))
            except RefusedError as error:
                refusals.append(error)
        if answers and refusals:
            raise UnsettledError
        if refusals:
            raise refusals[0]
        self._worlds = (trials[0], trials[1])
        return answers[0]


def _at(world: World, kind: Kind, number: int) -> Record:
    return Record(world, kind, number)
