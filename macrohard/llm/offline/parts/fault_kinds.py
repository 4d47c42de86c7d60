"""The mistakes the offline model can make, each a small change of a Python file.

They are the mistakes language models are known for: code that does not parse, a bound that is off
by one, a rule that is forgotten, a total that is wrong, a call that does not fit the function of
another module, a wrong exit code, a field that is lost. A change is found in the syntax tree and
made in the text, so that the rest of the file stays as it was written.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from macrohard.llm.offline.parts.source import MODULE, parse, piece_at, pieces


@dataclass(frozen=True)
class Mistake:
    """One possible change of a file.

    Attributes:
        kind: Name of the mistake.
        start: Offset of the first character that changes.
        end: Offset behind the last one.
        text: What stands there instead.
        piece: The function it is in.
    """

    kind: str
    start: int
    end: int
    text: str
    piece: str = MODULE

    def made_in(self, source: str) -> str:
        """The file with the mistake."""
        return source[: self.start] + self.text + source[self.end :]


class _Text:
    """A file, its tree, and where the nodes of the tree stand in its characters."""

    def __init__(self, source: str, tree: ast.Module) -> None:
        self.source = source
        self.tree = tree
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, byte: int) -> int:
        """Offset of a place that the tree gives as a line and a UTF-8 byte in it."""
        before = self._lines[line - 1].encode()[:byte]
        return self._starts[line - 1] + len(before.decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node stands."""
        end_line, end_byte = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_byte)

    def line_of(self, offset: int) -> int:
        """The line an offset is in."""
        return self.source.count("\n", 0, offset) + 1


_Change = tuple[int, int, str]
_Finder = Callable[[_Text], Iterator[_Change]]


def mistakes(source: str, modules: frozenset[str] = frozenset()) -> tuple[Mistake, ...]:
    """Every mistake that can be made in a file, in the order of the file, by kind.

    Args:
        source: A Python file.
        modules: Dotted names of the application's own modules: calls of what comes from there
            are calls between modules.
    """
    tree = parse(source)
    if tree is None:
        return ()
    text = _Text(source, tree)
    known = pieces(source)
    finders: dict[str, _Finder] = {
        "syntax error": _missing_colons,
        "off-by-one bound": _shifted_bounds,
        "forgotten rule": _forgotten_rules,
        "wrong total": _wrong_totals,
        "interface mismatch": lambda found: _mismatched_calls(found, modules),
        "wrong exit code or message": _wrong_ends,
        "lost field": _lost_fields,
    }
    return tuple(
        Mistake(kind, start, end, new, piece_at(known, text.line_of(start)))
        for kind, find in finders.items()
        for start, end, new in sorted(find(text))
    )


KINDS = (
    "syntax error",
    "off-by-one bound",
    "forgotten rule",
    "wrong total",
    "interface mismatch",
    "wrong exit code or message",
    "lost field",
)
"""Every kind of mistake."""

_STRICTER = {"<": "<=", ">": ">=", "<=": "<", ">=": ">"}
_COMPARISON = re.compile(r"(<=|>=|<|>)")
_SAYINGS = {"Added": "Created", "Changed": "Updated", "Deleted": "Removed"}
_FAILED_EXIT = 2


def _missing_colons(text: _Text) -> Iterator[_Change]:
    for node in ast.walk(text.tree):
        if isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.With):
            first = text.span(node.body[0])[0]
            header = text.source[text.span(node)[0] : first]
            code = re.sub(r"#[^\n]*", lambda match: " " * len(match[0]), header).rstrip()
            if code.endswith(":"):
                place = text.span(node)[0] + len(code) - 1
                yield place, place + 1, ""


def _shifted_bounds(text: _Text) -> Iterator[_Change]:
    """Comparisons that decide whether something is refused, with the bound itself moved over."""
    for test in _refusing_tests(text.tree):
        for node in ast.walk(test):
            if isinstance(node, ast.Compare):
                yield from _shifted(text, node)


def _shifted(text: _Text, node: ast.Compare) -> Iterator[_Change]:
    left = node.left
    for right in node.comparators:
        between = text.span(left)[1], text.span(right)[0]
        match = _COMPARISON.search(text.source[between[0] : between[1]])
        if match:
            start = between[0] + match.start()
            yield start, start + len(match[0]), _STRICTER[match[0]]
        left = right


def _forgotten_rules(text: _Text) -> Iterator[_Change]:
    """Whole ``if …: raise …`` statements, and calls made only to have something refused."""
    for body in _bodies(text.tree):
        for statement in body:
            refuses = (
                isinstance(statement, ast.If)
                and not statement.orelse
                and isinstance(statement.body[-1], ast.Raise)
            )
            checks = (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Call)
                and re.match(
                    r"(check|require|refuse|ensure|validate|forbid)", _callee(statement.value)
                )
            )
            if refuses or checks:
                start, end = text.span(statement)
                yield start, end, "pass"


def _wrong_totals(text: _Text) -> Iterator[_Change]:
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Call) and _callee(node) == "sum" and len(node.args) == 1:
            start, end = text.span(node)
            inner = text.source[slice(*text.span(node.args[0]))]
            inner = inner if inner.startswith(("(", "[")) else f"({inner})"
            yield start, end, f"max({inner}, default=0)"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Sub):
            if any(isinstance(side, ast.Constant) for side in (node.left, node.right)):
                continue
            start, end = text.span(node.left)[1], text.span(node.right)[0]
            between = text.source[start:end]
            yield start, end, re.sub(r"[*-]", "+", between, count=1)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            start, end = text.span(node)
            literal = text.source[start:end]
            if re.search(r"\b(SUM|TOTAL)\(", literal):
                yield start, end, re.sub(r"\b(SUM|TOTAL)\(", "MAX(", literal, count=1)


def _mismatched_calls(text: _Text, modules: frozenset[str]) -> Iterator[_Change]:
    """Calls of functions of other modules: by a name they do not have, or one argument short."""
    aliases, functions = _own_imports(text.tree, modules)
    for node in ast.walk(text.tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func
        ours = isinstance(name, ast.Name) and name.id in functions
        if _is_attribute_of(name, aliases):
            end = text.span(name)[1]
            yield end, end, "_record"
            ours = True
        if ours and len(node.args) > 1 and not isinstance(node.args[-1], ast.Starred):
            start = text.span(node.args[-2])[1]
            yield start, text.span(node.args[-1])[1], ""


def _wrong_ends(text: _Text) -> Iterator[_Change]:
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Return) and _is_number(node.value, _FAILED_EXIT):
            start, end = text.span(node)
            yield start, end, "return 1"
        elif isinstance(node, ast.keyword) and node.arg == "file":
            start, end = text.span(node.value)
            if text.source[start:end] == "sys.stderr":
                yield start, end, "sys.stdout"
        elif isinstance(node, ast.JoinedStr):
            start, end = text.span(node)
            for right, wrong in _SAYINGS.items():
                place = text.source.find(f"{right} ", start, end)
                if place >= 0:
                    yield place, place + len(right), wrong


def _lost_fields(text: _Text) -> Iterator[_Change]:
    """The last entry of a list, tuple or table of three or more that are written out."""
    for node in ast.walk(text.tree):
        entries: list[tuple[int, int]] = []
        if isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
            entries = [text.span(entry) for entry in node.elts]
        elif isinstance(node, ast.Dict) and all(node.keys):
            keys = [key for key in node.keys if key is not None]
            entries = [
                (text.span(key)[0], text.span(value)[1])
                for key, value in zip(keys, node.values, strict=True)
            ]
        if len(entries) > 2 and not _in_annotation(text.tree, node):
            yield entries[-2][1], entries[-1][1], ""


def _in_annotation(tree: ast.AST, node: ast.AST) -> bool:
    return any(
        node in ast.walk(owner.slice)
        for owner in ast.walk(tree)
        if isinstance(owner, ast.Subscript)
    )


def _refusing_tests(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise):
            yield node.test


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body


def _callee(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _own_imports(tree: ast.AST, modules: frozenset[str]) -> tuple[set[str], set[str]]:
    """Names of our modules, and of functions of theirs, as a file calls them."""
    aliases: set[str] = set()
    functions: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name in modules}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            for alias in node.names:
                name = alias.asname or alias.name
                if node.level or f"{base}.{alias.name}" in modules:
                    aliases.add(name)
                elif base in modules and alias.name[:1].islower():
                    functions.add(name)
    return aliases, functions


def _is_attribute_of(node: ast.expr, owners: set[str]) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in owners
    )


def _is_number(node: ast.expr | None, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number and node.value is not True
