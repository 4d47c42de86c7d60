"""Writes totals, counts, averages, smallest and largest values, and their groupings."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import exploded, function, quote, signature
from macrohard.llm.offline.appgen.questions import records_type, value_of
from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    App,
    Field,
    FieldType,
    GroupBy,
    Kind,
)

AVERAGE_PLACES = 2
WORDS = {
    AggregateOp.TOTAL: "Add up the {} of {}.",
    AggregateOp.AVERAGE: "Average the {} of {}, rounded half up.",
    AggregateOp.MIN: "Find the smallest {} of {}.",
    AggregateOp.MAX: "Find the largest {} of {}.",
}


def offered(kind: Kind) -> dict[AggregateOp, dict[str, tuple[GroupBy, ...]]]:
    """What can be asked for: by operation and field, the groupings."""
    found: dict[AggregateOp, dict[str, tuple[GroupBy, ...]]] = {}
    for each in kind.features.aggregates:
        fields = found.setdefault(each.op, {})
        known = fields.get(each.field or "", ())
        fields[each.field or ""] = tuple(dict.fromkeys(known + each.groups))
    return found


def figure_name(op: AggregateOp, slug: str) -> str:
    """The function of a figure."""
    return f"{op.value}_{slug}" if slug else op.value


def group_name(group: GroupBy) -> str:
    """The function that finds a record's group."""
    return f"by_{group.part}_of_{group.slug}" if group.part else f"by_{group.slug}"


def constant_name(op: AggregateOp) -> str:
    """The constant that holds what one verb offers."""
    return {"min": "SMALLEST", "max": "LARGEST"}.get(op.value, f"{op.value.upper()}S")


def summary_blocks(app: App, kind: Kind) -> list[str]:
    """The functions of all figures and groups."""
    wanted = offered(kind)
    figures = [figure(app, kind, op, slug) for op, fields in wanted.items() for slug in fields]
    groups = dict.fromkeys(
        group for fields in wanted.values() for found in fields.values() for group in found
    )
    return figures + [group_function(app, kind, group) for group in groups]


def figure(app: App, kind: Kind, op: AggregateOp, slug: str) -> str:
    """The function of a figure over some records."""
    found, record = names.variables(kind), names.variable(kind)
    parameters = ["connection: Connection", f"{found}: {records_type(kind)}"]
    if op is AggregateOp.COUNT:
        about = f"Count {names.plural(kind)}."
        return function(
            signature(figure_name(op, slug), parameters, "int"), about, f"return len({found})"
        )
    field = kind.field(slug)
    chosen = f"{value_of(app, kind, field)} for {record} in {found}"
    body, returns = figure_body(op, field, chosen)
    about = WORDS[op].format(names.heading(field), names.plural(kind))
    return function(signature(figure_name(op, slug), parameters, returns), about, body)


def figure_body(op: AggregateOp, field: Field, chosen: str) -> tuple[str, str]:
    """The statement of a figure, and its type."""
    whole = field.type is FieldType.INTEGER
    if op is AggregateOp.TOTAL and whole:
        return f"return aggregates.total({chosen})", "int"
    if op is AggregateOp.TOTAL:
        exact = f"exact = aggregates.exact_total({chosen})"
        return f"{exact}\nreturn values.rounded(exact, {field.places})", "Decimal"
    if op is AggregateOp.AVERAGE:
        places = AVERAGE_PLACES if whole else max(AVERAGE_PLACES, field.places)
        return f"return aggregates.average(({chosen}), {places})", "Decimal | None"
    name = "smallest" if op is AggregateOp.MIN else "largest"
    return f"return aggregates.{name}({chosen})", "object"


def group_function(app: App, kind: Kind, group: GroupBy) -> str:
    """The function that finds the group of a record."""
    from macrohard.llm.offline.appgen.reports import (  # noqa: PLC0415  (a circle)
        record_parameter,
        shown_value,
    )

    field = kind.field(group.slug)
    value = value_of(app, kind, field)
    lines = [f"return {shown_value(app, kind, field)}"]
    if group.part:
        length = 7 if group.part == "month" else 4
        lines = [f"return values.canonical({value})[:{length}] or None"]
    part = f"{group.part} of the {names.heading(field)}" if group.part else names.heading(field)
    return function(
        signature(group_name(group), ["connection: Connection", record_parameter(kind)], "object"),
        f"Find the group of {names.an(names.singular(kind))}: its {part}.",
        "\n".join(lines),
    )


def summary_constants(kind: Kind) -> list[str]:
    """For each verb the figures and groups that it offers."""
    return [constant(kind, op, fields) for op, fields in offered(kind).items()]


def constant(kind: Kind, op: AggregateOp, fields: dict[str, tuple[GroupBy, ...]]) -> str:
    """What one verb offers."""
    entries = []
    for slug, groups in fields.items():
        known = [
            f"{quote(group.argument)}: summaries.Group({quote(group.slug)}, "
            f"{quote(names.heading(kind.field(group.slug)))}, {group_name(group)})"
            for group in groups
        ]
        name = names.option_name(kind.field(slug)) if slug else ""
        inner = [figure_name(op, slug), exploded("{", known, "}")]
        summary = exploded("summaries.Summary(", inner, ")")
        if not known:
            summary = f"summaries.Summary({figure_name(op, slug)}, {{}})"
        entries.append(f"{quote(name)}: {summary}")
    return exploded(f"{constant_name(op)} = {{", entries, "}")
