"""Reads bounds on computed fields: ``a movement that would take the stock of an item below 0``.

Such a field changes when other records do, so it is checked when those are written.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from macrohard.llm.offline.dialect.ast import (
    Arithmetic,
    BoolOp,
    BoundRule,
    Compare,
    CompareOp,
    Condition,
    Expression,
    Field,
    FieldRef,
    FieldType,
    Number,
    RelatedAggregate,
    Rule,
    Through,
)
from macrohard.llm.offline.dialect.conditions import read_condition
from macrohard.llm.offline.dialect.expressions import read_sum
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.phrases import WHICH, take_refused
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.subjects import Subject
from macrohard.llm.offline.dialect.typecheck import NUMERIC, comparison
from macrohard.llm.offline.dialect.words import Cursor, Phrases, Puzzle

_WOULD = (
    "would take", "would bring", "would push", "would make", "would put", "would raise",
    "would lower", "would drop", "would leave", "would reduce", "would let", "would cause",
    "would drive", "would get", "takes", "brings", "pushes",
)  # fmt: skip
_DIRECTIONS: Phrases[CompareOp] = Phrases(
    [(p, CompareOp.GE) for p in ("below", "under", "less than", "lower than", "smaller than")]
    + [
        (p, CompareOp.LE)
        for p in ("above", "over", "more than", "beyond", "past", "greater than", "higher than")
    ]
)


def read_would_take(
    cursor: Cursor,
    schema: Schema,
    subject: Subject,  # noqa: ARG001  (every reader of a rule is called alike)
    line: int,
) -> list[Rule] | None:
    """Read ``a movement that would take the stock of an item below 0 is refused``."""
    kind = schema.take_kind(cursor)
    if kind is None or not (cursor.accept(*WHICH) and cursor.accept(*_WOULD)):
        return None
    target, measure, via = _measure(cursor, schema, kind)
    cursor.accept("to go", "to fall", "to rise", "to drop", "go", "fall", "rise", "drop", "to")
    op, bound = _bound(cursor, schema, target)
    if not take_refused(cursor):
        raise cursor.puzzle("end this rule with “is refused”.", "rules")
    compare = comparison(op, FieldRef(measure.slug), bound, target.slug, schema.field)
    made = cast("Compare", compare)  # below and above are one comparison
    rules = _rules(made, schema, target.slug, cursor.whole(), line, stands=False)
    mine = [rule for rule in rules if rule.kind == kind.slug and via in {"", rule.via}]
    if not mine:
        feeding = listed(schema.kinds[rule.kind].plural for rule in rules)
        raise cursor.puzzle(
            f"{measure.name} of {target.name} does not depend on {kind.plural}"
            + (f", but on {feeding}." if feeding else f"; it is computed from {target.name} alone.")
        )
    return list(mine)


def _measure(cursor: Cursor, schema: Schema, kind: DraftKind) -> tuple[DraftKind, Field, str]:
    """``the stock of an item``, ``an item's stock``, ``the stock of its item``.

    Returns:
        The kind that has the measure, the measure, and the reference by which the records being
        written refer to it where the sentence names that.
    """
    start = cursor.position
    target, via = _take_target(cursor, schema, kind)
    if target and cursor.accept("'s"):
        return target, _take_measure(cursor, schema, target), via
    cursor.position = start
    cursor.skip("the")
    for ahead in range(1, 20):
        if cursor.norm(ahead) not in {"of", "in", "for"}:
            continue
        behind = Cursor(cursor.text, cursor.position + ahead + 1, cursor.tokens)
        target, via = _take_target(behind, schema, kind)
        if target is not None:
            measure = _take_measure(cursor, schema, target)
            cursor.position = behind.position
            return target, measure, via
    raise cursor.puzzle("of what? Write “the FIELD of a KIND below N”.", "rules")


def _take_target(cursor: Cursor, schema: Schema, kind: DraftKind) -> tuple[DraftKind | None, str]:
    """The kind that comes next, or that a reference of the kind refers to, and the reference."""
    target = schema.take_kind(cursor)
    if target is not None:
        return target, ""
    reference = schema.take_field(cursor, kind.slug)
    if reference is None or not reference.target:
        return None, ""
    return schema.kinds[reference.target], reference.slug


def _take_measure(cursor: Cursor, schema: Schema, target: DraftKind) -> Field:
    measure = schema.take_field(cursor, target.slug)
    if measure is None:
        raise target.no_field(cursor)
    return measure


def _bound(cursor: Cursor, schema: Schema, target: DraftKind) -> tuple[CompareOp, Expression]:
    if cursor.accept("negative"):
        return CompareOp.GE, Number(Decimal(0))
    op = _DIRECTIONS.take(cursor)
    if op is None:
        raise cursor.puzzle(
            f"“{cursor.rest(40)}”: here comes “below” or “above” and a number.", "rules"
        )
    return op, read_sum(cursor, Scope(schema, target.slug, read_condition))


def bounds_of(
    condition: Condition, schema: Schema, kind: str, text: str, line: int
) -> list[Rule] | None:
    """The rules that keep a condition true about a field which other records change.

    Args:
        condition: A rule about records of the kind.
        schema: The record kinds.
        kind: Slug of the kind.
        text: The rule as written.
        line: Its line.

    Returns:
        None where the condition depends on the record alone.

    Raises:
        Puzzle: It depends on other records in a way that cannot be kept.
    """
    fields = {slug for compare in compares(condition) for slug in _changing(compare, schema, kind)}
    if not fields:
        return None
    simple = isinstance(condition, Compare) and isinstance(condition.left, FieldRef)
    name = schema.field(kind, min(fields)).name
    if not simple or not isinstance(condition, Compare) or len(fields) > 1:
        raise _too_complex(name)
    left = condition.left
    if not isinstance(left, FieldRef) or left.slug not in fields:
        raise _too_complex(name)
    op, bound = _inclusive(condition, schema.field(kind, left.slug), name)
    return list(_rules(Compare(op, left, bound), schema, kind, text, line, stands=True))


def _too_complex(name: str) -> Puzzle:
    return Puzzle(
        f"{name} changes when other records change; a rule about it can only say that it is "
        f"at least or at most something: “{name} is at least 0”."
    )


def _inclusive(condition: Compare, measure: Field, name: str) -> tuple[CompareOp, Expression]:
    op, bound = condition.op, condition.right
    if op in {CompareOp.GE, CompareOp.LE}:
        return op, bound
    if op in {CompareOp.GT, CompareOp.LT} and isinstance(bound, Number) and measure.type in NUMERIC:
        places = 0 if measure.type is FieldType.INTEGER else measure.places
        step = Decimal(1).scaleb(-places)
        if op is CompareOp.GT:
            return CompareOp.GE, Number(bound.value + step)
        return CompareOp.LE, Number(bound.value - step)
    raise _too_complex(name)


def _rules(
    compare: Compare, schema: Schema, target: str, text: str, line: int, *, stands: bool
) -> list[BoundRule]:
    """A rule for each kind and reference that the measure is computed from."""
    measure = compare.left
    slug = measure.slug if isinstance(measure, FieldRef) else ""
    sources = dict.fromkeys(
        (aggregate.kind, aggregate.via)
        for aggregate in aggregates_of(FieldRef(slug), schema, target)
    )
    return [
        BoundRule(kind, via, target, slug, compare.op, compare.right, text, line, stands)
        for kind, via in sources
    ]


def compares(condition: Condition) -> Iterator[Compare]:
    """All comparisons in a condition."""
    if isinstance(condition, BoolOp):
        for part in condition.parts:
            yield from compares(part)
    elif isinstance(condition, Compare):
        yield condition


def _changing(compare: Compare, schema: Schema, kind: str) -> Iterator[str]:
    """Own fields in a comparison that other records change."""
    for side in (compare.left, compare.right):
        for leaf in _leaves(side):
            if isinstance(leaf, FieldRef) and any(aggregates_of(leaf, schema, kind)):
                yield leaf.slug
            if isinstance(leaf, Through):
                target = schema.field(kind, leaf.reference).target
                if any(aggregates_of(FieldRef(leaf.slug), schema, target)):
                    raise _too_complex(schema.field(target, leaf.slug).name)


def _leaves(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, Arithmetic):
        yield from _leaves(expression.left)
        yield from _leaves(expression.right)
    else:
        yield expression


def aggregates_of(expression: Expression, schema: Schema, kind: str) -> Iterator[RelatedAggregate]:
    """Aggregates over other records that an expression is computed from, within its own kind."""
    for leaf in _leaves(expression):
        if isinstance(leaf, RelatedAggregate):
            yield leaf
        elif isinstance(leaf, FieldRef):
            formula = schema.field(kind, leaf.slug).computed
            if formula is not None:
                yield from aggregates_of(formula, schema, kind)
