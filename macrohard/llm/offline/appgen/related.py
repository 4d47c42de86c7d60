"""Aggregates over the records that refer to a record, as Python.

Where a stored field is aggregated and SQL can choose the records, one column is read; else the
records themselves are.
"""
# For ruff: identifiers come from the spec's slugs.
# ruff: noqa: S608

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.conditions import strict
from macrohard.llm.offline.appgen.expressions import Term, field_term, not_none
from macrohard.llm.offline.appgen.pytypes import COLUMN_READERS
from macrohard.llm.offline.appgen.scope import Scope, reaches_out
from macrohard.llm.offline.appgen.sqlwhere import Where, sql_condition
from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    Field,
    FieldType,
    Kind,
    RelatedAggregate,
)

FUNCTIONS = {AggregateOp.MIN: "smallest", AggregateOp.MAX: "largest"}


def related_aggregate(node: RelatedAggregate, scope: Scope) -> Term:
    """An aggregate over the records of another kind that refer to this one."""
    kind = scope.app.kind(node.kind)
    field = kind.field(node.field) if node.field and node.op is not AggregateOp.COUNT else None
    chosen = Where("", ()) if node.where is None else sql_condition(kind, node.where)
    if chosen is not None and (field is None or field.stored):
        return by_column(node, scope, kind, field, chosen)
    return by_records(node, scope, kind, field)


def by_column(
    node: RelatedAggregate, scope: Scope, kind: Kind, field: Field | None, chosen: Where
) -> Term:
    """The aggregate of one column."""
    where = f'"{node.via}" = ?' + (f" AND {chosen.sql}" if chosen.sql else "")
    arguments = ", ".join([f"{scope.record}.id", *chosen.arguments])
    if field is None:
        query = scope.text("query", f'SELECT count(*) FROM "{names.table(kind)}" WHERE {where}')
        counted = f"database.column(connection, int, {query}, {arguments})[0]"
        return Term(scope.local("count", counted), FieldType.INTEGER, exact=True)
    if not field.required:
        where += f' AND "{field.slug}" IS NOT NULL'
    text = f'SELECT "{field.slug}" FROM "{names.table(kind)}" WHERE {where}'
    query, read = scope.text("query", text), COLUMN_READERS[field.type]
    column = f"database.column(connection, {read}, {query}, {arguments})"
    return aggregated(node.op, field, scope, scope.local(f"{field.slug}_values", column))


def by_records(node: RelatedAggregate, scope: Scope, kind: Kind, field: Field | None) -> Term:
    """The aggregate of something about the records themselves."""
    load = f"{names.records_module(kind)}.with_{node.via}(connection, {scope.record}.id)"
    found = scope.local(names.variables(kind), load)
    each = names.variable(kind)
    each = f"each_{each}" if each in (scope.record, found) else each
    condition = where_code(node, scope, kind, each)
    if field is None:
        counted = f"sum(1 for {each} in {found} if {condition})" if condition else f"len({found})"
        return Term(scope.local("count", counted), FieldType.INTEGER, exact=True)
    value = f"{each}.{field.slug}" if field.stored else scope.computed(kind, field, each)
    chosen = f"{value} for {each} in {found}" + (f" if {condition}" if condition else "")
    return aggregated(node.op, field, scope, chosen)


def aggregated(op: AggregateOp, field: Field, scope: Scope, numbers: str) -> Term:
    """An aggregate of some values of a field."""
    if op is AggregateOp.TOTAL:
        function = "total" if field.type is FieldType.INTEGER else "exact_total"
        code = scope.local(f"total_{field.slug}", f"aggregates.{function}({numbers})")
        return Term(code, field.type, exact=True)
    if op is AggregateOp.AVERAGE:
        code = scope.local(f"average_{field.slug}", f"aggregates.exact_average({numbers})")
        return Term(code, FieldType.DECIMAL, (not_none(code),), exact=True)
    name = FUNCTIONS[op]
    code = scope.local(f"{name}_{field.slug}", f"aggregates.{name}({numbers})")
    return field_term(field, code, optional=True)


def where_code(node: RelatedAggregate, scope: Scope, kind: Kind, each: str) -> str:
    """The condition on the related records, as an expression about one of them."""
    if node.where is None:
        return ""
    inner = Scope(scope.app, kind, each, scope.home)
    test = strict(node.where, inner)
    if not inner.statements and not reaches_out(scope.app, kind, node.where):
        return test.code
    return f"{scope.helper(node)}(connection, {each})"
