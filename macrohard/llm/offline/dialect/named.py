"""Reads named conditions: ``list "large" expenses where …``, ``mark tasks as "overdue" when …``."""

from dataclasses import dataclass

from macrohard.llm.offline.dialect.ast import NamedCondition
from macrohard.llm.offline.dialect.conditions import read_condition
from macrohard.llm.offline.dialect.naming import VERBS, slug_of
from macrohard.llm.offline.dialect.related import WHERE
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.subjects import Subject
from macrohard.llm.offline.dialect.words import Cursor


@dataclass(frozen=True)
class Head:
    """What stands before the condition."""

    kind: DraftKind
    name: str
    marks: bool


def read_head(cursor: Cursor, schema: Schema, inherited: Subject) -> Head | None:
    """Step over ``list "large" expenses where``; None where something else comes next.

    Args:
        cursor: Stands before it.
        schema: The record kinds.
        inherited: The kinds of the heading, for ``mark as "large" when``.

    Raises:
        Puzzle: A name is missing, or it marks and cannot be read.
    """
    start = cursor.position
    marks = cursor.accept("mark", "flag", "highlight")
    if not marks and not cursor.accept("list", "show", "see", "find"):
        return None
    cursor.skip("all", "the", "a", "an", "every", "each", "those", "as")
    name = _quoted(cursor) or _words_before_kind(cursor, schema)
    kind = schema.take_kind(cursor)
    if kind is None and len(inherited) == 1:
        kind = inherited[0]
    if kind is not None:
        cursor.skip("as", "called", "named", "that are", "which are", "who are", ",")
        name = name or _quoted(cursor) or _words_before_where(cursor)
    if kind and name and cursor.accept(*WHERE, ":"):
        return Head(kind, name, marks)
    if kind and not name and cursor.accept(*WHERE):
        message = f'give this list a name: list {kind.plural} "name" where …'
        raise cursor.puzzle(message, "features")
    cursor.position = start
    if marks:
        raise cursor.not_understood("features")
    return None


def read_named(cursor: Cursor, schema: Schema, head: Head, line: int) -> NamedCondition:
    """Read the condition itself.

    Raises:
        Puzzle: It cannot be read, or no command can have its name.
    """
    slug = slug_of(head.name, "condition")
    if slug.rstrip("_") in VERBS:
        raise cursor.puzzle(f"no condition can be called {head.name}: that is a command already.")
    condition = read_condition(cursor, Scope(schema, head.kind.slug, read_condition))
    return NamedCondition(head.name, slug, condition, head.marks, line)


def _quoted(cursor: Cursor) -> str:
    token = cursor.peek()
    if token is None or token.kind != "string":
        return ""
    cursor.position += 1
    return token.text


def _words_before_kind(cursor: Cursor, schema: Schema) -> str:
    """``large`` in ``large expenses``; empty where no kind follows."""
    begin = cursor.position
    while (token := cursor.peek()) and token.kind == "word":
        if schema.names.find(cursor):
            return cursor.between(begin, cursor.position)
        cursor.position += 1
    cursor.position = begin
    return ""


def _words_before_where(cursor: Cursor) -> str:
    """``due`` in ``due when``; empty where no condition follows."""
    begin = cursor.position
    while (token := cursor.peek()) and token.kind == "word":
        if token.norm in WHERE:
            return cursor.between(begin, cursor.position)
        cursor.position += 1
    cursor.position = begin
    return ""
