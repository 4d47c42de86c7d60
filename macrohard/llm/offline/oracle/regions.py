"""Finds rules about values of the spec that contradict each other, over any number of fields.

A rule that compares fields with values of the spec, and with nothing else, only asks on which side
of these values a field stands. So one value from every stretch between them decides: where none
of their combinations meets the rules, nothing does.
"""

import itertools
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from macrohard.llm.offline.dialect.ast import (
    App,
    Compare,
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
from macrohard.llm.offline.oracle.conflict import Conflict, atoms, rules_of
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.pools import pool, shift, takes
from macrohard.llm.offline.oracle.timeless import EARLY
from macrohard.llm.offline.oracle.values import Value, canonical, read_value
from macrohard.llm.offline.oracle.world import Record, World, stored_fields

MAX_TRIES = 20_000
"""Combinations looked at for a group of rules, some tenths of a second; then nothing is proven."""

_NUMBERS = {FieldType.INTEGER, FieldType.DECIMAL}


def contradictions(app: App, kind: Kind) -> Iterator[Conflict]:
    """The contradictions of a kind's rules about values of the spec, one for each group."""
    plain = [rule for rule in rules_of(app, kind) if _is_plain(rule, kind)]
    for group in _groups(plain):
        tried = _Tried(app, kind, group)
        if tried.meets(group):
            continue
        core = list(group)
        for rule in group:
            less = [other for other in core if other is not rule]
            if less and not tried.meets(less):
                core = less
        slugs = {atom_slug(atom) for rule in core for atom in atoms(rule.condition)}
        fields = tuple(field for field in stored_fields(kind) if field.slug in slugs)
        yield Conflict(kind, fields, tuple(core))


def _is_plain(rule: RecordRule, kind: Kind) -> bool:
    """Whether a rule looks at nothing but stored fields and values of the spec."""
    stored = {field.slug for field in stored_fields(kind)}
    return all(atom_slug(atom) in stored for atom in atoms(rule.condition))


def atom_slug(atom: Compare | IsEmpty) -> str:
    """The field that is compared with a value of the spec; empty where it is otherwise."""
    if isinstance(atom, IsEmpty):
        return atom.slug
    for side, other in ((atom.left, atom.right), (atom.right, atom.left)):
        if isinstance(side, FieldRef) and isinstance(other, Number | TextValue | YesNo):
            return side.slug
    return ""


def _groups(rules: Sequence[RecordRule]) -> list[list[RecordRule]]:
    """Rules that share fields, directly or through others."""
    groups: list[tuple[set[str], list[RecordRule]]] = []
    for rule in rules:
        slugs, members = {atom_slug(atom) for atom in atoms(rule.condition)}, [rule]
        for group in [each for each in groups if each[0] & slugs]:
            groups.remove(group)
            slugs, members = slugs | group[0], [*group[1], *members]
        groups.append((slugs, members))
    return [sorted(members, key=lambda rule: rule.line) for _, members in groups]


class _Tried:
    """Combinations of values, and which rules each of them meets."""

    def __init__(self, app: App, kind: Kind, rules: Sequence[RecordRule]) -> None:
        world = World(app, EARLY)
        self._row: dict[str, Value] = dict.fromkeys((f.slug for f in stored_fields(kind)), None)
        world.rows[kind.slug][1] = self._row
        self._record = Record(world, kind, 1)
        about = [atom for rule in rules for atom in atoms(rule.condition)]
        self._values: dict[str, list[Value]] = {}
        for field in stored_fields(kind):
            its = [atom for atom in about if atom_slug(atom) == field.slug]
            if its:
                self._values[field.slug] = self._stretches(app, kind, field, its)

    def meets(self, rules: Sequence[RecordRule]) -> bool:
        """Whether some combination meets all of these rules, as far as it can be told."""
        if not all(self._values.values()):
            return True
        every = itertools.product(*self._values.values())
        for number, values in enumerate(every):
            self._row.update(zip(self._values, values, strict=True))
            if number >= MAX_TRIES or all(
                holds(rule.condition, self._record, lenient=True) for rule in rules
            ):
                return True
        return False

    def _stretches(
        self, app: App, kind: Kind, field: Field, about: list[Compare | IsEmpty]
    ) -> list[Value]:
        """One value for each way in which these comparisons can come out."""
        found: dict[tuple[bool, ...], Value] = {}
        for value in _values(app, kind, field, about):
            self._row[field.slug] = value
            outcome = tuple(holds(atom, self._record, lenient=True) for atom in about)
            found.setdefault(outcome, value)
        return list(found.values())


def _values(app: App, kind: Kind, field: Field, about: list[Compare | IsEmpty]) -> Iterator[Value]:
    """A value from every stretch between the values that comparisons and the bounds name."""
    if not field.required:
        yield None
    if field.type is FieldType.REFERENCE:
        yield 1  # some record, whichever
    for text in pool(app, kind, field):
        yield read_value(field, text)
    for atom in about:
        for side in (atom.left, atom.right) if isinstance(atom, Compare) else ():
            for text in _texts(field, side):
                value = read_value(field, text) if takes(field, text) else None
                moved = [value, *(shift(field, value, by) for by in (-1, 1))]
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
