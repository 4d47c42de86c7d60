"""Writes the checks of rules, one function each."""

from collections.abc import Iterator
from dataclasses import dataclass

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.conditions import Test, lenient, strict
from macrohard.llm.offline.appgen.overlaps import overlap_body
from macrohard.llm.offline.appgen.pysource import (
    WIDTH,
    call,
    cut,
    function,
    indent,
    quote,
    signature,
    text_literal,
)
from macrohard.llm.offline.appgen.scope import Scope, reaches_out
from macrohard.llm.offline.dialect.ast import (
    App,
    BoundRule,
    Compare,
    CompareOp,
    Field,
    FieldRef,
    Kind,
    OverlapRule,
    RecordRule,
    Rule,
    UniqueRule,
)

OPPOSITE = {
    CompareOp.LT: CompareOp.GE,
    CompareOp.LE: CompareOp.GT,
    CompareOp.GT: CompareOp.LE,
    CompareOp.GE: CompareOp.LT,
    CompareOp.EQ: CompareOp.NE,
    CompareOp.NE: CompareOp.EQ,
}


@dataclass(frozen=True)
class Check:
    """A function that refuses a record.

    Attributes:
        name: Its name.
        code: Its source.
        connected: Whether it takes a connection.
        rule: The rule that it keeps, where it is one of the spec's sentences.
    """

    name: str
    code: str
    connected: bool
    rule: Rule | None = None

    @property
    def only_new(self) -> bool:
        """Whether it is about new records, and not about what becomes of them."""
        return isinstance(self.rule, RecordRule) and self.rule.only_new

    def call(self, record: str) -> str:
        """The call about a record."""
        return f"{self.name}({'connection, ' if self.connected else ''}{record})"


@dataclass(frozen=True)
class BoundCheck:
    """A function that refuses a state of a record that others refer to.

    Attributes:
        rule: Its rule.
        name: Its name.
        code: Its source.
    """

    rule: BoundRule
    name: str
    code: str

    def call(self, record: str) -> str:
        """The call about the record that this one refers to."""
        return f"{self.name}(connection, {record}.{self.rule.via})"


class Names:
    """Gives every check of a module a name of its own."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def check(self, words: str) -> str:
        """A name made of words."""
        base = f"check_{names.identifier(words)}"
        name, number = base, 1
        while name in self._used:
            number += 1
            name = f"{base}_{number}"
        self._used.add(name)
        return name


def record_checks(app: App, kind: Kind) -> tuple[list[Check], list[Check]]:
    """The checks of one record: those before it is stored, and those after."""
    used = Names()
    before = [unique_check(kind, field, used) for field in kind.fields if field.unique]
    before += [
        unique_rule_check(kind, rule, used)
        for rule in app.rules
        if isinstance(rule, UniqueRule) and rule.kind == kind.slug
    ]
    after = [*own_rules(app, kind, used)]
    return before, after


def own_rules(app: App, kind: Kind, used: Names) -> Iterator[Check]:
    """Conditions and overlaps."""
    for rule in app.rules:
        if isinstance(rule, RecordRule) and rule.kind == kind.slug:
            yield condition_check(app, kind, rule, used)
        elif isinstance(rule, OverlapRule) and rule.kind == kind.slug:
            yield overlap_check(app, kind, rule, used)


def parameters(kind: Kind, *, connected: bool) -> list[str]:
    """The parameters of a check."""
    record = f"{names.variable(kind)}: {names.records_module(kind)}.{names.class_name(kind)}"
    return (["connection: Connection"] if connected else []) + [record]


def unique_check(kind: Kind, field: Field, used: Names) -> Check:
    """A field that no two records share."""
    name = used.check(f"{field.slug} is unique")
    record = names.variable(kind)
    value = f"{record}.{field.slug}"
    told = f'f"{names.heading(field)} {{values.shown({value})}} is taken by "'
    body = [
        f'wanted = {{"{field.slug}": {value}}}',
        f'other = database.other_with(connection, "{names.table(kind)}", {record}.id, wanted)',
        "if other is not None:",
        f"    raise TakenError({told}, {quote(names.singular(kind))}, other)",
    ]
    code = function(
        signature(name, parameters(kind, connected=True), "None"),
        f"Refuse a {names.heading(field)} that another {names.singular(kind)} has.",
        "\n".join(body),
    )
    return Check(name, code, connected=True)


def unique_rule_check(kind: Kind, rule: UniqueRule, used: Names) -> Check:
    """Fields that no two records share together."""
    name = used.check(" ".join([*rule.fields, "are unique"]))
    record = names.variable(kind)
    entries = ", ".join(f'"{slug}": {record}.{slug}' for slug in rule.fields)
    body = (
        f"wanted = {{{entries}}}\n"
        f'other = database.other_with(connection, "{names.table(kind)}", {record}.id, wanted)\n'
        "if other is not None:\n" + indent(in_the_way(rule.text, kind, "other", "is the same"))
    )
    code = function(
        signature(name, parameters(kind, connected=True), "None"),
        f"Refuse what breaks the rule: {rule.text}.",
        body,
    )
    return Check(name, code, connected=True)


def broken_rule(text: str, detail: str = "") -> str:
    """The statement that raises a broken rule."""
    message = f"rule broken: {text}"
    if not detail:
        pieces = cut(message, depth=3)
        if len(pieces) == 1:
            return f"raise InputError({quote(message)})"
        lines = (indent(text_literal(piece)) for piece in pieces)
        return "\n".join(["raise InputError(", *lines, ")"])
    whole = f'f"{braced(message)} ({detail})"'
    if len(whole) + 12 <= WIDTH and '"' not in message and "\\" not in message:
        return f"raise InputError({whole})"
    pieces = [indent(text_literal(piece)) for piece in cut(message, depth=3)]
    return "\n".join(["raise InputError(", *pieces, f'    f" ({detail})"', ")"])


def in_the_way(text: str, kind: Kind, other: str, how: str) -> str:
    """The statement that raises a rule which another record of the kind is in the way of."""
    arguments = [quote(names.singular(kind)), other, quote(f" {how})")]
    before = f"rule broken: {text} ("
    pieces = cut(before, depth=4)
    if len(pieces) == 1:
        return call("raise TakenError", [quote(before), *arguments])
    lines = ["(", *(indent(text_literal(piece)) for piece in pieces), "),"]
    lines += [f"{argument}," for argument in arguments]
    return "\n".join(["raise TakenError(", *(indent(line) for line in lines), ")"])


def braced(text: str) -> str:
    """A text as it stands in an f-string."""
    return text.replace("{", "{{").replace("}", "}}")


def condition_check(app: App, kind: Kind, rule: RecordRule, used: Names) -> Check:
    """A condition that every record meets."""
    name = used.check(rule.text)
    connected = reaches_out(app, kind, rule.condition)
    scope = Scope(app, kind, names.variable(kind), names.changes_module(kind))
    test = lenient(rule.condition, scope)
    body = [*scope.statements, unless(test), indent(broken_rule(rule.text))]
    code = function(
        signature(name, parameters(kind, connected=connected), "None"),
        f"Refuse what breaks the rule: {rule.text}.",
        "\n".join(body),
    )
    return Check(name, code, connected, rule)


def unless(test: Test) -> str:
    """``if not`` the condition."""
    if len(test.parts) == 1 and " " not in test.parts[0]:
        return f"if not {test.parts[0]}:"
    return f"if not ({test.code}):"


def overlap_check(app: App, kind: Kind, rule: OverlapRule, used: Names) -> Check:
    """Spans that must not overlap."""
    name = used.check(rule.text)
    code = function(
        signature(name, parameters(kind, connected=True), "None"),
        f"Refuse what breaks the rule: {rule.text}.",
        overlap_body(
            app,
            kind,
            rule,
            in_the_way(rule.text, kind, "other[0]", "is in the way"),
        ),
    )
    return Check(name, code, connected=True)


def bound_checks(app: App, kind: Kind) -> list[BoundCheck]:
    """The checks of what records of the kind do to those they refer to."""
    found: list[BoundCheck] = []
    used = Names()
    for rule in app.rules:
        if isinstance(rule, BoundRule) and rule.kind == kind.slug:
            name = used.check(f"{rule.measure} of {rule.via}")
            found.append(BoundCheck(rule, name, bound_function(app, kind, rule, name)))
    return found


def bound_function(app: App, kind: Kind, rule: BoundRule, name: str) -> str:
    """The function of a bound rule."""
    target = app.kind(rule.target)
    via = kind.field(rule.via)
    record, key = names.variable(target), names.key(target)
    scope = Scope(app, target, record, names.changes_module(kind))
    broken = Compare(OPPOSITE[rule.op], FieldRef(rule.measure), rule.bound)
    test = strict(broken, scope)
    lines = [f"if {key} is None:", "    return"] if not via.required else []
    lines.append(f"{record} = {names.records_module(target)}.get(connection, {key})")
    lines += scope.statements
    measure = target.field(rule.measure)
    value = f"{record}.{rule.measure}" if measure.stored else rule.measure
    value = next((n for n, v in scope.taken.items() if f"_{rule.measure}(" in v), value)
    owner = f"{names.singular(target)} {{{key}}}"
    detail = f"{names.heading(measure)} of {owner} would be {{values.shown({value})}}"
    lines += [f"if {test.code}:", indent(broken_rule(rule.text, detail))]
    kept = f"{key}: int | None" if not via.required else f"{key}: int"
    return function(
        signature(name, ["connection: Connection", kept], "None"),
        f"Refuse what breaks the rule: {rule.text}.",
        "\n".join(lines),
    )
