"""Reads expressions: ``quantity * item.price``, ``count of loans where returned is empty``."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    Arithmetic,
    Condition,
    Expression,
    Field,
    FieldRef,
    FieldType,
    Number,
    RelatedAggregate,
    TextValue,
    Through,
    Today,
    YesNo,
)
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.schema import ARTICLES, DraftKind, Schema
from macrohard.llm.offline.dialect.typecheck import shape_of
from macrohard.llm.offline.dialect.words import Cursor, Phrases, Puzzle, small_number

MAX_DIGITS = 15
"""Digits of a number: what fits SQLite's 64-bit integers with places to spare."""

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
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_TODAY = ("today", "now", "the current date", "the current day", "the current time")
_DAYS = {"day": 1, "days": 1, "week": 7, "weeks": 7}
_AHEAD = 12
"""How far ahead ``of KIND`` may stand behind the field it belongs to, in tokens."""


@dataclass(frozen=True)
class Scope:
    """What an expression is about.

    Attributes:
        schema: All kinds.
        kind: Slug of the kind whose record it is about.
        read_condition: Reads the condition of an aggregate (conditions are made of expressions).
        aggregates: Whether aggregates over other kinds may stand here: in computed fields.
        inner: Inside the condition of an aggregate, where arithmetic needs brackets.
    """

    schema: Schema
    kind: str
    read_condition: Callable[[Cursor, "Scope"], Condition]
    aggregates: bool = False
    inner: bool = False

    @property
    def draft(self) -> DraftKind:
        """The kind itself."""
        return self.schema.kinds[self.kind]


def read_sum(cursor: Cursor, scope: Scope) -> Expression:
    """Read terms joined by plus and minus."""
    left = _read_product(cursor, scope)
    while op := _operator(cursor, {"+": "+", "plus": "+", "-": "-", "minus": "-"}):
        left = Arithmetic(op, left, _read_product(cursor, scope))
    return left


def _read_product(cursor: Cursor, scope: Scope) -> Expression:
    left = read_factor(cursor, scope)
    while op := _operator(cursor, {"*": "*", "times": "*", "/": "/"}):
        right = read_factor(cursor, scope)
        if op == "/" and right == Number(Decimal(0)):
            raise cursor.puzzle("this divides by zero.")
        left = Arithmetic(op, left, right)
    return left


def _operator(cursor: Cursor, signs: dict[str, str]) -> str | None:
    op = signs.get(cursor.norm())
    length = 1
    if "*" in signs and cursor.looking_at("divided by"):
        op, length = "/", 2
    elif "*" in signs and cursor.looking_at("multiplied by"):
        op, length = "*", 2
    if op:
        cursor.count_operator()
        cursor.position += length
    return op


def read_factor(cursor: Cursor, scope: Scope) -> Expression:
    """Read a number, a literal, a field, an aggregate or something in brackets."""
    if cursor.accept("("):
        with cursor.nested():
            inside = read_sum(cursor, replace(scope, inner=False))
        if not cursor.accept(")"):
            raise cursor.puzzle("this bracket is never closed: “)” is missing.")
        return inside
    if cursor.accept("-"):
        cursor.count_operator()
        with cursor.nested():
            factor = read_factor(cursor, scope)
        if isinstance(factor, Number):
            return Number(-factor.value)
        return Arithmetic("-", Number(Decimal(0)), factor)
    if (literal := read_literal(cursor)) is not None:
        return literal
    if (aggregate := _read_aggregate(cursor, scope)) is not None:
        return aggregate
    if (field := _read_field(cursor, scope)) is not None:
        return field
    if cursor.norm() in _YES_NO:
        return YesNo(_YES_NO[cursor.take().norm])
    raise scope.draft.no_field(cursor, "expressions")


def read_literal(cursor: Cursor) -> Expression | None:
    """Read a number, a date, a quoted text or today; yes and no are left to the caller."""
    token = cursor.peek()
    if token is None:
        return None
    if token.kind == "number":
        cursor.position += 1
        return Number(_number(token.text, cursor) * _DAYS.get(_unit(cursor), 1))
    if token.kind in {"date", "string"}:
        cursor.position += 1
        return TextValue(token.text)
    if cursor.accept(*_TODAY):
        return Today()
    return None


def _unit(cursor: Cursor) -> str:
    unit = cursor.norm()
    if unit in _DAYS:
        cursor.position += 1
    return unit


def _number(text: str, cursor: Cursor) -> Decimal:
    if len(text.replace(".", "")) > MAX_DIGITS:
        raise cursor.puzzle(f"the number {text[:30]} has more than {MAX_DIGITS} digits.")
    return Decimal(text)


def read_number(cursor: Cursor) -> Decimal | None:
    """Step over a number in figures, with its sign, or a small one in words."""
    ahead = 1 if cursor.norm() in {"-", "+"} else 0
    token = cursor.peek(ahead)
    if token is None:
        return None
    if token.kind == "number":
        value = _number(token.text, cursor)
        negative = ahead and cursor.norm() == "-"
        cursor.position += ahead + 1
        return -value if negative else value
    small = small_number(token.norm)
    if small is None or ahead:
        return None
    cursor.position += 1
    return Decimal(small)


# -- fields --------------------------------------------------------------------------------------


def _read_field(cursor: Cursor, scope: Scope) -> Expression | None:
    """``amount``, ``the amount of the expense``, ``item.price``, ``the price of its item``."""
    start = cursor.position
    for own in (True, False):
        cursor.position = start
        cursor.skip(*ARTICLES)
        if own and not _skip_own_kind(cursor, scope):
            continue
        field = scope.schema.take_field(cursor, scope.kind)
        if field is None:
            continue
        if field.type is FieldType.REFERENCE and cursor.norm() in {".", "'s"}:
            return _through(cursor, scope, field)
        _skip_of_own_kind(cursor, scope)
        return FieldRef(field.slug)
    cursor.position = start
    return _field_of_reference(cursor, scope)


def _skip_own_kind(cursor: Cursor, scope: Scope) -> bool:
    """Step over ``booking.`` or ``booking's`` before a field of the booking itself."""
    found = scope.schema.names.find(cursor)
    if found and found[0] == scope.kind and cursor.norm(found[1]) in {".", "'s"}:
        if scope.draft.names.find(cursor, found[1] + 1) is None:
            return False
        cursor.position += found[1] + 1
        return True
    return False


def _skip_of_own_kind(cursor: Cursor, scope: Scope) -> None:
    if cursor.norm() != "of":
        return
    start = cursor.position
    cursor.position += 1
    kind = scope.schema.take_kind(cursor)
    if kind is None or kind.slug != scope.kind:
        cursor.position = start


def _through(cursor: Cursor, scope: Scope, reference: Field) -> Expression:
    cursor.position += 1
    target = scope.schema.kinds[reference.target]
    field = scope.schema.take_field(cursor, target.slug)
    if field is None:
        raise target.no_field(cursor, "expressions")
    if cursor.norm() in {".", "'s"} and field.type is FieldType.REFERENCE:
        raise cursor.puzzle(
            f"only one step through a reference is possible; give {target.name} a computed field "
            "for the second."
        )
    return Through(reference.slug, field.slug)


def _field_of_reference(cursor: Cursor, scope: Scope) -> Expression | None:
    """``the price of its item``."""
    start = cursor.position
    cursor.skip(*ARTICLES)
    for ahead in range(1, _AHEAD):
        if cursor.norm(ahead) != "of":
            continue
        behind = Cursor(cursor.text, cursor.position + ahead + 1, cursor.tokens)
        reference = scope.schema.take_field(behind, scope.kind)
        if reference is None or reference.type is not FieldType.REFERENCE:
            continue
        field = scope.schema.take_field(cursor, reference.target)
        if field is not None and cursor.norm() == "of":
            cursor.position = behind.position
            return Through(reference.slug, field.slug)
    cursor.position = start
    return None


# -- aggregates ----------------------------------------------------------------------------------


def _read_aggregate(cursor: Cursor, scope: Scope) -> Expression | None:
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
            raise kind.no_field(cursor, "expressions")
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
