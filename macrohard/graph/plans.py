"""What must hold of a plan before anyone works on it, and the order its items come in."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from macrohard.errors import ReplyError
from macrohard.roles import Roster
from macrohard.work import Plan, WorkItem


def check_plan(plan: Plan, roster: Roster, known: Iterable[str]) -> None:
    """Refuse a plan that cannot be worked on.

    Args:
        plan: The new items.
        roster: The roles there are.
        known: Ids of the items of earlier plans.

    Raises:
        ReplyError: An id is used twice, a dependency is unknown or circular, or a role is none
            that codes.
    """
    earlier = set(known)
    ids = [item.id for item in plan.items]
    twice = {i for i in ids if ids.count(i) > 1 or i in earlier}
    if twice:
        raise ReplyError(f"The plan uses an item's id twice: {', '.join(sorted(twice))}.")
    for item in plan.items:
        lost = set(item.depends_on) - set(ids) - earlier
        if lost:
            raise ReplyError(f"Item {item.id} depends on unknown items: {', '.join(lost)}.")
        if roster.get(item.role).duty != "engineer":
            raise ReplyError(f"Item {item.id} is given to {item.role}, who is no engineer.")
    in_order(plan.items)


def in_order(items: Iterable[WorkItem]) -> list[WorkItem]:
    """Items in an order that respects their dependencies, and otherwise that of the plan.

    Raises:
        ReplyError: The dependencies are circular.
    """
    items = list(items)
    by_id = {item.id: item for item in items}
    sorter = TopologicalSorter(
        {item.id: [d for d in item.depends_on if d in by_id] for item in items}
    )
    place = {item.id: index for index, item in enumerate(items)}
    try:
        sorter.prepare()
    except CycleError as error:
        raise ReplyError(
            f"The items of the plan depend on each other in a circle: {' -> '.join(error.args[1])}."
        ) from None
    ordered: list[WorkItem] = []
    ready = sorted(sorter.get_ready(), key=place.__getitem__)
    while ready:
        first = ready.pop(0)
        ordered.append(by_id[first])
        sorter.done(first)
        ready = sorted([*ready, *sorter.get_ready()], key=place.__getitem__)
    return ordered


def ancestors(item: WorkItem, by_id: dict[str, WorkItem]) -> set[str]:
    """Ids of everything an item rests on, near and far, among the items given."""
    found: set[str] = set()
    heap = [d for d in item.depends_on if d in by_id]
    while heap:
        name = heap.pop()
        if name not in found:
            found.add(name)
            heap += [d for d in by_id[name].depends_on if d in by_id]
    return found
