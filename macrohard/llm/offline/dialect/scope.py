"""What an expression or a condition is about."""

from collections.abc import Callable
from dataclasses import dataclass

from macrohard.llm.offline.dialect.ast import Condition
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.words import Cursor


@dataclass(frozen=True)
class Scope:
    """What an expression is about.

    Attributes:
        schema: All kinds.
        kind: Slug of the kind whose record it is about.
        read_condition: Reads the condition of an aggregate (conditions are made of expressions).
        aggregates: Whether aggregates over other kinds may stand here: in computed fields.
        inner: Inside the condition of an aggregate, where arithmetic needs brackets.
    """

    schema: Schema
    kind: str
    read_condition: Callable[[Cursor, "Scope"], Condition]
    aggregates: bool = False
    inner: bool = False

    @property
    def draft(self) -> DraftKind:
        """The kind itself."""
        return self.schema.kinds[self.kind]
