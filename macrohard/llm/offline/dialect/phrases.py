"""Turns of phrase that several kinds of rule share."""

from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.words import Cursor

REFUSED = (
    "is refused", "are refused", "is not allowed", "are not allowed", "is forbidden",
    "are forbidden", "is rejected", "are rejected", "must be refused", "will be refused",
    "is not possible", "is impossible", "is not permitted", "are not permitted", "is an error",
    "must not exist", "may not exist", "cannot exist", "must not happen", "is invalid",
)  # fmt: skip
HAS = (
    "has", "have", "still has", "still have", "with", "has any", "have any", "is used by",
    "are used by", "is still used by", "has at least one", "is referred to by", "owns", "own",
    "holds", "hold",
)  # fmt: skip
WHICH = ("who", "that", "which")
CANNOT_BE = (
    "cannot be", "can not be", "may not be", "must not be", "can't be", "is never",
    "are never", "must never be", "may never be", "is not", "are not",
)  # fmt: skip


def take_refused(cursor: Cursor) -> bool:
    """Step over ``is refused`` in one of its wordings, at the end of a sentence."""
    cursor.accept(",")
    return cursor.accept(*REFUSED)


def take_kinds(cursor: Cursor, schema: Schema) -> list[DraftKind]:
    """Step over ``expenses or loans``."""
    kinds: list[DraftKind] = []
    while True:
        start = cursor.position
        if kinds and not cursor.accept(", or", ", and", ",", "and", "or"):
            return kinds
        cursor.accept("all of", "all", "any")
        kind = schema.take_kind(cursor)
        if kind is None:
            cursor.position = start
            return kinds
        kinds.append(kind)
