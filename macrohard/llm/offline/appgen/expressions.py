"""Expressions of the dialect as Python expressions: exact, and careful about empty values."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.appgen.scope import Scope
from macrohard.llm.offline.dialect.ast import (
    Arithmetic,
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

NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)
DAYS = (FieldType.DATE, FieldType.DATETIME)


@dataclass(frozen=True)
class Guard:
    """What must be so for a value to be there, and its opposite, both as Python."""

    present: str
    absent: str
    divisor: bool = False


@dataclass(frozen=True)
class Term:
    """A Python expression with what is known of it.

    Attributes:
        code: The expression; valid where all guards hold.
        type: Type of its value.
        guards: What must hold for it to have a value.
        exact: A number that is an int or a Fraction, so that arithmetic loses nothing.
        atom: Whether it needs no brackets inside a larger expression.
        today: It is the current date, or the current minute beside a date-time.
        places: Decimal places of a plain field's value.
    """

    code: str
    type: FieldType
    guards: tuple[Guard, ...] = ()
    exact: bool = False
    atom: bool = True
    today: bool = False
    places: int | None = None

    @property
    def inside(self) -> str:
        """The code as an operand."""
        return self.code if self.atom else f"({self.code})"


def not_none(code: str) -> Guard:
    """The guard of a value that may be empty."""
    return Guard(f"{code} is not None", f"{code} is None")


def compile_expression(  # noqa: PLR0911  (one return a node)
    node: Expression, scope: Scope
) -> Term:
    """An expression as Python; statements it needs are added to the scope."""
    match node:
        case Number(value):
            return number(value)
        case TextValue(value):
            return Term(quote(value), FieldType.TEXT)
        case YesNo(value):
            return Term(str(value), FieldType.YES_NO)
        case Today():
            return Term("values.today()", FieldType.DATE, today=True)
        case FieldRef(slug):
            return own_field(slug, scope)
        case Through(reference, slug):
            return through(reference, slug, scope)
        case Arithmetic(op, left, right):
            sides = compile_expression(left, scope), compile_expression(right, scope)
            return arithmetic(op, *sides, scope)
        case RelatedAggregate():
            return related(node, scope)


def number(value: Decimal) -> Term:
    """A number as written."""
    if value == value.to_integral_value():
        return Term(str(int(value)), FieldType.INTEGER, exact=True, atom=value >= 0)
    return Term(f'Fraction("{value:f}")', FieldType.DECIMAL, exact=True)


def own_field(slug: str, scope: Scope) -> Term:
    """A field of the function's own record."""
    if slug == "id":
        return Term(f"{scope.record}.id", FieldType.INTEGER, exact=True)
    field = scope.kind.field(slug)
    code = f"{scope.record}.{slug}"
    if not field.stored:
        code = scope.local(slug, scope.computed(scope.kind, field, scope.record))
    return field_term(field, code, optional=scope.optional(scope.kind, field))


def field_term(field: Field, code: str, *, optional: bool) -> Term:
    """The value of a field, found in a variable or attribute."""
    guards = (not_none(code),) if optional else ()
    kept = FieldType.INTEGER if field.type is FieldType.REFERENCE else field.type
    return Term(code, kept, guards, exact=kept is FieldType.INTEGER, places=field.places)


def through(reference: str, slug: str, scope: Scope) -> Term:
    """A field of the record that a reference points to."""
    via = scope.kind.field(reference)
    target = scope.app.kind(via.target)
    pointer = f"{scope.record}.{reference}"
    unsure = scope.optional(scope.kind, via)
    found = f"{names.records_module(target)}.get(connection, {pointer})"
    found += f" if {pointer} is not None else None" if unsure else ""
    record = scope.local(reference, found)
    missing = (not_none(record),) if unsure else ()
    if slug == "id":
        return Term(f"{record}.id", FieldType.INTEGER, missing, exact=True)
    field = target.field(slug)
    optional = scope.optional(target, field)
    if field.stored:
        term = field_term(field, f"{record}.{slug}", optional=optional)
        return replace(term, guards=missing + term.guards)
    value = scope.computed(target, field, record)
    value += f" if {record} is not None else None" if unsure else ""
    code = scope.local(f"{slug}_of_{reference}", value)
    return field_term(field, code, optional=optional or unsure)


def exactly(term: Term) -> Term:
    """The same number as int or Fraction."""
    if term.exact or term.type not in NUMBERS:
        return term
    return replace(term, code=f"Fraction({term.code})", exact=True, atom=True)


def arithmetic(op: str, left: Term, right: Term, scope: Scope) -> Term:
    """A sum, difference, product or quotient."""
    if is_day(left) or is_day(right):
        return day_arithmetic(op, left, right, scope)
    if op == "/":
        return quotient(left, right)
    left, right = exactly(left), exactly(right)
    guards = left.guards + right.guards
    kind = FieldType.INTEGER if both_whole(left, right) else FieldType.DECIMAL
    code = f"{operand(left, op, at_left=True)} {op} {operand(right, op, at_left=False)}"
    return Term(code, kind, guards, exact=True, atom=False)


def operand(term: Term, op: str, *, at_left: bool) -> str:
    """An operand, bracketed only where Python would read it differently."""
    if term.atom:
        return term.code
    plain = top_operators(term.code)
    if op == "+" or (op == "-" and at_left):
        return term.code
    if at_left and op in "*/" and not plain & {"+", "-"}:
        return term.code
    if op == "*" and not at_left and not plain & {"+", "-", "/"}:
        return term.code
    return f"({term.code})"


def top_operators(code: str) -> set[str]:
    """The operators of an expression that stand outside of all brackets and quotes."""
    depth, found = 0, set()
    for word in code.replace("(", " ( ").replace(")", " ) ").split():
        depth += (word == "(") - (word == ")")
        if not depth and (word in {"+", "-", "*", "/", "//"} or word.startswith("-")):
            found.add(word[:1])
    return found


def quotient(left: Term, right: Term) -> Term:
    """A division; a divisor of 0 leaves no value."""
    guards = left.guards + right.guards
    if not right.code.lstrip("-").isdigit() or int(right.code) == 0:
        zero = Guard(f"{right.code} != 0", f"{right.code} == 0", divisor=True)
        guards += (zero,)
    left, right = exactly(left), exactly(right)
    if both_whole(left, right):
        return Term(
            f"Fraction({left.code}, {right.code})", FieldType.DECIMAL, guards, exact=True, atom=True
        )
    code = f"{operand(left, '/', at_left=True)} / {operand(right, '/', at_left=False)}"
    return Term(code, FieldType.DECIMAL, guards, exact=True, atom=False)


def both_whole(left: Term, right: Term) -> bool:
    """Whether both are whole numbers, which Python keeps exact by itself."""
    return left.type is FieldType.INTEGER and right.type is FieldType.INTEGER


def is_day(term: Term) -> bool:
    """Whether a term is a date or a date-time."""
    return term.type in DAYS


def day_arithmetic(op: str, left: Term, right: Term, scope: Scope) -> Term:
    """Days between two dates, or the date some days away."""
    guards = left.guards + right.guards
    if is_day(left) and is_day(right):
        code = f"({left.code} - {right.code}).days"
        return Term(code, FieldType.INTEGER, guards, exact=True)
    day, count = (left, right) if is_day(left) else (right, left)
    signed = f"-{count.inside}" if op == "-" else count.code
    later = f"values.days_later({day.code}, {signed})"
    if guards:
        later += f" if {' and '.join(guard.present for guard in guards)} else None"
    code = scope.local("day", later)
    return Term(code, FieldType.DATE, (not_none(code),))


def day_literal(text: str, kind: FieldType) -> str:
    """A date or date-time written in a spec as Python."""
    moment = dt.datetime.fromisoformat(text)
    day = f"{moment.year}, {moment.month}, {moment.day}"
    if kind is FieldType.DATE:
        return f"dt.date({day})"
    return f"dt.datetime({day}, {moment.hour}, {moment.minute})"


def related(node: RelatedAggregate, scope: Scope) -> Term:
    """An aggregate over the records that refer to this one."""
    from macrohard.llm.offline.appgen.related import related_aggregate  # noqa: PLC0415  (a circle)

    return related_aggregate(node, scope)
