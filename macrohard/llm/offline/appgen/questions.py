"""Writes filters, search and sort."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.parsing import read_call
from macrohard.llm.offline.appgen.pysource import exploded, function, quote, signature, tuple_of
from macrohard.llm.offline.appgen.scope import Scope, is_cross
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind

TEXTS = (FieldType.TEXT, FieldType.EMAIL)
SPELT = (FieldType.TEXT, FieldType.EMAIL, FieldType.ONE_OF)


def value_of(app: App, kind: Kind, field: Field) -> str:
    """The code of a field's value, for the record in the kind's variable."""
    record = names.variable(kind)
    if field.stored:
        return f"{record}.{field.slug}"
    return Scope(app, kind, record, names.reports_module(kind)).computed(kind, field, record)


def records_type(kind: Kind) -> str:
    """The type of several records."""
    return f"list[{names.records_module(kind)}.{names.class_name(kind)}]"


def filter_lines(app: App, kind: Kind, field: Field) -> list[str]:
    """The statements that apply one filter."""
    key = quote(field.slug)
    read = read_call(field, f"filters[{key}]", prefix=f"{names.records_module(kind)}.")
    value = value_of(app, kind, field)
    if field.type in TEXTS:
        read = f"aggregates.text_key(filters[{key}].strip() or None)"
        value = f"aggregates.text_key({value})"
    found, record = names.variables(kind), names.variable(kind)
    wanted = f"wanted_{field.slug.rstrip('_')}"
    kept = f"{found} = [{record} for {record} in {found} if {value} == {wanted}]"
    return [f"if {key} in filters:", f"    {wanted} = {read}", f"    {kept}"]


def search_function(app: App, kind: Kind) -> str:
    """``matching``: the records with a text in one of the searched fields."""
    if not kind.features.searches:
        return ""
    record, found = names.variable(kind), names.variables(kind)
    fields = [kind.field(slug) for slug in kind.features.searches]
    cross = any(is_cross(app, kind, field) for field in fields)
    items = [f"values.canonical({value_of(app, kind, field)})" for field in fields]
    body = [
        "wanted = text.casefold()",
        "chosen = []",
        f"for {record} in {found}:",
        f"    searched = {tuple_of(items)}",
        "    if any(wanted in each.casefold() for each in searched):",
        f"        chosen.append({record})",
        "return chosen",
    ]
    parameters = ["connection: Connection"] if cross else []
    parameters += [f"{found}: {records_type(kind)}", "text: str"]
    return function(
        signature("matching", parameters, records_type(kind)),
        f"Return the {names.plural(kind)} that hold a text, in any case, in a searched field.",
        "\n".join(body),
    )


def search_needs_connection(app: App, kind: Kind) -> bool:
    """Whether a searched field is computed of other records."""
    return any(is_cross(app, kind, kind.field(slug)) for slug in kind.features.searches)


def sort_needs_connection(app: App, kind: Kind) -> bool:
    """Whether a sorted field is computed of other records."""
    return any(is_cross(app, kind, kind.field(slug)) for slug in kind.features.sorts)


def sort_function(app: App, kind: Kind) -> str:
    """``in_order``: the records sorted by a field."""
    if not kind.features.sorts:
        return ""
    record, found = names.variable(kind), names.variables(kind)
    entries = []
    for slug in kind.features.sorts:
        field = kind.field(slug)
        value = value_of(app, kind, field)
        if field.type in SPELT:
            value = f"aggregates.text_key({value})"
        entries.append(f"{quote(names.option_name(field))}: lambda {record}: {value}")
    typed = f"{names.records_module(kind)}.{names.class_name(kind)}"
    body = [
        exploded(f"keys: dict[str, Callable[[{typed}], object]] = {{", entries, "}"),
        'wanted = console.choose("field", sort.removeprefix("-"), keys)',
        f'return aggregates.in_order({found}, keys[wanted], descending=sort.startswith("-"))',
    ]
    parameters = ["connection: Connection"] if sort_needs_connection(app, kind) else []
    parameters += [f"{found}: {records_type(kind)}", "sort: str"]
    return function(
        signature("in_order", parameters, records_type(kind)),
        f"Sort {names.plural(kind)} by a field; ``-`` before its name turns the order round.",
        "\n".join(body),
    )
