"""A session with the program, as its README shows it and as a test repeats it."""

import shlex
from collections.abc import Iterator

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.fixed import output, values
from macrohard.llm.offline.appgen.sums import offered
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.dialect.ast import FieldType, Kind
from macrohard.llm.offline.oracle.reading import Query, aggregate_value, has_marks, marks
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.timeless import Timeless, UnsettledError
from macrohard.llm.offline.oracle.values import canonical
from macrohard.llm.offline.oracle.world import Record

RECORDS = 3
"""Records of each kind that the session makes at most."""


def session(examples: Examples) -> list[str]:
    """Commands, each after ``$``, and what they print: the first examples made and looked at."""
    there = Timeless(examples.app)
    lines: list[str] = []
    count: dict[str, int] = {}
    for made in examples.made:
        kind = examples.app.kind(made.kind)
        if count.get(kind.slug, 0) == RECORDS or not kind.features.add:
            continue
        try:
            number = there.add(kind.slug, made.typed)
        except (RefusedError, UnsettledError):
            continue  # it refers to a record that was left out
        count[kind.slug] = number
        lines += [added(examples, kind, made.typed), f"Added {names.singular(kind)} {number}."]
    for kind in examples.app.kinds:
        lines += looked_at(examples, there, kind)
    return lines


def command(examples: Examples, *words: str) -> str:
    """A command line."""
    return f"$ python -m {examples.app.slug} {shlex.join(words)}"


def added(examples: Examples, kind: Kind, typed: Typed) -> str:
    """The command that adds a record."""
    words = [part for slug, text in typed.items() for part in (kind.field(slug).option, text)]
    return command(examples, kind.command, "add", *words)


def looked_at(examples: Examples, there: Timeless, kind: Kind) -> Iterator[str]:
    """A list of the records of a kind and a figure over them, where no day matters."""
    try:
        found = there.select(kind, Query())
    except UnsettledError:
        return
    if not found or any(is_loose(there, kind, record) for record in found):
        return
    if kind.features.list:
        yield command(examples, kind.command, "list")
        headings = ["id", *(names.heading(field) for field in kind.fields)]
        headings += ["marks"] if has_marks(kind) else []
        yield from output.table(headings, [row(record) for record in found]).split("\n")
    for op, fields in offered(kind).items():
        slug = next(iter(fields))
        named = [names.option_name(kind.field(slug))] if slug else []
        value = aggregate_value(kind, op, slug or None, found)
        yield command(examples, kind.command, op.value, *named)
        yield canonical(value) if value is not None else "-"
        break


def is_loose(there: Timeless, kind: Kind, record: Record) -> bool:
    """Whether something about a record depends on the day."""
    known = there.json(kind, record.id)
    return any(field.slug not in known for field in kind.fields) or (
        has_marks(kind) and "marks" not in known
    )


def row(record: Record) -> dict[str, object]:
    """A record as a row of a table."""
    cells: dict[str, object] = {"id": record.id}
    for field in record.kind.fields:
        value: object = record.value(field.slug)
        labelled = field.type is FieldType.REFERENCE and has_label(record, field.target)
        if labelled and isinstance(value, int):
            value = values.Link(value, label(record, field.target, value))
        cells[field.slug] = value
    if has_marks(record.kind):
        cells["marks"] = tuple(marks(record))
    return cells


def has_label(record: Record, target: str) -> bool:
    """Whether people know the records of a kind by a text."""
    return names.label_field(record.world.app.kind(target)) is not None


def label(record: Record, target: str, number: int) -> str:
    """What a record that is referred to is called."""
    known = names.label_field(record.world.app.kind(target))
    other = record.world.record(target, number)
    value = other.value(known.slug) if known is not None and other is not None else None
    return value if isinstance(value, str) else ""
