"""What rules look at beyond the records they are about: whose changes can break them later.

``date is not before its hive's set up on`` is about harvests, and looks at a field of hives: an
edit of a hive can break it. ``a loan that would take the open loans of a member above their
limit`` is about members, and looks at their limit and at loans.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from macrohard.llm.offline.dialect.ast import (
    App,
    Arithmetic,
    BoolOp,
    BoundRule,
    Compare,
    Condition,
    Expression,
    FieldRef,
    IsEmpty,
    Kind,
    RecordRule,
    RelatedAggregate,
    Through,
)


@dataclass(frozen=True)
class Hop:
    """A step from one record to others.

    Attributes:
        kind: The kind whose records refer.
        via: Its reference field.
        back: Whether the step goes against the reference, to all records that refer here.
    """

    kind: str
    via: str
    back: bool


Path = tuple[Hop, ...]
"""Steps from a record that a rule is about to a record that the rule looks at; none: itself."""


@dataclass(frozen=True)
class Look:
    """Fields that a rule looks at, at the end of one path.

    Attributes:
        rule: The rule.
        owner: The kind whose records the rule is about.
        path: From there to the records that are looked at.
        kind: The kind of these.
        fields: Their stored fields that count.
        at_start: Whether a new record can break the rule before anything refers to it.
    """

    rule: RecordRule | BoundRule
    owner: str
    path: Path
    kind: str
    fields: frozenset[str]
    at_start: bool = False

    @property
    def gathers(self) -> bool:
        """Whether the records looked at are those that refer to one, which may come and go."""
        return bool(self.path) and self.path[-1].back

    @property
    def at_add(self) -> bool:
        """Whether adding a record of the kind can break the rule.

        A refusal of loans (``a loan that would …``) says nothing about what else is added.
        """
        said = isinstance(self.rule, RecordRule) or self.rule.stands
        return self.at_start or (self.gathers and said)


def looks(app: App) -> tuple[Look, ...]:
    """What all rules look at, except the record's own fields where a record is written itself."""
    found: list[Look] = []
    for rule in app.rules:
        if isinstance(rule, RecordRule) and not rule.only_new:
            seen = _seen(app, app.kind(rule.kind), rule.condition)
            found += [look for look in _looks(rule, rule.kind, seen) if look.path]
        elif isinstance(rule, BoundRule) and rule == _first(app, rule):
            target = app.kind(rule.target)
            wanted = Compare(rule.op, FieldRef(rule.measure), rule.bound)
            fed = {(Hop(each.kind, each.via, back=True),) for each in _alike(app, rule)}
            seen = _seen(app, target, wanted)
            own = any(not path for path, _, _ in _seen(app, target, wanted.left))
            found += [
                replace(look, at_start=rule.stands and own and not look.path)
                for look in _looks(rule, target.slug, seen)
                if look.path not in fed
            ]
    return tuple(found)


def _alike(app: App, rule: BoundRule) -> list[BoundRule]:
    """The bounds that one sentence, or several, put on the same figure in the same way."""
    same = rule.target, rule.measure, rule.op, rule.bound, rule.stands
    return [
        other
        for other in app.rules
        if isinstance(other, BoundRule)
        and (other.target, other.measure, other.op, other.bound, other.stands) == same
    ]


def _first(app: App, rule: BoundRule) -> BoundRule:
    return _alike(app, rule)[0]


_Seen = tuple[Path, str, str]
"""A path, the kind at its end, and a field there."""


def _looks(rule: RecordRule | BoundRule, owner: str, seen: frozenset[_Seen]) -> list[Look]:
    ends = sorted({(path, kind) for path, kind, _ in seen}, key=repr)
    return [
        Look(
            rule=rule,
            owner=owner,
            path=path,
            kind=kind,
            fields=frozenset(slug for p, k, slug in seen if (p, k) == (path, kind)),
        )
        for path, kind in ends
    ]


def _seen(app: App, kind: Kind, node: Expression | Condition, path: Path = ()) -> frozenset[_Seen]:
    """Every stored field that decides about an expression or a condition of a record."""
    return frozenset(_walk(app, kind, node, path))


def _walk(app: App, kind: Kind, node: Expression | Condition | None, path: Path) -> Iterator[_Seen]:
    match node:
        case FieldRef(slug) | IsEmpty(slug):
            yield from _field(app, kind, slug, path)
        case Through(reference, slug):
            yield path, kind.slug, reference
            target = app.kind(kind.field(reference).target)
            yield from _field(app, target, slug, (*path, Hop(kind.slug, reference, back=False)))
        case RelatedAggregate(_, related, slug, via, where):
            other, further = app.kind(related), (*path, Hop(related, via, back=True))
            yield further, related, via
            if slug is not None:
                yield from _field(app, other, slug, further)
            yield from _walk(app, other, where, further)
        case Arithmetic(_, left, right) | Compare(_, left, right):
            yield from _walk(app, kind, left, path)
            yield from _walk(app, kind, right, path)
        case BoolOp(_, parts):
            for part in parts:
                yield from _walk(app, kind, part, path)


def _field(app: App, kind: Kind, slug: str, path: Path) -> Iterator[_Seen]:
    if slug == "id":
        return
    field = kind.field(slug)
    if field.computed is None:
        yield path, kind.slug, slug
    else:
        yield from _walk(app, kind, field.computed, path)
