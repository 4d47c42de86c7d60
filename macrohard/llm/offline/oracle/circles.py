"""Kinds whose first record would need one that is there before it."""

from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind
from macrohard.llm.offline.oracle.conflict import always_given
from macrohard.llm.offline.oracle.world import stored_fields

Step = tuple[Kind, Field]
"""A kind, and its field that must refer to a record of the next kind of the circle."""


def circles(app: App) -> list[tuple[Step, ...]]:
    """Circles of references none of which can be left out, each once.

    A kind that only hangs on a circle is not told: it can have records as soon as the circle can.
    """
    needed = {kind.slug: _needed(app, kind) for kind in app.kinds}
    possible: set[str] = set()
    while more := [
        slug
        for slug, steps in needed.items()
        if slug not in possible and all(field.target in possible for _, field in steps)
    ]:
        possible |= set(more)
    found: dict[frozenset[str], tuple[Step, ...]] = {}
    for kind in app.kinds:
        if kind.slug not in possible:
            circle = _circle(kind.slug, needed, possible)
            found.setdefault(frozenset(each.slug for each, _ in circle), circle)
    return list(found.values())


def _needed(app: App, kind: Kind) -> list[Step]:
    """The references that every record of a kind has."""
    given = always_given(app, kind)
    return [
        (kind, field)
        for field in stored_fields(kind)
        if field.type is FieldType.REFERENCE and field.slug in given
    ]


def _circle(start: str, needed: dict[str, list[Step]], possible: set[str]) -> tuple[Step, ...]:
    """Walk from one impossible kind to the next until one comes again."""
    walk: list[Step] = []
    at = start
    while all(kind.slug != at for kind, _ in walk):
        step = next(step for step in needed[at] if step[1].target not in possible)
        walk.append(step)
        at = step[1].target
    begin = next(place for place, (kind, _) in enumerate(walk) if kind.slug == at)
    return tuple(walk[begin:])
