"""Criteria of deleting records, and of what becomes of those that refer to them."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    check = _cascade if rule is not None and rule.cascade else _kept_back
    pairs = [(subject.there, made.number, ()) for made in target.examples]
    for there, number, before in [*pairs, *_fresh_pair(subject, target, via)]:
        case = check(_Deletion(subject, target, via, there, number, before))
        if case is not None:
            return [case]
    return []


@dataclass(frozen=True)
class _Deletion:
    """Deleting a record that others may refer to.

    Attributes:
        there: The records that are there.
        before: Checks that make those which are no examples.
    """

    subject: Subject
    target: Subject
    via: Field
    there: Timeless
    number: int
    before: tuple[Check, ...]

    @property
    def words(self) -> str:
        return f"{self.target.name} {self.number}"

    @property
    def held(self) -> str:
        """The records that refer to it, in words; empty when there are none."""
        records = self.there.world.records(self.subject.kind.slug)
        numbers = [str(r.id) for r in records if r.row.get(self.via.slug) == self.number]
        if not numbers:
            return ""
        kind = self.subject.kind
        return f"{counted(kind.name, kind.plural, len(numbers))} {', '.join(numbers)}"

    @property
    def given(self) -> str:
        start = "the example records, and one more of each: " if self.before else ""
        return f"{start}{self.words}, which {self.held} refers to"


def _fresh_pair(
    subject: Subject, target: Subject, via: Field
) -> list[tuple[Timeless, int, tuple[Check, ...]]]:
    """A new record, and another new one that refers to it and to no other."""
    if target.fresh is None or not (subject.kind.features.add and target.kind.features.add):
        return []
    there = target.after_add(target.fresh)
    number = target.next
    if there is None:
        return []
    child = subject.base.seeker.find(there, subject.kind, turn=16, fixed={via.slug: str(number)})
    if child is None:
        return []
    try:
        there.add(subject.kind.slug, child)
    except (RefusedError, UnsettledError):
        return []
    made = there.world.used[subject.kind.slug]
    before = (
        Says(add(target.kind, target.fresh), f"Added {target.name} {number}."),
        Says(add(subject.kind, child), f"Added {subject.name} {made}."),
    )
    return [(there, number, before)]


def _kept_back(case: _Deletion) -> Case | None:
    target, via = case.target, case.via
    if not case.held:
        return None
    try:
        case.there.copy().delete(target.kind.slug, case.number)
    except RefusedError:
        pass
    except UnsettledError:
        return None
    else:
        return None
    kind = case.subject.kind.slug
    return Case(
        name=f"{target.kind.slug}_delete_refused_for_{kind}_{via.slug.strip('_')}",
        given=case.given,
        when=f"{case.words} is deleted",
        then=REFUSED,
        checks=(*case.before, Refuses(delete(target.kind, case.number))),
    )


def _cascade(case: _Deletion) -> Case | None:
    subject, target, via = case.subject, case.target, case.via
    after = case.there.copy()
    try:
        gone = after.delete(target.kind.slug, case.number)
    except (RefusedError, UnsettledError):
        return None
    if not case.held:
        return None
    line = f"Deleted {case.words}{others_gone(subject.app, gone)}."
    checks: list[Check] = [*case.before, Says(delete(target.kind, case.number), line)]
    listing = subject.listing(after)
    if listing is not None:
        checks.append(listing)
    kind = subject.kind.slug
    return Case(
        name=f"{target.kind.slug}_delete_takes_{kind}_{via.slug.strip('_')}_along",
        given=case.given,
        when=f"{case.words} is deleted",
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
