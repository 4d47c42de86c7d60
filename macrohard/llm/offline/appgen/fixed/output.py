"""What commands print: tables, single records and JSON."""
# For ruff: only --json needs json.
# ruff: noqa: PLC0415

import unicodedata
from collections.abc import Mapping, Sequence

from macrohard.llm.offline.appgen.fixed.values import plain, shown, visible

Row = Mapping[str, object]


def width(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    marks = sum(unicodedata.category(letter) in ("Mn", "Me", "Cf") for letter in text)
    return len(text) + wide - marks


def table(headings: Sequence[str], rows: Sequence[Row]) -> str:
    """Lay rows out in columns under their headings; numbers stand at the right."""
    lines = [list(headings)] + [[shown(value) for value in row.values()] for row in rows]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headings))]
    numeric = [
        any(is_number(value) for value in column)
        for column in zip(*(row.values() for row in rows), strict=True)
    ]
    return "\n".join(
        "  ".join(
            pad(text, size, at_right=right)
            for text, size, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def is_number(value: object) -> bool:
    """Say whether a value is a number to a reader."""
    return not isinstance(value, bool) and hasattr(value, "__abs__")


def pad(text: str, size: int, *, at_right: bool) -> str:
    """Fill a text up with spaces."""
    spaces = " " * (size - width(text))
    return spaces + text if at_right else text + spaces


def block(headings: Sequence[str], row: Row) -> str:
    """Show one record, a line for each field."""
    return "\n".join(
        f"{heading}: {shown(value)}" for heading, value in zip(headings, row.values(), strict=True)
    )


def listing(headings: Sequence[str], rows: Sequence[Row], nothing: str, as_json: bool) -> str:
    """Show rows as a table or as JSON, and say so when there are none."""
    if as_json:
        return document(list(rows))
    return table(headings, rows) if rows else nothing


def record(headings: Sequence[str], row: Row, as_json: bool) -> str:
    """Show one record as lines or as JSON."""
    return document(row) if as_json else block(headings, row)


def figure(name: str, value: object, as_json: bool) -> str:
    """Show one figure, bare or as JSON."""
    return document({name: value}) if as_json else shown(value)


def document(content: object) -> str:
    """Write rows, a row, or anything else that JSON can hold, as one JSON document."""
    import json  # only --json needs it

    text = json.dumps(json_value(content), ensure_ascii=False, indent=2)
    return visible(text)  # spelt out as JSON spells them, too


def json_value(content: object) -> object:
    """Turn rows and the values in them into what JSON can hold."""
    if isinstance(content, Mapping):
        return {key: json_value(value) for key, value in content.items()}
    if isinstance(content, list):
        return [json_value(value) for value in content]
    return plain(content)
