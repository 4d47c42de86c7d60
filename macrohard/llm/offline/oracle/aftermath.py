"""What a write does to other records: those that a rule is about which looks at the written one."""

from collections.abc import Iterable, Iterator

from macrohard.llm.offline.dialect.ast import BoundRule
from macrohard.llm.offline.dialect.sight import Hop, Look
from macrohard.llm.offline.oracle.evaluate import as_term, compare, evaluate, holds
from macrohard.llm.offline.oracle.world import Record, World


def broken_by(before: World, after: World, kind: str, number: int) -> Iterator[tuple[Look, Record]]:
    """The records that break a rule after the write of another record, each with how it is seen.

    Args:
        before: The world without the write.
        after: The world with it.
        kind: Kind of the record that was written or deleted.
        number: Its id.
    """
    for look in after.looks:
        if look.kind != kind or not _touches(look, before, after, number):
            continue
        found = {
            owner.id
            for world in (before, after)
            if (record := world.record(kind, number)) is not None
            for owner in owners(record, look.path)
        }
        for owner_id in sorted(found):
            owner = after.record(look.owner, owner_id)
            if owner is not None and not _is_met(look, owner):
                yield look, owner


def measure_holds(rule: BoundRule, target: Record) -> bool:
    """Whether a record keeps within the bound of a rule."""
    measure = as_term(target.value(rule.measure))
    return compare(rule.op, measure, evaluate(rule.bound, target), lenient=True)


def _touches(look: Look, before: World, after: World, number: int) -> bool:
    """Whether a write changes something that is looked at."""
    was, now = before.record(look.kind, number), after.record(look.kind, number)
    if was is None:
        return look.at_add
    if now is None:
        return look.gathers
    return any(was.row.get(slug) != now.row.get(slug) for slug in look.fields)


def owners(record: Record, path: tuple[Hop, ...]) -> Iterable[Record]:
    """The records from which a path leads to this one."""
    found = [record]
    for hop in reversed(path):
        if hop.back:
            steps = (each.follow(hop.via) for each in found)
            found = [step for step in steps if step is not None]
        else:
            found = [other for each in found for other in each.referrers(hop.kind, hop.via)]
    return found


def _is_met(look: Look, owner: Record) -> bool:
    if isinstance(look.rule, BoundRule):
        return measure_holds(look.rule, owner)
    return holds(look.rule.condition, owner, lenient=True)
