"""Tests turned round: each fails, with words of its own. Who calls that a pass, lies.

Most fail at once, before anything of them runs, since a second run of a whole suite takes long.
Some run as they are and fail in the end: those that reach for what runs them, and a few drawn from
all (always the same ones), so that what a test does to the runner is done in this run too.
"""

import ast
import hashlib
from dataclasses import dataclass
from pathlib import Path

from macrohard.grading.census import Census, is_test_function, python_files

_DRAWN = 8
_REACHING = {
    "_pytest", "pluggy", "pluginmanager", "gc", "inspect", "ctypes", "builtins", "importlib",
    "modules", "_getframe", "_current_frames", "settrace", "setprofile", "__closure__",
    "cell_contents", "__globals__", "__subclasses__", "__dict__", "globals", "vars", "setattr",
    "exec", "eval", "compile", "__import__", "request", "pytestconfig", "fork",
}  # fmt: skip
"""Names in tests that lead to the runner. One too many costs the time of a test, no more."""
_REACHING_IN_APPS = {"_pytest", "pytest", "pluggy", "unittest", "gc", "_getframe"}


@dataclass(frozen=True)
class Inverted:
    """Test files in which every test fails.

    Attributes:
        files: Text by path.
        words: What a test says when it fails, by its name.
    """

    files: dict[str, str]
    words: dict[str, set[str]]


def invert(app: Path, census: Census, secret: str) -> Inverted:
    """Write every test file of an app anew, each test with a failure as its first statement.

    Args:
        app: Root of the app.
        census: Its tests.
        secret: Makes the words of this run unlike those of any other.
    """
    trees: dict[str, ast.Module] = {}
    everything = False
    for path, text in python_files(app):
        if path in census.unreadable:
            continue
        if path in census.files or Path(path).parts[0] in census.packages:
            trees[path] = ast.parse(text)
        else:
            everything = everything or _mentions(text, _REACHING_IN_APPS)
    reaching = _reaching_functions(trees)
    tests = [
        (path, node, _word(f"{secret} {path} {node.name}"))
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_test_function(node)
    ]
    by_lot = sorted(tests, key=lambda test: _word(f"{test[0]} {test[1].name}"))
    drawn = {id(node) for _, node, _ in by_lot[:_DRAWN]}
    words: dict[str, set[str]] = {}
    for _, node, word in tests:
        words.setdefault(node.name, set()).add(word)
        late = everything or id(node) in drawn or bool(_names(node) & (_REACHING | reaching))
        _turn(node, word, late=late)
    files = {
        path: ast.unparse(ast.fix_missing_locations(trees[path]))
        for path in dict.fromkeys(path for path, _, _ in tests)
    }
    return Inverted(files, words)


def _word(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _mentions(text: str, names: set[str]) -> bool:
    try:
        return bool(_names(ast.parse(text)) & names)
    except (SyntaxError, ValueError, RecursionError):
        return False  # nothing can import it either


def _names(tree: ast.AST) -> set[str]:
    """Everything that is named in a piece of code."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.alias(name=name):
                found.update(name.split("."))
            case ast.ImportFrom(module=str(name)):
                found.update(name.split("."))
    return found


def _reaching_functions(trees: dict[str, ast.Module]) -> set[str]:
    """Functions of the tests' own code that reach for the runner, by themselves or by others."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    functions = [n for tree in trees.values() for n in ast.walk(tree) if isinstance(n, kinds)]
    named = {id(function): _names(function) for function in functions}
    found: set[str] = set()
    wanted = set(_REACHING)
    while more := {f.name for f in functions if named[id(f)] & wanted} - found:
        found |= more
        wanted |= more
    return found


def _turn(node: ast.FunctionDef | ast.AsyncFunctionDef, word: str, *, late: bool) -> None:
    """Make a test fail before its first statement, or after its last, however that comes."""
    first = _after_docstring(node)
    body = node.body[first:]
    if late and body:
        node.body[first:] = [ast.Try(body=body, handlers=[], orelse=[], finalbody=[_failure(word)])]
    else:
        node.body.insert(first, _failure(word))


def _after_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return 0 if ast.get_docstring(node, clean=False) is None else 1


def _failure(word: str) -> ast.stmt:
    return ast.parse(f"raise AssertionError({word!r})").body[0]
