"""Which functions a command of the application runs, read from the code's own imports and names."""

import ast
from collections.abc import Iterable, Mapping

from macrohard.llm.offline.parts.evidence import Command
from macrohard.llm.offline.parts.source import Definition, import_targets, parse

Node = tuple[str, str]
"""A path, and the name of a function, class or constant at the top of that file."""


def run_by(command: Command, files: Mapping[str, str]) -> frozenset[Node]:
    """Everything that a command reaches, from the functions named after its verb.

    These are looked for in files named after the command's kind.
    """
    graph = references(files)
    kind, verb = (word.replace("-", "_") for word in (command.kind, command.verb))
    starts = [
        (path, name)
        for path, name in graph
        if _stem(path) == kind and verb and (name == verb or name.endswith(f"_{verb}"))
    ]
    return reached(starts, graph)


def reached(starts: Iterable[Node], graph: Mapping[Node, frozenset[Node]]) -> frozenset[Node]:
    """Nodes that can be reached, the starts included."""
    found: set[Node] = set()
    fresh = set(starts)
    while fresh:
        found |= fresh
        fresh = {other for node in fresh for other in graph.get(node, ())} - found
    return frozenset(found)


def references(files: Mapping[str, str]) -> dict[Node, frozenset[Node]]:
    """For everything at the top of every Python file, what it refers to in these files."""
    graph: dict[Node, frozenset[Node]] = {}
    for path, text in files.items():
        tree = parse(text) if path.endswith(".py") else None
        if tree is None:
            continue
        modules, names = import_targets(path, tree, files)
        own = {name for node in tree.body for name in _defined(node)}
        names = names | {name: (path, name) for name in own}
        for node in tree.body:
            found = frozenset(_referred(node, modules, names))
            for name in _defined(node):
                graph[path, name] = graph.get((path, name), frozenset()) | found
    return graph


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, Definition):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _referred(
    node: ast.stmt, modules: Mapping[str, str], names: Mapping[str, Node]
) -> Iterable[Node]:
    local = _bound_in(node)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in names and inner.id not in local:
            yield names[inner.id]
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            module = modules.get(inner.value.id)
            if module:
                yield module, inner.attr


def _bound_in(node: ast.stmt) -> set[str]:
    """Names that are variables inside a function, whatever stands for them outside."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    stored = {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    return stored | {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".py").rstrip("_")
