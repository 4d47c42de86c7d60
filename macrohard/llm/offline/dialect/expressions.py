"""Reads expressions: ``quantity * item.price``, ``today + 14 days``."""

from dataclasses import replace
from decimal import Decimal

from macrohard.llm.offline.dialect.ast import (
    Arithmetic,
    Expression,
    Field,
    FieldRef,
    FieldType,
    Number,
    TextValue,
    Through,
    Today,
    YesNo,
)
from macrohard.llm.offline.dialect.related import read_related
from macrohard.llm.offline.dialect.schema import ARTICLES
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.words import Cursor, small_number

MAX_DIGITS = 15
"""Digits of a number: what fits SQLite's 64-bit integers with places to spare."""

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_TODAY = ("today", "now", "the current date", "the current day", "the current time")
_OF_ITS = (".", "'s")
_DAYS = {"day": 1, "days": 1, "week": 7, "weeks": 7}
_AHEAD = 12
"""How far ahead ``of KIND`` may stand behind the field it belongs to, in tokens."""


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


def read_factor(  # noqa: PLR0911  (a return for each form)
    cursor: Cursor, scope: Scope
) -> Expression:
    """Read a number, a literal, a field, an aggregate or something in brackets."""
    if cursor.accept("("):
        with cursor.nested():
            inside = read_sum(cursor, replace(scope, inner=False))
        if not cursor.accept(")"):
            raise cursor.puzzle("this bracket is never closed: “)” is missing.")
        return inside
    if cursor.norm() == "-":
        cursor.count_operator()
        cursor.position += 1
        with cursor.nested():
            factor = read_factor(cursor, scope)
        if isinstance(factor, Number):
            return Number(-factor.value)
        return Arithmetic("-", Number(Decimal(0)), factor)
    if (literal := read_literal(cursor)) is not None:
        return literal
    if (aggregate := read_related(cursor, scope)) is not None:
        return aggregate
    if (field := _read_field(cursor, scope)) is not None:
        return field
    if cursor.norm() in _YES_NO:
        return YesNo(_YES_NO[cursor.take().norm])
    if (small := small_number(cursor.norm())) is not None:
        cursor.position += 1
        return Number(Decimal(small))
    raise scope.draft.no_field(cursor)


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
    for articles in (False, True):
        cursor.position = start
        if articles:
            cursor.skip(*ARTICLES)
        _skip_own_kind(cursor, scope)
        field = scope.schema.take_field(cursor, scope.kind)
        if field is None:
            continue
        if field.type is FieldType.REFERENCE and _goes_on(cursor, scope, field):
            return _through(cursor, scope, field)
        _skip_of_own_kind(cursor, scope)
        return FieldRef(field.slug)
    cursor.position = start
    return _field_of_reference(cursor, scope)


def _skip_own_kind(cursor: Cursor, scope: Scope) -> None:
    """Step over ``booking``, ``booking.`` or ``booking's`` before a field of its own."""
    found = scope.schema.names.find(cursor)
    if found is None or found[0] != scope.kind:
        return
    length = found[1] + (cursor.norm(found[1]) in _OF_ITS)
    if scope.draft.names.find(cursor, length):
        cursor.position += length


def _skip_of_own_kind(cursor: Cursor, scope: Scope) -> None:
    if cursor.norm() != "of":
        return
    start = cursor.position
    cursor.position += 1
    kind = scope.schema.take_kind(cursor)
    if kind is None or kind.slug != scope.kind:
        cursor.position = start


def _goes_on(cursor: Cursor, scope: Scope, reference: Field) -> bool:
    """Whether a field of the record referred to comes next: ``item.price``, ``item price``."""
    target = scope.schema.kinds[reference.target]
    return cursor.norm() in _OF_ITS or target.names.find(cursor) is not None


def _through(cursor: Cursor, scope: Scope, reference: Field) -> Expression:
    cursor.accept(*_OF_ITS)
    target = scope.schema.kinds[reference.target]
    field = scope.schema.take_field(cursor, target.slug)
    if field is None:
        raise target.no_field(cursor)
    if cursor.norm() in _OF_ITS and field.type is FieldType.REFERENCE:
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
