"""Tells in the Data section which line is a kind, which a field, which goes on about one."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from macrohard.llm.offline.dialect.fields import read_type
from macrohard.llm.offline.dialect.markdown import MAX_ENTRY, Entry, Section, sentences_of
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.words import Cursor, Puzzle

_MAX_WORDS = 4
"""Words that the name of a kind may have where nothing but a colon says that it is one."""

_LEAD_INS = {
    "fields", "attributes", "columns", "properties", "it has", "has", "with", "these fields",
    "it has these fields", "records", "kinds", "record kinds", "kinds of record", "entities",
    "tables", "the records", "the following", "with these fields", "with the following fields",
    "it has the following fields", "each has", "fields are", "the fields are",
}  # fmt: skip
_PROSE = "I do not understand this line. Notes for human readers go into lines that begin with “>”."


@dataclass
class RawField:
    """The line of a field, or its part of a line that lists several."""

    entry: Entry
    start: int = 0
    end: int | None = None


@dataclass
class RawKind:
    """A kind and its lines."""

    entry: Entry
    name: str
    plural: str
    fields: list[RawField] = field(default_factory=list)


def read_outline(sections: list[Section], problems: Problems) -> list[RawKind]:
    """Tell kinds and fields apart, without reading the fields."""
    kinds: list[RawKind] = []
    for section in sections:
        shape = _Shape(kinds)
        for entry in section.entries:
            try:
                shape.take(entry)
            except Puzzle as puzzle:
                problems.add(entry.line_at(puzzle.offset), puzzle)
    return kinds


class _Shape:
    """Tells which bullet is a kind, which a field, and which goes on about the field above."""

    def __init__(self, kinds: list[RawKind]) -> None:
        self._kinds = kinds
        self._kind: RawKind | None = None
        self._bullet_depth = -1
        self._field_depth: int | None = None

    def take(self, entry: Entry) -> None:
        if entry.form == "bullet" and self._kind and entry.depth > self._bullet_depth:
            self._take_field(entry, self._kind)
            return
        if entry.form == "row":
            self._take_row(entry)
            return
        for sentence in sentences_of(entry) if entry.form == "prose" else [entry]:
            if entry.form == "prose" and _is_lead_in(sentence.text):
                continue
            try:
                kind = _raw_kind(sentence)
            except Puzzle:
                if entry.form == "bullet":  # what hangs below it is not told as well
                    self._kind, self._bullet_depth = RawKind(entry, "", ""), entry.depth
                raise
            self._kind, self._field_depth = kind, None
            self._bullet_depth = entry.depth if entry.form == "bullet" else -1
            self._kinds.append(kind)

    def _take_row(self, entry: Entry) -> None:
        """A row of a table: the name of a field, its type, what must hold."""
        if self._kind is None:
            raise Puzzle("no record kind stands above this table: write “### Expense” first.")
        cells = [cell.strip() for cell in entry.text.strip("| ").split("|")]
        if set(entry.text) <= set("|-: "):
            self._drop_header(self._kind, entry)
            return
        rest = ", ".join(cell for cell in cells[1:] if cell not in {"", "-"})
        behind = f": {rest}" if rest and "=" not in cells[0] else f", {rest}" if rest else ""
        row = Entry("row", f"{cells[0]}{behind}", entry.line, entry.depth, entry.starts)
        self._kind.fields.append(RawField(row))

    def _drop_header(self, kind: RawKind, line: Entry) -> None:
        """The row above the line of a table is no field, unless it says a type."""
        rows = [each.entry for each in kind.fields[-2:] if each.entry.form == "row"]
        first = rows and rows[-1].line == line.line - 1 and rows[0].line != line.line - 2
        if not first:
            raise Puzzle("this line belongs below the first row of a table.")
        _, _, described = rows[-1].text.partition(": ")
        if read_type(Cursor(described)) is None:
            kind.fields.pop()

    def _take_field(self, entry: Entry, kind: RawKind) -> None:
        if self._field_depth is None:
            self._field_depth = entry.depth
        if entry.depth > self._field_depth + 1 and kind.fields:
            above = kind.fields[-1].entry
            offset = len(above.text) + 2
            if offset + len(entry.text) > MAX_ENTRY:
                raise Puzzle(f"the lines below this field have more than {MAX_ENTRY} characters.")
            above.starts += [(offset + start, line) for start, line in entry.starts]
            above.text = f"{above.text}, {entry.text}"
        else:
            kind.fields.append(RawField(entry))


def _is_lead_in(text: str) -> bool:
    """Whether a line only leads over to the bullets below it: ``Fields:``, ``It has:``."""
    return text.strip().rstrip(":").strip().lower() in _LEAD_INS


def _raw_kind(entry: Entry) -> RawKind:
    """``Expense``, ``Person (plural: people)``, ``An expense has:``, ``Expense: date (date)``."""
    cursor = Cursor(entry.text)
    if len(cursor.tokens) > 1 and cursor.tokens[1].kind == "word":
        cursor.accept("a", "an", "each", "every", "the")
    cursor.accept("record kind:", "kind:")
    end = cursor.position
    while (token := cursor.peek(end - cursor.position)) and not (
        token.norm in {":", "(", "has", "have", ","} or (token.norm in {"-", "."})
    ):
        end += 1
    name = cursor.between(cursor.position, end)
    cursor.position = end
    plural = _plural(cursor)
    has_list = cursor.accept("has", "have", ":", "-")
    cursor.skip(":", "these fields", "the following fields", "the following", "fields", ".")
    if entry.form == "prose" and len(name.split()) > _MAX_WORDS:
        raise _prose(cursor)
    if cursor.at_end and (has_list or entry.form != "prose"):
        return RawKind(entry, name, plural)
    if not has_list:
        raise (cursor.not_understood("kinds") if entry.form != "prose" else _prose(cursor))
    if not any(token.norm == "(" for token in cursor.tokens[cursor.position :]):
        _check_field(entry, cursor, name)
        raise _prose(cursor)
    _check_field(entry, cursor, name)
    return RawKind(entry, name, plural, [RawField(entry, *span) for span in _pieces(cursor)])


def _check_field(entry: Entry, cursor: Cursor, name: str) -> None:
    """See that what could be a kind is not a field which no kind stands above."""
    probe = Cursor(cursor.text, cursor.position, cursor.tokens)
    if entry.form == "bullet" and read_type(probe) and not name[:1].isupper():
        raise Puzzle(
            f"“{name}” looks like a field, but no record kind stands above it: "
            "write a line such as “### Expense” first.",
            hint="kinds",
        )


def _prose(cursor: Cursor) -> Puzzle:
    return Puzzle(_PROSE, cursor.offset, "kinds")


def _plural(cursor: Cursor) -> str:
    start = cursor.position
    bracket = cursor.accept("(")
    if not cursor.accept("plural:", "plural", ", plural:", ", plural", "/"):
        cursor.position = start
        return ""
    begin = cursor.position
    while not cursor.at_end and cursor.norm() not in {")", ":", "has", "have", "."}:
        cursor.position += 1
    plural = cursor.between(begin, cursor.position)
    if bracket and not cursor.accept(")"):
        raise cursor.puzzle("this bracket is never closed: “)” is missing.")
    return plural


def _pieces(cursor: Cursor) -> Iterator[tuple[int, int]]:
    """Where each field of a list in one line begins and ends, in tokens."""
    depth = 0
    begin = cursor.position
    for index in range(cursor.position, len(cursor.tokens)):
        norm = cursor.tokens[index].norm
        depth += {"(": 1, ")": -1}.get(norm, 0)
        if depth == 0 and norm in {",", ";", "and", "."}:
            if index > begin:
                yield begin, index
            begin = index + 1
    if begin < len(cursor.tokens):
        yield begin, len(cursor.tokens)
