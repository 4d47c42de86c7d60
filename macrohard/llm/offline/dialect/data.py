"""Reads the Data section: record kinds and their fields."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from macrohard.llm.offline.dialect.ast import CompareOp, Field, FieldType
from macrohard.llm.offline.dialect.conditions import read_condition
from macrohard.llm.offline.dialect.constraints import Wanted, make_field
from macrohard.llm.offline.dialect.expressions import Scope, read_number, read_sum
from macrohard.llm.offline.dialect.fields import read_field, read_type
from macrohard.llm.offline.dialect.markdown import Entry, Section
from macrohard.llm.offline.dialect.naming import (
    RESERVED_FIELDS,
    plural_of,
    singular_of,
    slug_of,
)
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.schema import DraftKind, FieldRule, Pending, Schema
from macrohard.llm.offline.dialect.typecheck import shape_of
from macrohard.llm.offline.dialect.words import Cursor, Puzzle, words_of

MAX_FIELDS = 200
"""Fields of one kind; SQLite takes 2000 columns, a person far fewer."""

_FORMULA = ("computed as", "calculated as", "computed from", "computed", "calculated", "derived as")
_NOT_FORMULA = {"default", "length", "minimum", "maximum", "min", "max"}
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


def read_data(sections: list[Section], problems: Problems) -> tuple[Schema, list[str]]:
    """Read all record kinds.

    Args:
        sections: The Data section (or sections; more than one is reported elsewhere).
        problems: Takes what cannot be read.

    Returns:
        The schema, complete unless problems were found, and the assumptions that were made.
    """
    schema = Schema()
    assumptions: list[str] = []
    pairs: list[tuple[DraftKind, RawKind]] = []
    for raw in _raw_kinds(sections, problems):
        try:
            pairs.append((_draft(raw, schema, assumptions), raw))
        except Puzzle as puzzle:
            problems.add(raw.entry.line_at(puzzle.offset), puzzle)
        if problems.too_many:
            break
    _check_plurals(schema, problems)
    schema.name_plurals()
    for draft, raw in pairs:
        _read_fields(draft, raw, schema, problems)
        if problems.too_many:
            break
    for draft, raw in pairs:
        _name_aliases(draft, schema)
        if not draft.fields and not problems:
            problems.add(raw.entry.line, Puzzle(f"{draft.name} has no fields.", hint="kinds"))
    _read_formulas(schema, problems)
    return schema, assumptions


# -- from lines to kinds and lines of fields -----------------------------------------------------


def _raw_kinds(sections: list[Section], problems: Problems) -> list[RawKind]:
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
        self._kind, self._field_depth = None, None
        self._bullet_depth = entry.depth if entry.form == "bullet" else -1
        kind = _raw_kind(entry)
        self._kind = kind
        self._kinds.append(kind)

    def _take_field(self, entry: Entry, kind: RawKind) -> None:
        if self._field_depth is None:
            self._field_depth = entry.depth
        if entry.depth > self._field_depth + 1 and kind.fields:
            above = kind.fields[-1].entry
            offset = len(above.text) + 2
            above.starts += [(offset + start, line) for start, line in entry.starts]
            above.text = f"{above.text}, {entry.text}"
        else:
            kind.fields.append(RawField(entry))


def _raw_kind(entry: Entry) -> RawKind:
    """``Expense``, ``Person (plural: people)``, ``An expense has:``, ``Expense: date (date), …``."""
    cursor = Cursor(entry.text)
    cursor.accept("a", "an", "each", "every", "the", "record kind:", "kind:")
    end = cursor.position
    while (token := cursor.peek(end - cursor.position)) and not (
        token.norm in {":", "(", "has", "have", ","} or (token.norm in {"-", "."})
    ):
        end += 1
    name = _slice(cursor, cursor.position, end)
    cursor.position = end
    plural = _plural(cursor)
    has_list = cursor.accept("has", "have", ":", "-")
    cursor.skip(":", "these fields", "the following fields", "the following", "fields", ".")
    if cursor.at_end and (has_list or entry.form != "prose"):
        return RawKind(entry, name, plural)
    if not has_list:
        raise (
            Puzzle(_PROSE, cursor.offset, "kinds")
            if entry.form == "prose"
            else (cursor.not_understood("kinds"))
        )
    if entry.form == "bullet" and read_type(cursor) and not name[:1].isupper():
        raise Puzzle(
            f"“{name}” looks like a field, but no record kind stands above it: "
            "write a line such as “### Expense” first.",
            hint="kinds",
        )
    return RawKind(entry, name, plural, [RawField(entry, *span) for span in _pieces(cursor)])


def _plural(cursor: Cursor) -> str:
    start = cursor.position
    bracket = cursor.accept("(")
    if not cursor.accept("plural:", "plural", ", plural:", ", plural", "/"):
        cursor.position = start
        return ""
    begin = cursor.position
    while not cursor.at_end and cursor.norm() not in {")", ":", "has", "have", "."}:
        cursor.position += 1
    plural = _slice(cursor, begin, cursor.position)
    if bracket and not cursor.accept(")"):
        raise cursor.puzzle("this bracket is never closed: “)” is missing.")
    return plural


def _slice(cursor: Cursor, begin: int, end: int) -> str:
    """The text of some tokens as written."""
    tokens = cursor.tokens[begin:end]
    return cursor.text[tokens[0].start : tokens[-1].end].strip() if tokens else ""


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


def _draft(raw: RawKind, schema: Schema, assumptions: list[str]) -> DraftKind:
    name, plural = raw.name, raw.plural
    if not plural and (one := singular_of(name)):
        assumptions.append(f"“{name}” is the plural of the record kind “{one.lower()}”.")
        name, plural = one, name
    slug = slug_of(name, "record kind")
    if plural:
        slug_of(plural, "plural")
    if slug in schema.kinds:
        raise Puzzle(
            f"a second record kind {name}; the first is on line {schema.kinds[slug].line}."
        )
    kind = DraftKind(name.lower(), (plural or plural_of(name)).lower(), slug, raw.entry.line)
    schema.add(kind)
    return kind


def _check_plurals(schema: Schema, problems: Problems) -> None:
    owners = {words_of(kind.name): kind for kind in schema.kinds.values()}
    for kind in schema.kinds.values():
        other = owners.setdefault(words_of(kind.plural), kind)
        if other is not kind:
            message = f"the plural {kind.plural} is also a name of the record kind {other.name}."
            problems.add(kind.line, Puzzle(f"{message} Write ### {kind.name} (plural: …)."))


# -- from lines of fields to fields --------------------------------------------------------------


def _read_fields(draft: DraftKind, raw: RawKind, schema: Schema, problems: Problems) -> None:
    cursors: dict[int, Cursor] = {}
    for part in raw.fields:
        entry = part.entry
        whole = cursors.setdefault(id(entry), Cursor(entry.text))
        cursor = Cursor(entry.text, part.start, whole.tokens[: part.end])
        try:
            if len(draft.fields) >= MAX_FIELDS:
                raise Puzzle(f"{draft.name} has more than {MAX_FIELDS} fields.")  # noqa: TRY301
            _read_one(draft, cursor, entry, schema, problems)
        except Puzzle as puzzle:
            problems.add(entry.line_at(puzzle.offset), puzzle)
        if problems.too_many:
            return


def _read_one(
    draft: DraftKind, cursor: Cursor, entry: Entry, schema: Schema, problems: Problems
) -> None:
    line = entry.line_at(cursor.offset)
    if cursor.tokens[cursor.position + 1 :] and cursor.norm() in {"a", "an", "the"}:
        cursor.position += cursor.norm(1) not in {":", "(", "=", ",", "-"}
    begin = cursor.position
    while not cursor.at_end and cursor.norm() not in {":", "(", "=", ",", "-", ")", ";", "."}:
        cursor.position += 1
    name = _slice(cursor, begin, cursor.position)
    slug = slug_of(name, "field")
    if slug in RESERVED_FIELDS:
        raise Puzzle(
            f"no field can be called {name}: {RESERVED_FIELDS[slug]}. Choose another name."
        )
    if slug in draft.fields:
        raise Puzzle(
            f"a second field {name} of {draft.name}; "
            f"the first is on line {draft.fields[slug].line}."
        )
    # The name is known even if the rest of the line is not, so that one mistake is one problem.
    draft.names.add(name, slug)
    draft.fields[slug] = Field(name, slug, FieldType.TEXT, line)
    found = _formula_at(cursor)
    if found is None:
        draft.fields[slug] = read_field(
            name, slug, line, cursor, schema, partial(_note_rule, schema, draft.slug, slug, line)
        )
        return
    front = Cursor(cursor.text, cursor.position, cursor.tokens[: found[0]])
    cursor.position = found[1]
    formula = _Formula(name, slug, line, front, cursor, draft, schema)
    read = partial(_read_or_report, formula, entry, problems)
    draft.fields[slug] = Pending(name, slug, line, read)


def _note_rule(
    schema: Schema, kind: str, slug: str, line: int, op: CompareOp, operand: str
) -> None:
    schema.field_rules.append(FieldRule(kind, slug, op, operand, line))


def _formula_at(cursor: Cursor) -> tuple[int, int] | None:
    """Where the formula of a computed field is announced, and where it begins; in tokens."""
    probe = Cursor(cursor.text, cursor.position, cursor.tokens)
    while not probe.at_end:
        begin = probe.position
        if probe.norm() == "=" and (begin == 0 or probe.norm(-1) not in _NOT_FORMULA):
            return begin, begin + 1
        if probe.accept(*_FORMULA):
            probe.skip(":", "=")
            return begin, probe.position
        probe.position += 1
    return None


@dataclass(frozen=True)
class _Formula:
    """A computed field, unread; ``front`` is what stands between its name and the formula."""

    name: str
    slug: str
    line: int
    front: Cursor
    cursor: Cursor
    draft: DraftKind
    schema: Schema


def _read_or_report(formula: _Formula, entry: Entry, problems: Problems) -> Field:
    """The field; where it cannot be read a stand-in, so that one mistake is one problem."""
    try:
        return _read_formula(formula)
    except Puzzle as puzzle:
        problems.add(entry.line_at(puzzle.offset), puzzle)
        return Field(formula.name, formula.slug, FieldType.DECIMAL, formula.line)


def _read_formula(formula: _Formula) -> Field:
    name, draft, schema = formula.name, formula.draft, formula.schema
    wanted = _wanted_of_formula(name, formula.front)
    scope = Scope(schema, draft.slug, read_condition, aggregates=True)
    expression = read_sum(formula.cursor, scope)
    _places_of_formula(formula.cursor, wanted)
    shape = shape_of(expression, draft.slug, schema.field)
    if shape.type is FieldType.REFERENCE:
        raise Puzzle(f"{name} would be a reference; compute a number, a date or a text.")
    declared, wanted.type = wanted.type, shape.type
    if (declared, shape.type) == (FieldType.DECIMAL, FieldType.INTEGER):
        wanted.type = FieldType.DECIMAL
    elif declared not in {None, shape.type}:
        raise Puzzle(
            f"{name} is said to be {declared.value if declared else ''}, "
            f"but its formula gives {shape.type.value}."
        )
    wanted.choices = shape.choices
    if wanted.places is None and wanted.type is FieldType.DECIMAL:
        wanted.places = shape.places
    return replace(make_field(name, formula.slug, formula.line, wanted), computed=expression)


def _wanted_of_formula(name: str, front: Cursor) -> Wanted:
    wanted = Wanted()
    while not front.at_end:
        if (found := read_type(front)) is not None:
            wanted.type = found
        elif front.accept(":", ",", "(", ")", "-", "is", "with"):
            continue
        elif not _places_of_formula(front, wanted, last=False):
            raise front.puzzle(
                f"{name} is computed; only its type and decimal places can be said besides."
            )
    return wanted


def _places_of_formula(cursor: Cursor, wanted: Wanted, *, last: bool = True) -> bool:
    """Read ``, 3 decimal places`` or ``rounded to 3 places`` after or before a formula."""
    cursor.skip(",", "(", "rounded to", "with", "to")
    start = cursor.position
    number = read_number(cursor)
    if number is not None and cursor.accept(
        "decimal places", "decimal place", "decimals", "places"
    ):
        if number != int(number) or not 0 <= number <= 9:  # noqa: PLR2004  (MAX_PLACES)
            raise cursor.puzzle("decimal places must be a number from 0 to 9.")
        wanted.places = int(number)
        cursor.skip(")", ".")
    else:
        cursor.position = start
    if last and not cursor.at_end:
        raise cursor.not_understood("expressions")
    return cursor.position != start


def _name_aliases(draft: DraftKind, schema: Schema) -> None:
    """Let fields be called by their plurals, and references by the kind they refer to."""
    for each in draft.fields.values():
        draft.names.add(plural_of(each.name), each.slug)
    targets = Counter(
        each.target
        for each in draft.fields.values()
        if isinstance(each, Field) and each.type is FieldType.REFERENCE
    )
    for target, times in targets.items():
        if times == 1:
            draft.names.add(
                schema.kinds[target].name, schema.references(draft.slug, target)[0].slug
            )


def _read_formulas(schema: Schema, problems: Problems) -> None:
    for kind in schema.kinds.values():
        for slug in kind.fields:
            schema.field(kind.slug, slug)
            if problems.too_many:
                return
