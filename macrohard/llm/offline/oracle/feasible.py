"""Refuses a spec by whose rules a kind could never hold a record.

Only what is proven is refused: a field whose rules, each about this field and values that stand in
the spec, contradict each other. Rules about several fields, computed ones or today may contradict
each other unseen here; the requirements say where no example was found.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from macrohard.llm.offline.dialect.ast import (
    App,
    BoolOp,
    Compare,
    Condition,
    Field,
    FieldRef,
    FieldType,
    IsEmpty,
    Kind,
    Number,
    RecordRule,
    TextValue,
    YesNo,
)
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.words import Puzzle
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.pools import pool, shift, takes
from macrohard.llm.offline.oracle.timeless import EARLY
from macrohard.llm.offline.oracle.values import Value, canonical, read_value
from macrohard.llm.offline.oracle.world import Record, World, stored_fields

_NUMBERS = {FieldType.INTEGER, FieldType.DECIMAL}


def check_feasible(app: App, source: str) -> None:
    """Refuse an app with a kind that people may add to and that can hold nothing.

    Args:
        app: The app.
        source: Name of the spec, for messages.

    Raises:
        SpecError: There is such a kind; the message names it and the lines that exclude each other.
    """
    problems = Problems(source)
    for kind in app.kinds:
        made = kind.features.add or kind.features.import_csv
        for field in stored_fields(kind) if made else ():
            rules = [
                rule
                for rule in app.rules
                if isinstance(rule, RecordRule) and _is_about(rule, kind, field)
            ]
            if core := _contradiction(app, kind, field, rules):
                problems.add(core[0].line, _nothing_possible(kind, field, core))
    problems.raise_any()


def _nothing_possible(kind: Kind, field: Field, core: Sequence[RecordRule]) -> Puzzle:
    lines = listed(dict.fromkeys(str(rule.line) for rule in core))
    said = listed(dict.fromkeys(f"“{rule.text}”" for rule in core))
    told = f"line {lines} says" if lines.isdigit() else f"lines {lines} say"
    must, way = (
        (", which is required,", ", or make the field optional") if field.required else ("", "")
    )
    return Puzzle(
        f"no {kind.name.lower()} could ever be added: no value of {field.name} (line {field.line})"
        f"{must} keeps what {told}: {said}. Change one of these lines{way}."
    )


def _is_about(rule: RecordRule, kind: Kind, field: Field) -> bool:
    """Whether a rule looks at one field, and at nothing but values of the spec beside it."""
    atoms = _atoms(rule.condition)
    return rule.kind == kind.slug and all(_is_plain(atom, field) for atom in atoms)


def _is_plain(atom: Compare | IsEmpty, field: Field) -> bool:
    if isinstance(atom, IsEmpty):
        return atom.slug == field.slug
    sides = (atom.left, atom.right)
    return FieldRef(field.slug) in sides and any(
        isinstance(side, Number | TextValue | YesNo) for side in sides
    )


def _atoms(condition: Condition) -> Iterator[Compare | IsEmpty]:
    if isinstance(condition, BoolOp):
        for part in condition.parts:
            yield from _atoms(part)
    else:
        yield condition


def _contradiction(
    app: App, kind: Kind, field: Field, rules: list[RecordRule]
) -> Sequence[RecordRule]:
    """The fewest of these rules that no value keeps; none where some value keeps them all."""
    if not rules:
        return ()
    values = list(_values(app, kind, field, rules))
    kept = {
        rule: {i for i, value in enumerate(values) if _keeps(app, kind, field, value, rule)}
        for rule in rules
    }
    if not values or set.intersection(*kept.values()):
        return ()
    core = list(rules)
    for rule in rules:
        less = [kept[other] for other in core if other is not rule]
        if less and not set.intersection(*less):
            core.remove(rule)
    return core


def _keeps(app: App, kind: Kind, field: Field, value: Value, rule: RecordRule) -> bool:
    world = World(app, EARLY)
    row: dict[str, Value] = dict.fromkeys((each.slug for each in stored_fields(kind)), None)
    world.rows[kind.slug][1] = {**row, field.slug: value}
    return holds(rule.condition, Record(world, kind, 1), lenient=True)


def _values(app: App, kind: Kind, field: Field, rules: list[RecordRule]) -> Iterator[Value]:
    """A value from every stretch between the values that the rules and the field's bounds name."""
    if not field.required:
        yield None
    for text in pool(app, kind, field):
        yield read_value(field, text)
    for rule in rules:
        for atom in _atoms(rule.condition):
            for side in (atom.left, atom.right) if isinstance(atom, Compare) else ():
                for text in _texts(field, side):
                    value = read_value(field, text) if takes(field, text) else None
                    moved = [shift(field, value, by) for by in (-1, 0, 1)]
                    near = [canonical(each) for each in moved if each is not None]
                    yield from (read_value(field, t) for t in near if takes(field, t))


def _texts(field: Field, side: object) -> Iterator[str]:
    """A literal as the field would hold it: beside what has more decimal places than it has."""
    if isinstance(side, TextValue):
        yield side.value
    elif isinstance(side, Number) and field.type in _NUMBERS:
        step = Decimal(1).scaleb(-(field.places if field.type is FieldType.DECIMAL else 0))
        for way in (ROUND_FLOOR, ROUND_CEILING):
            yield f"{side.value.quantize(step, rounding=way):f}"
