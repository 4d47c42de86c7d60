"""The SQLite file: opened, given its tables where it is new, used in transactions."""
# For ruff: identifiers come from our own schema; pathlib is slow to load.
# ruff: noqa: S608, PTH110, PTH112, PTH118, PTH120

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, TypeVar

from macrohard.llm.offline.appgen.fixed.errors import InputError, MissingError, StorageError
from macrohard.llm.offline.appgen.fixed.schema import APPLICATION_ID, KIND_NAMES, SCHEMA, VERSION
from macrohard.llm.offline.appgen.fixed.values import Link, parse_id, stored

WAIT_FOR_OTHERS_S = 30

Record = TypeVar("Record")
Value = TypeVar("Value")


def connect(path: str) -> sqlite3.Connection:
    """Open a database file, without looking into it."""
    connection = sqlite3.connect(path, timeout=WAIT_FOR_OTHERS_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Create the tables where there are none yet; refuse the database of another program."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) == (APPLICATION_ID, VERSION):
        return
    if application or version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StorageError("it is the database of another program")
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(path: str, begin: str) -> Iterator[sqlite3.Connection]:
    """Open a database for one transaction: all of it is kept, or nothing.

    Raises:
        StorageError: when the file cannot be used.
    """
    try:
        with closing(connect(path)) as connection:
            connection.execute(begin)
            prepare(connection)
            yield connection
            connection.execute("COMMIT")
    except (sqlite3.Error, StorageError) as error:
        raise StorageError(f"cannot use the database {path!r}: {error}") from error


def reading(path: str) -> AbstractContextManager[sqlite3.Connection]:
    """Open a database to read one state of it; a file that is not there yet holds nothing."""
    is_new = not os.path.exists(path) and os.path.isdir(os.path.dirname(path) or ".")
    return transaction(":memory:" if is_new else in_a_file(path), "BEGIN")


def writing(path: str) -> AbstractContextManager[sqlite3.Connection]:
    """Open a database to change it; others wait until this is done."""
    return transaction(in_a_file(path), "BEGIN IMMEDIATE")


def in_a_file(path: str) -> str:
    """Name a file so that SQLite makes no database of it that is gone when it is closed."""
    return os.path.join(".", path) if path in {"", ":memory:"} else path


def fetch(
    connection: sqlite3.Connection,
    make: Callable[[sqlite3.Row], Record],
    query: str,
    *arguments: str | int | None,
) -> list[Record]:
    """Run a query and make a record of each row.

    Raises:
        StorageError: when a row holds something that the app never writes.
    """
    rows = connection.execute(query, arguments).fetchall()
    try:
        return [make(row) for row in rows]
    except (TypeError, ValueError, ArithmeticError) as error:
        raise StorageError("it holds a value that this program did not write") from error


def insert(connection: sqlite3.Connection, query: str, values: tuple[str | int | None, ...]) -> int:
    """Store a new row and return its id."""
    return connection.execute(query, values).lastrowid or 0  # never 0 after an INSERT


def column(
    connection: sqlite3.Connection,
    read: Callable[[Any], Value],
    query: str,
    *arguments: str | int | None,
) -> list[Value]:
    """Run a query for one column and read its values; as ``fetch`` does, it refuses bad ones."""
    return fetch(connection, lambda row: read(row[0]), query, *arguments)


def require(connection: sqlite3.Connection, table: str, record_id: int | None) -> None:
    """Refuse a reference to a record that is not there."""
    query = f'SELECT 1 FROM "{table}" WHERE "id" = ?'
    if record_id is not None and not connection.execute(query, (record_id,)).fetchone():
        raise MissingError(f"no {KIND_NAMES[table][0]} {record_id}")


def with_ids(
    connection: sqlite3.Connection,
    texts: Mapping[str, str],
    named: Mapping[str, tuple[str, str]],
) -> dict[str, str]:
    """Put ids for the names of records that are referred to; what is a number is an id already.

    Args:
        connection: The database.
        texts: What a person gives for fields.
        named: For each reference the table it points to, and the column of names there.
    """
    found = dict(texts)
    for reference, (table, column) in named.items():
        text = found.get(reference, "").strip()
        if text and not text.removeprefix("-").isdecimal():
            found[reference] = str(id_of(connection, table, column, text))
    return found


def find_id(connection: sqlite3.Connection, table: str, column: str, text: str) -> int:
    """Read the id of a record, or look up whose name it is."""
    named = with_ids(connection, {"id": text}, {"id": (table, column)})
    value = parse_id("id", named["id"])
    if value is None:
        raise InputError("id is required")
    return value


def id_of(connection: sqlite3.Connection, table: str, column: str, name: str) -> int:
    """Find the record of a name; its letters' case matters only where it tells two apart."""
    # What a terminal sent that is no text: no database can be asked for it, and nobody has it.
    asked = name.encode(errors="replace").decode()
    # SQLite's NOCASE knows the letters of ASCII alone; a function of ours is slow, and comes last.
    connection.create_function("folded", 1, folded, deterministic=True)
    alike = ["? = {}", "? = {} COLLATE NOCASE", "folded(?) = folded({})"]
    for condition in alike[: 2 if name.isascii() else 3] if asked == name else ():
        where = condition.format(f'"{column}"')
        query = f'SELECT "id" FROM "{table}" WHERE {where} ORDER BY "id"'
        found = [row["id"] for row in connection.execute(query, (name,))]
        if len(found) == 1:
            return int(found[0])
        if found:
            several = ", ".join(map(str, found))
            raise InputError(f"{name!r} may be {KIND_NAMES[table][0]} {several}: give the id")
    raise MissingError(f"no {KIND_NAMES[table][0]} is called {name!r}")


def folded(text: str | None) -> str | None:
    """Write a text as it is compared where letters' case does not matter."""
    return None if text is None else text.casefold()


def link(
    connection: sqlite3.Connection, table: str, column: str, record_id: int | None
) -> Link | None:
    """Look up the label of a record that is referred to."""
    if record_id is None:
        return None
    query = f'SELECT "{column}" FROM "{table}" WHERE "id" = ?'
    row = connection.execute(query, (record_id,)).fetchone()
    return Link(record_id, "" if row is None or row[0] is None else str(row[0]))


def other_with(
    connection: sqlite3.Connection, table: str, record_id: int, wanted: Mapping[str, object]
) -> int | None:
    """Find the id of another record with these values; one that is empty is like no other."""
    if None in wanted.values():
        return None
    condition = " AND ".join(f'"{column}" = ?' for column in wanted)
    row = connection.execute(
        f'SELECT "id" FROM "{table}" WHERE "id" <> ? AND {condition} ORDER BY "id"',
        (record_id, *map(stored, wanted.values())),
    ).fetchone()
    return None if row is None else int(row["id"])
