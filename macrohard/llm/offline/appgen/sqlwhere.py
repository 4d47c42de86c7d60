"""Conditions on stored fields as SQL, where SQL decides exactly as Python would."""

from dataclasses import dataclass

from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    Compare,
    CompareOp,
    Condition,
    Expression,
    FieldRef,
    FieldType,
    IsEmpty,
    Kind,
    Number,
    TextValue,
    Today,
    YesNo,
)

TEXTS = (FieldType.TEXT, FieldType.EMAIL, FieldType.ONE_OF)
DAYS = (FieldType.DATE, FieldType.DATETIME)
ORDERED = (FieldType.INTEGER, *DAYS)
"""Types whose columns SQLite orders as their values: dates are kept as texts in ISO form."""


@dataclass(frozen=True)
class Where:
    """An SQL condition and the Python arguments for its question marks."""

    sql: str
    arguments: tuple[str, ...] = ()


def sql_condition(kind: Kind, node: Condition) -> Where | None:
    """A condition as SQL; None where only Python can decide it."""
    match node:
        case IsEmpty(slug, negated) if slug != "id" and kind.field(slug).stored:
            return Where(f'"{slug}" IS {"NOT " if negated else ""}NULL')
        case BoolOp(op, parts):
            return joined(op, [sql_condition(kind, part) for part in parts])
        case Compare(op, FieldRef(slug), right) if slug != "id" and kind.field(slug).stored:
            value = argument(kind.field(slug).type, op, right)
            # IS NOT holds for an empty column, as ``!=`` does; all others fail for it.
            sign = {CompareOp.EQ: "=", CompareOp.NE: "IS NOT"}.get(op, op.value)
            return None if value is None else Where(f'"{slug}" {sign} ?', (value,))
        case _:
            return None


def joined(op: str, parts: list[Where | None]) -> Where | None:
    """Conditions joined by ``and`` or ``or``."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    arguments = tuple(argument for part in known for argument in part.arguments)
    return Where("(" + f" {op.upper()} ".join(part.sql for part in known) + ")", arguments)


def argument(  # noqa: PLR0911  (one return a node)
    kind: FieldType, op: CompareOp, node: Expression
) -> str | None:
    """The Python expression of what a column is compared with; None where SQL would not do."""
    if op not in (CompareOp.EQ, CompareOp.NE) and kind not in ORDERED:
        return None
    match node:
        case TextValue(value) if kind in TEXTS or kind in DAYS:
            return quote(value)
        case YesNo(value) if kind is FieldType.YES_NO:
            return str(int(value))
        case Number(value) if kind is FieldType.INTEGER and value == value.to_integral_value():
            return str(int(value))
        case Today() if kind is FieldType.DATE:
            return "values.stored(values.today())"
        case Today() if kind is FieldType.DATETIME:
            return "values.stored(values.now())"
        case _:
            return None
