"""Writes ``reports/KIND.py``: every question about the records of a kind."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.conditions import strict
from macrohard.llm.offline.appgen.pysource import (
    exploded,
    function,
    indent,
    module,
    quote,
    signature,
    tuple_of,
)
from macrohard.llm.offline.appgen.questions import filter_lines, search_function, sort_function
from macrohard.llm.offline.appgen.scope import Scope, reaches_out
from macrohard.llm.offline.appgen.sums import summary_blocks, summary_constants
from macrohard.llm.offline.appgen.wording import condition_words
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind, NamedCondition


def reports_module(app: App, kind: Kind, ours: dict[str, str]) -> str:
    """The source of a kind's module of reports."""
    marking = [each for each in kind.features.conditions if each.marks]
    headings = ["id", *(names.heading(field) for field in kind.fields)]
    headings += ["marks"] if marking else []
    blocks = [
        f"HEADINGS = {tuple_of([quote(heading) for heading in headings])}",
        select_function(app, kind),
        search_function(app, kind),
        sort_function(app, kind),
        row_function(app, kind, marked=bool(marking)),
        *(condition_function(app, kind, each) for each in kind.features.conditions),
        marks_function(app, kind, marking),
        export_function(kind),
        *summary_blocks(app, kind),
        *summary_constants(kind),
    ]
    return module(
        f"Every question about {names.plural(kind)}.", [each for each in blocks if each], ours
    )


def record_parameter(kind: Kind) -> str:
    """The parameter that is one record."""
    return f"{names.variable(kind)}: {names.records_module(kind)}.{names.class_name(kind)}"


def list_type(kind: Kind) -> str:
    """The type of several records."""
    return f"list[{names.records_module(kind)}.{names.class_name(kind)}]"


def field_value(app: App, kind: Kind, field: Field) -> str:
    """The code of a field's value, for the record in the kind's variable."""
    record = names.variable(kind)
    if field.stored:
        return f"{record}.{field.slug}"
    return Scope(app, kind, record, names.reports_module(kind)).computed(kind, field, record)


def select_function(app: App, kind: Kind) -> str:
    """``select``: the records that match all filters."""
    if not kind.features.filters:
        return ""
    found = names.variables(kind)
    lines = [f"{found} = {names.records_module(kind)}.find_all(connection)"]
    for slug in kind.features.filters:
        lines += filter_lines(app, kind, kind.field(slug))
    parameters = ["connection: Connection", "filters: Mapping[str, str]"]
    return function(
        signature("select", parameters, list_type(kind)),
        f"Return the {names.plural(kind)} whose fields are as the filters say, in order of id.",
        "\n".join([*lines, f"return {found}"]),
    )


def shown_value(app: App, kind: Kind, field: Field) -> str:
    """What a row holds for a field: the value, or a link for a reference."""
    value = field_value(app, kind, field)
    if field.type is not FieldType.REFERENCE:
        return value
    target = app.kind(field.target)
    label = names.label_field(target)
    column = quote(label.slug if label else "")
    if label is None:
        return value
    return f"database.link(connection, {quote(names.table(target))}, {column}, {value})"


def row_function(app: App, kind: Kind, *, marked: bool) -> str:
    """``row``: all that is shown of a record."""
    record = names.variable(kind)
    entries = [f'"id": {record}.id']
    entries += [f"{quote(field.slug)}: {shown_value(app, kind, field)}" for field in kind.fields]
    if marked:
        entries.append(f'"marks": marks(connection, {record})')
    return function(
        signature("row", ["connection: Connection", record_parameter(kind)], "dict[str, object]"),
        f"List all that is shown of {names.an(names.singular(kind))}, by column.",
        exploded("return {", entries, "}"),
    )


def condition_name(condition: NamedCondition) -> str:
    """The function that decides a named condition."""
    return f"is_{condition.slug.rstrip('_')}"


def condition_call(app: App, kind: Kind, condition: NamedCondition) -> str:
    """The call of that function about a record in the kind's variable."""
    connection = "connection, " if reaches_out(app, kind, condition.condition) else ""
    return f"{condition_name(condition)}({connection}{names.variable(kind)})"


def condition_function(app: App, kind: Kind, condition: NamedCondition) -> str:
    """``is_NAME``: whether a record meets a named condition."""
    connected = reaches_out(app, kind, condition.condition)
    scope = Scope(app, kind, names.variable(kind), names.reports_module(kind))
    test = strict(condition.condition, scope)
    parameters = ["connection: Connection"] if connected else []
    words = condition_words(app, kind, condition.condition)
    return function(
        signature(condition_name(condition), [*parameters, record_parameter(kind)], "bool"),
        f"Say whether {names.an(names.singular(kind))} is {condition.name.lower()}: {words}.",
        "\n".join([*scope.statements, f"return {test.code}"]),
    )


def marks_function(app: App, kind: Kind, marking: list[NamedCondition]) -> str:
    """``marks``: the names of the marking conditions that a record meets."""
    if not marking:
        return ""
    lines = ["found = []"]
    for each in marking:
        lines += [f"if {condition_call(app, kind, each)}:", f"    found.append({quote(each.name)})"]
    return function(
        signature("marks", ["connection: Connection", record_parameter(kind)], "tuple[str, ...]"),
        f"Name what marks {names.an(names.singular(kind))}.",
        "\n".join([*lines, "return tuple(found)"]),
    )


def export_function(kind: Kind) -> str:
    """``export_rows``: the cells of a CSV file."""
    record, module_name = names.variable(kind), names.records_module(kind)
    cells = [f"values.canonical({record}.id)"]
    cells += [f"values.canonical({record}.{field.slug})" for field in names.stored_fields(kind)]
    rows = exploded("(", cells, ")") if len(cells) > 1 else tuple_of(cells)
    return function(
        signature("export_rows", ["connection: Connection"], "list[tuple[str, ...]]"),
        f"Write all {names.plural(kind)} as the cells of a CSV file: id, then the stored fields.",
        f"return [\n{indent(rows)}\n    for {record} in {module_name}.find_all(connection)\n]",
    )
