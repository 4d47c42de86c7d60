"""Finds rules that compare fields with each other and allow no record.

``end is after start``, ``end is at most start + 2`` and a field's own bounds all say how far apart
two fields may be. Drawn as arrows with lengths, they contradict each other exactly where a circle
of arrows has a length below zero (Bellman and Ford; CLRS, section on difference constraints).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from macrohard.llm.offline.dialect.ast import (
    App,
    Arithmetic,
    Compare,
    CompareOp,
    Expression,
    FieldRef,
    FieldType,
    IsEmpty,
    Kind,
    Number,
    RecordRule,
    TextValue,
    Today,
)
from macrohard.llm.offline.oracle.conflict import Conflict, always_given, certain, rules_of
from macrohard.llm.offline.oracle.world import stored_fields

_ZERO = ""
"""The node that fixed values are measured from."""

_NUMBERS = {FieldType.INTEGER, FieldType.DECIMAL}
_MEASURED = {*_NUMBERS, FieldType.DATE, FieldType.DATETIME}
_DAY = timedelta(days=1) // timedelta(minutes=1)


@dataclass(frozen=True)
class _Arrow:
    """``target - source <= length``; the rule that says so, none for a field's own bound."""

    source: str
    target: str
    length: Fraction
    rule: RecordRule | None


@dataclass(frozen=True)
class _Sum:
    """Fields with how often each is counted, and a number: days or minutes where it is a time."""

    parts: dict[str, int]
    constant: Fraction

    def plus(self, other: "_Sum", sign: int) -> "_Sum":
        parts = dict(self.parts)
        for slug, times in other.parts.items():
            parts[slug] = parts.get(slug, 0) + sign * times
        left = {slug: times for slug, times in parts.items() if times}
        return _Sum(left, self.constant + sign * other.constant)


class _Unmeasured(Exception):  # noqa: N818 (it never leaves this module)
    """An expression that is no sum of fields which always have a value."""


def contradictions(app: App, kind: Kind) -> Iterator[Conflict]:
    """The contradiction of a kind's rules that compare fields, where there is one of each type."""
    given = always_given(app, kind)
    for types in ({FieldType.DATE}, {FieldType.DATETIME}, _NUMBERS):
        drawn = _Drawing(kind, frozenset(given), types)
        arrows = [
            arrow
            for rule in rules_of(app, kind)
            for atom in certain(rule.condition)
            for arrow in drawn.arrows(atom, rule)
        ]
        circle = _negative_circle([*arrows, *drawn.bounds()]) if arrows else []
        rules = {arrow.rule for arrow in circle if arrow.rule is not None}
        if rules:
            slugs = {arrow.source for arrow in circle} | {arrow.target for arrow in circle}
            rules |= {rule for slug in slugs if (rule := given.get(slug)) is not None}
            fields = tuple(field for field in stored_fields(kind) if field.slug in slugs)
            yield Conflict(kind, fields, tuple(sorted(rules, key=lambda rule: rule.line)))


class _Drawing:
    """Draws comparisons of fields of some types as arrows."""

    def __init__(self, kind: Kind, given: frozenset[str], types: set[FieldType]) -> None:
        self._kind = kind
        self._types = types
        fields = {f.slug: f for f in stored_fields(kind) if f.type in _MEASURED}
        self._given = {slug: field for slug, field in fields.items() if slug in given}

    def bounds(self) -> Iterator[_Arrow]:
        """What the lines of the fields say."""
        for slug, field in self._given.items():
            if field.type in self._types and field.minimum is not None:
                yield _Arrow(slug, _ZERO, -_measure(field.minimum), None)
            if field.type in self._types and field.maximum is not None:
                yield _Arrow(_ZERO, slug, _measure(field.maximum), None)

    def arrows(self, atom: Compare | IsEmpty, rule: RecordRule) -> Iterator[_Arrow]:
        """What a comparison says; nothing where it is of another kind."""
        if isinstance(atom, IsEmpty) or atom.op is CompareOp.NE:
            return
        try:
            apart = self._sum(atom.left).plus(self._sum(atom.right), -1)
        except _Unmeasured:
            return
        more = [slug for slug, times in apart.parts.items() if times == 1]
        less = [slug for slug, times in apart.parts.items() if times == -1]
        nodes = {*more, *less}
        if len(nodes) != len(apart.parts) or len(more) > 1 or len(less) > 1 or not nodes:
            return
        source, target = (less or [_ZERO])[0], (more or [_ZERO])[0]
        step = self._step(nodes)
        if step is None:
            return
        if atom.op in {CompareOp.LT, CompareOp.LE, CompareOp.EQ}:
            length = _whole(-apart.constant, step, strict=atom.op is CompareOp.LT)
            yield _Arrow(source, target, length, rule)
        if atom.op in {CompareOp.GT, CompareOp.GE, CompareOp.EQ}:
            length = _whole(apart.constant, step, strict=atom.op is CompareOp.GT)
            yield _Arrow(target, source, length, rule)

    def _step(self, nodes: set[str]) -> Fraction | None:
        """The smallest distance of two such values; None where the nodes are of other types."""
        places = 0
        for slug in nodes - {_NOW}:
            field = self._given[slug]
            if field.type not in self._types:
                return None
            places = max(places, field.places if field.type is FieldType.DECIMAL else 0)
        if nodes == {_NOW} or (_NOW in nodes and self._types == _NUMBERS):
            return None
        return Fraction(1, 10**places)

    def _sum(self, expression: Expression) -> _Sum:
        """An expression as a sum.

        Raises:
            _Unmeasured: It is none.
        """
        match expression:
            case Number(value):
                return _Sum({}, Fraction(value))
            case TextValue(value):
                return _Sum({}, _measure(value))
            case Today():
                return _Sum({_NOW: 1}, Fraction(0))
            case FieldRef(slug):
                return self._field(slug)
            case Arithmetic("+" | "-" as op, left, right):
                return self._joined(op, left, right)
        raise _Unmeasured

    def _joined(self, op: str, left: Expression, right: Expression) -> _Sum:
        if FieldType.DATETIME in self._types:
            raise _Unmeasured  # days beside minutes
        return self._sum(left).plus(self._sum(right), 1 if op == "+" else -1)

    def _field(self, slug: str) -> _Sum:
        field = self._kind.field(slug)
        if field.computed is not None and field.type in {FieldType.INTEGER, FieldType.DATE}:
            return self._sum(field.computed)
        if slug not in self._given:
            raise _Unmeasured
        return _Sum({slug: 1}, Fraction(0))


_NOW = "today"
"""The node of the moment at which a record is added; no field has this name: it is grammar."""


def _measure(value: Decimal | str) -> Fraction:
    """A number as it is, a date in days, a date-time in minutes.

    Raises:
        _Unmeasured: It is another text.
    """
    if isinstance(value, Decimal):
        return Fraction(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _Unmeasured from None
    if len(value) == len(date.min.isoformat()):
        return Fraction(moment.toordinal())
    return Fraction(moment.toordinal() * _DAY + moment.hour * 60 + moment.minute)


def _whole(length: Fraction, step: Fraction, *, strict: bool) -> Fraction:
    """The largest multiple of the step that is at most this long; ``strict``: shorter."""
    steps = ceil(length / step) - 1 if strict else floor(length / step)
    return steps * step


def _negative_circle(arrows: list[_Arrow]) -> list[_Arrow]:
    """The arrows of a circle shorter than zero; empty where there is none."""
    nodes = {arrow.source for arrow in arrows} | {arrow.target for arrow in arrows}
    distance = dict.fromkeys(nodes, Fraction(0))
    came: dict[str, _Arrow] = {}
    last = None
    for _ in range(len(nodes) + 1):
        last = None
        for arrow in arrows:
            if distance[arrow.source] + arrow.length < distance[arrow.target]:
                distance[arrow.target] = distance[arrow.source] + arrow.length
                came[arrow.target] = arrow
                last = arrow.target
        if last is None:
            return []
    at = str(last)
    for _ in nodes:  # so many steps back, one is on the circle for certain
        at = came[at].source
    circle = [came[at]]
    while circle[-1].source != at:
        circle.append(came[circle[-1].source])
    return circle
