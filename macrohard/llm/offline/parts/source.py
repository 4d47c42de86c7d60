"""Python source as the parts look at it: what it defines, what it imports, where it differs."""

import ast
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

MODULE = "<module>"
"""Name of the lines of a file that belong to no function."""


@dataclass(frozen=True)
class Piece:
    """A function, a method, or a class without its methods.

    Attributes:
        name: ``function``, ``Class`` or ``Class.method``.
        start: First line, decorators included, from 1.
        end: Last line.
    """

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Hunk:
    """A place where a file is not as it should be.

    Attributes:
        start: First line of it in the file as it is, from 1.
        end: Line after the last one; equal to ``start`` when lines are only missing.
        lines: What should stand there instead.
        wanted_start: First line of it in the wanted file.
        piece: Name of the piece of the wanted text it belongs to.
    """

    start: int
    end: int
    lines: tuple[str, ...]
    wanted_start: int
    piece: str

    @property
    def wanted_end(self) -> int:
        """Line after the last one in the wanted file; never that of ``wanted_start`` itself."""
        return self.wanted_start + max(len(self.lines), 1)


@lru_cache(maxsize=128)
def parse(text: str) -> ast.Module | None:
    """The syntax tree, or None when the text is no Python.

    Remembered, because many checks look at the same files in turn; nobody may change a tree.
    """
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def pieces(text: str) -> tuple[Piece, ...]:
    """The functions, methods and classes of a file, outer ones first; none if it cannot be read."""
    tree = parse(text)
    if tree is None:
        return ()
    found: list[Piece] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(_piece(node, ""))
        if isinstance(node, ast.ClassDef):
            found += [
                _piece(inner, f"{node.name}.")
                for inner in node.body
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
    return tuple(found)


def piece_at(known: Iterable[Piece], line: int) -> str:
    """Name of the innermost piece that holds a line, or :data:`MODULE`."""
    name = MODULE
    for piece in known:
        if piece.start <= line <= piece.end:
            name = piece.name
    return name


def hunks(current: str, wanted: str) -> tuple[Hunk, ...]:
    """Where ``current`` differs from ``wanted``, by lines, each with the piece it is in."""
    if current == wanted:
        return ()
    old, new = current.splitlines(keepends=True), wanted.splitlines(keepends=True)
    known = pieces(wanted)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return tuple(
        Hunk(i1 + 1, i2 + 1, tuple(new[j1:j2]), j1 + 1, piece_at(known, _first_code(new, j1, j2)))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def mend(current: str, chosen: Iterable[Hunk]) -> str:
    """``current`` with the chosen hunks put right and everything else as it was."""
    lines = current.splitlines(keepends=True)
    for hunk in sorted(chosen, key=lambda entry: entry.start, reverse=True):
        lines[hunk.start - 1 : hunk.end - 1] = hunk.lines
    return "".join(lines)


def imported_files(path: str, files: Mapping[str, str]) -> tuple[str, ...]:
    """The other ones of ``files`` that a Python file imports, absolutely or relatively."""
    tree = parse(files[path]) if path.endswith(".py") else None
    if tree is None:
        return ()
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _import_base(path, node)
            names += [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
    found = [other for name in names for other in _module_paths(name) if other in files]
    return tuple(dict.fromkeys(other for other in found if other != path))


def import_targets(
    path: str, tree: ast.Module, files: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """What the imported names of a file stand for: files, and things at the top of files."""
    modules: dict[str, str] = {}
    names: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname and (file := _file_of(alias.name, files)):
                    modules[alias.asname] = file
        elif isinstance(node, ast.ImportFrom):
            base = _import_base(path, node)
            for alias in node.names:
                name = alias.asname or alias.name
                if file := _file_of(f"{base}.{alias.name}".lstrip("."), files):
                    modules[name] = file
                elif file := _file_of(base, files):
                    names[name] = (file, alias.name)
    return modules, names


def public_interface(text: str) -> tuple[str, ...]:
    """The public functions and classes of a file, one line each with their arguments."""
    tree = parse(text)
    if tree is None:
        return ()
    return tuple(
        _signature(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    )


def summary_line(text: str) -> str:
    """First line of a module's docstring, or nothing."""
    tree = parse(text)
    doc = ast.get_docstring(tree) if tree else None
    return doc.strip().splitlines()[0] if doc and doc.strip() else ""


def names_used(node: ast.AST) -> set[str]:
    """Every name, attribute and argument keyword that stands in a tree."""
    used: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            used.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            used.add(inner.attr)
        elif isinstance(inner, ast.keyword) and inner.arg:
            used.add(inner.arg)
    return used


def changed_names(before: str, after: str) -> set[str]:
    """Names, without their class, of the functions and constants that differ.

    All functions, when there was no file.
    """
    if not before:
        return {piece.name.rsplit(".", 1)[-1] for piece in pieces(after)}
    changed = hunks(before, after)
    names = {hunk.piece.rsplit(".", 1)[-1] for hunk in changed} - {MODULE}
    places = _constants(after)
    for hunk in changed:
        if hunk.piece == MODULE:
            names |= {
                name
                for name, (first, last) in places.items()
                if first < hunk.wanted_end and last >= hunk.wanted_start
            }
    return names


def callers(names: set[str], files: Mapping[str, str]) -> set[str]:
    """These functions, and those that use them, near and far, by name."""
    uses: dict[str, set[str]] = {}
    for path, text in files.items():
        tree = parse(text) if path.endswith(".py") else None
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                uses.setdefault(node.name, set()).update(names_used(node))
    reached: set[str] = set()
    fresh = set(names)
    while fresh:
        reached |= fresh
        fresh = {name for name, used in uses.items() if used & fresh} - reached
    return reached


def _constants(text: str) -> dict[str, tuple[int, int]]:
    """First and last line of what is assigned at the top of a file."""
    tree = parse(text)
    return {
        target.id: (node.lineno, node.end_lineno or node.lineno)
        for node in (tree.body if tree else ())
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _piece(node: Definition, prefix: str) -> Piece:
    first = min([node.lineno, *(entry.lineno for entry in node.decorator_list)])
    return Piece(prefix + node.name, first, node.end_lineno or node.lineno)


def _first_code(lines: list[str], start: int, end: int) -> int:
    """1-based line which says where a hunk belongs: its first one that is not blank."""
    for index in range(start, end):
        if lines[index].strip():
            return index + 1
    # Lines that must go leave no line behind: the one before them tells where they stood.
    return max(start, 1)


def _import_base(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.split("/")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _module_paths(name: str) -> tuple[str, str]:
    path = name.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"


def _file_of(name: str, files: Mapping[str, str]) -> str:
    return next((path for path in _module_paths(name) if path in files), "")


def _signature(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"
