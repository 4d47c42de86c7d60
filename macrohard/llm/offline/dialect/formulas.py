"""Reads computed fields: ``total = quantity * price``."""

from dataclasses import dataclass, replace

from macrohard.llm.offline.dialect.ast import Field, FieldType
from macrohard.llm.offline.dialect.conditions import read_condition
from macrohard.llm.offline.dialect.constraints import MAX_PLACES, Wanted, make_field
from macrohard.llm.offline.dialect.expressions import read_number, read_sum
from macrohard.llm.offline.dialect.fields import read_type
from macrohard.llm.offline.dialect.markdown import Entry
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.schema import BrokenField, DraftKind, Schema
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.typecheck import shape_of
from macrohard.llm.offline.dialect.words import Cursor, Puzzle

_FORMULA = ("computed as", "calculated as", "computed from", "computed", "calculated", "derived as")
_NOT_FORMULA = {"default", "length", "minimum", "maximum", "min", "max"}
_PLACES = ("decimal places", "decimal place", "decimals", "places")


def find_formula(cursor: Cursor) -> tuple[int, int] | None:
    """Where the formula of a computed field is announced, and where it begins; in tokens."""
    probe = Cursor(cursor.text, cursor.position, cursor.tokens)
    while not probe.at_end:
        begin = probe.position
        # Right behind the name, also where that is a word which announces a bound: “length = …”.
        first = begin == cursor.position
        if probe.norm() == "=" and (first or probe.norm(-1) not in _NOT_FORMULA):
            return begin, begin + 1
        if probe.accept(*_FORMULA):
            probe.skip(":", "=")
            return begin, probe.position
        probe.position += 1
    return None


@dataclass(frozen=True)
class Formula:
    """A computed field, unread; ``front`` is what stands between its name and the formula."""

    name: str
    slug: str
    line: int
    front: Cursor
    cursor: Cursor
    draft: DraftKind
    schema: Schema


def read_or_report(formula: Formula, entry: Entry, problems: Problems) -> Field:
    """The field; where it cannot be read a stand-in, so that one mistake is one problem."""
    try:
        return _read_formula(formula)
    except Puzzle as puzzle:
        if not isinstance(puzzle, BrokenField):
            problems.add(entry.line_at(puzzle.offset), puzzle)
        formula.schema.broken.add((formula.draft.slug, formula.slug))
        return Field(formula.name, formula.slug, FieldType.DECIMAL, formula.line)


def _read_formula(formula: Formula) -> Field:
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
        if number != int(number) or not 0 <= number <= 9:
            raise cursor.puzzle(f"decimal places must be a number from 0 to {MAX_PLACES}.")
        wanted.places = int(number)
        cursor.skip(")", ".")
    else:
        cursor.position = start
    if last and not cursor.at_end:
        raise cursor.not_understood("expressions")
    return cursor.position != start
