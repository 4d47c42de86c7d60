"""Deleting records that others refer to: what goes with them, and what must not be left behind."""
# For ruff: the identifiers come from our own schema, never from people.
# ruff: noqa: S608

from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed.errors import InputError
from macrohard.llm.offline.appgen.fixed.schema import CASCADES, KIND_NAMES, REFUSALS

Going = dict[str, set[int]]
"""Ids of records that are deleted together, by table."""


def going_with(connection: Connection, table: str, record_id: int) -> Going:
    """Find all records that are deleted with a record, itself among them.

    Raises:
        InputError: when a record that stays refers to one of them.
    """
    going = {table: {record_id}}
    unvisited = [(table, record_id)]
    while unvisited:
        target, target_id = unvisited.pop()
        for referring, column, referred in CASCADES:
            if referred == target:
                found = referring_ids(connection, referring, column, target_id)
                fresh = found - going.setdefault(referring, set())
                going[referring] |= fresh
                unvisited += [(referring, other_id) for other_id in fresh]
    refuse_dangling(connection, going)
    return going


def referring_ids(connection: Connection, table: str, column: str, record_id: int) -> set[int]:
    """Find the ids of the records that refer to a record."""
    query = f'SELECT "id" FROM "{table}" WHERE "{column}" = ?'
    return {row["id"] for row in connection.execute(query, (record_id,))}


def refuse_dangling(connection: Connection, going: Going) -> None:
    """Refuse to delete records that others refer to which stay."""
    for referring, column, target in REFUSALS:
        for record_id in sorted(going.get(target, ())):
            staying = referring_ids(connection, referring, column, record_id)
            staying -= going.get(referring, set())
            if staying:
                record = f"{KIND_NAMES[target][0]} {record_id}"
                other = f"{KIND_NAMES[referring][0]} {min(staying)}"
                raise InputError(f"{record} cannot be deleted: {other} refers to it")


def others(going: Going, table: str) -> str:
    """Say how many other records go along: nothing, or `` and 3 movements``."""
    words = ""
    for kind, (singular, plural) in KIND_NAMES.items():
        count = len(going.get(kind, ())) - (kind == table)
        if count:
            words += f" and {count} {singular if count == 1 else plural}"
    return words
