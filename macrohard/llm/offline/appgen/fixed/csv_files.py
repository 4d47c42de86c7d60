"""CSV files: read row by row with their line numbers, and written."""
# For ruff: pathlib is slow to load.
# ruff: noqa: PTH110, PTH121, PTH123

import csv
import io
import os
from collections.abc import Iterable, Sequence

from macrohard.llm.offline.appgen.fixed.errors import InputError, StorageError


def read(
    path: str, columns: Sequence[str], required: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    """Read the rows of a CSV file, each with the line it begins on; empty cells are left out.

    Args:
        path: The file, in UTF-8.
        columns: Columns that the file may have; a column ``id`` is ignored.
        required: Columns that it must have.

    Raises:
        InputError: naming the line, when the file is no such CSV.
        StorageError: when it cannot be read.
    """
    return parsed(path, read_text(path), columns, required)


def parsed(
    path: str, text: str, columns: Sequence[str], required: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    """Read the rows of a CSV text, as ``read`` does; the path is for messages."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    header: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise InputError(f"{path}, line {line}: {error}") from error
        if not header:
            header = [cell.strip() for cell in cells]
            check_header(f"{path}, line {line}", header, columns, required)
        elif cells:
            if len(cells) != len(header):
                raise InputError(
                    f"{path}, line {line}: {len(cells)} values for {len(header)} columns"
                )
            filled = {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
            filled.pop("id", None)
            rows.append((line, filled))
    if not header:
        raise InputError(f"{path}, line 1: no header row")
    return rows


def read_text(path: str) -> str:
    """Read a whole file, with or without a byte order mark."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise StorageError(f"cannot read {path!r}: {error.strerror}") from error
    return decoded(path, content)


def decoded(path: str, content: bytes) -> str:
    """Read bytes as UTF-8, with or without a byte order mark; the path is for messages."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: not UTF-8 text") from error


def check_header(
    place: str, header: Sequence[str], columns: Sequence[str], required: Sequence[str]
) -> None:
    """Refuse a header with unknown, repeated or missing columns."""
    for name in header:
        if name != "id" and name not in columns:
            raise InputError(f"{place}: unknown column {name!r}")
        if header.count(name) > 1:
            raise InputError(f"{place}: column {name!r} appears twice")
    for name in required:
        if name not in header:
            raise InputError(f"{place}: column {name!r} is missing")


def write(path: str, header: Sequence[str], rows: Iterable[Sequence[str]], database: str) -> None:
    """Write a CSV file, replacing what was there, unless that is the database.

    Raises:
        StorageError: when it cannot be written.
    """
    if os.path.exists(path) and os.path.exists(database) and os.path.samefile(path, database):
        raise StorageError(f"cannot write {path!r}: it is the database")
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text_of(header, rows))
    except OSError as error:
        raise StorageError(f"cannot write {path!r}: {error.strerror}") from error


def text_of(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write rows as the text of a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
