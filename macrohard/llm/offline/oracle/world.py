"""Records in memory, as expressions and readers look at them."""

from dataclasses import dataclass
from datetime import datetime

from macrohard.llm.offline.dialect.ast import App, Field, Kind
from macrohard.llm.offline.dialect.sight import looks
from macrohard.llm.offline.oracle.evaluate import evaluate, settle
from macrohard.llm.offline.oracle.values import Value

Row = dict[str, Value]
"""Stored fields of a record by slug."""


class World:
    """Everything an app keeps, and its clock.

    Args:
        app: The app whose rules hold.
        now: What ``today`` means.
    """

    def __init__(self, app: App, now: datetime) -> None:
        self.app = app
        self.now = now
        self.rows: dict[str, dict[int, Row]] = {kind.slug: {} for kind in app.kinds}
        self.used: dict[str, int] = {kind.slug: 0 for kind in app.kinds}
        self.looks = looks(app)

    def copy(self) -> "World":
        """A world that can be changed without changing this one."""
        twin = object.__new__(World)
        twin.app, twin.now, twin.looks = self.app, self.now, self.looks
        twin.rows = {kind: dict(rows) for kind, rows in self.rows.items()}
        twin.used = dict(self.used)
        return twin

    def record(self, kind: str, number: int) -> "Record | None":
        """A record by its id."""
        return Record(self, self.app.kind(kind), number) if number in self.rows[kind] else None

    def records(self, kind: str) -> "list[Record]":
        """All records of a kind in order of id."""
        known = self.app.kind(kind)
        return [Record(self, known, number) for number in sorted(self.rows[kind])]


@dataclass(frozen=True)
class Record:
    """One record of a world."""

    world: World
    kind: Kind
    id: int

    @property
    def row(self) -> Row:
        """Its stored fields."""
        return self.world.rows[self.kind.slug][self.id]

    def value(self, slug: str) -> Value:
        """A field's value, ``id`` included; computed fields are worked out."""
        if slug == "id":
            return self.id
        field = self.kind.field(slug)
        if field.computed is None:
            return self.row.get(slug)
        return settle(field, evaluate(field.computed, self))

    def follow(self, reference: str) -> "Record | None":
        """The record that a reference points to."""
        target = self.row.get(reference)
        if not isinstance(target, int):
            return None
        return self.world.record(self.kind.field(reference).target, target)

    def referrers(self, kind: str, via: str) -> "list[Record]":
        """The records of a kind that point here through ``via``, in order of id."""
        return [other for other in self.world.records(kind) if other.row.get(via) == self.id]

    def now(self) -> datetime:
        """The world's clock."""
        return self.world.now


def stored_fields(kind: Kind) -> list[Field]:
    """The fields of a kind that users give."""
    return [field for field in kind.fields if field.stored]
