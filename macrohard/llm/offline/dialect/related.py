"""Reads aggregates over the records that refer here: ``count of loans where returned is empty``."""

from dataclasses import replace

from macrohard.llm.offline.dialect.ast import AggregateOp, Condition, Field, RelatedAggregate
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.schema import DraftKind
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.typecheck import shape_of
from macrohard.llm.offline.dialect.words import Cursor, Phrases, Puzzle

AGGREGATES: Phrases[AggregateOp] = Phrases(
    (phrase, op)
    for op, phrases in {
        AggregateOp.TOTAL: "total, totals, sum, sums, grand total",
        AggregateOp.COUNT: "count, counts, number, numbers, how many, amount of all",
        AggregateOp.AVERAGE: "average, averages, mean",
        AggregateOp.MIN: "min, minimum, minima, minimums, lowest, smallest, earliest, least, first",
        AggregateOp.MAX: "max, maximum, maxima, maximums, highest, largest, biggest, greatest, "
        "latest, last",
    }.items()
    for phrase in phrases.split(", ")
)
WHERE = ("where", "whose", "with", "when", "if", "that have", "which have", "who have", "that are")
_AHEAD = 12
"""How far ahead ``of KIND`` may stand behind the field it belongs to, in tokens."""


def read_related(cursor: Cursor, scope: Scope) -> RelatedAggregate | None:
    """Read an aggregate over another kind, or nothing where none comes next.

    Raises:
        Puzzle: It names no field, no kind, or a kind that does not refer here.
    """
    start = cursor.position
    cursor.skip("the")
    op = AGGREGATES.take(cursor)
    target = _aggregated(cursor, scope, op) if op else None
    if op is None or target is None:
        cursor.position = start
        return None
    if not scope.aggregates:
        raise cursor.puzzle(
            f"{op.value}s over other records stand in computed fields only: give "
            f"{scope.draft.name} a field such as “- {op.value} = {cursor.text[:30]}…” and use it."
        )
    kind, field = target
    via = _via(cursor, scope, kind)
    where = _where(cursor, scope, kind)
    aggregate = RelatedAggregate(op, kind.slug, field, via.slug, where)
    shape_of(aggregate, scope.kind, scope.schema.field)
    return aggregate


def _aggregated(
    cursor: Cursor, scope: Scope, op: AggregateOp
) -> tuple[DraftKind, str | None] | None:
    """The kind, and the field where one is named: ``quantity of movements``, ``of loans``."""
    cursor.accept("of")
    if op is AggregateOp.COUNT:
        kind = scope.schema.take_kind(cursor)
        return (kind, None) if kind else None
    for ahead in range(1, _AHEAD):
        if cursor.norm(ahead) not in {"of", "in", "from", "on", "over", "for"}:
            continue
        behind = Cursor(cursor.text, cursor.position + ahead + 1, cursor.tokens)
        behind.accept("all", "all of")
        kind = scope.schema.take_kind(behind)
        if kind is None:
            continue
        within = Cursor(cursor.text, cursor.position, cursor.tokens)
        field = scope.schema.take_field(within, kind.slug)
        if field is None or within.position != cursor.position + ahead:
            raise kind.no_field(cursor)
        cursor.position = behind.position
        return kind, field.slug
    return None


def _via(cursor: Cursor, scope: Scope, kind: DraftKind) -> Field:
    """The reference of the other kind that points here, named after ``via`` or the only one."""
    references = scope.schema.references(kind.slug, scope.kind)
    if cursor.accept("via", "through", "as"):
        at = cursor.offset
        field = scope.schema.take_field(cursor, kind.slug)
        if field is None or field not in references:
            raise Puzzle(
                f"after “via” comes a field of {kind.name} that refers to {scope.draft.name}: "
                f"{listed((r.name for r in references), 'or') or 'there is none'}.",
                at,
            )
        return field
    if not references:
        raise cursor.puzzle(
            f"{kind.plural} do not refer to {scope.draft.plural}: give {kind.name} a field that is "
            f"a reference to {scope.draft.name}."
        )
    if len(references) > 1:
        names = listed((r.name for r in references), "or")
        raise cursor.puzzle(
            f"{kind.plural} refer to {scope.draft.plural} by {names}; "
            f"say which: “{kind.plural} via {references[0].name}”."
        )
    return references[0]


def _where(cursor: Cursor, scope: Scope, kind: DraftKind) -> Condition | None:
    start = cursor.position
    bracket = cursor.accept("(")
    if not cursor.accept(*WHERE):
        cursor.position = start
        return None
    inner = replace(scope, kind=kind.slug, aggregates=False, inner=not bracket)
    condition = scope.read_condition(cursor, inner)
    if bracket and not cursor.accept(")"):
        raise cursor.puzzle("this bracket is never closed: “)” is missing.")
    return condition
