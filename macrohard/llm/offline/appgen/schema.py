"""Writes ``schema.py``: the tables, and what deleting does along references."""

import zlib

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.deletes import references
from macrohard.llm.offline.appgen.pysource import exploded, indent, module, quote, tuple_of
from macrohard.llm.offline.appgen.pytypes import column_type
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind, UniqueRule


def schema_module(app: App) -> str:
    """The source of the module."""
    linked = list(references(app))
    blocks = [
        f"APPLICATION_ID = {zlib.crc32(app.slug.encode()) & 0x7FFFFFFF}",
        '"""Marks a file as a database of this program."""',
        "VERSION = 1",
        exploded("SCHEMA = (", statements(app), ")"),
        exploded("KIND_NAMES = {", (kind_name(kind) for kind in app.kinds), "}"),
        '"""One and several of each kind, by table, as messages say it."""',
        "Links = tuple[tuple[str, str, str], ...]",
        f"CASCADES: Links = {tuple_of([entry(app, k, f) for k, f, goes in linked if goes])}",
        '"""Table, column, table referred to: deleting a record there deletes those here."""',
        f"REFUSALS: Links = {tuple_of([entry(app, k, f) for k, f, goes in linked if not goes])}",
        '"""Table, column, table referred to: a record there stays while one here refers to it."""',
    ]
    return module(
        "The tables of the database, and what deleting a record does to others.", blocks, {}
    )


def kind_name(kind: Kind) -> str:
    """The names of a kind for messages."""
    one, several = names.singular(kind), names.plural(kind)
    return f"{quote(names.table(kind))}: ({quote(one)}, {quote(several)})"


def entry(app: App, kind: Kind, field: Field) -> str:
    """A reference as table, column, table referred to."""
    target = names.table(app.kind(field.target))
    return f"({quote(names.table(kind))}, {quote(field.slug)}, {quote(target)})"


def statements(app: App) -> list[str]:
    """All statements that create tables and indexes, as literals."""
    found = [f'"""\n{indent(create_table(app, kind))}\n    """' for kind in app.kinds]
    for kind, field, _ in references(app):
        if not field.unique:
            index = f"{names.table(kind)}_{field.slug}"
            text = f'CREATE INDEX "{index}" ON "{names.table(kind)}" ("{field.slug}")'
            found.append(f"'{text}'")
    return found


def create_table(app: App, kind: Kind) -> str:
    """The statement that creates the table of a kind."""
    cascades = {(other.slug, field.slug) for other, field, goes in references(app) if goes}
    lines = ['"id" INTEGER PRIMARY KEY AUTOINCREMENT']
    lines += [
        column(app, field, goes=(kind.slug, field.slug) in cascades)
        for field in names.stored_fields(kind)
    ]
    lines += [
        f"UNIQUE ({', '.join(quote(slug) for slug in rule.fields)})"
        for rule in app.rules
        if isinstance(rule, UniqueRule) and rule.kind == kind.slug
    ]
    body = ",\n".join(lines)
    return f'CREATE TABLE "{names.table(kind)}" (\n{indent(body)}\n)'


def column(app: App, field: Field, *, goes: bool) -> str:
    """The definition of a column."""
    words = [f'"{field.slug}" {column_type(field)}']
    if field.required:
        words.append("NOT NULL")
    if field.unique:
        words.append("UNIQUE")
    if field.type is FieldType.REFERENCE:
        words.append(f'REFERENCES "{names.table(app.kind(field.target))}" ("id")')
        words += ["ON DELETE CASCADE"] if goes else []
    return " ".join(words)
