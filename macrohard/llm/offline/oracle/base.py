"""The example records of an app: a few of each kind, enough for every feature to show something."""

from dataclasses import dataclass

from macrohard.llm.offline.dialect.ast import (
    App,
    BoundRule,
    DeleteRule,
    FieldType,
    Kind,
    NamedCondition,
    Rule,
)
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.nearness import just_within
from macrohard.llm.offline.oracle.pools import fields_in
from macrohard.llm.offline.oracle.seek import Seeker, Trial, Typed, Want, involved, stored_in
from macrohard.llm.offline.oracle.timeless import Timeless
from macrohard.llm.offline.oracle.world import stored_fields

_EACH = 3
"""Records of each kind before conditions are looked at."""

_ONE_MORE = 7
"""Turn of records that are to be possible beside the examples."""

_TO_BREAK = 2
"""Records added at most so that a rule can be broken and nothing else."""

_MORE_TARGETS = 4
"""Records of other kinds to try when a kind finds nothing to refer to that suits its rules."""


@dataclass(frozen=True)
class Made:
    """One example record and what was typed for it."""

    kind: str
    number: int
    typed: Typed


@dataclass(frozen=True)
class Base:
    """Example records in the order in which they are made, and the world they make.

    Attributes:
        made: The records.
        there: The world with them. Copy it before changing it.
        seeker: Finds more records that suit this app.
        barren: Slugs of kinds no example of which was found.
    """

    made: tuple[Made, ...]
    there: Timeless
    seeker: Seeker
    barren: tuple[str, ...]

    def of(self, kind: Kind) -> list[Made]:
        """The examples of one kind."""
        return [made for made in self.made if made.kind == kind.slug]


def in_order(app: App) -> list[Kind]:
    """Kinds so that those which others need come first; a circle keeps the order of the spec."""
    done: list[Kind] = []
    waiting = list(app.kinds)
    while waiting:
        ready = [kind for kind in waiting if not (needs(kind) & {k.slug for k in waiting})]
        for kind in ready or waiting[:1]:
            done.append(kind)
            waiting.remove(kind)
    return done


def needs(kind: Kind) -> set[str]:
    """Slugs of other kinds that the references of a kind point to."""
    targets = {f.target for f in stored_fields(kind) if f.type is FieldType.REFERENCE}
    return targets - {kind.slug}


def can_make(kind: Kind) -> bool:
    """Whether an app offers any way to make records of a kind."""
    return kind.features.add or kind.features.import_csv


def build_base(app: App) -> Base:
    """Find example records for every kind that can be made."""
    builder = _Builder(app)
    for kind in in_order(app):
        if can_make(kind):
            builder.populate(kind)
    barren = tuple(kind.slug for kind in app.kinds if not builder.there.world.rows[kind.slug])
    return Base(tuple(builder.made), builder.there, builder.seeker, barren)


class _Builder:
    def __init__(self, app: App) -> None:
        self.app = app
        self.seeker = Seeker(app)
        self.there = Timeless(app)
        self.made: list[Made] = []

    def populate(self, kind: Kind) -> None:
        for turn in range(min(_EACH, _room(kind))):
            self._make(kind, turn)
        for named in kind.features.conditions:
            self._show_condition(kind, named)
        # One record with nothing but what is required: empty values must show too.
        self._make(kind, _EACH, least=True)
        self._leave_room(kind)

    def _make(self, kind: Kind, turn: int, *, least: bool = False) -> None:
        optional = {
            field.slug: None
            for field in stored_fields(kind)
            if least and not field.required and field.default is None
        }
        if least and not optional:
            return
        typed = self.seeker.find(self.there, kind, turn=turn, fixed=optional)
        if typed is None and not least:
            typed = self._find_with_new_targets(kind, turn)
        if typed is not None:
            self._keep(kind, typed)

    def _leave_room(self, kind: Kind) -> None:
        """See to it that one more record can be added, and each rule be broken alone."""
        if self.seeker.find(self.there, kind, turn=_ONE_MORE) is None:
            typed = self._find_with_new_targets(kind, _ONE_MORE)
            if typed is not None:
                self._keep(kind, typed)
        for rule in self.app.rules:
            if rule.kind == kind.slug and not isinstance(rule, DeleteRule):
                self._leave_room_to_break(kind, rule)

    def _leave_room_to_break(self, kind: Kind, rule: Rule) -> None:
        if self._can_break(kind, rule):
            return
        if isinstance(rule, BoundRule):
            target = self.app.kind(rule.target)
            if can_make(target) and (tight := self._extreme(target, smallest=True)) is not None:
                self._keep(target, tight)
        for more in range(_TO_BREAK):
            turn = _ONE_MORE + more
            typed = just_within(self.seeker, self.there, kind, rule, turn=turn, beyond=None)
            typed = typed or self._find_with_new_targets(kind, turn)
            if typed is None:
                return
            self._keep(kind, typed)
            if self._can_break(kind, rule):
                return

    def _can_break(self, kind: Kind, rule: Rule) -> bool:
        about = frozenset(involved(self.app, rule))
        found = self.seeker.find(
            self.there, kind, turn=_ONE_MORE, about=about, edge=rule, want=_only(rule)
        )
        return found is not None

    def _extreme(self, kind: Kind, *, smallest: bool = False) -> Typed | None:
        return self.seeker.extreme(self.there, kind, smallest=smallest, turn=len(self.made))

    def _find_with_new_targets(self, kind: Kind, turn: int) -> Typed | None:
        needed = [self.app.kind(slug) for slug in sorted(needs(kind))]
        targets = [target for target in needed if can_make(target)]
        for _ in range(_MORE_TARGETS if targets else 0):
            for target in targets:
                other = self._extreme(target)
                if other is not None:
                    self._keep(target, other)
            if (typed := self.seeker.find(self.there, kind, turn=turn)) is not None:
                return typed
        return None

    def _keep(self, kind: Kind, typed: Typed) -> None:
        number = self.there.add(kind.slug, typed)
        self.made.append(Made(kind.slug, number, typed))

    def _show_condition(self, kind: Kind, named: NamedCondition) -> None:
        for wanted in (True, False):
            meets = _meets(named, wanted=wanted)
            existing = (
                Trial(self.there, kind, {}, number) for number in self.there.world.rows[kind.slug]
            )
            if any(meets(trial) for trial in existing):
                continue
            typed = self.seeker.find(
                self.there,
                kind,
                turn=len(self.made),
                about=frozenset(stored_in(kind, fields_in(named.condition))),
                want=_fine_and(meets),
            )
            if typed is not None:
                self._keep(kind, typed)


def _meets(named: NamedCondition, *, wanted: bool) -> Want:
    return lambda trial: all(holds(named.condition, record) is wanted for record in trial.records)


def _room(kind: Kind) -> int:
    """How many records there may be with one more to come: a unique yes/no allows for two."""
    sizes = [
        len(field.choices) if field.type is FieldType.ONE_OF else 2
        for field in stored_fields(kind)
        if field.required and field.unique and field.type in {FieldType.ONE_OF, FieldType.YES_NO}
    ]
    return max(1, min(sizes, default=_EACH + 1) - 1)


def _only(rule: Rule) -> Want:
    return lambda trial: trial.only(rule)


def _fine_and(want: Want) -> Want:
    return lambda trial: trial.fine and want(trial)
