"""Writes ``tests/test_KIND_records.py``."""

from collections.abc import Mapping

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import exploded, module, quote
from macrohard.llm.offline.appgen.pytypes import literal
from macrohard.llm.offline.appgen.scope import is_cross
from macrohard.llm.offline.appgen.unit.examples import NOW, Examples
from macrohard.llm.offline.appgen.unit.fields import field_test
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.dialect.ast import Field, FieldType, Kind
from macrohard.llm.offline.oracle.values import Value, read_value
from macrohard.llm.offline.oracle.world import Record


def record_tests(examples: Examples, kind: Kind, ours: dict[str, str]) -> str:
    """The source of the tests of a kind's record module."""
    blocks = [field_test(kind, field) for field in names.stored_fields(kind)]
    if examples.of(kind):
        blocks += [making_test(examples, kind), storage_test(examples, kind)]
        blocks += computed_tests(examples, kind)
    return module(f"Tests of what is kept of {names.plural(kind)}.", blocks, ours)


def record_code(record: Record, number: int | None = None) -> str:
    """A record as code."""
    kind = record.kind
    values = [f"id={record.id if number is None else number}"]
    values += [
        f"{field.slug}={literal(field, record.row.get(field.slug))}"
        for field in names.stored_fields(kind)
    ]
    return exploded(f"{names.records_module(kind)}.{names.class_name(kind)}(", values, ")")


def given(name: str, code: str) -> list[str]:
    """The statement that gives code a name."""
    return f"{name} = {code}".split("\n")


def making_test(examples: Examples, kind: Kind) -> str:
    """Tests of ``new`` and ``changed``."""
    module_name = names.records_module(kind)
    made = next(made for made in examples.made if made.kind == kind.slug)
    record = examples.world.record(kind.slug, made.number)
    assert record is not None  # noqa: S101  (made.number is one of the world)
    clocked = [
        field
        for field in names.stored_fields(kind)
        if field.default == "today" and field.slug not in made.typed
    ]
    typed = [f"{quote(slug)}: {quote(text)}" for slug, text in made.typed.items()]
    lines = given("texts", exploded("{", typed, "}"))
    lines += given("expected", record_code(record, 0))
    lines += [f"made = {module_name}.new(texts)"]
    lines += [
        f"self.assertEqual(made.{field.slug}, expected.{field.slug})"
        for field in names.stored_fields(kind)
        if field not in clocked
    ]
    about = f"Making and changing {names.plural(kind)}."
    methods = [
        Method("new", "Texts become the values of a record, defaults where none is given.", lines),
        Method("changed", "Only the given fields change.", change_lines(kind, record)),
    ]
    methods += [*fixed_default_methods(kind, made.typed), *default_methods(kind)]
    return test_class("MakingTest", "AppTest", about, methods)


def change_lines(kind: Kind, record: Record) -> list[str]:
    """The statements that clear a field and look at the others."""
    module_name = names.records_module(kind)
    fields = names.stored_fields(kind)
    optional = [f for f in fields if not f.required and record.row.get(f.slug) is not None]
    lines = given("before", record_code(record))
    if not optional:
        return [*lines, f"self.assertEqual({module_name}.changed(before, {{}}), before)"]
    field = optional[0]
    lines.append(f'after = {module_name}.changed(before, {{"{field.slug}": ""}})')
    lines.append(f"self.assertIsNone(after.{field.slug})")
    return lines + [
        f"self.assertEqual(after.{other.slug}, before.{other.slug})"
        for other in fields
        if other != field
    ]


def fixed_default_methods(kind: Kind, typed: Mapping[str, str]) -> list[Method]:
    """The test of defaults that are always the same."""
    fields = names.stored_fields(kind)
    fixed = [f for f in fields if f.default is not None and f.default != "today"]
    needed = [f for f in fields if f.required and f.default is None]
    if not fixed or any(field.slug not in typed for field in needed):
        return []
    given_texts = [f"{quote(f.slug)}: {quote(typed[f.slug])}" for f in needed]
    lines = [f"made = {names.records_module(kind)}.new({{{', '.join(given_texts)}}})"]
    lines += [
        f"self.assertEqual(made.{f.slug}, {literal(f, read_value(f, f.default or ''))})"
        for f in fixed
    ]
    return [Method("defaults", "What is not given gets its default.", lines)]


def default_methods(kind: Kind) -> list[Method]:
    """Tests of the defaults that are today."""
    clocked = [field for field in names.stored_fields(kind) if field.default == "today"]
    return [
        Method(
            f"{field.slug}_is_today",
            f"Without a {names.heading(field)}, the clock is asked.",
            today_lines(kind, field),
        )
        for field in clocked
        if all(
            other == field or not other.required or other.default is not None
            for other in names.stored_fields(kind)
        )
    ]


def today_lines(kind: Kind, field: Field) -> list[str]:
    """The statements that make a record without a date."""
    clock = "today" if field.type is FieldType.DATE else "now"
    value: Value = NOW.date() if field.type is FieldType.DATE else NOW
    return [
        f'with patch.object(values, "{clock}", return_value={literal(field, value)}):',
        f"    made = {names.records_module(kind)}.new({{}})",
        f"self.assertEqual(made.{field.slug}, {literal(field, value)})",
    ]


def storage_test(examples: Examples, kind: Kind) -> str:
    """Tests of rows."""
    module_name = names.records_module(kind)
    record = examples.of(kind)[-1]
    unlinked = 'self.connection.execute("PRAGMA foreign_keys = OFF")'
    lines = [unlinked, *given("wanted", record_code(record, 0))]
    lines += [
        f"stored = {module_name}.insert(self.connection, wanted)",
        "self.assertEqual(stored.id, 1)",
        f"self.assertEqual({module_name}.get(self.connection, 1), stored)",
    ]
    another = [unlinked, *given("wanted", record_code(examples.of(kind)[0], 0))]
    another += given("other", record_code(record, 1))
    gone = [
        unlinked,
        *given("wanted", record_code(record, 0)),
        f"{module_name}.insert(self.connection, wanted)",
        f"{module_name}.remove(self.connection, 1)",
        f"get = {module_name}.get",
        f'self.assert_refused("no {names.singular(kind)} 1", get, self.connection, 1)',
        f"self.assertEqual({module_name}.insert(self.connection, wanted).id, 2)",
    ]
    methods = [
        Method("insert", "What was stored is read again, every value of it.", lines),
        Method(
            "update",
            "A changed record is stored under its id.",
            [
                *another,
                f"{module_name}.insert(self.connection, wanted)",
                f"{module_name}.update(self.connection, other)",
                f"self.assertEqual({module_name}.get(self.connection, 1), other)",
            ],
        ),
        Method("remove", "A deleted record is gone, and its id is never used again.", gone),
    ]
    return test_class("StorageTest", "DatabaseTest", f"Rows of {names.plural(kind)}.", methods)


def computed_tests(examples: Examples, kind: Kind) -> list[str]:
    """Tests of the fields that are computed of the record alone."""
    fields = [
        field
        for field in kind.fields
        if field.computed is not None and not is_cross(examples.app, kind, field)
    ]
    methods = []
    for field in fields:
        lines: list[str] = []
        for record in examples.of(kind):
            function = f"{names.records_module(kind)}.compute_{field.slug}"
            lines += given("record", record_code(record))
            lines.append(f"self.assertEqual({function}(record), {value_code(record, field)})")
        about = f"The {names.heading(field)} follows from the other fields."
        methods.append(Method(f"compute_{field.slug}", about, lines))
    if not methods:
        return []
    about = f"Computed fields of {names.plural(kind)}."
    return [test_class("ComputedTest", examples.base_class, about, methods)]


def value_code(record: Record, field: Field) -> str:
    """The expected value of a field."""
    return literal(field, record.value(field.slug))
