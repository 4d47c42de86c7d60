"""Writes the tests of rules: just beyond each is refused, just within is accepted."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.appgen.unit.days import looks_at_clock, turning_texts
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.records import given
from macrohard.llm.offline.appgen.unit.spans import span_methods
from macrohard.llm.offline.appgen.unit.testcase import Method
from macrohard.llm.offline.appgen.unit.typed import (
    accepted_add,
    broken,
    new_record,
    refused_add,
    texts,
)
from macrohard.llm.offline.dialect.ast import (
    BoundRule,
    DeleteRule,
    Kind,
    OverlapRule,
    RecordRule,
    Rule,
)
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.aftermath import measure_holds
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.world import World


def rule_methods(examples: Examples, kind: Kind) -> list[Method]:
    """The tests of all rules about records of a kind."""
    methods: list[Method] = []
    mine = [
        rule
        for rule in examples.app.rules
        if rule.kind == kind.slug and not isinstance(rule, DeleteRule)
    ]
    for position, rule in enumerate(mine, start=1):
        name = f"{position}_{names.identifier(rule.text, longest=40)}"
        about = f"Rule: {rule.text}."
        lines = [*refused_lines(examples, kind, rule), *accepted_lines(examples, kind, rule)]
        methods.append(Method(name, about, lines))
        methods.append(Method(f"{name}_when_editing", about, edit_lines(examples, kind, rule)))
        if isinstance(rule, RecordRule) and looks_at_clock(kind, rule.condition):
            methods.append(Method(f"{name}_today", about, today_lines(examples, kind, rule)))
        if isinstance(rule, OverlapRule):
            methods += span_methods(examples, kind, rule, name)
        if isinstance(rule, BoundRule):
            methods += bound_methods(examples, kind, rule, name)
    return [method for method in methods if method.lines]


def refused_lines(examples: Examples, kind: Kind, rule: Rule) -> list[str]:
    """The statements that break a rule."""
    typed = examples.breaking(kind, rule)
    refusal = examples.refusal(kind, typed) if typed is not None else None
    if typed is None or refusal is None or refusal.rule != rule:
        return []
    return [*new_record(kind, typed), refused_add(kind, broken(rule))]


def accepted_lines(examples: Examples, kind: Kind, rule: Rule) -> list[str]:
    """The statements that just keep a rule."""
    typed = examples.keeping(kind, rule)
    if typed is None or examples.refusal(kind, typed) is not None:
        return []
    return [*new_record(kind, typed, "accepted"), *accepted_add(kind)]


def today_lines(examples: Examples, kind: Kind, rule: RecordRule) -> list[str]:
    """The statements that stand at the edge of a rule about today."""
    found = turning_texts(examples, kind, rule)
    if found is None:
        return []
    accepted, refused = found
    lines = [*new_record(kind, refused), refused_add(kind, broken(rule))]
    return [*lines, *new_record(kind, accepted, "accepted"), *accepted_add(kind)]


def edit_lines(examples: Examples, kind: Kind, rule: Rule) -> list[str]:
    """The statements that break a rule by an edit."""
    for record in examples.of(kind):
        typed = examples.breaking(kind, rule, record.id)
        if typed and edit_breaks(examples.world, kind, record.id, typed, rule):
            return refused_edit(kind, record.id, typed, rule)
    return []


def edit_breaks(world: World, kind: Kind, number: int, typed: Typed, rule: Rule) -> bool:
    """Whether an edit is refused because of a rule."""
    try:
        writing.edit(world.copy(), kind.slug, number, typed)
    except RefusedError as error:
        return error.problem.rule == rule
    return False


def refused_edit(kind: Kind, number: int, typed: Typed, rule: Rule) -> list[str]:
    """The statements that edit a record in vain."""
    return [
        *given("texts", texts(typed)),
        f"edit = {names.changes_module(kind)}.edit",
        f"self.assert_change_refused({quote(broken(rule))}, edit, {number}, texts)",
    ]


def bound_methods(examples: Examples, kind: Kind, rule: BoundRule, name: str) -> list[Method]:
    """Tests that a bound holds when a record is deleted, or handed to another one."""
    typed = examples.keeping(kind, rule)
    world = examples.world.copy()
    try:
        writing.add(world, kind.slug, typed or {})
    except RefusedError:
        return []
    prepare = [
        *new_record(kind, typed or {}, "accepted"),
        f"{names.changes_module(kind)}.add(self.connection, accepted)",
    ]
    about = f"Rule: {rule.text}."
    methods = []
    for record in world.records(kind.slug):
        try:
            writing.delete(world.copy(), kind.slug, record.id)
        except RefusedError as error:
            if error.problem.rule == rule:
                delete = f"{names.changes_module(kind)}.delete"
                message = quote(broken(rule))
                refused = f"self.assert_change_refused({message}, {delete}, {record.id})"
                methods.append(Method(f"{name}_when_deleting", about, [*prepare, refused]))
                break
    moved = first_move(world, kind, rule)
    if moved is not None:
        lines = [*prepare, *refused_edit(kind, *moved, rule)]
        methods.append(Method(f"{name}_when_moving", about, lines))
    return methods


def first_move(world: World, kind: Kind, rule: BoundRule) -> tuple[int, Typed] | None:
    """A record that cannot be handed to another target, because of the one that it leaves."""
    for record in world.records(kind.slug):
        for target in world.records(rule.target):
            typed = {rule.via: str(target.id)}
            left = record.row.get(rule.via)
            if target.id != left and edit_breaks(world, kind, record.id, typed, rule):
                trial = world.copy()
                trial.rows[kind.slug][record.id] = {**record.row, rule.via: target.id}
                if not holds_at(trial, rule, left):
                    return record.id, typed
    return None


def holds_at(world: World, rule: BoundRule, number: object) -> bool:
    """Whether a bound holds for one target."""
    target = world.record(rule.target, int(str(number))) if number is not None else None
    return target is None or measure_holds(rule, target)
