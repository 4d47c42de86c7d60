"""On which line of a TOML file a key stands. The parser of the standard library does not tell.

A TOML document is a row of statements, each of whole lines: a header, or a key with its value. So
the lines are given to the parser until it takes them: that is one statement, and the keys that are
in it stand on its first line. The parser itself decides, so this cannot read a file differently.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def key_lines(text: str) -> dict[Path, int]:
    """The 1-based line of each key and table of a TOML document that parses."""
    found: dict[Path, int] = {}
    header = ""
    lines = text.replace("\r\n", "\n").split("\n")
    start = 0
    while start < len(lines):
        end = start + 1
        while (parsed := _parsed(header, lines[start:end])) is None and end < len(lines):
            end += 1
        for path in _paths(parsed or {}):
            found.setdefault(path, start + 1)
        if _is_header(lines[start]):
            header = lines[start]
        start = end
    return found


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """The line of a key, or of the nearest table around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def syntax_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line that a syntax error is about."""
    _, _, where = str(error).partition("(at line ")
    number = where.partition(",")[0]
    return int(number) if number.isdigit() else max(1, len(text.splitlines()))


def _parsed(header: str, block: list[str]) -> dict[str, Any] | None:
    """What a statement says under its header; None while it is not whole."""
    try:
        return tomllib.loads("\n".join(block if _is_header(block[0]) else [header, *block]))
    except tomllib.TOMLDecodeError:
        return None


def _is_header(line: str) -> bool:
    """Whether a line that begins a statement is a table's header."""
    return line.lstrip().startswith("[")


def _paths(table: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    for key, value in table.items():
        path = (*above, key)
        yield path
        if isinstance(value, Mapping):
            yield from _paths(value, path)
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, Mapping):
                    yield from _paths(part, path)
