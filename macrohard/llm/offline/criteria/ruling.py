"""Criteria of rules: what is refused just beyond them, and what is accepted just within."""

from collections.abc import Iterator

from macrohard.llm.offline.criteria.adding import REFUSED
from macrohard.llm.offline.criteria.check import Case, Check, Refuses, Says
from macrohard.llm.offline.criteria.commands import add, delete, edit
from macrohard.llm.offline.criteria.deleting import deletion_rule
from macrohard.llm.offline.criteria.subject import Subject, article
from macrohard.llm.offline.dialect.ast import BoundRule, DeleteRule, RecordRule, Rule
from macrohard.llm.offline.dialect.sight import Look
from macrohard.llm.offline.oracle.edges import involved
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.nearness import (
    FAR,
    distance,
    edit_beyond,
    just_beyond,
    just_within,
)
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.timeless import UnsettledError
from macrohard.llm.offline.oracle.trial import Typed
from macrohard.llm.offline.oracle.world import stored_fields

__all__ = ["FAR", "breaking", "distance", "ruling"]


_OTHERS_TRIED = 4
"""Records of another kind that an edit is looked for which breaks a rule."""

_EDITS_TRIED = 2
"""Example records that an edit is looked for which breaks a rule."""


def ruling(subject: Subject, rule: Rule, name: str) -> list[Case]:
    """The criteria of one rule.

    Args:
        subject: The kind the rule is about.
        rule: The rule.
        name: Start of the names of its cases.
    """
    if isinstance(rule, DeleteRule):
        return deletion_rule(subject, subject.kind.field(rule.via), rule)
    return [
        *_add_refused(subject, rule, name),
        *_change_refused(subject, rule, name),
        *_refused_elsewhere(subject, rule, name),
        *_free_later(subject, rule, name),
    ]


def breaking(subject: Subject, rule: Rule, number: int = 0) -> Typed | None:
    """What to type so that this rule, and nothing else, stands against it, by the least."""
    base = subject.base
    return just_beyond(base.seeker, base.there, subject.kind, rule, turn=11, number=number)


def _add_refused(subject: Subject, rule: Rule, name: str) -> Iterator[Case]:
    if not subject.kind.features.add:
        return
    base = subject.base
    bad = breaking(subject, rule)
    good = just_within(base.seeker, base.there, subject.kind, rule, turn=12, beyond=bad)
    checks: list[Check] = []
    words: list[str] = []
    if bad is not None:
        checks.append(Refuses(add(subject.kind, bad)))
        words.append(f"with {subject.wording(bad)}")
    if good is not None:
        checks.append(Says(add(subject.kind, good), f"Added {subject.name} {subject.next}."))
        words.append(f"with {subject.wording(good)}")
    if bad is None:
        return
    yield Case(
        name=f"{name}_when_adding",
        given="the example records",
        when=f"{article(subject.name)} is added {', then one '.join(words)}",
        then=REFUSED.replace("it is refused", "the first is refused")
        + ("; the second is added" if good is not None else ""),
        checks=tuple(checks),
    )


def _change_refused(subject: Subject, rule: Rule, name: str) -> Iterator[Case]:
    checks: list[Check] = []
    acts: list[str] = []
    if subject.kind.features.edit:
        for made in subject.examples[:_EDITS_TRIED]:
            typed = breaking(subject, rule, made.number)
            if typed:
                checks.append(Refuses(edit(subject.kind, made.number, typed)))
                acts.append(f"{subject.name} {made.number} is edited to {subject.wording(typed)}")
                break
    if subject.kind.features.delete and isinstance(rule, BoundRule):
        for made in subject.examples:
            if subject.refuses_delete(made.number, rule):
                checks.append(Refuses(delete(subject.kind, made.number)))
                acts.append(f"{subject.name} {made.number} is deleted")
                break
    if checks:
        yield Case(
            name=f"{name}_when_changing",
            given="the example records",
            when=", and ".join(acts),
            then=REFUSED.replace("it is", "each is") if len(acts) > 1 else REFUSED,
            checks=tuple(checks),
        )


def _free_later(subject: Subject, rule: Rule, name: str) -> Iterator[Case]:
    """What a rule refuses of new records, and takes of those that are there."""
    if not isinstance(rule, RecordRule) or not rule.only_new or not subject.kind.features.edit:
        return
    about = frozenset(involved(subject.app, rule))
    others = {f.slug: None for f in stored_fields(subject.kind) if f.slug not in about}
    for made in subject.examples:
        typed = subject.find(
            turn=14,
            number=made.number,
            about=about,
            fixed=others,
            want=lambda trial: (
                trial.fine
                and not any(holds(rule.condition, each, lenient=True) for each in trial.records)
            ),
        )
        if typed:
            yield Case(
                name=f"{name}_when_changing_later",
                given="the example records",
                when=f"{subject.name} {made.number} is edited to {subject.wording(typed)}",
                then="it is changed: the rule is about new ones",
                checks=(
                    Says(
                        edit(subject.kind, made.number, typed),
                        f"Changed {subject.name} {made.number}.",
                    ),
                ),
            )
            return


def _refused_elsewhere(subject: Subject, rule: Rule, name: str) -> Iterator[Case]:
    """Edits of other records, which the rule looks at: they may not break it either."""
    for look in subject.there.world.looks:
        kind = subject.app.kind(look.kind)
        if look.rule != rule or not kind.features.edit:
            continue
        other = Subject(subject.app, kind, subject.base)
        for made in other.examples[:_OTHERS_TRIED]:
            owner = _owner_broken(other, look, made.number)
            if owner is None:
                continue
            typed, breaker = owner
            yield Case(
                name=f"{name}_when_{kind.slug.strip('_')}_is_edited{_nth(look)}",
                given="the example records",
                when=f"{other.name} {made.number} is edited to {other.wording(typed)}",
                then=f"{REFUSED}; the line names {breaker}, which would break the rule",
                checks=(Refuses(edit(kind, made.number, typed), naming=breaker),),
            )
            break


def _owner_broken(other: Subject, look: Look, number: int) -> tuple[Typed, str] | None:
    """An edit of a record that makes one other record break a rule, and the name of that one."""
    base = other.base
    typed = edit_beyond(base.seeker, base.there, other.kind, look, number)
    if not typed:
        return None
    try:
        base.there.copy().edit(other.kind.slug, number, typed)
    except RefusedError as error:
        owner = error.problem.owner
        return (typed, f"{owner[0].lower()} {owner[1]}") if owner else None
    except UnsettledError:
        return None
    return None


def _nth(look: Look) -> str:
    """What tells apart two ways in which a rule looks at one kind."""
    steps = [hop.via.strip("_") for hop in look.path]
    return f"_by_{'_'.join(steps)}" if steps else ""
