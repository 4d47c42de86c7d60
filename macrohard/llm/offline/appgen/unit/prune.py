"""Leaves out tests of what an app does not have."""

import ast
from collections.abc import Iterator, Mapping

from macrohard.llm.offline.appgen.pysource import names_made
from macrohard.llm.offline.appgen.shake import drop_imports, resolve, tidy

Defined = Mapping[str, frozenset[str]]
"""For each module of the app the names it defines."""


def defined_names(files: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The names that each Python file defines at its top."""
    return {
        path: frozenset(
            name for statement in ast.parse(text).body for name in names_made(statement)
        )
        for path, text in files.items()
        if path.endswith(".py")
    }


def pruned(text: str, defined: Defined) -> str:
    """A test module without the tests that mention what is not there; empty when none is left."""
    tree = ast.parse(text)
    missing = missing_names(tree, defined)
    doomed: list[tuple[int, int]] = []
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in classes:
        methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
        tests = [part for part in methods if part.name.startswith("test_")]
        lost = [part for part in tests if mentions(part, missing)]
        others = [part for part in methods if part not in tests]
        hollow = tests and len(lost) == len(tests)
        if hollow or any(mentions(part, missing) for part in others):
            doomed.append((node.lineno, node.end_lineno or node.lineno))
        else:
            doomed += [(part.lineno, part.end_lineno or part.lineno) for part in lost]
    kept = without_lines(text, doomed)
    if classes and not any(isinstance(node, ast.ClassDef) for node in ast.parse(kept).body):
        return ""
    used = {node.id for node in ast.walk(ast.parse(kept)) if isinstance(node, ast.Name)}
    return drop_imports("".join(tidy(kept.splitlines(keepends=True))), used)


def missing_names(tree: ast.Module, defined: Defined) -> set[tuple[str, str]]:
    """What the module imports or reaches through imports and the app does not have.

    Returns:
        Pairs of a local name and an attribute; the attribute is empty for the name itself.
    """
    missing: set[tuple[str, str]] = set()
    modules: dict[str, str] = {}
    for local, module, path, name in imported_names(tree, defined):
        if path not in defined:
            missing |= {(local, "")} if ours(module, defined) else set()
        elif not name:
            modules[local] = path
        elif name not in defined[path]:
            missing.add((local, ""))
    for part in ast.walk(tree):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            path = modules.get(part.value.id, "")
            if path and part.attr not in defined[path] and not part.attr.startswith("__"):
                missing.add((part.value.id, part.attr))
    return missing


def imported_names(tree: ast.Module, defined: Defined) -> Iterator[tuple[str, str, str, str]]:
    """For each imported name: itself, the module in the statement, the file, the name there."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                path, name = resolve(node.module, alias.name, dict.fromkeys(defined, ""))
                yield alias.asname or alias.name, node.module, path, name


def ours(module: str, defined: Defined) -> bool:
    """Whether a module belongs to the app or to its tests."""
    top = module.split(".", maxsplit=1)[0]
    return any(path.startswith(f"{top}/") for path in defined)


def mentions(tree: ast.AST, missing: set[tuple[str, str]]) -> bool:
    """Whether a piece of code mentions something that is missing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (node.id, "") in missing:
            return True
        reached = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if reached and (node.value.id, node.attr) in missing:  # type: ignore[attr-defined]
            return True
    return False


def without_lines(text: str, doomed: list[tuple[int, int]]) -> str:
    """The text without some ranges of lines and the blank lines after each."""
    lines = text.splitlines(keepends=True)
    for first, last in sorted(doomed, reverse=True):
        end = last
        while end < len(lines) and not lines[end].strip():
            end += 1
        del lines[first - 1 : end]
    return "".join(lines)
