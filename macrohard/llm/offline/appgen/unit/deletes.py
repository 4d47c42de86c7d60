"""Writes the tests of deleting."""

from collections.abc import Iterator

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.deletes import is_referred_to, references
from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.rows import row_code
from macrohard.llm.offline.appgen.unit.testcase import Method
from macrohard.llm.offline.appgen.unit.typed import new_record
from macrohard.llm.offline.dialect.ast import Field, Kind
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.rules import Problem, RefusedError
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.timeless import UnsettledError
from macrohard.llm.offline.oracle.world import Record


def delete_methods(examples: Examples, kind: Kind) -> list[Method]:
    """Tests of deleting: what goes along, what is refused, an unknown id."""
    delete = f"{names.changes_module(kind)}.delete"
    one = names.singular(kind)
    unknown = f'self.assert_change_refused("no {one} 999999", {delete}, 999999)'
    methods = [Method("unknown_id", "Only what is there can be deleted.", [unknown])]
    seen: set[str] = set()
    for record in examples.of(kind):
        outcome = deleted(examples, kind, record.id)
        sort = sort_of(outcome)
        if sort in seen:
            continue
        seen.add(sort)
        if isinstance(outcome, Problem):
            message = f"rule broken: {outcome.rule.text}" if outcome.rule else "cannot be deleted"
            lines = [f"self.assert_change_refused({quote(message)}, {delete}, {record.id})"]
            methods.append(Method(f"{sort}_{record.id}", "What would break a rule stays.", lines))
        else:
            lines = accepted(examples, kind, record.id, outcome)
            about = "It goes, and what depends on it."
            methods.append(Method(f"{sort}_{record.id}", about, lines))
    return [*methods, *fresh_methods(examples, kind)]


def fresh_methods(examples: Examples, kind: Kind) -> Iterator[Method]:
    """Tests that delete a new record: alone, and with one other that refers to it."""
    fresh = examples.fresh(kind)
    if fresh is None:
        return
    changes, count = names.changes_module(kind), len(examples.of(kind))
    make = [*new_record(kind, fresh), f"stored = {changes}.add(self.connection, record)"]
    gone = [
        f"{changes}.delete(self.connection, stored.id)",
        f'self.assertEqual(self.count("{names.table(kind)}"), {count})',
    ]
    yield Method("fresh", "What was just added can be deleted.", [*make, *gone])
    for other, field, cascade in references(examples.app):
        if field.target == kind.slug and other != kind:
            follower = following(examples, kind, fresh, other, field)
            if follower is not None:
                yield followed(kind, other, field, follower, [*make], cascade=cascade)


def following(
    examples: Examples, kind: Kind, fresh: Typed, other: Kind, field: Field
) -> Record | None:
    """A record that refers to a new one."""
    there = examples.known.there.copy()
    try:
        number = there.add(kind.slug, fresh)
        fixed = {field.slug: str(number)}
        typed = examples.known.seeker.find(there, other, turn=41, fixed=fixed)
        if typed is None:
            return None
        follower = there.add(other.slug, typed)
    except (RefusedError, UnsettledError):
        return None
    return there.world.record(other.slug, follower)


def followed(
    kind: Kind, other: Kind, field: Field, follower: Record, make: list[str], *, cascade: bool
) -> Method:
    """The test that deletes a new record with another that refers to it."""
    delete, one = f"{names.changes_module(kind)}.delete", names.singular(other)
    lines = [*make, f'self.insert("{names.table(other)}", {row_code(follower)})']
    name = f"{names.file_name(other)}_by_{field.slug}"
    if cascade:
        lines += [
            f"others = {delete}(self.connection, stored.id)",
            f'self.assertEqual(others, " and 1 {one}")',
        ]
        return Method(f"takes_{name}", f"{names.an(one).capitalize()} goes with it.", lines)
    message = f"{one} {follower.id} refers to it"
    lines.append(f"self.assert_change_refused({quote(message)}, {delete}, stored.id)")
    return Method(f"kept_for_{name}", f"It stays while {names.an(one)} refers to it.", lines)


def sort_of(outcome: Problem | dict[str, int]) -> str:
    """A word for what happened, to have one test for each kind of outcome."""
    if isinstance(outcome, Problem):
        return "refused_by_rule" if outcome.rule else "refused"
    return "with_others" if outcome else "alone"


def deleted(examples: Examples, kind: Kind, number: int) -> Problem | dict[str, int]:
    """What comes of deleting an example: why not, or what goes along."""
    try:
        return writing.delete(examples.world.copy(), kind.slug, number)
    except RefusedError as error:
        return error.problem


def accepted(examples: Examples, kind: Kind, number: int, others: dict[str, int]) -> list[str]:
    """The statements that delete an example and count what is left."""
    call = f"{names.changes_module(kind)}.delete(self.connection, {number})"
    words = "".join(
        f" and {others[other.slug]} "
        + (names.singular(other) if others[other.slug] == 1 else names.plural(other))
        for other in examples.app.kinds
        if others.get(other.slug)
    )
    lines = [call]
    if is_referred_to(examples.app, kind):
        lines = [f"self.assertEqual({call}, {quote(words)})"]
    counted = {**others, kind.slug: others.get(kind.slug, 0) + 1}
    for slug, gone in counted.items():
        left = len(examples.world.rows[slug]) - gone
        table = names.table(examples.app.kind(slug))
        lines.append(f'self.assertEqual(self.count("{table}"), {left})')
    return lines
