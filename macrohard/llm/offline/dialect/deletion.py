"""Reads what deleting does: refused while others refer to the record, or deletes them too."""

from macrohard.llm.offline.dialect.ast import DeleteRule, Rule
from macrohard.llm.offline.dialect.phrases import CANNOT_BE, HAS, WHICH, take_kinds, take_refused
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.subjects import Subject
from macrohard.llm.offline.dialect.words import Cursor

_DELETING = ("deleting", "removing", "to delete", "to remove", "deletion of", "the deletion of")
_TOO = ("too", "as well", "also", "with it", "with them", "along with it", "together with it")
_PRONOUNS = ("it", "they", "he", "she", "the record", "there are")
_WHILE = ("while", "if", "when", "as long as", "so long as")
_DELETES = ("deletes", "removes", "also deletes", "also removes")
_GONE = ("deleted", "removed")


def read_deletion(
    cursor: Cursor,
    schema: Schema,
    subject: Subject,  # noqa: ARG001  (every reader of a rule is called alike)
    line: int,
) -> list[Rule] | None:
    """Read ``deleting a person who has expenses is refused`` and its kin."""
    if cursor.accept(*_DELETING):
        target = schema.take_kind(cursor)
        if target is None:
            raise schema.no_kind(cursor)
        return _after_deleting(cursor, schema, target, line)
    if cursor.accept("when", "if"):
        return _when_deleted(cursor, schema, line)
    target = schema.take_kind(cursor)
    if target is None or not _take_has(cursor):
        return None
    kinds = take_kinds(cursor, schema)
    if kinds and cursor.accept(*CANNOT_BE) and cursor.accept(*_GONE):
        return _rules(cursor, schema, target, kinds, cascade=False, line=line)
    return None


def _take_has(cursor: Cursor) -> bool:
    cursor.accept(*WHICH)
    return cursor.accept(*HAS)


def _after_deleting(cursor: Cursor, schema: Schema, target: DraftKind, line: int) -> list[Rule]:
    if cursor.accept(*_DELETES):
        kinds = _some_kinds(cursor, schema)
        cursor.accept(*_TOO)
        return _rules(cursor, schema, target, kinds, cascade=True, line=line)
    if _take_has(cursor):
        kinds = _some_kinds(cursor, schema)
        cascade = cursor.accept(*_DELETES)
        if cascade:
            cursor.accept("them", "those", "these")
            cursor.accept(*_TOO)
        elif not take_refused(cursor):
            raise cursor.not_understood("rules")
        return _rules(cursor, schema, target, kinds, cascade=cascade, line=line)
    if not take_refused(cursor):
        raise cursor.not_understood("rules")
    if cursor.at_end:
        raise cursor.puzzle(
            f"if {target.plural} may never be deleted, leave delete out of their features; "
            f"else say while which records refer to them.",
            "rules",
        )
    if not (cursor.accept(*_WHILE) and cursor.accept(*_PRONOUNS) and _take_has(cursor)):
        raise cursor.not_understood("rules")
    kinds = _some_kinds(cursor, schema)
    return _rules(cursor, schema, target, kinds, cascade=False, line=line)


def _some_kinds(cursor: Cursor, schema: Schema) -> list[DraftKind]:
    kinds = take_kinds(cursor, schema)
    if not kinds:
        raise schema.no_kind(cursor)
    return kinds


def _when_deleted(cursor: Cursor, schema: Schema, line: int) -> list[Rule] | None:
    """``When a person is deleted, their expenses are deleted too``; ``…, so are its lines``."""
    target = schema.take_kind(cursor)
    if target is None or not (cursor.accept("is", "are", "gets") and cursor.accept(*_GONE)):
        return None
    cursor.skip(",", "then")
    so = cursor.accept("so are", "so is")
    kinds = _some_kinds(cursor, schema)
    if not so:
        cursor.accept("are also", "are", "is", "get", "go")
        if not cursor.accept(*_GONE):
            raise cursor.not_understood("rules")
    cursor.accept(*_TOO)
    return _rules(cursor, schema, target, kinds, cascade=True, line=line)


def _rules(
    cursor: Cursor,
    schema: Schema,
    target: DraftKind,
    kinds: list[DraftKind],
    *,
    cascade: bool,
    line: int,
) -> list[Rule]:
    rules: list[Rule] = []
    text = cursor.whole()
    for kind in kinds:
        references = schema.references(kind.slug, target.slug)
        if not references:
            raise cursor.puzzle(
                f"{kind.plural} do not refer to {target.plural}: {kind.name} has no field that is "
                f"a reference to {target.name}."
            )
        rules += [
            DeleteRule(target.slug, kind.slug, each.slug, cascade, text, line)
            for each in references
        ]
    return rules
