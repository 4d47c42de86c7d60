"""Writes ``tests/examples.py``: rows for the tests, and a clock that stands still."""

from decimal import Decimal

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import exploded, indent, module, quote
from macrohard.llm.offline.appgen.pytypes import literal
from macrohard.llm.offline.appgen.unit.examples import NOW, Examples
from macrohard.llm.offline.dialect.ast import Field, FieldType
from macrohard.llm.offline.oracle.values import Value, canonical
from macrohard.llm.offline.oracle.world import Record


def examples_module(examples: Examples, ours: dict[str, str]) -> str:
    """The source of the module."""
    rows = []
    for made in examples.made:
        record = examples.world.record(made.kind, made.number)
        if record is not None:
            rows.append(f"({quote(names.table(record.kind))}, {row_code(record)})")
    typed = "EXAMPLES: tuple[tuple[str, dict[str, str | int | None]], ...] = ("
    blocks = [
        exploded(typed, rows, ")"),
        '"""Tables and rows, in an order in which they can be stored; ids count from 1."""',
    ]
    if examples.clocks:
        blocks.append(fixed_day_class(examples))
    blocks.append(examples_class(examples))
    return module("Example records for the tests.", blocks, ours)


def row_code(record: Record) -> str:
    """The stored row of a record."""
    entries = [
        f"{quote(field.slug)}: {stored_code(field, record.row.get(field.slug))}"
        for field in names.stored_fields(record.kind)
    ]
    return f"{{{', '.join(entries)}}}"


def stored_code(_field: Field, value: Value) -> str:
    """A value as its column holds it."""
    if value is None:
        return "None"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, Decimal):
        return str(value)
    return quote(canonical(value))


def fixed_day_class(examples: Examples) -> str:
    """A test case whose clock stands still."""
    day = Field("day", "day", FieldType.DATE, 0)
    moment = Field("moment", "moment", FieldType.DATETIME, 0)
    told = {"today": literal(day, NOW.date()), "now": literal(moment, NOW)}
    lines = ['"""Open the database and stop the clock."""', "super().setUp()"]
    for name in examples.clocks:
        lines += [
            f'clock = patch.object(values, "{name}", return_value={told[name]})',
            "clock.start()",
            "self.addCleanup(clock.stop)",
        ]
    body = '"""A test case on a fixed day."""\n\ndef setUp(self) -> None:\n'
    return "class FixedDayTest(DatabaseTest):\n" + indent(body + indent("\n".join(lines)))


def examples_class(examples: Examples) -> str:
    """A test case whose database holds the examples."""
    lines = [
        '"""Store the examples."""',
        "super().setUp()",
        "for table, row in EXAMPLES:",
        "    self.insert(table, row)",
    ]
    body = '"""A test case with the examples in its database."""\n\ndef setUp(self) -> None:\n'
    head = f"class ExamplesTest({examples.base_class}):\n"
    return head + indent(body + indent("\n".join(lines)))
