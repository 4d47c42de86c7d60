"""The tests an app has, counted without running anything: what a run is held against."""

import ast
import itertools
import re
import tomllib
import unittest
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from macrohard.grading import vain

_PATTERNS = ("test_*.py", "*_test.py")
_NOT_OURS = {"node_modules", "venv", "site-packages", "__pycache__", "build", "dist"}
_CHECK_NAME = re.compile(
    r"^_*(assert|fail$|fail_|raises$|warns$|deprecated_call$|expect)", re.IGNORECASE
)
_COUNTED = {name for name in dir(unittest.TestCase) if name.startswith("assert")}
_CATCHES = {"AssertionError", "Exception", "BaseException"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Test:
    """One test function as it is written.

    Attributes:
        file: Path from the root of the app.
        name: Its name, without its class.
        owner: Its class; empty when it has none.
        line: Where it starts.
        asserts: Whether anything in it, or in what it calls of the tests' own code, can fail on a
            value that is not fixed.
        counted: Whether all its assertions are of the kinds that are counted when they run.
        shadowed: Whether a later definition takes its name, so that it never runs.
    """

    file: str
    name: str
    owner: str
    line: int
    asserts: bool
    counted: bool
    shadowed: bool


@dataclass(frozen=True)
class Census:
    """All tests of an app.

    Attributes:
        files: Test files, in order.
        tests: Their tests.
        unreadable: Files that are no Python, and why.
        paths: Folders the app's own configuration puts on the search path of its tests.
        packages: Top-level packages that hold tests.
    """

    files: tuple[str, ...]
    tests: tuple[Test, ...]
    unreadable: Mapping[str, str]
    paths: tuple[str, ...]
    packages: tuple[str, ...]

    def get(self, file: str, owner: str, name: str) -> Test | None:
        """The test of that name that runs; of another class, where it is inherited."""
        found = [t for t in self.tests if (t.file, t.name) == (file, name) and not t.shadowed]
        own = [t for t in found if t.owner == owner]
        return next(reversed(own or found), None)


def take_census(app: Path, command: Sequence[str] = ()) -> Census:
    """Count the tests of an app.

    Args:
        app: Its root on the host.
        command: Its test command; a pattern for file names is taken from it.
    """
    patterns = (*_PATTERNS, *_pattern_of(command))
    sources = dict(python_files(app))
    trees: dict[str, ast.Module] = {}
    unreadable: dict[str, str] = {}
    files = [p for p in sources if any(fnmatch(Path(p).name, one) for one in patterns)]
    beside = {Path(file).parts[0] for file in files if len(Path(file).parts) > 1}
    for path, text in sources.items():
        if path in files or Path(path).parts[0] in beside or Path(path).name == "conftest.py":
            try:
                trees[path] = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError) as error:
                unreadable[path] = str(error)
    checks = _checking_functions(trees.values())
    return Census(
        files=tuple(files),
        tests=tuple(
            test for path in files if path in trees for test in _tests_in(path, trees[path], checks)
        ),
        unreadable=unreadable,
        paths=_search_paths(app),
        packages=tuple(sorted(beside)),
    )


def python_files(app: Path) -> Iterator[tuple[str, str]]:
    """Path and text of each Python file of an app, in order; links and hidden ones left out."""
    for path in sorted(app.rglob("*.py")):
        parts = path.relative_to(app).parts
        if any(p.startswith(".") or p in _NOT_OURS for p in parts) or path.is_symlink():
            continue
        if path.is_file():
            yield "/".join(parts), path.read_text(encoding="utf-8", errors="replace")


def is_test_function(node: ast.AST) -> bool:
    """Whether unittest or pytest would run it, if it stands where they look."""
    return isinstance(node, _Function) and node.name.startswith("test")


def _pattern_of(command: Sequence[str]) -> list[str]:
    for flag, value in itertools.pairwise(command):
        if flag in {"-p", "--pattern"} and value.endswith(".py"):
            return [value]
    return []


def _search_paths(app: Path) -> tuple[str, ...]:
    """What ``pythonpath`` of its pytest configuration says, and ``src`` if it is there."""
    found: list[str] = []
    try:
        data = tomllib.loads((app / "pyproject.toml").read_text(encoding="utf-8"))
        options = data.get("tool", {}).get("pytest", {}).get("ini_options", {})
        wanted = options.get("pythonpath", [])
        found += [wanted] if isinstance(wanted, str) else [str(one) for one in wanted]
    except (OSError, ValueError, AttributeError, TypeError):
        pass
    found.append("src")
    inside = [one for one in found if ".." not in Path(one).parts and not one.startswith("/")]
    return tuple(dict.fromkeys(one for one in inside if one != "." and (app / one).is_dir()))


def _tests_in(path: str, tree: ast.Module, checks: set[str]) -> Iterator[Test]:
    fixed = vain.fixed_names(tree)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for owner, body in (("", tree.body), *((node.name, node.body) for node in classes)):
        found = [node for node in body if isinstance(node, _Function) and is_test_function(node)]
        last = {node.name: node for node in found}
        for node in found:
            kinds = set(_assertions(node, checks, fixed))
            yield Test(
                file=path,
                name=node.name,
                owner=owner,
                line=node.lineno,
                asserts=bool(kinds),
                counted=kinds == {"counted"},
                shadowed=last[node.name] is not node,
            )


def _checking_functions(trees: Iterable[ast.Module]) -> set[str]:
    """Names of functions of the tests' code that assert, by themselves or by what they call."""
    functions = [n for tree in trees for n in ast.walk(tree) if isinstance(n, _Function)]
    found = {f.name for f in functions if any(_assertions(f, set()))}
    calls = {f.name: Counter(_called(f)) for f in functions if f.name not in found}
    while more := {name for name, called in calls.items() if found & set(called)} - found:
        found |= more
    return found


def _called(function: _Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            yield _name_of(node.func)


def _assertions(
    function: _Function, checks: set[str], outside: frozenset[str] = frozenset()
) -> Iterator[str]:
    """``counted`` or ``other`` for each thing in a function that makes a test fail."""
    fixed = vain.fixed_inside(function, outside)
    in_vain = {id(n) for tried in ast.walk(function) if _swallows(tried) for n in _tried(tried)}
    for node in ast.walk(function):
        if id(node) not in in_vain and (kind := _kind(node, checks, fixed)):
            yield kind


def _kind(node: ast.AST, checks: set[str], fixed: frozenset[str]) -> str:
    if isinstance(node, ast.Assert):
        return "" if vain.settled(node.test, fixed) else "counted"
    if isinstance(node, ast.Raise):
        return "other" if "AssertionError" in ast.dump(node) else ""
    if not isinstance(node, ast.Call):
        return ""
    name = _name_of(node.func)
    if name in _COUNTED:
        return "" if vain.settled_call(name, node.args, fixed) else "counted"
    return "other" if _CHECK_NAME.search(name) or name in checks else ""


def _swallows(node: ast.AST) -> bool:
    """Whether failures of assertions inside are caught and forgotten."""
    if isinstance(node, ast.With | ast.AsyncWith):
        return any("suppress" in ast.dump(item.context_expr) for item in node.items)
    if not isinstance(node, ast.Try):
        return False
    return any(
        (handler.type is None or _CATCHES.intersection(map(_name_of, ast.walk(handler.type))))
        and not any(isinstance(n, ast.Raise | ast.Call) for n in _inside(handler.body))
        for handler in node.handlers
    )


def _tried(node: ast.AST) -> Iterator[ast.AST]:
    return _inside(node.body) if isinstance(node, ast.Try | ast.With | ast.AsyncWith) else iter(())


def _inside(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    return (node for statement in body for node in ast.walk(statement))


def _name_of(called: ast.AST) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
