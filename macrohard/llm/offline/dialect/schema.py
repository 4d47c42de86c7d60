"""What is known of the record kinds while a spec is read: names first, then fields, then formulas.

A computed field is read when somebody first asks for it, because its type follows from fields that
may stand below it or in another kind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from macrohard.llm.offline.dialect.ast import CompareOp, Field, FieldType
from macrohard.llm.offline.dialect.naming import did_you_mean, listed, some
from macrohard.llm.offline.dialect.words import Cursor, Phrases, Puzzle

MAX_CHAIN = 30
"""How deep computed fields may build on each other."""

ARTICLES = ("the", "a", "an", "its", "their", "his", "her", "this", "that", "each", "every")


class BrokenField(Puzzle):
    """A formula needs a field whose own problem is told already."""

    def __init__(self) -> None:
        super().__init__("it needs a field that cannot be read.")


@dataclass
class Pending:
    """A computed field whose formula has not been read yet."""

    name: str
    slug: str
    line: int
    read: Callable[[], Field]


@dataclass(frozen=True)
class FieldRule:
    """A bound in a field's line that is a rule: ``end: date, after start``.

    ``operand`` is the text of the expression the field is compared with.
    """

    kind: str
    slug: str
    op: CompareOp
    operand: str
    line: int


@dataclass
class DraftKind:
    """A record kind while it is read. ``names`` finds the slug of a field by what it is called."""

    name: str
    plural: str
    slug: str
    line: int
    names: Phrases[str] = field(default_factory=lambda: Phrases(()))
    fields: dict[str, Field | Pending] = field(default_factory=dict)

    def field_names(self) -> list[str]:
        """Names of the fields in order, for messages."""
        return [each.name for each in self.fields.values()]

    def no_field(self, cursor: Cursor) -> Puzzle:
        """A puzzle about a place where one of the fields was expected."""
        token = cursor.peek()
        if token is None or not cursor.rest():
            return cursor.puzzle("something is missing at the end.")
        near = did_you_mean(token.text, self.field_names())
        known = listed(some(self.field_names())) or "none"
        return cursor.puzzle(
            f"“{cursor.rest(40)}”: {self.name} has no such field.{near} "
            f"What I understand here: its fields {known}."
        )


class Schema:
    """The record kinds of a spec."""

    def __init__(self) -> None:
        self.kinds: dict[str, DraftKind] = {}
        self.names: Phrases[str] = Phrases(())
        self.singulars: Phrases[str] = Phrases(())
        self.field_rules: list[FieldRule] = []
        self.broken: set[tuple[str, str]] = set()
        """Fields whose line could not be read; what needs them is not worth telling."""
        self.nameless = False
        """Whether a kind or field is missing here, because not even its name could be read."""
        self._chain: list[tuple[str, str]] = []

    def add(self, kind: DraftKind) -> None:
        """Add a kind under its singular and plural."""
        self.kinds[kind.slug] = kind
        self.singulars.add(kind.name, kind.slug)

    def name_plurals(self) -> None:
        """Make every plural known; after all singulars, which have precedence."""
        for kind in self.kinds.values():
            self.names.add(kind.name, kind.slug)
        for kind in self.kinds.values():
            self.names.add(kind.plural, kind.slug)
            self.names.add(f"{kind.name}s", kind.slug)

    def field(self, kind: str, slug: str) -> Field:
        """A field, its type known.

        Raises:
            Puzzle: It is computed from itself, or its formula cannot be read.
        """
        found = self.kinds[kind].fields[slug]
        if (kind, slug) in self.broken:
            raise BrokenField
        if isinstance(found, Field):
            return found
        if (kind, slug) in self._chain:
            names = [
                self.kinds[k].fields[s].name
                for k, s in self._chain[self._chain.index((kind, slug)) :]
            ]
            raise Puzzle(f"computed from itself: {' → '.join([*names, names[0]])}.")
        if len(self._chain) >= MAX_CHAIN:
            raise Puzzle(f"computed fields build on each other more than {MAX_CHAIN} deep.")
        self._chain.append((kind, slug))
        try:
            done = found.read()
        finally:
            self._chain.pop()
        self.kinds[kind].fields[slug] = done
        return done

    def fields(self, kind: str) -> Iterator[Field]:
        """All fields of a kind in order, their types known."""
        for slug in self.kinds[kind].fields:
            yield self.field(kind, slug)

    def references(self, kind: str, target: str) -> list[Field]:
        """Fields of a kind that refer to another kind."""
        return [
            each
            for each in self.kinds[kind].fields.values()
            if isinstance(each, Field)
            and each.type is FieldType.REFERENCE
            and each.target == target
        ]

    def take_kind(self, cursor: Cursor) -> DraftKind | None:
        """Step over an optional article and the name of a kind."""
        start = cursor.position
        found = self.names.take(cursor)
        if found is None and cursor.norm() in {*ARTICLES, "any", "all", "another", "some"}:
            cursor.position += 1
            cursor.accept("the", "its", "their", "of the", "of its")
            found = self.names.take(cursor)
        if found is None:
            cursor.position = start
            return None
        return self.kinds[found]

    def no_kind(self, cursor: Cursor) -> Puzzle:
        """A puzzle about a place where the name of a kind was expected."""
        token = cursor.peek()
        known = listed(some(kind.plural for kind in self.kinds.values()))
        if token is None:
            return cursor.puzzle(f"of what? Name one of: {known}.")
        names = [name for kind in self.kinds.values() for name in (kind.name, kind.plural)]
        near = did_you_mean(token.text, names)
        return cursor.puzzle(
            f"“{cursor.rest(40)}”: not a record kind of this spec.{near} "
            f"What I understand here: {known}."
        )

    def take_field(self, cursor: Cursor, kind: str) -> Field | None:
        """Step over an optional article and a field of the kind."""
        names = self.kinds[kind].names
        start = cursor.position
        slug = names.take(cursor)
        if slug is None and cursor.norm() in ARTICLES:
            cursor.position += 1
            slug = names.take(cursor)
        if slug is None:
            cursor.position = start
            return None
        return self.field(kind, slug)
