"""Small faults in Python code, of the kind that people and models make."""

import ast
import copy
from collections.abc import Iterator

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Each fault that can be made in a module: what was done, and the module with it."""
    tree = ast.parse(source)
    for position, node in enumerate(ast.walk(tree)):
        for about, change in faults(node):
            twin = copy.deepcopy(tree)
            target = next(n for at, n in enumerate(ast.walk(twin)) if at == position)
            change(target)
            yield f"line {getattr(node, 'lineno', 0)}: {about}", ast.unparse(twin)


def faults(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The faults that can be made at a node."""
    if isinstance(node, ast.Compare):
        other = COMPARISONS.get(type(node.ops[0]))
        if other is not None:
            yield f"{type(node.ops[0]).__name__} for {other.__name__}", compare_by(other)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield "another operator", operate_by(OPERATORS[type(node.op)])
    elif isinstance(node, ast.BoolOp):
        yield "and for or", operate_by(ast.Or if isinstance(node.op, ast.And) else ast.And)
    elif isinstance(node, ast.FunctionDef):
        for at, statement in enumerate(node.body):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                yield f"lost: {ast.unparse(statement)[:60]}", drop(at)


def compare_by(other: type[ast.cmpop]) -> object:
    """Change the comparison."""
    return lambda node: node.ops.__setitem__(0, other())


def operate_by(other: type) -> object:
    """Change the operator."""
    return lambda node: setattr(node, "op", other())


def drop(at: int) -> object:
    """Leave a statement out."""
    return lambda node: node.body.__setitem__(at, ast.Pass())
