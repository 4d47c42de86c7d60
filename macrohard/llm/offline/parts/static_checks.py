"""Checks of Python files without running them, each for the trade of one reviewer."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from macrohard.llm.offline.parts.source import Definition, names_used, parse
from macrohard.work import Finding, Severity

Files = Mapping[str, str]
Check = Callable[[Files], list[Finding]]

_TODO = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
_SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_VALUE_PLACE = re.compile(r"(=|<|>|\bLIKE\b|\bVALUES\s*\(|\bIN\s*\()\s*'?%?$", re.IGNORECASE)
_DANGEROUS_CALLS = ("eval", "exec", "compile", "__import__")


def checks_for(role: str) -> tuple[Check, ...]:
    """The checks of a reviewer's trade; all of them for a trade that is not known here."""
    if "security" in role:
        return (check_syntax, check_injection, check_execution)
    if "test" in role:
        return (check_syntax, check_assertions, check_coverage)
    if "performance" in role:
        return (check_syntax, check_queries_in_loops)
    if role == "code-reviewer":
        return (check_syntax, check_style, check_exceptions, check_imports, check_todos)
    return (
        check_syntax,
        check_style,
        check_exceptions,
        check_imports,
        check_todos,
        check_injection,
        check_execution,
        check_assertions,
        check_coverage,
        check_queries_in_loops,
    )


def check_syntax(files: Files) -> list[Finding]:
    """Files that Python cannot read."""
    findings = []
    for path, text in files.items():
        if parse(text) is not None:
            continue
        try:
            ast.parse(text, path)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            reason = getattr(error, "msg", str(error))
            findings.append(_found(Severity.BLOCKER, f"Syntax error: {reason}.", path, line))
    return findings


def check_style(files: Files) -> list[Finding]:
    """Public modules, classes and functions of the application without a docstring."""
    findings = []
    for path, tree in _sources(files):
        if tree.body and not ast.get_docstring(tree):
            findings.append(_found(Severity.MINOR, "The module has no docstring.", path, 1))
        findings += [
            _found(Severity.MINOR, f"{node.name} has no docstring.", path, node.lineno)
            for node in _definitions(tree)
            if not node.name.startswith("_") and not ast.get_docstring(node)
        ]
    return findings


def check_exceptions(files: Files) -> list[Finding]:
    """Handlers that catch everything, or swallow what they catch."""
    findings = []
    for path, tree in _sources(files):
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            if node.type is None:
                message = "A bare except hides every error, Ctrl-C included."
                findings.append(_found(Severity.MAJOR, message, path, node.lineno))
            elif _catches_all(node.type) and all(isinstance(s, ast.Pass) for s in node.body):
                message = "Every error is caught and dropped here."
                findings.append(_found(Severity.MAJOR, message, path, node.lineno))
    return findings


def check_imports(files: Files) -> list[Finding]:
    """Names that are imported and not used."""
    findings = []
    for path, tree in _trees(files):
        if path.endswith("__init__.py"):
            continue
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        exported = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        findings += [
            _found(Severity.MINOR, f"{name} is imported and not used.", path, line)
            for name, line in _imported_names(tree)
            if name not in used and name not in exported
        ]
    return findings


def check_todos(files: Files) -> list[Finding]:
    """Work that was left for later."""
    return [
        _found(Severity.MINOR, f"Left for later: {match[0].strip()}", path, number)
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _TODO.search(line))
    ]


def check_injection(files: Files) -> list[Finding]:
    """SQL with a value formatted into its text."""
    message = "A value is formatted into SQL; pass it as a parameter."
    return [
        _found(Severity.BLOCKER, message, path, node.lineno)
        for path, tree in _sources(files)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and _formats_value_into_sql(node)
    ]


def check_execution(files: Files) -> list[Finding]:
    """Text run as code, and commands run through a shell."""
    findings = []
    for path, tree in _sources(files):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id in _DANGEROUS_CALLS:
                message = f"{node.func.id}() runs text as code."
                findings.append(_found(Severity.BLOCKER, message, path, node.lineno))
            if any(_is_true(word) for word in node.keywords if word.arg == "shell"):
                message = "shell=True hands text to a shell."
                findings.append(_found(Severity.BLOCKER, message, path, node.lineno))
            if ast.unparse(node.func) in {"os.system", "os.popen", "pickle.load", "pickle.loads"}:
                message = f"{ast.unparse(node.func)}() runs what it is given."
                findings.append(_found(Severity.BLOCKER, message, path, node.lineno))
    return findings


def check_assertions(files: Files) -> list[Finding]:
    """Tests that check nothing."""
    # A test may leave the asserting to a helper of its own file, or of one that tests share.
    helpers = {
        node.name
        for path, tree in _trees(files)
        if path.startswith("tests/")
        for node in _functions(tree)
        if _asserts(node, set())
    }
    findings = []
    for path, tree in _trees(files):
        if not _is_test(path):
            continue
        findings += [
            _found(Severity.MAJOR, f"{node.name} asserts nothing.", path, node.lineno)
            for node in _functions(tree)
            if node.name.startswith("test") and not _asserts(node, helpers)
        ]
    return findings


def check_coverage(files: Files) -> list[Finding]:
    """Public functions that no test reaches, by name, directly or through other functions."""
    tests = [tree for path, tree in _trees(files) if path.startswith("tests/")]
    sources = list(_sources(files))
    reached = {name for tree in tests for name in _words(tree)}
    calls: dict[str, set[str]] = {}
    for _, tree in sources:
        for node in _functions(tree):
            calls.setdefault(node.name, set()).update(names_used(node))
    frontier = reached & calls.keys()
    while frontier:
        found = {name for caller in frontier for name in calls[caller]} & calls.keys()
        frontier = found - reached
        reached |= found
    findings = []
    for path, tree in sources:
        missed = [
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and node.name not in reached
        ]
        if missed:
            message = f"No unit test reaches {', '.join(node.name for node in missed)}."
            findings.append(_found(Severity.MINOR, message, path, missed[0].lineno))
    return findings


def check_queries_in_loops(files: Files) -> list[Finding]:
    """A query for each turn of a loop over the rows of another query."""
    message = "A query runs for each row of another one; join them, or ask for all rows at once."
    return [
        _found(Severity.MINOR, message, path, loop.lineno)
        for path, tree in _sources(files)
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For)
        and _runs_select(loop.iter)
        and any(_runs_select(statement) for statement in loop.body)
    ]


def _found(severity: Severity, message: str, path: str, line: int | None) -> Finding:
    return Finding(severity=severity, message=message, file=path, line=line)


def _trees(files: Files) -> Iterator[tuple[str, ast.Module]]:
    for path, text in files.items():
        tree = parse(text) if path.endswith(".py") else None
        if tree is not None:
            yield path, tree


def _sources(files: Files) -> Iterator[tuple[str, ast.Module]]:
    return ((p, t) for p, t in _trees(files) if not _is_test(p) and "tests" not in p.split("/"))


def _is_test(path: str) -> bool:
    return path.rsplit("/", 1)[-1].startswith("test_")


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def _definitions(tree: ast.Module) -> Iterator[Definition]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from (n for n in node.body if isinstance(n, ast.FunctionDef))


def _catches_all(node: ast.expr) -> bool:
    return ast.unparse(node) in {"Exception", "BaseException"}


def _imported_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0], node.lineno


def _is_true(word: ast.keyword) -> bool:
    return isinstance(word.value, ast.Constant) and word.value.value is True


def _formats_value_into_sql(node: ast.expr) -> bool:
    """Whether a formatted text is SQL and has a hole where SQL has a value.

    Holes where an identifier stands are no finding: SQL takes no parameters there.
    """
    if isinstance(node, ast.JoinedStr):
        before = ""
        for value in node.values:
            if isinstance(value, ast.Constant):
                before += str(value.value)
            else:
                if _SQL.match(before) and _VALUE_PLACE.search(before.rstrip()):
                    return True
                before += "_"
        return False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        left = node.left
        while isinstance(left, ast.BinOp):
            left = left.left
        if isinstance(left, ast.Constant) and isinstance(left.value, str):
            text = node.left.value if isinstance(node.left, ast.Constant) else left.value
            constant = isinstance(node.right, ast.Constant)
            return (
                bool(_SQL.match(left.value))
                and not constant
                and (isinstance(node.op, ast.Mod) or bool(_VALUE_PLACE.search(str(text).rstrip())))
            )
    return False


def _asserts(node: ast.AST, helpers: set[str]) -> bool:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Call):
            name = inner.func.attr if isinstance(inner.func, ast.Attribute) else ""
            name = inner.func.id if isinstance(inner.func, ast.Name) else name
            if name.startswith(("assert", "fail")) or name in helpers:
                return True
    return False


def _words(tree: ast.Module) -> set[str]:
    """Names a test uses, and those it imports."""
    imported = {name for name, _ in _imported_names(tree)}
    return names_used(tree) | imported


def _runs_select(node: ast.AST) -> bool:
    return any(
        isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Attribute)
        and inner.func.attr in {"execute", "executemany"}
        and inner.args
        and _SQL.match(_leading_text(inner.args[0])) is not None
        for inner in ast.walk(node)
    )


def _leading_text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr) and node.values:
        return _leading_text(node.values[0])
    return ""
