"""Writes to a world: each is done whole or refused with its reason."""

from collections.abc import Mapping, Sequence

from macrohard.llm.offline.dialect.ast import DeleteRule, Field, FieldType, Kind
from macrohard.llm.offline.oracle.rules import Problem, RefusedError, bounds_broken, problems
from macrohard.llm.offline.oracle.values import BadValueError, Value, default_value, read_value
from macrohard.llm.offline.oracle.world import Record, Row, World, stored_fields


def add(world: World, kind: str, typed: Mapping[str, str]) -> int:
    """Add a record from what a user types, field by field; its id.

    Raises:
        RefusedError: A value or a rule stands against it; nothing is changed.
    """
    return _add(world, kind, typed, bounded=True)


def _add(world: World, kind: str, typed: Mapping[str, str], *, bounded: bool) -> int:
    row: Row = {}
    for field in stored_fields(world.app.kind(kind)):
        text = typed.get(field.slug)
        row[field.slug] = default_value(field, world.now) if text is None else _read(field, text)
    number = world.used[kind] + 1
    _write(world, kind, number, row, bounded=bounded)
    world.used[kind] = number
    return number


def edit(world: World, kind: str, number: int, typed: Mapping[str, str]) -> None:
    """Change the given fields of a record.

    Raises:
        RefusedError: A value or a rule stands against it; nothing is changed.
    """
    known = world.app.kind(kind)
    row = dict(_existing(world, known, number).row)
    for slug, text in typed.items():
        row[slug] = _read(known.field(slug), text)
    _write(world, kind, number, row)


def delete(world: World, kind: str, number: int) -> dict[str, int]:
    """Delete a record and those that go with it; how many of each kind went with it.

    Raises:
        RefusedError: Something refers to it, or a rule stands against it.
    """
    record = _existing(world, world.app.kind(kind), number)
    doomed = [(record.kind.slug, record.id)]
    for slug, ident in doomed:  # grows while it is read: what goes takes others along
        for item in _dependents(world, slug, ident):
            if item not in doomed:
                doomed.append(item)
    _refuse_orphans(world, doomed)
    trial = world.copy()
    for slug, ident in doomed:
        del trial.rows[slug][ident]
    for slug, ident in doomed:
        for problem in problems(world, trial, slug, ident):
            raise RefusedError(problem)
    world.rows = trial.rows
    others = [slug for slug, _ in doomed[1:]]
    return {slug: others.count(slug) for slug in dict.fromkeys(others)}


def add_all(world: World, kind: str, rows: Sequence[Mapping[str, str]]) -> int:
    """Add every record or none, as an import does; how many. An empty cell counts as not given.

    Bounds on records that the new ones refer to are looked at when all are there.

    Raises:
        RefusedError: A value or a rule stands against one of them.
    """
    trial = world.copy()
    first = world.used[kind] + 1
    for typed in rows:
        filled = {slug: text for slug, text in typed.items() if text.strip()}
        _add(trial, kind, filled, bounded=False)
    for number in range(first, trial.used[kind] + 1):
        for problem in bounds_broken(world, trial, kind, number):
            raise RefusedError(problem)
    world.rows, world.used = trial.rows, trial.used
    return len(rows)


def references_to(world: World, kind: str) -> list[tuple[Kind, Field, bool]]:
    """Which fields of which kinds point to a kind, and whether a delete takes them along."""
    cascades = {
        (rule.kind, rule.via)
        for rule in world.app.rules
        if isinstance(rule, DeleteRule) and rule.cascade
    }
    return [
        (other, field, (other.slug, field.slug) in cascades)
        for other in world.app.kinds
        for field in stored_fields(other)
        if field.type is FieldType.REFERENCE and field.target == kind
    ]


def _dependents(world: World, kind: str, number: int) -> list[tuple[str, int]]:
    return [
        (other.slug, record.id)
        for other, field, cascade in references_to(world, kind)
        if cascade
        for record in world.records(other.slug)
        if record.row.get(field.slug) == number
    ]


def _refuse_orphans(world: World, doomed: list[tuple[str, int]]) -> None:
    for slug, number in doomed:
        for other, field, _ in references_to(world, slug):
            for record in world.records(other.slug):
                if record.row.get(field.slug) == number and (other.slug, record.id) not in doomed:
                    raise RefusedError(Problem(f"{other.name} {record.id} refers to it"))


def _existing(world: World, kind: Kind, number: int) -> Record:
    record = world.record(kind.slug, number)
    if record is None:
        raise RefusedError(Problem(f"there is no {kind.name} {number}", slug="id"))
    return record


def _read(field: Field, text: str) -> Value:
    try:
        return read_value(field, text)
    except BadValueError as error:
        raise RefusedError(Problem(f"{field.name}: {error}", slug=field.slug)) from None


def _write(world: World, kind: str, number: int, row: Row, *, bounded: bool = True) -> None:
    trial = world.copy()
    trial.rows[kind][number] = row
    for problem in problems(world, trial, kind, number, bounded=bounded):
        raise RefusedError(problem)
    world.rows = trial.rows
