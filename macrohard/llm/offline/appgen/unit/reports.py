"""Writes ``tests/test_KIND_reports.py``."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import exploded, module, quote, tuple_of
from macrohard.llm.offline.appgen.pytypes import decimal_literal, literal
from macrohard.llm.offline.appgen.questions import search_needs_connection, sort_needs_connection
from macrohard.llm.offline.appgen.reports import condition_call
from macrohard.llm.offline.appgen.sums import figure_name, group_name, offered
from macrohard.llm.offline.appgen.unit.days import looks_at_clock, turning_records
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.records import given, record_code
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    Field,
    FieldType,
    GroupBy,
    Kind,
    NamedCondition,
)
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.reading import (
    Query,
    aggregate_value,
    csv_row,
    group_key,
    label,
    marks,
    select,
)
from macrohard.llm.offline.oracle.values import Value, canonical
from macrohard.llm.offline.oracle.world import Record


def report_tests(examples: Examples, kind: Kind, ours: dict[str, str]) -> str:
    """The source of the tests of a kind's reports; empty when there are no examples."""
    if not examples.of(kind):
        return ""
    plural = names.plural(kind)
    blocks = [
        test_class("SelectTest", "ExamplesTest", f"Filters of {plural}.", filters(examples, kind)),
        test_class("OrderTest", "ExamplesTest", f"Orders of {plural}.", orders(examples, kind)),
        test_class("SearchTest", "ExamplesTest", f"Searching {plural}.", searches(examples, kind)),
        test_class("RowTest", "ExamplesTest", f"What is shown of {plural}.", rows(examples, kind)),
        test_class("ConditionTest", "ExamplesTest", f"Named {plural}.", conditions(examples, kind)),
        test_class("FigureTest", "ExamplesTest", f"Figures over {plural}.", sums(examples, kind)),
    ]
    blocks = [each for each in blocks if "def test_" in each]
    return module(f"Tests of the questions about {plural}.", blocks, ours)


def ids(records: list[Record]) -> str:
    """The ids of records as a list."""
    return f"[{', '.join(str(record.id) for record in records)}]"


def found_ids(call: str) -> str:
    """The ids of what a call finds."""
    return f"[each.id for each in {call}]"


def filters(examples: Examples, kind: Kind) -> list[Method]:
    """A test of each filter: for every value among the examples."""
    methods = []
    for slug in kind.features.filters:
        field = kind.field(slug)
        lines = []
        for text in filter_texts(examples, kind, field):
            query = Query(filters=((slug, text),))
            wanted = ids(select(examples.world, kind, query))
            chosen = f"{{{quote(slug)}: {quote(text)}}}"
            call = f"{names.reports_module(kind)}.select(self.connection, {chosen})"
            lines += [f"found = {found_ids(call)}", f"self.assertEqual(found, {wanted})"]
        about = f"Those with the same {names.heading(field)} are found, and no others."
        methods.append(Method(f"by_{slug}", about, lines))
    return methods


def filter_texts(examples: Examples, kind: Kind, field: Field) -> list[str]:
    """What to type for a filter: values of the examples, texts in capitals."""
    values = [record.value(field.slug) for record in examples.of(kind)]
    texts = [canonical(value) for value in values if value is not None]
    if field.type in (FieldType.TEXT, FieldType.EMAIL, FieldType.ONE_OF):
        texts = [text.upper() for text in texts]
    return list(dict.fromkeys(texts))[:3]


def orders(examples: Examples, kind: Kind) -> list[Method]:
    """A test of each order, both ways."""
    connection = "self.connection, " if sort_needs_connection(examples.app, kind) else ""
    methods = []
    for slug in kind.features.sorts:
        field = kind.field(slug)
        lines = [f"every = {names.records_module(kind)}.find_all(self.connection)"]
        for sign in ("", "-"):
            query = Query(sort=slug, descending=bool(sign))
            wanted = ids(select(examples.world, kind, query))
            name = quote(sign + names.option_name(field))
            call = f"{names.reports_module(kind)}.in_order({connection}every, {name})"
            lines += [f"self.assertEqual({found_ids(call)}, {wanted})"]
        about = f"Sorted by {names.heading(field)}, both ways, empty ones last."
        methods.append(Method(f"by_{slug}", about, lines))
    return methods


def searches(examples: Examples, kind: Kind) -> list[Method]:
    """A test of the search in each searched field."""
    connection = "self.connection, " if search_needs_connection(examples.app, kind) else ""
    methods = []
    for slug in kind.features.searches:
        texts = [canonical(record.value(slug)) for record in examples.of(kind)]
        parts = list(dict.fromkeys(text[1:4].swapcase() for text in texts if len(text) > 1))[:2]
        lines = [f"every = {names.records_module(kind)}.find_all(self.connection)"]
        for part in [*parts, "no such text"]:
            wanted = ids(select(examples.world, kind, Query(search=part)))
            call = f"{names.reports_module(kind)}.matching({connection}every, {quote(part)})"
            lines += [f"self.assertEqual({found_ids(call)}, {wanted})"]
        about = f"A part of the {names.heading(kind.field(slug))} is enough, in any case."
        methods.append(Method(f"in_{slug}", about, lines))
    return methods


def shown(record: Record, slug: str) -> str:
    """What a row holds for a field."""
    field = record.kind.field(slug)
    value = record.value(slug)
    if field.type is FieldType.REFERENCE and value is not None:
        target = record.world.record(field.target, int(str(value)))
        known = names.label_field(record.world.app.kind(field.target))
        if target is not None and known is not None:
            return f"values.Link({value}, {quote(label(target))})"
    return literal(field, value)


def rows(examples: Examples, kind: Kind) -> list[Method]:
    """Tests of what is shown and exported."""
    record = examples.of(kind)[-1]
    reports, records = names.reports_module(kind), names.records_module(kind)
    entries = [f'"id": {record.id}']
    entries += [f"{quote(f.slug)}: {shown(record, f.slug)}" for f in kind.fields]
    if any(each.marks for each in kind.features.conditions):
        entries.append(f'"marks": {tuple_of([quote(name) for name in marks(record)])}')
    lines = [
        f"record = {records}.get(self.connection, {record.id})",
        *exploded("expected = {", entries, "}").split("\n"),
        f"self.assertEqual({reports}.row(self.connection, record), expected)",
        f"self.assertEqual(len({reports}.HEADINGS), len(expected))",
    ]
    cells = [
        "("
        + ", ".join(quote(cell) for cell in csv_row(each))
        + ("," if not kind.fields else "")
        + ")"
        for each in examples.of(kind)
    ]
    exported = [
        *exploded("expected = [", cells, "]").split("\n"),
        f"self.assertEqual({reports}.export_rows(self.connection), expected)",
    ]
    return [
        Method("row", "Every field is there, in the order of the columns.", lines),
        Method("export_rows", "Ids and all stored fields are exported.", exported),
    ]


def conditions(examples: Examples, kind: Kind) -> list[Method]:
    """A test of each named condition."""
    methods = []
    for each in kind.features.conditions:
        met = [record for record in examples.of(kind) if holds(each.condition, record)]
        call = condition_call(examples.app, kind, each).replace("(connection", "(self.connection")
        record = names.variable(kind)
        found = f"{names.records_module(kind)}.find_all(self.connection)"
        test = f"{names.reports_module(kind)}.{call}"
        lines = [
            f"found = [{record}.id for {record} in {found} if {test}]",
            f"self.assertEqual(found, {ids(met)})",
        ]
        about = f"Exactly those that are {each.name.lower()} are found."
        methods.append(Method(each.slug.rstrip("_"), about, lines))
        methods += edge_methods(examples, kind, each)
    return methods


def edge_methods(examples: Examples, kind: Kind, condition: NamedCondition) -> list[Method]:
    """Tests of records just within a condition and just beyond it."""
    node = condition.condition
    call = condition_call(examples.app, kind, condition).replace("(connection", "(self.connection")
    edges = [examples.at_edge(kind, node, met=met) for met in (True, False)]
    if looks_at_clock(kind, node):
        edges += turning_records(examples, kind, node) or ()
    methods = []
    for position, edge in enumerate(edges, start=1):
        if edge is not None:
            lines = given(names.variable(kind), record_code(edge))
            lines.append(f"self.assert{holds(node, edge)}({names.reports_module(kind)}.{call})")
            about = "Just within the condition, or just beyond it."
            methods.append(Method(f"{condition.slug.rstrip('_')}_edge_{position}", about, lines))
    return methods


def sums(examples: Examples, kind: Kind) -> list[Method]:
    """A test of each figure, over all examples and over none, and of its groups."""
    methods = []
    reports = names.reports_module(kind)
    for op, fields in offered(kind).items():
        for slug, groups in fields.items():
            function = f"{reports}.{figure_name(op, slug)}"
            value = figure_code(kind, op, slug, examples.of(kind))
            lines = [
                f"every = {names.records_module(kind)}.find_all(self.connection)",
                f"self.assertEqual({function}(self.connection, every), {value})",
                f"nothing = {figure_code(kind, op, slug, [])}",
                f"self.assertEqual({function}(self.connection, []), nothing)",
            ]
            about = f"The {op.value} over all examples, and over none."
            methods.append(Method(figure_name(op, slug), about, lines))
            methods += [group_method(examples, kind, op, slug, group) for group in groups]
    return methods


def figure_code(kind: Kind, op: AggregateOp, slug: str, records: list[Record]) -> str:
    """The expected figure."""
    value = aggregate_value(kind, op, slug or None, records)
    return value_code(kind, op, slug, value)


def value_code(kind: Kind, op: AggregateOp, slug: str, value: Value) -> str:
    """A figure as Python writes it."""
    if op is AggregateOp.COUNT or value is None:
        return str(value)
    if op is AggregateOp.AVERAGE:
        return decimal_literal(str(value))
    return literal(kind.field(slug), value)


def group_method(
    examples: Examples, kind: Kind, op: AggregateOp, slug: str, group: GroupBy
) -> Method:
    """The test of a grouping."""
    members: dict[Value, list[int]] = {}
    for record in examples.of(kind):
        members.setdefault(group_key(record, group), []).append(record.id)
    found = sorted(members.values())
    key = f"{names.reports_module(kind)}.{group_name(group)}(self.connection, each)"
    lines = [
        f"every = {names.records_module(kind)}.find_all(self.connection)",
        f"found = aggregates.grouped(every, lambda each: {key})",
        "ids = sorted([each.id for each in members] for _, members in found)",
        f"self.assertEqual(ids, {found})",
    ]
    part = f" and its {group.part}" if group.part else ""
    about = f"Groups by {names.heading(kind.field(group.slug))}{part} hold the right records."
    return Method(f"{figure_name(op, slug)}_{group_name(group)}", about, lines)
