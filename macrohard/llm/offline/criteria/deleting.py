"""Criteria of deleting records, and of what becomes of those that refer to them."""

from collections.abc import Iterator

from macrohard.llm.offline.criteria.adding import REFUSED
from macrohard.llm.offline.criteria.changing import NOBODY
from macrohard.llm.offline.criteria.check import Case, Check, Refuses, Says
from macrohard.llm.offline.criteria.commands import add, delete, show
from macrohard.llm.offline.criteria.subject import Subject
from macrohard.llm.offline.dialect.ast import App, DeleteRule, Field
from macrohard.llm.offline.oracle.base import Made
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.timeless import Timeless, UnsettledError
from macrohard.llm.offline.oracle.writing import references_to


def deleting(subject: Subject) -> list[Case]:
    """Every criterion of deleting records of a kind, references aside."""
    if not subject.kind.features.delete:
        return []
    return [*_gone(subject), *_delete_refused(subject)]


def _gone(subject: Subject) -> Iterator[Case]:
    for made in reversed(subject.examples):
        if _lonely(subject, made) and subject.after_delete(made.number) is not None:
            yield _deletion(subject, made, subject.there, ())
            return
    # Every example is referred to: delete one that the test makes itself.
    fresh = subject.fresh
    after = None if fresh is None else subject.after_add(fresh)
    if fresh is not None and after is not None and subject.kind.features.add:
        made = Made(subject.kind.slug, subject.next, fresh)
        made_first = Says(add(subject.kind, fresh), f"Added {subject.name} {made.number}.")
        yield _deletion(subject, made, after, (made_first,))


def _lonely(subject: Subject, made: Made) -> bool:
    """Whether no other record points to it."""
    return not any(
        record.row.get(field.slug) == made.number
        for other, field, _ in references_to(subject.there.world, subject.kind.slug)
        for record in subject.there.world.records(other.slug)
    )


def _deletion(subject: Subject, made: Made, there: Timeless, before: tuple[Check, ...]) -> Case:
    after = there.copy()
    after.delete(subject.kind.slug, made.number)
    checks: list[Check] = [
        *before,
        Says(delete(subject.kind, made.number), f"Deleted {subject.name} {made.number}."),
    ]
    if subject.kind.features.show:
        checks.append(Refuses(show(subject.kind, made.number)))
    elif (listing := subject.listing(after)) is not None:
        checks.append(listing)
    again = dict(made.typed)
    reused = ""
    if subject.kind.features.add and _accepts(after, subject, again):
        number = after.world.used[subject.kind.slug] + 1
        checks.append(Says(add(subject.kind, again), f"Added {subject.name} {number}."))
        reused = f", and the next one added gets id {number}, not {made.number}"
    return Case(
        name=f"{subject.kind.slug}_delete_removes_one",
        given=f"the example records{' and one more' if before else ''}",
        when=f"{subject.name} {made.number} is deleted",
        then="it is gone" + reused,
        checks=tuple(checks),
    )


def _accepts(there: Timeless, subject: Subject, typed: Typed) -> bool:
    try:
        there.copy().add(subject.kind.slug, typed)
    except (RefusedError, UnsettledError):
        return False
    return True


def _delete_refused(subject: Subject) -> Iterator[Case]:
    yield Case(
        name=f"{subject.kind.slug}_delete_needs_a_known_id",
        given="the example records",
        when=f"{subject.name} {NOBODY}, which is not there, or one called abc is deleted",
        then=REFUSED,
        checks=(
            Refuses(delete(subject.kind, NOBODY)),
            Refuses((subject.kind.command, "delete", "abc")),
        ),
    )


def deletion_rule(subject: Subject, via: Field, rule: DeleteRule | None) -> list[Case]:
    """What deleting a record does to those of this kind that refer to it.

    Args:
        subject: The kind whose records refer.
        via: The field through which they do.
        rule: The rule; without one the delete is refused.
    """
    target = Subject(subject.app, subject.app.kind(via.target), subject.base)
    if not target.kind.features.delete:
        return []
    make = _cascade if rule is not None and rule.cascade else _kept_back
    for made in target.examples:
        case = make(subject, target, made, via)
        if case is not None:
            return [case]
    return []


def _held(subject: Subject, made: Made, via: Field) -> str:
    """The records that refer to one, in words; empty when there are none."""
    records = subject.there.world.records(subject.kind.slug)
    numbers = [str(r.id) for r in records if r.row.get(via.slug) == made.number]
    if not numbers:
        return ""
    return f"{counted(subject.kind.name, subject.kind.plural, len(numbers))} {', '.join(numbers)}"


def _kept_back(subject: Subject, target: Subject, made: Made, via: Field) -> Case | None:
    held = _held(subject, made, via)
    if not held or not target.refuses_delete(made.number):
        return None
    return Case(
        name=f"{target.kind.slug}_delete_refused_for_{subject.kind.slug}_{via.slug.strip('_')}",
        given=f"{target.name} {made.number}, which {held} refers to",
        when=f"{target.name} {made.number} is deleted",
        then=REFUSED,
        checks=(Refuses(delete(target.kind, made.number)),),
    )


def _cascade(subject: Subject, target: Subject, made: Made, via: Field) -> Case | None:
    held = _held(subject, made, via)
    after = subject.there.copy()
    try:
        gone = after.delete(target.kind.slug, made.number)
    except (RefusedError, UnsettledError):
        return None
    if not held:
        return None
    line = f"Deleted {target.name} {made.number}{others_gone(subject.app, gone)}."
    checks: list[Check] = [Says(delete(target.kind, made.number), line)]
    listing = subject.listing(after)
    if listing is not None:
        checks.append(listing)
    return Case(
        name=f"{target.kind.slug}_delete_takes_{subject.kind.slug}_{via.slug.strip('_')}_along",
        given=f"{target.name} {made.number}, which {held} refers to",
        when=f"{target.name} {made.number} is deleted",
        then=f"they go with it, and the answer is `{line}`",
        checks=tuple(checks),
    )


def others_gone(app: App, gone: dict[str, int]) -> str:
    """The end of a deletion's message: `` and 3 expenses and 1 receipt``."""
    return "".join(
        f" and {gone[kind.slug]} {counted(kind.name, kind.plural, gone[kind.slug])}"
        for kind in app.kinds
        if gone.get(kind.slug)
    )


def counted(name: str, plural: str, count: int) -> str:
    """Singular after 1, plural otherwise, in lower case."""
    return name.lower() if count == 1 else plural.lower()
