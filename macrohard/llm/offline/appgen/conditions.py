"""Conditions of the dialect as Python conditions."""

from dataclasses import dataclass, replace

from macrohard.llm.offline.appgen.expressions import (
    DAYS,
    Guard,
    Term,
    compile_expression,
    day_literal,
    exactly,
    own_field,
)
from macrohard.llm.offline.appgen.pytypes import decimal_literal
from macrohard.llm.offline.appgen.scope import Scope
from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    Compare,
    CompareOp,
    Condition,
    Expression,
    FieldType,
    IsEmpty,
    Number,
    TextValue,
    YesNo,
)


@dataclass(frozen=True)
class Test:
    """A Python condition: parts joined by one operator.

    Attributes:
        parts: Conditions; each binds tighter than the operator.
        op: ``and`` or ``or``.
    """

    parts: tuple[str, ...]
    op: str = "and"

    @property
    def code(self) -> str:
        """The whole condition in one line."""
        return f" {self.op} ".join(self.parts)

    def inside(self, op: str) -> tuple[str, ...]:
        """The parts, to be joined with others by an operator."""
        if len(self.parts) == 1 or self.op == op:
            return self.parts
        return (f"({self.code})",)


def strict(node: Condition, scope: Scope) -> Test:
    """A condition that a comparison with an empty side does not meet (``!=`` does)."""
    return compile_condition(node, scope, lenient=False)


def lenient(node: Condition, scope: Scope) -> Test:
    """A rule: a comparison with an empty side is met."""
    return compile_condition(node, scope, lenient=True)


def compile_condition(node: Condition, scope: Scope, *, lenient: bool) -> Test:
    """A condition as Python; statements it needs are added to the scope."""
    match node:
        case IsEmpty(slug, negated):
            term = own_field(slug, scope)
            if not term.guards:
                return Test((str(negated),))
            present = all_of([guard.present for guard in term.guards])
            return present if negated else opposite(term.guards)
        case BoolOp(op, parts):
            tests = [compile_condition(part, scope, lenient=lenient) for part in parts]
            return Test(tuple(code for test in tests for code in test.inside(op)), op)
        case Compare():
            return comparison(node, scope, lenient=lenient)


def all_of(codes: list[str]) -> Test:
    """All conditions."""
    return Test(tuple(dict.fromkeys(codes)), "and")


def opposite(guards: tuple[Guard, ...]) -> Test:
    """At least one value is missing."""
    return Test(tuple(dict.fromkeys(guard.absent for guard in guards)), "or")


def comparison(node: Compare, scope: Scope, *, lenient: bool) -> Test:
    """One comparison with what must be there for it."""
    if isinstance(node.right, YesNo) and node.op in (CompareOp.EQ, CompareOp.NE):
        return yes_no_test(node, node.right.value, scope, lenient=lenient)
    left, right = sides(node, scope)
    guards = tuple(dict.fromkeys(left.guards + right.guards))
    compared = f"{left.code} {node.op.value} {right.code}"
    met_when_empty = lenient or node.op is CompareOp.NE
    if needs_no_guard(node.op, left, right, lenient=lenient):
        return Test((compared,))
    if met_when_empty:
        return Test((*(guard.absent for guard in guards), compared), "or")
    return Test((*(guard.present for guard in guards), compared), "and")


def needs_no_guard(op: CompareOp, left: Term, right: Term, *, lenient: bool) -> bool:
    """Whether Python's own answer for None is the right one."""
    guards = left.guards + right.guards
    if not guards:
        return True
    one_side = not left.guards or not right.guards
    if not one_side or any(
        guard.present != f"{side.code} is not None"
        for side in (left, right)
        for guard in side.guards
    ):
        return False
    return op is CompareOp.NE or (op is CompareOp.EQ and not lenient)


def yes_no_test(node: Compare, wanted: bool, scope: Scope, *, lenient: bool) -> Test:
    """``paid is yes``."""
    term = compile_expression(node.left, scope)
    same = node.op is CompareOp.EQ
    if not term.guards:
        return Test((term.code if same is wanted else f"not {term.code}",))
    guard, *before = term.guards
    if before or not guard.present.startswith(f"{term.code} is"):
        return guarded_yes_no(term, same=same, wanted=wanted, lenient=lenient)
    if same and lenient:
        return Test((f"{term.code} is not {not wanted}",))
    return Test((f"{term.code} is {'' if same else 'not '}{wanted}",))


def guarded_yes_no(term: Term, *, same: bool, wanted: bool, lenient: bool) -> Test:
    """``item.paid is yes`` where the item itself may be missing."""
    compared = f"{term.code} is {'' if same else 'not '}{wanted}"
    if lenient or not same:
        return Test((*(guard.absent for guard in term.guards), compared), "or")
    return Test((*(guard.present for guard in term.guards), compared), "and")


def sides(node: Compare, scope: Scope) -> tuple[Term, Term]:
    """Both sides in types that Python can compare."""
    left, right = compile_expression(node.left, scope), compile_expression(node.right, scope)
    left, right = literal_like(node.left, left, right), literal_like(node.right, right, left)
    if {left.type, right.type} == set(DAYS):
        left, right = as_day(left), as_day(right)
    if FieldType.DECIMAL in (left.type, right.type) and (
        is_calculated(left) or is_calculated(right)
    ):
        left, right = exactly(left), exactly(right)
    return left, right


def as_day(term: Term) -> Term:
    """The day of a date-time; a date stays."""
    if term.type is FieldType.DATE:
        return term
    return replace(term, code=f"{term.inside}.date()", type=FieldType.DATE)


def is_calculated(term: Term) -> bool:
    """Whether a number is the result of exact arithmetic."""
    return term.exact and term.type is FieldType.DECIMAL


def literal_like(node: Expression, term: Term, other: Term) -> Term:
    """A literal in the type of what it is compared with."""
    if isinstance(node, TextValue) and other.type in DAYS:
        return replace(term, code=day_literal(node.value, other.type), type=other.type)
    if term.today and other.type is FieldType.DATETIME:
        return replace(term, code="values.now()", type=FieldType.DATETIME)
    if isinstance(node, Number) and term.type is FieldType.DECIMAL and not is_calculated(other):
        return replace(term, code=decimal_literal(f"{node.value:f}"), exact=False)
    return term
