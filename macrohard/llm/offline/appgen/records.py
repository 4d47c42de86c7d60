"""Writes ``records/KIND.py``: what is kept of a record, how its fields are read, its rows."""
# For ruff: the identifiers come from our own schema, never from people.
# ruff: noqa: S608

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.computed import compute_function
from macrohard.llm.offline.appgen.parsing import choices_constant, parse_function
from macrohard.llm.offline.appgen.pysource import (
    exploded,
    function,
    indent,
    module,
    quote,
    signature,
    text_lines,
    text_literal,
    tuple_of,
)
from macrohard.llm.offline.appgen.pytypes import annotation, from_column
from macrohard.llm.offline.appgen.scope import is_cross
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind


def record_module(app: App, kind: Kind, ours: dict[str, str]) -> str:
    """The source of a kind's record module."""
    fields = names.stored_fields(kind)
    blocks = [
        *constants(fields),
        *named_constant(app, kind),
        record_class(kind, fields),
        new_function(kind, fields),
        changed_function(kind, fields),
        *(parse_function(field) for field in fields),
        *(
            compute_function(app, kind, field, home=names.records_module(kind))
            for field in kind.fields
            if field.computed is not None and not is_cross(app, kind, field)
        ),
        *storage(kind, fields),
    ]
    plural = names.plural(kind)
    about = names.sentence(f"{plural}: what is kept of one, how its fields are read, and its rows")
    return module(about, blocks, ours)


def constants(fields: tuple[Field, ...]) -> list[str]:
    """The names of the fields, for CSV files, and the choices of fields."""
    required = [field.slug for field in fields if field.required and field.default is None]
    return [
        f"FIELDS = {tuple_of([quote(field.slug) for field in fields])}",
        f"REQUIRED = {tuple_of([quote(slug) for slug in required])}",
        *(choices_constant(field) for field in fields if field.type is FieldType.ONE_OF),
    ]


def named_constant(app: App, kind: Kind) -> list[str]:
    """``NAMED``: which references take a name for an id."""
    entries = [
        f"{quote(field.slug)}: ({quote(names.table(target))}, {quote(name.slug)})"
        for field, (target, name) in names.named_references(app, kind).items()
    ]
    if not entries:
        return []
    about = "References that take a name: the table referred to, and its column of names."
    return [exploded("NAMED = {", entries, "}"), f'"""{about}"""']


def record_class(kind: Kind, fields: tuple[Field, ...]) -> str:
    """The class of a record: a named tuple, since importing dataclasses takes 10 ms a start."""
    lines = ["id: int", *(f"{field.slug}: {annotation(field)}" for field in fields)]
    about = f"{names.an(names.singular(kind)).capitalize()}; its id is 0 until it is stored."
    body = f'"""{about}"""\n\n' + "\n".join(lines)
    return f"class {names.class_name(kind)}(NamedTuple):\n{indent(body)}"


def new_function(kind: Kind, fields: tuple[Field, ...]) -> str:
    """``new``: a record of texts."""
    arguments = ["id=0", *(f"{field.slug}={new_value(field)}" for field in fields)]
    return function(
        f"def new(texts: Mapping[str, str]) -> {names.class_name(kind)}:",
        f"Make {names.an(names.singular(kind))} of the texts that a person gives for its fields.",
        exploded(f"return {names.class_name(kind)}(", arguments, ")"),
    )


def new_value(field: Field) -> str:
    """The value of a field of a new record."""
    read = f"parse_{field.slug}"
    key = quote(field.slug)
    if field.default == "today" and field.type in (FieldType.DATE, FieldType.DATETIME):
        clock = "today" if field.type is FieldType.DATE else "now"
        return f"{read}(texts[{key}]) if {key} in texts else values.{clock}()"
    return f"{read}(texts.get({key}, {quote(field.default or '')}))"


def changed_function(kind: Kind, fields: tuple[Field, ...]) -> str:
    """``changed``: a record with some fields given anew."""
    record, name = names.variable(kind), names.class_name(kind)
    arguments = [f"id={record}.id"]
    for field in fields:
        key = quote(field.slug)
        given = f"parse_{field.slug}(texts[{key}]) if {key} in texts"
        arguments.append(f"{field.slug}={given} else {record}.{field.slug}")
    return function(
        signature("changed", [f"{record}: {name}", "texts: Mapping[str, str]"], name),
        f"Return the {names.singular(kind)} with the fields changed that texts are given for.",
        exploded(f"return {name}(", arguments, ")"),
    )


def storage(kind: Kind, fields: tuple[Field, ...]) -> list[str]:
    """Everything that reads and writes rows."""
    return [
        from_row(kind, fields),
        to_row(kind, fields),
        insert(kind, fields),
        update(kind, fields),
        remove(kind),
        get(kind),
        find_all(kind),
        *(related_to(kind, field) for field in fields if field.type is FieldType.REFERENCE),
    ]


def from_row(kind: Kind, fields: tuple[Field, ...]) -> str:
    """``from_row``: a record of a row."""
    name = names.class_name(kind)
    values = ['id=row["id"]', *(f"{field.slug}={from_column(field)}" for field in fields)]
    return function(
        f"def from_row(row: Row) -> {name}:",
        f"Read {names.an(names.singular(kind))} from its row.",
        exploded(f"return {name}(", values, ")"),
    )


def to_row(kind: Kind, fields: tuple[Field, ...]) -> str:
    """``to_row``: the stored values of a record."""
    record, name = names.variable(kind), names.class_name(kind)
    values = [f"values.stored({record}.{field.slug})" for field in fields]
    return function(
        f"def to_row({record}: {name}) -> tuple[str | int | None, ...]:",
        f"List what the columns hold for {names.an(names.singular(kind))}, without its id.",
        exploded("return (", values, ")") if len(values) > 1 else f"return {tuple_of(values)}",
    )


def columns(fields: tuple[Field, ...]) -> str:
    """The quoted columns of an SQL statement."""
    return ", ".join(f'"{field.slug}"' for field in fields)


def insert(kind: Kind, fields: tuple[Field, ...]) -> str:
    """``insert``: store a new record."""
    record, name = names.variable(kind), names.class_name(kind)
    marks = ", ".join("?" for _ in fields)
    text = f'INSERT INTO "{names.table(kind)}" ({columns(fields)}) VALUES ({marks})'
    body = [
        *text_lines("query", text),
        f"return {record}._replace(id=database.insert(connection, query, to_row({record})))",
    ]
    return function(
        signature("insert", ["connection: Connection", f"{record}: {name}"], name),
        f"Store a new {names.singular(kind)} and return it with its id.",
        "\n".join(body),
    )


def update(kind: Kind, fields: tuple[Field, ...]) -> str:
    """``update``: store a changed record."""
    record, name = names.variable(kind), names.class_name(kind)
    settings = ", ".join(f'"{field.slug}" = ?' for field in fields)
    text = f'UPDATE "{names.table(kind)}" SET {settings} WHERE "id" = ?'
    return function(
        signature("update", ["connection: Connection", f"{record}: {name}"], "None"),
        f"Store the changed fields of {names.an(names.singular(kind))}.",
        "\n".join(
            [
                *text_lines("query", text),
                f"connection.execute(query, (*to_row({record}), {record}.id))",
            ]
        ),
    )


def remove(kind: Kind) -> str:
    """``remove``: delete a row."""
    key = names.key(kind)
    text = f'DELETE FROM "{names.table(kind)}" WHERE "id" = ?'
    return function(
        signature("remove", ["connection: Connection", f"{key}: int"], "None"),
        f"Delete the row of {names.an(names.singular(kind))}.",
        f"connection.execute({text_literal(text)}, ({key},))",
    )


def get(kind: Kind) -> str:
    """``get``: one record."""
    key, name = names.key(kind), names.class_name(kind)
    text = f'SELECT * FROM "{names.table(kind)}" WHERE "id" = ?'
    body = [
        f"found = database.fetch(connection, from_row, {text_literal(text)}, {key})",
        "if not found:",
        f'    raise InputError(f"no {names.singular(kind)} {{{key}}}")',
        "return found[0]",
    ]
    return function(
        signature("get", ["connection: Connection", f"{key}: int"], name),
        f"Return the {names.singular(kind)} of an id; InputError when there is none.",
        "\n".join(body),
    )


def find_all(kind: Kind) -> str:
    """``find_all``: every record."""
    name = names.class_name(kind)
    text = f'SELECT * FROM "{names.table(kind)}" ORDER BY "id"'
    return function(
        signature("find_all", ["connection: Connection"], f"list[{name}]"),
        f"Return all {names.plural(kind)} in order of their ids.",
        f"return database.fetch(connection, from_row, {text_literal(text)})",
    )


def related_to(kind: Kind, field: Field) -> str:
    """``with_REFERENCE``: the records that refer to a record."""
    name = names.class_name(kind)
    text = f'SELECT * FROM "{names.table(kind)}" WHERE "{field.slug}" = ? ORDER BY "id"'
    return function(
        signature(
            f"with_{field.slug}",
            ["connection: Connection", "record_id: int"],
            f"list[{name}]",
        ),
        f"Return the {names.plural(kind)} whose {names.heading(field)} is this record.",
        f"return database.fetch(connection, from_row, {text_literal(text)}, record_id)",
    )
