"""Small builders of Python source: blocks, calls that break as formatters do, whole modules."""

import ast
import json
import re
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100


def block(text: str) -> str:
    """A piece of code without the indentation it has in the generator."""
    return textwrap.dedent(text).strip("\n")


def text_literal(text: str) -> str:
    """A text, such as SQL, as a literal in the quotes that formatters prefer."""
    return f"'{text}'" if '"' in text and "'" not in text else quote(text)


def text_lines(name: str, text: str) -> list[str]:
    """The statement that gives a text a name, cut at its spaces where it is long."""
    one_line = f"{name} = {text_literal(text)}"
    if len(one_line) + 4 <= WIDTH:
        return [one_line]
    return [f"{name} = (", *(f"    {text_literal(piece)}" for piece in cut(text)), ")"]


def cut(text: str, depth: int = 2) -> list[str]:
    """A text in pieces that end at spaces and fit, as literals, into lines indented so often."""
    words = text.split(" ")
    pieces, piece = [], words[0]
    for position, word in enumerate(words[1:], start=2):
        end = "" if position == len(words) else " "
        if len(text_literal(f"{piece} {word}{end}")) > WIDTH - 4 * depth:
            pieces.append(f"{piece} ")
            piece = word
        else:
            piece = f"{piece} {word}"
    return [*pieces, piece]


def indent(text: str, steps: int = 1) -> str:
    """A piece of code, indented."""
    return textwrap.indent(text, "    " * steps)


def quote(text: str) -> str:
    """A string literal in double quotes, as formatters prefer them."""
    if '"' in text and "'" not in text:
        return repr(text)
    return json.dumps(text, ensure_ascii=False)


def call(head: str, arguments: Sequence[str]) -> str:
    """``head(arguments)`` in one line."""
    return f"{head}({', '.join(arguments)})"


def exploded(opening: str, items: Iterable[str], closing: str) -> str:
    """Items between brackets, always one a line."""
    lines = "".join(f"{item},\n" for item in items)
    return f"{opening}\n{indent(lines)}{closing}" if lines else opening + closing


def tuple_of(items: Sequence[str]) -> str:
    """A tuple in one line."""
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def docstring(text: str, depth: int = 1) -> str:
    """A docstring, not yet indented: one line, or a summary with the rest below it."""
    room = WIDTH - 4 * depth
    safe = text.replace("\\", "\\\\").replace('"""', "'''")
    summary, _, rest = safe.partition("\n\n")
    if not rest and len(summary) + 6 <= room and not summary.endswith('"'):
        return f'"""{summary}"""'
    if not rest and ": " in summary:
        summary, _, rest = summary.partition(": ")
        summary, rest = f"{summary}.", rest[:1].upper() + rest[1:]
    paragraphs = [
        textwrap.fill(f'"""{part}', room - 3, break_long_words=False, break_on_hyphens=False)[3:]
        for part in [summary, *rest.split("\n\n")]
        if part
    ]
    body = "\n\n".join(paragraphs)
    return f'"""{body}\n"""'


def function(signature: str, about: str, body: str) -> str:
    """A function with its docstring."""
    return f"{signature}\n{indent(docstring(about))}\n{indent(body)}"


def signature(name: str, parameters: Sequence[str], returns: str) -> str:
    """``def name(parameters) -> returns:``."""
    return f"def {name}({', '.join(parameters)}) -> {returns}:"


KNOWN_IMPORTS = {
    "dt": "import datetime as dt",
    "argparse": "import argparse",
    "contextlib": "import contextlib",
    "io": "import io",
    "json": "import json",
    "os": "import os",
    "subprocess": "import subprocess",
    "sys": "import sys",
    "tempfile": "import tempfile",
    "unittest": "import unittest",
    "Path": "from pathlib import Path",
    "Callable": "from collections.abc import Callable",
    "Iterable": "from collections.abc import Iterable",
    "Iterator": "from collections.abc import Iterator",
    "Mapping": "from collections.abc import Mapping",
    "Sequence": "from collections.abc import Sequence",
    "NamedTuple": "from typing import NamedTuple",
    "Decimal": "from decimal import Decimal",
    "Fraction": "from fractions import Fraction",
    "Connection": "from sqlite3 import Connection",
    "Row": "from sqlite3 import Row",
    "sqlite3": "import sqlite3",
    "Any": "from typing import Any",
    "patch": "from unittest.mock import patch",
}
"""What generated code may import from the standard library, by the name it uses."""


def imports(source: str, ours: dict[str, str]) -> str:
    """The import lines that a source needs: standard library first, then the app's own.

    Args:
        source: Code without imports.
        ours: Import statements of the app, by the name they bring in.
    """
    tree = ast.parse(source)
    defined = {name for statement in tree.body for name in names_made(statement)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - defined
    library = [statement for name, statement in KNOWN_IMPORTS.items() if name in used]
    own = [statement for name, statement in ours.items() if name in used]
    groups = [merged(group) for group in (library, own) if group]
    return "\n\n".join(groups)


def names_made(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement defines."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def merged(statements: Iterable[str]) -> str:
    """Import statements, sorted as isort does, one a module."""
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for statement in statements:
        match = re.fullmatch(r"from (\S+) import (.+)", statement)
        if match:
            names.setdefault(match[1], set()).update(match[2].split(", "))
        else:
            plain.add(statement)
    lines = sorted(plain)
    for module in sorted(names):
        members = sorted(names[module], key=lambda name: (not name.isupper(), name.islower(), name))
        lines += ungrouped(module, members)
    return "\n".join(lines)


def ungrouped(module: str, members: Sequence[str]) -> list[str]:
    """Import lines of one module; a renamed import has a line of its own, as isort has it."""
    renamed = [f"from {module} import {name}" for name in members if " as " in name]
    straight = [name for name in members if " as " not in name]
    lines = [bracketed_import(module, straight)] if straight else []
    return lines + renamed


def bracketed_import(module: str, members: Sequence[str]) -> str:
    """``from module import members``, broken where it is long."""
    one_line = f"from {module} import {', '.join(members)}"
    if len(one_line) <= WIDTH:
        return one_line
    return exploded(f"from {module} import (", members, ")")


def module(about: str, blocks: Sequence[str], ours: dict[str, str]) -> str:
    """A whole module: docstring, the imports it needs, constants, functions and classes."""
    if not blocks:
        return docstring(about, depth=0) + "\n"
    body, after_definition = blocks[0], is_definition(blocks[0])
    for piece in blocks[1:]:
        tight = not after_definition and not is_definition(piece)
        body += ("\n" if tight else "\n\n\n") + piece
        after_definition = is_definition(piece)
    wanted = imports(body, ours)
    gap = "\n\n\n" if is_definition(blocks[0]) else "\n\n"
    return f"{docstring(about, depth=0)}\n\n{wanted}{gap if wanted else ''}{body}\n"


def is_definition(piece: str) -> bool:
    """Whether a piece of code is functions and classes."""
    return piece.startswith(("def ", "class ", "@"))
