"""Commands of the built app, as words behind ``python -m APP``."""

from collections.abc import Mapping

from macrohard.llm.offline.criteria.check import Words
from macrohard.llm.offline.dialect.ast import Aggregate, Field, GroupBy, Kind


def options(kind: Kind, typed: Mapping[str, str]) -> Words:
    """``--field value`` pairs in the order of the kind's fields."""
    return tuple(
        word
        for field in kind.fields
        if field.slug in typed
        for word in option(field, typed[field.slug])
    )


def option(field: Field, value: str) -> Words:
    """One option; a value that starts with a dash is tied to its option."""
    return (f"{field.option}={value}",) if value.startswith("-") else (field.option, value)


def add(kind: Kind, typed: Mapping[str, str]) -> Words:
    """Add a record."""
    return (kind.command, "add", *options(kind, typed))


def edit(kind: Kind, number: int, typed: Mapping[str, str]) -> Words:
    """Change a record."""
    return (kind.command, "edit", str(number), *options(kind, typed))


def show(kind: Kind, number: int) -> Words:
    """Show a record to a person."""
    return (kind.command, "show", str(number))


def delete(kind: Kind, number: int) -> Words:
    """Delete a record."""
    return (kind.command, "delete", str(number))


def list_(kind: Kind, *more: str) -> Words:
    """List records for a person."""
    return (kind.command, "list", *more)


def aggregate(kind: Kind, wanted: Aggregate, group: GroupBy | None = None) -> Words:
    """An aggregate, grouped or not, for a person."""
    field = () if wanted.field is None else (word(kind.field(wanted.field)),)
    by = () if group is None else ("--by", group.argument)
    return (kind.command, wanted.op.value, *field, *by)


def word(field: Field) -> str:
    """How a field is named as a plain argument: ``due-date``."""
    return field.option.removeprefix("--")


def in_json(words: Words) -> Words:
    """The same read for a machine."""
    return (*words, "--json")
