"""Looks for example records: accepted by every rule, or refused by exactly one."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from macrohard.llm.offline.dialect.ast import (
    App,
    Field,
    FieldType,
    Kind,
    OverlapRule,
    Rule,
    UniqueRule,
)
from macrohard.llm.offline.oracle.edges import around, involved, looked_at, stored_in, towards
from macrohard.llm.offline.oracle.pools import pool, shift, takes
from macrohard.llm.offline.oracle.timeless import Timeless
from macrohard.llm.offline.oracle.trial import Trial, Typed
from macrohard.llm.offline.oracle.values import canonical
from macrohard.llm.offline.oracle.world import stored_fields

__all__ = ["Aim", "Cost", "Seeker", "Trial", "Typed", "Want", "involved", "stored_in"]

_WALKS = 48
_STEPS = 12
"""Tries per search: some hundred at 0.2 ms each; the rules people write need a handful."""

_WALKS_OF_EDITS = 16
"""An edit leaves less open than a new record does, so there is less to try."""

_CLIMBS = 3
"""Records from which the cheapest neighbour is looked for, when the cheapest is wanted."""

_ROUNDS = 4
_PLAIN = 2
"""Share of the walks (one in this many) that vary only what the search is about."""

Want = Callable[[Trial], bool]
Cost = Callable[[Trial], float]


@dataclass(frozen=True)
class Aim:
    """What a search is for.

    Attributes:
        there: The records that exist.
        kind: Kind of the record.
        turn: Different turns draw different everyday values.
        number: Id of an existing record to change; 0 for a new one.
        fixed: Values that must be typed as given; ``None`` leaves a field out.
        about: Fields to vary first when a try is accepted but not wanted.
        edge: Rule at whose edge to look.
        want: What it must be.
        cost: The cheapest is taken; the first one found when not given.
    """

    there: Timeless
    kind: Kind
    turn: int
    number: int
    fixed: Mapping[str, str | None]
    about: frozenset[str]
    edge: Rule | None
    want: Want
    cost: Cost | None
    chance: random.Random = field(compare=False)

    def trial(self, typed: Typed) -> Trial:
        """A try."""
        number = self.number or self.there.world.used[self.kind.slug] + 1
        return Trial(self.there, self.kind, typed, number)

    @property
    def open(self) -> list[Field]:
        """Fields that may be varied."""
        return [f for f in stored_fields(self.kind) if f.slug not in self.fixed]


class Seeker:
    """Finds example records of an app. The same app gives the same examples.

    Args:
        app: The app.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._pools = {
            (kind.slug, field.slug): pool(app, kind, field)
            for kind in app.kinds
            for field in stored_fields(kind)
        }

    def find(
        self,
        there: Timeless,
        kind: Kind,
        *,
        turn: int = 0,
        number: int = 0,
        fixed: Mapping[str, str | None] | None = None,
        about: frozenset[str] = frozenset(),
        edge: Rule | None = None,
        want: Want | None = None,
        cost: Cost | None = None,
    ) -> Typed | None:
        """A record to add (or to make of record ``number``) that is as wanted.

        Args: as in :class:`Aim`; ``want`` is to be accepted on any day when not given.

        Returns:
            What to type, or ``None`` when nothing was found.
        """
        seed = f"{self.app.slug}/{kind.slug}/{turn}/{sorted(about)}"
        aim = Aim(
            there=there,
            kind=kind,
            turn=turn,
            number=number,
            fixed=fixed or {},
            about=about,
            edge=edge,
            want=want or _is_fine,
            cost=cost,
            chance=random.Random(seed),  # noqa: S311 (examples, no secrets)
        )
        return self._search(aim)

    def extreme(
        self, there: Timeless, kind: Kind, *, smallest: bool = False, turn: int = 0
    ) -> Typed | None:
        """A record with large numbers, or small ones: much, or little, may refer to it."""
        numbers: dict[str, str | None] = {}
        for field_ in stored_fields(kind):
            tried = sorted(self._numbers(kind, field_), key=Decimal)
            positive = [text for text in tried if Decimal(text) > 0]
            if tried:
                numbers[field_.slug] = (positive or tried)[0] if smallest else tried[-1]
        found = self.find(there, kind, turn=turn, fixed=numbers)
        return found or self.find(there, kind, turn=turn)

    def _numbers(self, kind: Kind, field_: Field) -> tuple[str, ...]:
        is_number = field_.type in {FieldType.INTEGER, FieldType.DECIMAL}
        return self._pools[kind.slug, field_.slug] if is_number and not field_.unique else ()

    def _search(self, aim: Aim) -> Typed | None:
        best: tuple[float, Typed] | None = None
        climbs = 0
        for walk in range(_WALKS_OF_EDITS if aim.number else _WALKS):
            found = self._walk(aim, self._draw(aim, walk))
            if found is None or aim.cost is None:
                if found is not None:
                    return found.typed
                continue
            price, typed = self._climb(aim, found, aim.cost)
            if best is None or price < best[0]:
                best = (price, typed)
            climbs += 1
            if price <= 0 or climbs == _CLIMBS:
                break
        return best[1] if best else None

    def _draw(self, aim: Aim, walk: int) -> Typed:
        """A first try: everyday values, and more and more chance in what the search is about."""
        typed: Typed = {}
        for place, field_ in enumerate(stored_fields(aim.kind)):
            values = self._values(aim, field_)
            if not values:
                continue
            varied = walk and (field_.slug in aim.about or not aim.about or walk % _PLAIN == 0)
            if not varied:
                step = 5 if field_.type is FieldType.TEXT else 1
                typed[field_.slug] = values[(aim.turn + place * step) % len(values)]
            elif field_.required or aim.chance.random() < 0.6:
                typed[field_.slug] = aim.chance.choice(values[: 4 + walk])
        kept = {slug: text for slug, text in typed.items() if slug not in aim.fixed}
        return {**kept, **{slug: text for slug, text in aim.fixed.items() if text is not None}}

    def _values(self, aim: Aim, field_: Field) -> tuple[str, ...]:
        if field_.type is FieldType.REFERENCE:
            return tuple(str(number) for number in sorted(aim.there.world.rows[field_.target]))
        return self._pools[aim.kind.slug, field_.slug]

    def _walk(self, aim: Aim, typed: Typed) -> Trial | None:
        """Change one field after the other that something stands against."""
        for _ in range(_STEPS):
            trial = aim.trial(typed)
            if aim.want(trial):
                return trial
            moved = self._step(aim, trial)
            if moved is None:
                return None
            typed = moved
        return None

    def _step(self, aim: Aim, trial: Trial) -> Typed | None:
        found = trial.problems[0] or trial.problems[1]
        if (twin := self._twin(aim, trial)) is not None:
            return twin
        slugs = set(aim.about)
        for problem in [aim.chance.choice(found)] if found else []:
            rule = problem.rule
            if rule is None:
                slugs.add(problem.slug)
            elif problem.owner is not None:
                slugs |= looked_at(trial.records[0], rule)
            else:
                slugs |= involved(self.app, rule)
        fields = [field_ for field_ in aim.open if field_.slug in slugs]
        if not fields:
            return None
        field_ = aim.chance.choice(fields)
        if not field_.required and aim.chance.random() < 0.25:
            return {slug: text for slug, text in trial.typed.items() if slug != field_.slug}
        rules = [aim.edge, *(problem.rule for problem in found)]
        value = self._pick(aim, trial, field_, towards(trial, field_, rules))
        return None if value is None else {**trial.typed, field_.slug: value}

    def _twin(self, aim: Aim, trial: Trial) -> Typed | None:
        """Now and then: what a rule about two records compares, taken over from another one."""
        if not isinstance(aim.edge, OverlapRule | UniqueRule) or aim.chance.random() > 0.3:
            return None
        others = [r for r in aim.there.world.records(aim.kind.slug) if r.id != aim.number]
        if not others:
            return None
        other = aim.chance.choice(others)
        open_ = {field_.slug for field_ in aim.open}
        same = {slug: canonical(other.row[slug]) for slug in aim.about & open_}
        return {**trial.typed, **{slug: text for slug, text in same.items() if text}}

    def _pick(self, aim: Aim, trial: Trial, field_: Field, near: list[str]) -> str | None:
        """A value to try: one at an edge, one of the everyday ones, or a neighbour of another."""
        chance = aim.chance
        values = self._values(aim, field_)
        if near and chance.random() < 0.5:
            return chance.choice(near)
        if not values or chance.random() < 0.3:
            alike = [f for f in stored_fields(aim.kind) if f.type is field_.type]
            other = trial.records[0].row.get(chance.choice(alike).slug)
            moved = shift(field_, other, chance.choice((0, 1, -1, 60))) if other else None
            if moved is not None and takes(field_, canonical(moved)):
                return canonical(moved)
        return chance.choice(values) if values else None

    def _climb(self, aim: Aim, start: Trial, cost: Cost) -> tuple[float, Typed]:
        """The cheapest record that changes of single fields lead to."""
        price, best = cost(start), start
        for _ in range(_ROUNDS):
            cheaper = [
                (cost(trial), trial)
                for trial in self._neighbours(aim, best)
                if aim.want(trial) and cost(trial) < price
            ]
            if not cheaper:
                break
            price, best = min(cheaper, key=lambda pair: pair[0])
        return price, best.typed

    def _neighbours(self, aim: Aim, trial: Trial) -> list[Trial]:
        tries: list[Trial] = []
        for field_ in aim.open:
            if field_.slug in aim.about:
                row = trial.records[0].row.get(field_.slug)
                values = [*towards(trial, field_, [aim.edge]), *around(field_, row)]
                values += self._values(aim, field_) if field_.type is FieldType.REFERENCE else ()
                tries += [
                    aim.trial({**trial.typed, field_.slug: text})
                    for text in dict.fromkeys(values)
                    if text != trial.typed.get(field_.slug)
                ]
                if field_.slug in trial.typed and not field_.required:
                    less = {k: v for k, v in trial.typed.items() if k != field_.slug}
                    tries.append(aim.trial(less))
        return tries


def _is_fine(trial: Trial) -> bool:
    return trial.fine
