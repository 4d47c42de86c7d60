"""Reads rules about one record: ``end is after start``, ``if lent, borrower is given``."""

from dataclasses import replace

from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    Compare,
    Condition,
    IsEmpty,
    RecordRule,
    Rule,
)
from macrohard.llm.offline.dialect.comparisons import INVERTED
from macrohard.llm.offline.dialect.conditions import read_condition
from macrohard.llm.offline.dialect.measures import bounds_of
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.phrases import WHICH, take_refused
from macrohard.llm.offline.dialect.related import WHERE
from macrohard.llm.offline.dialect.schema import ARTICLES, DraftKind, Schema
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.subjects import Subject
from macrohard.llm.offline.dialect.words import Cursor, Puzzle, Token

_COLON = Token("op", ":", ":", 0, 0)

_MAX_TRIES = 40
"""Kinds tried for a rule that names none."""

_AHEAD = 4
"""How many words (if, the, …) may stand before the first field."""


def read_record_rule(
    cursor: Cursor, schema: Schema, subject: Subject, line: int
) -> list[Rule] | None:
    """Read a condition that every record of a kind must meet.

    Raises:
        Puzzle: It is no such condition, or one about several kinds.
    """
    if (newly := _about_new(cursor, schema)) is not None:
        cursor.position = len(cursor.tokens)
        rules = read_record_rule(newly, schema, subject, line) or []
        return _only_new(rules, cursor)
    if (refused := _refused(cursor, schema)) is not None:
        kind, condition = refused
        return _made(cursor, schema, kind, condition, line)
    kinds, named = _kinds(cursor, schema, subject)
    start = cursor.position
    fits: list[tuple[DraftKind, Condition]] = []
    failures: list[tuple[DraftKind, Puzzle]] = []
    for kind in kinds:
        cursor.position = start
        try:
            fits.append((kind, _read(cursor, schema, kind)))
        except Puzzle as puzzle:
            failures.append((kind, puzzle))
    cursor.position = start
    if not fits or (named and failures):
        raise _failure(cursor, schema, failures)
    if len(fits) > 1 and not named:
        names = listed((kind.name for kind, _ in fits), "or")
        raise cursor.puzzle(f"of which kind: {names}? Begin with “each {fits[0][0].name}:”.")
    cursor.position = len(cursor.tokens)
    return [
        rule for kind, condition in fits for rule in _made(cursor, schema, kind, condition, line)
    ]


_ADDED = (
    "is added", "is entered", "is recorded", "is made", "is created", "is added or imported",
    "are added", "are entered", "are recorded", "are made", "are created",
)  # fmt: skip


def _about_new(cursor: Cursor, schema: Schema) -> Cursor | None:
    """The sentence without what says that it is about new records; None where nothing does.

    ``each new booking: …``, ``the start of a new booking …``, ``when a booking is added, …``.
    """
    start = cursor.position
    probe = Cursor(cursor.text, start, cursor.tokens)
    probe.begin = cursor.begin
    if probe.accept("when", "whenever", "if") and schema.take_kind(probe) is not None:
        named = probe.position
        if probe.accept(*_ADDED) and probe.accept(",", ":"):
            tokens = [*cursor.tokens[:start], *cursor.tokens[start + 1 : named], _COLON]
            return _with_tokens(cursor, [*tokens, *cursor.tokens[probe.position :]])
    for at in range(start, len(cursor.tokens) - 1):
        here, behind = (Cursor(cursor.text, place, cursor.tokens) for place in (at, at + 1))
        is_new = here.norm() == "new" and schema.names.find(here) is None
        if is_new and schema.names.find(behind) is not None:
            return _with_tokens(cursor, [*cursor.tokens[:at], *cursor.tokens[at + 1 :]])
    return None


def _with_tokens(cursor: Cursor, tokens: list[Token]) -> Cursor:
    made = Cursor(cursor.text, cursor.position, tokens)
    made.begin = cursor.begin
    return made


def _only_new(rules: list[Rule], cursor: Cursor) -> list[Rule]:
    """The rules, for new records alone."""
    if not all(isinstance(rule, RecordRule) for rule in rules):
        raise cursor.puzzle(
            "a rule about new records can compare fields; what other records change is bounded "
            "always: leave “new” out."
        )
    text = cursor.whole()
    return [
        replace(rule, only_new=True, text=text) for rule in rules if isinstance(rule, RecordRule)
    ]


def _failure(cursor: Cursor, schema: Schema, failures: list[tuple[DraftKind, Puzzle]]) -> Puzzle:
    """Why no kind fits: about the kind that is named, else where reading got furthest."""
    named = _named(cursor, schema)
    about = [puzzle for kind, puzzle in failures if kind.slug in named]
    if named and not about:
        return cursor.not_understood("rules")
    about = about or [puzzle for _, puzzle in failures]
    best = max(about, key=lambda puzzle: puzzle.offset or 0)
    if len(about) > 1 and (best.offset or 0) <= cursor.offset:
        return cursor.not_understood("rules")
    return best


def _made(
    cursor: Cursor, schema: Schema, kind: DraftKind, condition: Condition, line: int
) -> list[Rule]:
    text = cursor.whole()
    bounds = bounds_of(condition, schema, kind.slug, text, line)
    return bounds or [RecordRule(kind.slug, condition, text, line)]


def _kinds(cursor: Cursor, schema: Schema, subject: Subject) -> tuple[Subject, bool]:
    """Kinds the sentence can be about, and whether it names them."""
    start = cursor.position
    cursor.accept("for", "in", "of")
    kind = schema.take_kind(cursor)
    if kind and cursor.accept(",", ":", "'s"):
        return (kind,), True
    cursor.position = start
    if subject:
        return subject, True
    having = [
        each
        for each in schema.kinds.values()
        if any(each.names.find(cursor, ahead) for ahead in range(_AHEAD))
    ]
    found = having or list(schema.kinds.values())
    if len(found) > _MAX_TRIES:
        named = _named(cursor, schema)
        found = [each for each in found if each.slug in named][:_MAX_TRIES]
        if not found:
            raise cursor.puzzle("of which kind? Begin with “each KIND:”.", "rules")
    return tuple(found), len(schema.kinds) == 1


def _named(cursor: Cursor, schema: Schema) -> set[str]:
    """Slugs of the kinds that a sentence names."""
    places = (Cursor(cursor.text, at, cursor.tokens) for at in range(len(cursor.tokens)))
    return {found[0] for place in places if (found := schema.names.find(place))}


def _read(cursor: Cursor, schema: Schema, kind: DraftKind) -> Condition:
    """One condition, or one that holds only when another does."""
    scope = Scope(schema, kind.slug, read_condition)
    if cursor.accept("if", "when", "where"):
        premise = read_condition(cursor, scope)
        cursor.skip(",", "then", ":")
        return _to_end(cursor, _implied(premise, read_condition(cursor, scope)))
    conclusion = read_condition(cursor, scope)
    if cursor.accept("if", "when", "whenever", "as soon as", "where"):
        return _to_end(cursor, _implied(read_condition(cursor, scope), conclusion))
    return _to_end(cursor, conclusion)


def _to_end(cursor: Cursor, condition: Condition) -> Condition:
    if not cursor.at_end:
        raise cursor.not_understood("conditions")
    return condition


def _implied(premise: Condition, conclusion: Condition) -> Condition:
    parts: list[Condition] = []
    for part in (negated(premise), conclusion):
        parts += part.parts if isinstance(part, BoolOp) and part.op == "or" else [part]
    return BoolOp("or", tuple(parts))


def negated(condition: Condition) -> Condition:
    """What holds when the condition does not; empty values aside."""
    if isinstance(condition, Compare):
        return Compare(INVERTED[condition.op], condition.left, condition.right)
    if isinstance(condition, IsEmpty):
        return IsEmpty(condition.slug, not condition.negated)
    other = "or" if condition.op == "and" else "and"
    return BoolOp(other, tuple(negated(part) for part in condition.parts))


def _refused(cursor: Cursor, schema: Schema) -> tuple[DraftKind, Condition] | None:
    """``an expense whose amount is above its limit is refused``."""
    start = cursor.position
    kind = schema.take_kind(cursor)
    if kind is None or not cursor.accept(*WHERE, *WHICH):
        cursor.position = start
        return None
    end = len(cursor.tokens)
    for index in range(cursor.position, end):
        probe = Cursor(cursor.text, index, cursor.tokens)
        if take_refused(probe) and probe.at_end:
            inside = Cursor(cursor.text, cursor.position, cursor.tokens[:index])
            inside.accept("has", "have")
            inside.skip(*ARTICLES)
            condition = read_condition(inside, Scope(schema, kind.slug, read_condition))
            _to_end(inside, condition)
            cursor.position = end
            return kind, negated(condition)
    cursor.position = start
    return None
