"""Reads the Data section: record kinds and their fields."""

import contextlib
from collections import Counter
from functools import partial

from macrohard.llm.offline.dialect.ast import CompareOp, Field, FieldType
from macrohard.llm.offline.dialect.fields import read_field
from macrohard.llm.offline.dialect.formulas import Formula, find_formula, read_or_report
from macrohard.llm.offline.dialect.markdown import Entry, Section
from macrohard.llm.offline.dialect.naming import RESERVED_FIELDS, plural_of, singular_of, slug_of
from macrohard.llm.offline.dialect.outline import RawKind, read_outline
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.schema import BrokenField, DraftKind, FieldRule, Pending, Schema
from macrohard.llm.offline.dialect.words import Cursor, Puzzle, Token, tokenize, words_of

MAX_FIELDS = 200
"""Fields of one kind; SQLite takes 2000 columns, a person far fewer."""


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
    told = len(problems)
    for raw in read_outline(sections, problems):
        try:
            pairs.append((_draft(raw, schema, assumptions), raw))
        except Puzzle as puzzle:
            problems.add(raw.entry.line_at(puzzle.offset), puzzle)
        if problems.too_many:
            break
    _check_plurals(schema, problems)
    schema.nameless = len(problems) > told
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


def _draft(raw: RawKind, schema: Schema, assumptions: list[str]) -> DraftKind:
    name, plural = raw.name, raw.plural
    if not plural and (one := singular_of(name)):
        assumptions.append(f"“{name}” is the plural of the record kind “{one.lower()}”.")
        name, plural = one, name
    if "and" in words_of(name)[1:-1]:
        raise Puzzle(
            f"“{raw.name}”: is this one record kind or two? Give each kind a heading of its own; "
            "the name of one kind has no “and” in it."
        )
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
    tokenized: dict[int, list[Token]] = {}
    for part in raw.fields:
        entry = part.entry
        if id(entry) not in tokenized:
            tokenized[id(entry)] = tokenize(entry.text)
        tokens = tokenized[id(entry)][: part.end]
        if tokens and tokens[-1].norm == ".":
            tokens = tokens[:-1]
        cursor = Cursor(entry.text, part.start, tokens)
        known = len(draft.fields)
        try:
            if len(draft.fields) >= MAX_FIELDS:
                raise Puzzle(f"{draft.name} has more than {MAX_FIELDS} fields.")  # noqa: TRY301
            _read_one(draft, cursor, entry, schema, problems)
        except Puzzle as puzzle:
            problems.add(entry.line_at(puzzle.offset), puzzle)
            schema.nameless |= len(draft.fields) == known
        if problems.too_many:
            return


def _read_one(
    draft: DraftKind, cursor: Cursor, entry: Entry, schema: Schema, problems: Problems
) -> None:
    line = entry.line_at(cursor.offset)
    if (second := cursor.peek(1)) and second.kind == "word":
        cursor.accept("a", "an", "the")
    begin = cursor.position
    while not cursor.at_end and cursor.norm() not in {":", "(", "=", ",", "-", ")", ";", "."}:
        cursor.position += 1
    name = cursor.between(begin, cursor.position)
    if any(token.norm == "and" for token in cursor.tokens[begin + 1 : cursor.position]):
        raise Puzzle(
            f"“{name}”: is this one field or two? Give each field a line of its own; "
            "the name of one field has no “and” in it."
        )
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
    schema.broken.add((draft.slug, slug))
    found = find_formula(cursor)
    if found is None:
        note = partial(_note_rule, schema=schema, kind=draft.slug, slug=slug, line=line)
        made = read_field(name, slug, cursor, line=line, schema=schema, read_rule=note)
        draft.fields[slug] = made
        schema.broken.remove((draft.slug, slug))
        return
    front = Cursor(cursor.text, cursor.position, cursor.tokens[: found[0]])
    cursor.position = found[1]
    formula = Formula(name, slug, line, front, cursor, draft, schema)
    read = partial(read_or_report, formula, entry, problems)
    draft.fields[slug] = Pending(name, slug, line, read)
    schema.broken.remove((draft.slug, slug))


def _note_rule(
    op: CompareOp, operand: str, *, schema: Schema, kind: str, slug: str, line: int
) -> None:
    schema.field_rules.append(FieldRule(kind, slug, op, operand, line))


def _name_aliases(draft: DraftKind, schema: Schema) -> None:
    """Let fields be called by their plurals, and references by the kind they refer to."""
    for each in draft.fields.values():
        if schema.names.get(plural_of(each.name)) is None:
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
            with contextlib.suppress(BrokenField):
                schema.field(kind.slug, slug)
            if problems.too_many:
                return
