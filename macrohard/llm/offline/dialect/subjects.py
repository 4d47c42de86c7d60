"""Of what a line speaks: kinds named in it, above it, or nowhere."""

from macrohard.llm.offline.dialect.ast import Field
from macrohard.llm.offline.dialect.markdown import Entry
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.words import Cursor

Subject = tuple[DraftKind, ...]
FieldsOfKinds = list[tuple[DraftKind, list[Field]]]
AHEAD = 60
"""How far ahead the kind may stand behind a list of its fields, in tokens."""

_EVERYTHING = (
    "everything", "all records", "all kinds", "all kinds of records", "all of them", "all of these",
    "records of every kind", "records of all kinds", "every kind of record", "every record",
    "all data", "all things", "any record", "records", "every kind", "each kind",
    "all kinds of record",
)  # fmt: skip


def read_subjects(cursor: Cursor, schema: Schema) -> Subject:
    """Step over ``expenses and people`` or ``everything``; empty where no kind comes next."""
    if cursor.accept(*_EVERYTHING):
        return tuple(schema.kinds.values())
    kinds: list[DraftKind] = []
    while True:
        start = cursor.position
        if kinds:
            cursor.skip(",", "and", "or", "of", "for")
            if cursor.position == start:
                break
        kind = schema.take_kind(cursor)
        if kind is None:
            cursor.position = start
            break
        if kind not in kinds:
            kinds.append(kind)
    return tuple(kinds)


def read_field_list(
    cursor: Cursor, schema: Schema, kind: DraftKind, between: tuple[str, ...] = ()
) -> list[Field]:
    """Step over ``date, amount and category``; ``between`` may stand there besides these.

    Raises:
        Puzzle: No field of the kind comes next.
    """
    fields: list[Field] = []
    while True:
        start = cursor.position
        if fields:
            # A field may begin with a word that joins: “in stock”.
            while kind.names.find(cursor) is None and cursor.accept(
                ",", "and", "or", "/", *between
            ):
                pass
            if cursor.position == start or _is_subject(cursor, schema):
                cursor.position = start
                break
        found = schema.take_field(cursor, kind.slug)
        if found is None:
            if not fields:
                raise kind.no_field(cursor)
            cursor.position = start
            break
        if found not in fields:
            fields.append(found)
    return fields


def fields_of_kinds(cursor: Cursor, schema: Schema) -> FieldsOfKinds | None:
    """``amount and price of expenses``, ``the expenses' amount``; None where it is not so."""
    for ahead in range(1, min(AHEAD, len(cursor.tokens) - cursor.position)):
        if cursor.norm(ahead) not in {"of", "for", "in", "from", "over", "across"}:
            continue
        behind = Cursor(cursor.text, cursor.position + ahead + 1, cursor.tokens)
        behind.accept("all", "all of")
        kinds = read_subjects(behind, schema)
        targets: FieldsOfKinds = []
        for kind in kinds:
            front = Cursor(cursor.text, cursor.position, cursor.tokens)
            front.accept("the", "a", "its", "their")
            if kind.names.find(front) is None:
                continue
            fields = read_field_list(front, schema, kind)
            if front.position == cursor.position + ahead:
                targets.append((kind, fields))
        if kinds and len(targets) == len(kinds):
            cursor.position = behind.position
            return targets
    return None


def kinds_having(cursor: Cursor, schema: Schema) -> Subject:
    """The one kind with a field of the name that comes next; empty where there is none.

    Raises:
        Puzzle: Several kinds have one.
    """
    having = [kind for kind in schema.kinds.values() if kind.names.find(cursor)]
    if len(having) > 1:
        raise cursor.puzzle(
            f"{listed(kind.plural for kind in having)} have such a field; say of which kind."
        )
    return tuple(having)


def _is_subject(cursor: Cursor, schema: Schema) -> bool:
    """Whether a kind comes next that something is done ``by``, and no field."""
    found = schema.names.find(cursor)
    return found is not None and cursor.norm(found[1]) == "by"


class Subjects:
    """Follows headings (``### Expenses``) and openings (``Expenses:``) through a section."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._heading: Subject = ()
        self._opening: tuple[int, Subject] | None = None
        self.current: Subject = ()

    def enter(self, entry: Entry) -> Cursor | None:
        """Take note of an entry.

        Returns:
            A cursor at what is left to read, or None where the entry only names kinds.

        Raises:
            Puzzle: It is a heading that names no kind.
        """
        cursor = Cursor(entry.text)
        if entry.form == "row":
            raise cursor.puzzle("tables are read in the Data section only; write bullets.")
        if entry.form == "heading":
            self._opening = None
            self._heading = self.current = read_subjects(cursor, self._schema)
            cursor.skip(":")
            if not self._heading or not cursor.at_end:
                raise self._schema.no_kind(cursor)
            return None
        if self._opening and entry.depth <= self._opening[0]:
            self._opening = None
        above = self._opening[1] if self._opening else self._heading
        start = cursor.position
        cursor.accept("for", "in")
        named = read_subjects(cursor, self._schema)
        if named and cursor.accept(":"):
            self.current = named
            if cursor.at_end:
                self._opening = (entry.depth if entry.form == "bullet" else -1, named)
                return None
            return cursor
        cursor.position = start
        self.current = above
        return cursor
