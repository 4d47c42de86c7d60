"""Small faults put into an app, of the kind that people and models make: its tests should notice.

The libraries looked at (mutmut, cosmic-ray) want a configured project, a database or files beside
the app, and a process a mutant; a box has none of that to spare for a sample of ten.
"""

import ast
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_LONGEST = 80
_Change = Callable[[ast.AST], ast.AST]


@dataclass(frozen=True)
class Mutant:
    """One fault in one file.

    Attributes:
        file: Path from the root of the app.
        line: Where, 1-based.
        change: What was there and what is there now.
        text: The whole file with the fault.
    """

    file: str
    line: int
    change: str
    text: str


@dataclass(frozen=True)
class _Site:
    file: str
    line: int
    position: int
    kind: int


def sample(sources: Mapping[str, str], count: int, seed: int) -> tuple[Mutant, ...]:
    """Some mutants of an app, the same for the same seed; at most one a line.

    Args:
        sources: Text of each file of the app that is no test.
        count: How many, if there are as many.
        seed: Chooses them.
    """
    trees: dict[str, ast.Module] = {}
    sites: list[_Site] = []
    for file, text in sorted(sources.items()):
        try:
            trees[file] = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        sites += _sites(file, trees[file])
    random.Random(f"mutants {seed}").shuffle(sites)  # noqa: S311 - a sample, no secret
    chosen: list[_Site] = []
    taken: set[tuple[str, int]] = set()
    for site in sites:
        if len(chosen) >= count:
            break
        if (site.file, site.line) not in taken:
            taken.add((site.file, site.line))
            chosen.append(site)
    return tuple(_mutant(site, sources[site.file]) for site in chosen)


def _sites(file: str, tree: ast.Module) -> Iterator[_Site]:
    left_out = set(_not_code(tree))
    for position, node in enumerate(ast.walk(tree)):
        if id(node) not in left_out:
            for kind, _ in enumerate(_changes(node)):
                yield _Site(file, getattr(node, "lineno", 0), position, kind)


def _not_code(tree: ast.Module) -> Iterator[int]:
    """What no test can be asked to notice: annotations, decorators, docstrings, the entry."""
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.ClassDef):
            parts = [*node.decorator_list]
        elif isinstance(node, ast.Raise | ast.Assert) or _is_entry(node):
            parts = [node]
        for part in parts:
            if part is not None:
                yield from (id(inner) for inner in ast.walk(part))


def _mutant(site: _Site, text: str) -> Mutant:
    twin = ast.parse(text)
    target = next(n for at, n in enumerate(ast.walk(twin)) if at == site.position)
    before = ast.unparse(target)
    changed = _changes(target)[site.kind](target)
    after = ast.unparse(changed)
    if changed is not target:
        _Swap(target, changed).visit(twin)
    ast.fix_missing_locations(twin)
    return Mutant(site.file, site.line, _told(before, after), ast.unparse(twin))


def _told(before: str, after: str) -> str:
    """The first line that differs, before and after."""
    pairs = zip(before.splitlines(), [*after.splitlines(), ""], strict=False)
    old, new = next(((a, b) for a, b in pairs if a != b), (before, after))
    return f"{_cut(old)} -> {_cut(new)}"


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().generic_visit(node)


def _changes(node: ast.AST) -> Sequence[_Change]:
    """The faults that can be made at a node."""
    return [change for fits, change in _MUTATORS if fits(node)]


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _is_entry(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _compare(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Compare):
        node.ops[0] = _COMPARISONS[type(node.ops[0])]()
    return node


def _operate(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.BinOp):
        node.op = _OPERATORS[type(node.op)]()
    return node


def _connect(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def _negate(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.If | ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    return node


def _count(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Constant):
        value = node.value
        node.value = not value if isinstance(value, bool) else int(str(value)) + 1
    return node


def _give_nothing(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Return):
        node.value = ast.Constant(None)
    return node


def _leave_out(node: ast.AST) -> ast.AST:
    return ast.copy_location(ast.Pass(), node)


_MUTATORS: tuple[tuple[Callable[[ast.AST], bool], _Change], ...] = (
    (lambda n: isinstance(n, ast.Compare) and type(n.ops[0]) in _COMPARISONS, _compare),
    (
        lambda n: isinstance(n, ast.BinOp) and type(n.op) in _OPERATORS and not _is_text(n),
        _operate,
    ),
    (lambda n: isinstance(n, ast.BoolOp), _connect),
    (
        lambda n: (
            isinstance(n, ast.If | ast.While) and not isinstance(n.test, ast.Compare | ast.BoolOp)
        ),
        _negate,
    ),
    (lambda n: isinstance(n, ast.Constant) and type(n.value) in {bool, int}, _count),
    (
        lambda n: isinstance(n, ast.Return) and n.value is not None and not _is_none(n.value),
        _give_nothing,
    ),
    (lambda n: isinstance(n, ast.Expr) and isinstance(n.value, ast.Call), _leave_out),
)
"""Which node each fault can be made at."""
