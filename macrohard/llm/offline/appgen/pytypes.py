"""Field types in Python: annotations, columns, literals."""

import datetime as dt
from decimal import Decimal

from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.dialect.ast import Field, FieldType

ANNOTATIONS = {
    FieldType.TEXT: "str",
    FieldType.INTEGER: "int",
    FieldType.DECIMAL: "Decimal",
    FieldType.DATE: "dt.date",
    FieldType.DATETIME: "dt.datetime",
    FieldType.YES_NO: "bool",
    FieldType.ONE_OF: "str",
    FieldType.EMAIL: "str",
    FieldType.REFERENCE: "int",
}

COLUMNS = {
    FieldType.INTEGER: "INTEGER",
    FieldType.YES_NO: "INTEGER",
    FieldType.REFERENCE: "INTEGER",
}
"""Column types; everything else is kept as text: decimals and dates in their canonical form."""

READERS = {
    FieldType.DECIMAL: "Decimal({})",
    FieldType.DATE: "dt.date.fromisoformat({})",
    FieldType.DATETIME: "dt.datetime.fromisoformat({})",
    FieldType.YES_NO: "bool({})",
}

COLUMN_READERS = {
    FieldType.INTEGER: "int",
    FieldType.DECIMAL: "Decimal",
    FieldType.DATE: "dt.date.fromisoformat",
    FieldType.DATETIME: "dt.datetime.fromisoformat",
}
"""What makes a value of what a column holds, for the types that can be aggregated."""

ABOUT = {
    FieldType.TEXT: "a text",
    FieldType.INTEGER: "a whole number",
    FieldType.DECIMAL: "a decimal",
    FieldType.DATE: "a date",
    FieldType.DATETIME: "a date and time",
    FieldType.YES_NO: "yes or no",
    FieldType.ONE_OF: "one of its choices",
    FieldType.EMAIL: "an e-mail address",
    FieldType.REFERENCE: "an id",
}


def annotation(field: Field) -> str:
    """The type of a stored field's attribute."""
    name = ANNOTATIONS[field.type]
    return name if field.required else f"{name} | None"


def column_type(field: Field) -> str:
    """The SQL type of a stored field's column."""
    return COLUMNS.get(field.type, "TEXT")


def from_column(field: Field) -> str:
    """A field's value, read from ``row``."""
    column = f'row["{field.slug}"]'
    reader = READERS.get(field.type)
    if reader is None:
        return column
    read = reader.format(column)
    return read if field.required else f"None if {column} is None else {read}"


def literal(field: Field, value: object) -> str:
    """A value of a field, as Python writes it."""
    if value is None or isinstance(value, bool):
        return str(value)
    if field.type is FieldType.DECIMAL:
        return decimal_literal(f"{Decimal(str(value)):.{field.places}f}")
    if field.type in (FieldType.INTEGER, FieldType.REFERENCE):
        return str(int(str(value)))
    if field.type in (FieldType.DATE, FieldType.DATETIME):
        return day(value if isinstance(value, dt.date) else str(value), field.type)
    return quote(str(value))


def decimal_literal(text: str) -> str:
    """A decimal, as Python writes it."""
    return f'Decimal("{text}")' if "." in text else f"Decimal({int(text)})"


def day(value: dt.date | str, kind: FieldType) -> str:
    """A date or date-time, as Python writes it."""
    text = value if isinstance(value, str) else value.isoformat()
    moment = dt.datetime.fromisoformat(text)
    if kind is FieldType.DATE:
        return f"dt.date({moment.year}, {moment.month}, {moment.day})"
    parts = f"{moment.year}, {moment.month}, {moment.day}, {moment.hour}, {moment.minute}"
    return f"dt.datetime({parts})"
