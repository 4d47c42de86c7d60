"""Writes the functions that work computed fields out."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.conditions import strict
from macrohard.llm.offline.appgen.expressions import (
    Term,
    compile_expression,
    day_literal,
)
from macrohard.llm.offline.appgen.pysource import function, signature
from macrohard.llm.offline.appgen.pytypes import ANNOTATIONS
from macrohard.llm.offline.appgen.scope import Scope, is_cross, may_be_empty
from macrohard.llm.offline.appgen.wording import formula
from macrohard.llm.offline.dialect.ast import (
    App,
    Field,
    FieldType,
    Kind,
    RelatedAggregate,
    TextValue,
)


def compute_function(app: App, kind: Kind, field: Field, home: str) -> str:
    """The function of a computed field, with the helpers it needs above it."""
    cross = is_cross(app, kind, field)
    record = names.variable(kind)
    name = f"{names.file_name(kind)}_{field.slug}" if cross else f"compute_{field.slug}"
    scope = Scope(app, kind, record, home, owner=name)
    body = [*compute_body(field, scope)]
    module = f"{names.records_module(kind)}." if cross else ""
    parameters = ["connection: Connection"] if cross else []
    parameters.append(f"{record}: {module}{names.class_name(kind)}")
    returns = ANNOTATIONS[field.type] + (" | None" if may_be_empty(app, kind, field) else "")
    helpers = [predicate(scope, *each) for each in scope.predicates]
    about = f"Work out ``{names.heading(field)} = {formula(app, kind, field)}``."
    return "\n\n\n".join(
        [*helpers, function(signature(name, parameters, returns), about, "\n".join(body))]
    )


def compute_body(field: Field, scope: Scope) -> list[str]:
    """The statements that return a computed field's value."""
    assert field.computed is not None  # noqa: S101  (callers choose computed fields)
    if isinstance(field.computed, TextValue) and field.type in (FieldType.DATE, FieldType.DATETIME):
        return [f"return {day_literal(field.computed.value, field.type)}"]
    term = compile_expression(field.computed, scope)
    lines = [*scope.statements]
    value = in_form(field, term)
    guards = [guard for guard in term.guards if guard.absent != f"{value} is None"]
    if guards:
        missing = list(dict.fromkeys(guard.absent for guard in guards))
        lines += [f"if {' or '.join(missing)}:", "    return None"]
    if lines and lines[-1].startswith(f"{value} = "):
        return [*lines[:-1], f"return {lines[-1].removeprefix(f'{value} = ')}"]
    return [*lines, f"return {value}"]


def in_form(field: Field, term: Term) -> str:
    """The value of a term in the form of its field."""
    if field.type is not FieldType.DECIMAL:
        return term.code
    if not term.exact and term.type is FieldType.DECIMAL and is_same_form(field, term):
        return term.code
    return f"values.rounded({term.code}, {field.places})"


def is_same_form(field: Field, term: Term) -> bool:
    """Whether a plain field's value already has the places of the computed one."""
    return term.places == field.places


def predicate(scope: Scope, name: str, node: RelatedAggregate) -> str:
    """The function that decides whether a related record counts."""
    kind = scope.app.kind(node.kind)
    record = names.variable(kind)
    inner = Scope(scope.app, kind, record, scope.home)
    assert node.where is not None  # noqa: S101  (only conditions make helpers)
    test = strict(node.where, inner)
    body = [*inner.statements, f"return {test.code}"]
    parameters = [
        "connection: Connection",
        f"{record}: {names.records_module(kind)}.{names.class_name(kind)}",
    ]
    about = f"Say whether {names.an(names.singular(kind))} counts: {formula_of(scope, kind, node)}."
    return function(signature(name, parameters, "bool"), about, "\n".join(body))


def formula_of(scope: Scope, kind: Kind, node: RelatedAggregate) -> str:
    """The condition in words."""
    from macrohard.llm.offline.appgen.wording import condition_words  # noqa: PLC0415

    assert node.where is not None  # noqa: S101
    return condition_words(scope.app, kind, node.where)
