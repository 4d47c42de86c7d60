"""Assertions that hold whatever the app does, told from their source alone."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

_PURE = frozenset(
    {
        "abs", "all", "any", "bool", "bytes", "chr", "complex", "dict", "divmod", "float",
        "frozenset", "int", "isinstance", "issubclass", "len", "list", "max", "min", "object",
        "ord", "range", "repr", "round", "set", "sorted", "str", "sum", "tuple", "type", "zip",
    }
)  # fmt: skip
"""Python's own functions and types that know nothing of an app."""
_REFLEXIVE = (ast.Eq, ast.LtE, ast.GtE, ast.Is)
_OF_EQUALS = {
    "assertEqual",
    "assertIs",
    "assertLessEqual",
    "assertGreaterEqual",
    "assertCountEqual",
}
_OF_TRUTH = {"assertTrue", "assertIsNotNone"}
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_MADE_ANEW = (
    ast.Attribute, ast.Await, ast.Lambda, ast.NamedExpr, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp,
)  # fmt: skip
"""Expressions that are not looked into: taken for something of the app."""


def settled(test: ast.expr, fixed: frozenset[str]) -> bool:
    """Whether what an ``assert`` tests comes out the same, or true, whatever the app does.

    Args:
        test: The expression.
        fixed: From :func:`fixed_names`.
    """
    return _is_fixed(test, fixed) or _always_true(test)


def settled_call(name: str, arguments: Sequence[ast.expr], fixed: frozenset[str]) -> bool:
    """Likewise for a call of one of unittest's assertions."""
    if not arguments:
        return False
    if all(_is_fixed(argument, fixed) for argument in arguments):
        return True
    first, *rest = arguments
    if name in _OF_EQUALS and rest:
        return _twice_the_same(first, rest[0])
    return name in _OF_TRUTH and _always_true(first)


def fixed_names(module: ast.Module) -> frozenset[str]:
    """Names that mean the same whatever an app does: constants, and Python's own functions."""
    bound = Counter(_bound(node for node in ast.walk(module)))
    star = any(
        isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names)
        for node in ast.walk(module)
    )
    return _constants(module) | (frozenset() if star else _PURE - set(bound))


def fixed_inside(
    function: ast.FunctionDef | ast.AsyncFunctionDef, outside: frozenset[str]
) -> frozenset[str]:
    """Likewise inside a function, where a name may stand for something else."""
    return (outside - set(_bound(ast.walk(function)))) | _constants(function)


def _is_fixed(value: ast.AST, fixed: frozenset[str]) -> bool:
    if isinstance(value, ast.Name):
        return value.id in fixed
    if isinstance(value, ast.Call) and not isinstance(value.func, ast.Name):
        return False
    return not isinstance(value, _MADE_ANEW) and all(
        _is_fixed(child, fixed) for child in ast.iter_child_nodes(value)
    )


def _always_true(value: ast.expr) -> bool:
    found = isinstance(value, ast.Lambda | ast.GeneratorExp)
    match value:
        case ast.Constant():
            found = bool(value.value)
        case ast.Tuple() | ast.List() | ast.Set():
            # ``assert (value == 1, "message")`` asserts that a pair is not empty.
            found = any(not isinstance(one, ast.Starred) for one in value.elts)
        case ast.Dict():
            found = bool(value.keys) and None not in value.keys
        case ast.BoolOp(op=ast.Or()):
            found = any(map(_always_true, value.values))
        case ast.BoolOp():
            found = all(map(_always_true, value.values))
        case ast.Compare(left=left, ops=[one], comparators=[right]):
            found = isinstance(one, _REFLEXIVE) and _twice_the_same(left, right)
    return found


def _twice_the_same(left: ast.expr, right: ast.expr) -> bool:
    return ast.dump(left) == ast.dump(right)


def _constants(scope: ast.AST) -> frozenset[str]:
    """Names that a module or a function gives a constant, and nothing else anywhere."""
    given = Counter(_bound(_own(scope)))
    literal = Counter(
        node.targets[0].id
        for node in _own(scope)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and _unchanging(node.value)
    )
    elsewhere = {
        name
        for node in ast.walk(scope)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }
    return frozenset(name for name in literal if literal[name] == given[name]) - elsewhere


def _unchanging(value: ast.expr) -> bool:
    """Numbers, texts and tuples of them; a list could be changed by what it is handed to."""
    if isinstance(value, ast.Tuple):
        return all(map(_unchanging, value.elts))
    if isinstance(value, ast.UnaryOp):
        return _unchanging(value.operand)
    return isinstance(value, ast.Constant)


def _bound(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Names that are given something, once for each time."""
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.partition(".")[0]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Everything in a scope; of functions and classes inside it, their names alone."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
