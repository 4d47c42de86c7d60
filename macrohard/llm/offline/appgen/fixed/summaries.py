"""Answers questions such as ``expense total amount --by category``."""

import argparse
from collections.abc import Callable, Mapping
from sqlite3 import Connection
from typing import Any, NamedTuple

from macrohard.llm.offline.appgen.fixed import aggregates, console, database, output
from macrohard.llm.offline.appgen.fixed.errors import InputError


class Group(NamedTuple):
    """What records can be grouped by.

    Attributes:
        column: Name of the field in JSON.
        heading: Name of the field in a table.
        key: Finds the group of a record.
    """

    column: str
    heading: str
    key: Callable[[Connection, Any], object]


class Summary(NamedTuple):
    """A figure over records, and the groups it can be asked for by name."""

    figure: Callable[[Connection, list[Any]], object]
    groups: Mapping[str, Group]


def answer(
    verb: str,
    summaries: Mapping[str, Summary],
    options: argparse.Namespace,
    find: Callable[[Connection], list[Any]],
    nothing: str,
) -> str:
    """Work out a figure over records, or one for each group of them, and print it.

    Args:
        verb: What is asked for; the heading of the figures.
        summaries: What can be asked for, by field.
        options: The field, the grouping, the database, and whether to print JSON.
        find: Reads the records in question.
        nothing: What to print when there is no group.
    """
    summary = summaries[choose_field(options.field, summaries)]
    group = None
    if options.by is not None:
        group = summary.groups[choose_group(options.by, summary.groups)]
    with database.reading(options.db) as connection:
        records = find(connection)
        if group is None:
            return output.figure(verb, summary.figure(connection, records), options.json)
        rows = by_group(connection, verb, summary, group, records)
    return output.listing((group.heading, verb), rows, nothing, options.json)


def choose_group(given: str, groups: Mapping[str, Group]) -> str:
    """Find the grouping that is meant: ``month`` will do where one date alone has months."""
    end = f":{given.strip().lower()}"
    ends = [name for name in groups if name.endswith(end) and end != ":"]
    return ends[0] if len(ends) == 1 else console.choose("grouping", given, groups)


def by_group(
    connection: Connection, verb: str, summary: Summary, group: Group, records: list[Any]
) -> list[dict[str, object]]:
    """Work out a figure for each group of records."""
    return [
        {group.column: value, verb: summary.figure(connection, members)}
        for value, members in aggregates.grouped(records, lambda each: group.key(connection, each))
    ]


def choose_field(given: str | None, summaries: Mapping[str, Summary]) -> str:
    """Find the field that is meant; it may be left out where there is only one."""
    if given is not None:
        return console.choose("field", given, summaries)
    if len(summaries) > 1:
        raise InputError(f"name a field: {', '.join(summaries)}")
    return next(iter(summaries))
