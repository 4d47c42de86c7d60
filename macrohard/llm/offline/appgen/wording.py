"""Expressions and conditions in words, for docstrings, READMEs and messages."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.dialect.ast import (
    App,
    Arithmetic,
    BoolOp,
    Compare,
    Condition,
    Expression,
    Field,
    FieldRef,
    IsEmpty,
    Kind,
    Number,
    RelatedAggregate,
    TextValue,
    Through,
    Today,
    YesNo,
)


def formula(app: App, kind: Kind, field: Field) -> str:
    """How a computed field is worked out."""
    return "" if field.computed is None else expression_words(app, kind, field.computed)


def expression_words(  # noqa: PLR0911  (one return a node)
    app: App, kind: Kind, node: Expression
) -> str:
    """An expression as a spec would write it."""
    match node:
        case Number(value):
            return f"{value:f}"
        case TextValue(value):
            return value
        case YesNo(value):
            return "yes" if value else "no"
        case Today():
            return "today"
        case FieldRef(slug):
            return field_words(kind, slug)
        case Through(reference, slug):
            target = app.kind(kind.field(reference).target)
            return f"{field_words(kind, reference)}.{field_words(target, slug)}"
        case Arithmetic(op, left, right):
            sides = [side_words(app, kind, side, op, at) for at, side in enumerate((left, right))]
            return f"{sides[0]} {op} {sides[1]}"
        case RelatedAggregate():
            return related_words(app, node)


def side_words(app: App, kind: Kind, node: Expression, op: str, at: int) -> str:
    """An operand, in brackets where it must be."""
    words = expression_words(app, kind, node)
    if not isinstance(node, Arithmetic):
        return words
    loose = node.op in "+-" and op in "*/"
    return f"({words})" if loose or (at == 1 and op in "-/") else words


def related_words(app: App, node: RelatedAggregate) -> str:
    """An aggregate over related records."""
    other = app.kind(node.kind)
    of = f"{field_words(other, node.field)} of " if node.field else ""
    where = f" where {condition_words(app, other, node.where)}" if node.where else ""
    return f"{node.op.value} of {of}{names.plural(other)}{where}"


def field_words(kind: Kind, slug: str) -> str:
    """The name of a field."""
    return "id" if slug == "id" else names.heading(kind.field(slug))


def condition_words(app: App, kind: Kind, node: Condition) -> str:
    """A condition as a spec would write it."""
    match node:
        case IsEmpty(slug, negated):
            return f"{field_words(kind, slug)} is {'not ' if negated else ''}empty"
        case BoolOp(op, parts):
            return f" {op} ".join(
                f"({condition_words(app, kind, part)})"
                if isinstance(part, BoolOp)
                else condition_words(app, kind, part)
                for part in parts
            )
        case Compare(op, left, right):
            words = {"==": "is", "!=": "is not"}.get(op.value, op.value)
            return (
                f"{expression_words(app, kind, left)} {words} {expression_words(app, kind, right)}"
            )
