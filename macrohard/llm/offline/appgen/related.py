"""Aggregates over the records that refer to a record, as Python."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.conditions import strict
from macrohard.llm.offline.appgen.expressions import Term, field_term, not_none
from macrohard.llm.offline.appgen.scope import Scope, reaches_out
from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    FieldType,
    Kind,
    RelatedAggregate,
)


def related_aggregate(node: RelatedAggregate, scope: Scope) -> Term:
    """An aggregate over the records of another kind that refer to this one."""
    kind = scope.app.kind(node.kind)
    load = f"{names.records_module(kind)}.with_{node.via}(connection, {scope.record}.id)"
    found = scope.local(names.variables(kind), load)
    each = names.variable(kind)
    each = f"each_{each}" if each in (scope.record, found) else each
    condition = where(node, scope, kind, each)
    if node.op is AggregateOp.COUNT or node.field is None:
        counted = f"sum(1 for {each} in {found} if {condition})" if condition else f"len({found})"
        return Term(scope.local("count", counted), FieldType.INTEGER, exact=True)
    field = kind.field(node.field)
    value = f"{each}.{field.slug}" if field.stored else scope.computed(kind, field, each)
    chosen = f"{value} for {each} in {found}" + (f" if {condition}" if condition else "")
    if node.op is AggregateOp.TOTAL:
        name = "total" if field.type is FieldType.INTEGER else "exact_total"
        code = scope.local(f"total_{field.slug}", f"aggregates.{name}({chosen})")
        return Term(code, field.type, exact=True)
    if node.op is AggregateOp.AVERAGE:
        code = scope.local(f"average_{field.slug}", f"aggregates.exact_average({chosen})")
        return Term(code, FieldType.DECIMAL, (not_none(code),), exact=True)
    name = "smallest" if node.op is AggregateOp.MIN else "largest"
    code = scope.local(f"{name}_{field.slug}", f"aggregates.{name}({chosen})")
    return field_term(field, code, optional=True)


def where(node: RelatedAggregate, scope: Scope, kind: Kind, each: str) -> str:
    """The condition on the related records, as an expression about one of them."""
    if node.where is None:
        return ""
    inner = Scope(scope.app, kind, each, scope.home)
    code = strict(node.where, inner)
    if not inner.statements and not reaches_out(scope.app, kind, node.where):
        return code.code
    return f"{scope.helper(node)}(connection, {each})"
