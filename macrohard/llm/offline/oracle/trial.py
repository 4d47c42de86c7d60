"""A record put into the worlds by force, to see what stands against it."""

from dataclasses import dataclass
from functools import cached_property

from macrohard.llm.offline.dialect.ast import Kind
from macrohard.llm.offline.oracle.rules import Problem, problems
from macrohard.llm.offline.oracle.timeless import Timeless
from macrohard.llm.offline.oracle.values import default_value, read_value
from macrohard.llm.offline.oracle.world import Record, Row, World, stored_fields

Typed = dict[str, str]
"""What a user types for a record, by slug; what is left out is not typed."""


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
        early, late = self.before.worlds
        forced = self._force(early)
        return forced, self._force(late) if self.before.timely else forced

    @cached_property
    def problems(self) -> tuple[list[Problem], list[Problem]]:
        """What stands against it on the early and on the late day."""
        early, late = self.before.worlds
        found = self._against(early, self.records[0])
        return found, self._against(late, self.records[1]) if self.before.timely else found

    @property
    def strikes_others(self) -> bool:
        """Whether it is other records that would break the rules."""
        return all(p.owner is not None for found in self.problems for p in found)

    def _against(self, world: World, record: Record) -> list[Problem]:
        return list(problems(world, record.world, self.kind.slug, self.number))

    @property
    def fine(self) -> bool:
        """Whether it is accepted on any day."""
        return not self.problems[0] and not self.problems[1]

    def only(self, rule: object) -> bool:
        """Whether this rule alone stands against it, on any day."""
        return all(found and all(p.rule == rule for p in found) for found in self.problems)

    def _force(self, world: World) -> Record:
        after = world.copy()
        was = world.record(self.kind.slug, self.number)
        row: Row = dict(was.row) if was else {}
        for field in stored_fields(self.kind):
            text = self.typed.get(field.slug)
            if text is not None:
                row[field.slug] = read_value(field, text)
            elif not was:
                row[field.slug] = default_value(field, world.now)
        after.rows[self.kind.slug][self.number] = row
        return Record(after, self.kind, self.number)
