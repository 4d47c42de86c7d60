"""The mistakes the offline model can make, each a small change of a Python file.

They are the mistakes language models are known for: code that does not parse, a bound that is off
by one, a rule that is forgotten, a total that is wrong, a call that does not fit the function of
another module, a wrong exit code, a field that is lost. A change is found in the syntax tree and
made in the text, so that the rest of the file stays as it was written.
"""

import ast
import re
from collections.abc import Callable, Iterator

from macrohard.llm.offline.parts.fault_text import Mistake, SourceText
from macrohard.llm.offline.parts.source import parse, piece_at, pieces

_Change = tuple[int, int, str]
_Finder = Callable[[SourceText], Iterator[_Change]]


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
    text = SourceText(source, tree)
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
_CHECK = re.compile(r"check|require|refuse|ensure|validate|forbid")
_AGGREGATE = re.compile(r"sum|total|average|smallest|largest|count")
_OTHER_PERIOD: dict[object, str] = {7: "4", 4: "7"}
"""A month is written YYYY-MM, a year YYYY."""
_LIMIT = re.compile(r"[A-Z_]{2,}$")
"""Limits of the machine, such as a largest integer, which no spec speaks of."""
_SAYINGS = {"Added": "Created", "Changed": "Updated", "Deleted": "Removed"}
_FAILED_EXIT = 2


def _missing_colons(text: SourceText) -> Iterator[_Change]:
    for node in ast.walk(text.tree):
        if isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.With):
            first = text.span(node.body[0])[0]
            header = text.source[text.span(node)[0] : first]
            code = re.sub(r"#[^\n]*", lambda match: " " * len(match[0]), header).rstrip()
            if code.endswith(":"):
                place = text.span(node)[0] + len(code) - 1
                yield place, place + 1, ""


def _shifted_bounds(text: SourceText) -> Iterator[_Change]:
    """Comparisons that refuse a value, or tell whether a record meets a condition."""
    for test in _deciding_tests(text.tree):
        for node in ast.walk(test):
            if isinstance(node, ast.Compare):
                yield from _shifted(text, node)


def _shifted(text: SourceText, node: ast.Compare) -> Iterator[_Change]:
    left = node.left
    for right in node.comparators:
        between = text.span(left)[1], text.span(right)[0]
        match = _COMPARISON.search(text.source[between[0] : between[1]])
        technical = any(isinstance(s, ast.Name) and _LIMIT.match(s.id) for s in (left, right))
        if match and not technical:
            start = between[0] + match.start()
            yield start, start + len(match[0]), _STRICTER[match[0]]
        left = right


def _forgotten_rules(text: SourceText) -> Iterator[_Change]:
    """Whole ``if …: raise …`` statements, and calls made only to have something refused."""
    for body in _bodies(text.tree):
        for statement in body:
            if _refuses(statement) or _checks(statement):
                start, end = text.span(statement)
                if len(body) == 1:
                    yield start, end, "pass"
                else:
                    yield text.line_start(start), end + 1, ""


def _wrong_totals(text: SourceText) -> Iterator[_Change]:
    """Totals that add up the wrong records, or that do not add up."""
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Call) and _AGGREGATE.search(_callee(node)) and node.args:
            yield from _wrongly_added(text, node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Sub):
            start, end = text.span(node.left)[1], text.span(node.right)[0]
            sign = re.search(r"[*-]", text.source[start:end])
            if sign and not any(_no_figure(side) for side in (node.left, node.right)):
                yield start + sign.start(), start + sign.end(), "+"
        elif isinstance(node, ast.Slice) and isinstance(node.upper, ast.Constant):
            period = node.upper.value
            if period in _OTHER_PERIOD:
                yield *text.span(node.upper), _OTHER_PERIOD[period]


def _wrongly_added(text: SourceText, call: ast.Call) -> Iterator[_Change]:
    start, end = text.span(call)
    first = call.args[0]
    if isinstance(first, ast.GeneratorExp | ast.ListComp) and first.generators[-1].ifs:
        loop = first.generators[-1]
        condition = loop.ifs[-1]
        if "is not None" not in text.source[slice(*text.span(condition))]:
            after = text.span(loop.ifs[-2] if len(loop.ifs) > 1 else loop.iter)[1]
            yield after, text.span(condition)[1], ""
    if _callee(call) == "sum" and len(call.args) == 1:
        inner = text.source[slice(*text.span(first))]
        inner = inner if inner.startswith(("(", "[")) else f"({inner})"
        yield start, end, f"max({inner}, default=0)"


def _mismatched_calls(text: SourceText, modules: frozenset[str]) -> Iterator[_Change]:
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


def _wrong_ends(text: SourceText) -> Iterator[_Change]:
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


def _no_figure(node: ast.expr) -> bool:
    """Whether an operand is a literal, or a set: what is worked out with it is no total."""
    if isinstance(node, ast.Call):
        return _callee(node) in {"set", "setdefault"}
    return isinstance(node, ast.Constant)


def _lost_fields(text: SourceText) -> Iterator[_Change]:
    """The last entry of three or more that a function returns, or that a name stands for."""
    for node in ast.walk(text.tree):
        table: ast.expr | None = None
        if isinstance(node, ast.Return | ast.AnnAssign) or (
            isinstance(node, ast.Assign) and _holds_fields(node)
        ):
            table = node.value
        elif isinstance(node, ast.ListComp):
            table = node.elt
        entries = _entries(text, table)
        # An index is no field: nothing but the speed changes without it.
        if len(entries) > 2 and "INDEX" not in text.source[slice(*entries[-1])]:
            yield entries[-2][1], entries[-1][1], ""


def _holds_fields(node: ast.Assign) -> bool:
    """Whether a name stands for fields: not for spellings, nor for what is checked twice."""
    target = node.targets[0]
    spellings = isinstance(node.value, ast.Dict) and all(
        isinstance(value, ast.Constant) for value in node.value.values
    )
    return isinstance(target, ast.Name) and target.id != "REQUIRED" and not spellings


def _entries(text: SourceText, table: ast.expr | None) -> list[tuple[int, int]]:
    if isinstance(table, ast.List | ast.Tuple):
        return [text.span(entry) for entry in table.elts]
    if isinstance(table, ast.Dict) and all(table.keys):
        keys = [key for key in table.keys if key is not None]
        return [
            (text.span(key)[0], text.span(value)[1])
            for key, value in zip(keys, table.values, strict=True)
        ]
    return []


def _deciding_tests(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise):
            yield node.test
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("is_"):
            yield from (s.value for s in ast.walk(node) if isinstance(s, ast.Return) and s.value)


def _refuses(statement: ast.stmt) -> bool:
    """Whether a statement refuses what a person gave; what is wrong with files is no rule."""
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    last = statement.body[-1]
    if not isinstance(last, ast.Raise) or not isinstance(last.exc, ast.Call):
        return False
    return "Storage" not in _callee(last.exc)


def _checks(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and _CHECK.match(_callee(statement.value)) is not None
    )


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
