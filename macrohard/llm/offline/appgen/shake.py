"""Leaves out of an app what nothing in it uses: functions, classes, constants, imports."""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from macrohard.llm.offline.appgen.pysource import names_made

Name = tuple[str, str]
"""A module path and a name defined at its top."""

IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass
class Source:
    """A module of the app, cut into its top-level statements.

    Attributes:
        path: Its file.
        text: Its text.
        defined: For each top-level name the statements that make it.
        imported: For each local name what it stands for: a module, or a name of one.
    """

    path: str
    text: str
    tree: ast.Module
    defined: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imported: dict[str, Name] = field(default_factory=dict)


def shake(files: Mapping[str, str], roots: Iterable[str]) -> dict[str, str]:
    """The files without what cannot be reached.

    Args:
        files: Path to text; only Python files are touched.
        roots: Paths of files that are kept whole.

    Returns:
        The same paths in the same order; a module that nothing uses is left out.
    """
    sources = {
        path: read(path, text, files) for path, text in files.items() if path.endswith(".py")
    }
    wanted = reach(sources, [path for path in roots if path in sources])
    shaken: dict[str, str] = {}
    for path, text in files.items():
        if path not in sources or path in set(roots) or path.endswith("__init__.py"):
            shaken[path] = text
        elif kept := {name for module, name in wanted if module == path}:
            shaken[path] = rewritten(sources[path], kept)
    return shaken


def read(path: str, text: str, files: Mapping[str, str]) -> Source:
    """A module with its definitions and imports found."""
    source = Source(path, text, ast.parse(text))
    for statement in source.tree.body:
        for name in names_made(statement):
            source.defined.setdefault(name, []).append(statement)
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                source.imported[alias.asname or alias.name] = resolve(
                    statement.module, alias.name, files
                )
    return source


def resolve(module: str, name: str, files: Mapping[str, str]) -> Name:
    """What ``from module import name`` stands for."""
    folder = module.replace(".", "/")
    if f"{folder}/{name}.py" in files:
        return f"{folder}/{name}.py", ""
    if f"{folder}.py" in files:
        return f"{folder}.py", name
    return f"{folder}/__init__.py", name


def reach(sources: Mapping[str, Source], roots: Iterable[str]) -> set[Name]:
    """All names that the roots use, directly or through others."""
    wanted: set[Name] = set()
    unread = [name for root in roots for name in used_by(sources, root, sources[root].tree)]
    while unread:
        path, name = unread.pop()
        source = sources.get(path)
        if (path, name) in wanted or source is None or name not in source.defined:
            continue
        wanted.add((path, name))
        for statement in source.defined[name]:
            unread += used_by(sources, path, statement)
    return wanted


def used_by(sources: Mapping[str, Source], path: str, tree: ast.AST) -> list[Name]:
    """The names of the app that a piece of code mentions."""
    source = sources[path]
    found: list[Name] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = source.imported.get(node.value.id, ("", "-"))
            if not name:
                found.append((module, node.attr))
        if isinstance(node, ast.Name):
            if node.id in source.defined:
                found.append((path, node.id))
            module, name = source.imported.get(node.id, ("", ""))
            if name:
                found.append((module, name))
    return found


def rewritten(source: Source, kept: set[str]) -> str:
    """A module with the kept definitions, and the imports that these need."""
    gone = [
        statement
        for name, statements in source.defined.items()
        if name not in kept
        for statement in statements
    ]
    lines = without(source, gone)
    used = {node.id for node in ast.walk(ast.parse("".join(lines))) if isinstance(node, ast.Name)}
    return drop_imports("".join(lines), used)


def without(source: Source, gone: list[ast.stmt]) -> list[str]:
    """The lines of a module without some statements and the comments and docstrings with them."""
    lines = source.text.splitlines(keepends=True)
    body = source.tree.body
    dropped: set[int] = set()
    for statement in gone:
        first = min(
            [statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]
        )
        last = statement.end_lineno or statement.lineno
        position = body.index(statement)
        follower = body[position + 1] if position + 1 < len(body) else None
        if is_text(follower) and not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            last = follower.end_lineno or last  # type: ignore[union-attr]
        while first > 1 and lines[first - 2].startswith("#"):
            first -= 1
        while last < len(lines) and not lines[last].strip():
            last += 1
        dropped |= set(range(first, last + 1))
    return tidy([line for number, line in enumerate(lines, 1) if number not in dropped])


def is_text(statement: ast.stmt | None) -> bool:
    """Whether a statement is a bare text, which documents the constant above it."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def tidy(lines: list[str]) -> list[str]:
    """Exactly two blank lines before what begins a definition at the top, none at the end."""
    found: list[str] = []
    for line in lines:
        begins = line.startswith(("def ", "class ", "@"))
        decorated = bool(found) and found[-1].startswith("@")
        if begins and not decorated:
            comments: list[str] = []
            while found and found[-1].startswith("#"):
                comments.insert(0, found.pop())
            while found and not found[-1].strip():
                found.pop()
            found += ["\n", "\n", *comments]
        found.append(line)
    while found and not found[-1].strip():
        found.pop()
    return found


def drop_imports(text: str, used: set[str]) -> str:
    """The text without the imported names that it does not use."""
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    for statement in reversed(tree.body):
        if not isinstance(statement, IMPORTS):
            continue
        needed = [a for a in statement.names if (a.asname or a.name).split(".")[0] in used]
        if len(needed) == len(statement.names):
            continue
        lines[statement.lineno - 1 : statement.end_lineno] = import_lines(statement, needed)
    return "".join(closed_up(lines))


def import_lines(statement: ast.Import | ast.ImportFrom, needed: list[ast.alias]) -> list[str]:
    """An import statement of some names only."""
    if not needed:
        return []
    parts = [f"{a.name} as {a.asname}" if a.asname else a.name for a in needed]
    head = (
        f"from {statement.module} import " if isinstance(statement, ast.ImportFrom) else "import "
    )
    one_line = head + ", ".join(parts)
    if len(one_line) <= 100:
        return [one_line + "\n"]
    return [head + "(\n", *(f"    {part},\n" for part in parts), ")\n"]


def closed_up(lines: list[str]) -> list[str]:
    """The lines with one blank line between imports and what follows, two before definitions."""
    text = "".join(lines)
    last = max(
        (s.end_lineno or 0 for s in ast.parse(text).body if isinstance(s, IMPORTS)), default=0
    )
    if not last:
        return [text]
    head = re.sub("\n{3,}", "\n\n", "".join(lines[:last]).rstrip("\n"))
    body = "".join(lines[last:]).strip("\n")
    gap = "\n\n\n" if body.startswith(("def ", "class ", "@")) else "\n\n"
    return [head + gap + body + "\n"]
