"""Criteria of rules: what is refused just beyond them, and what is accepted just within."""

from collections.abc import Iterator

from macrohard.llm.offline.criteria.adding import REFUSED
from macrohard.llm.offline.criteria.check import Case, Check, Refuses, Says
from macrohard.llm.offline.criteria.commands import add, delete, edit
from macrohard.llm.offline.criteria.deleting import deletion_rule
from macrohard.llm.offline.criteria.subject import Subject, article
from macrohard.llm.offline.dialect.ast import BoundRule, DeleteRule, Rule
from macrohard.llm.offline.oracle.nearness import FAR, distance, just_beyond, just_within
from macrohard.llm.offline.oracle.trial import Typed

__all__ = ["FAR", "breaking", "distance", "ruling"]


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
    return [*_add_refused(subject, rule, name), *_change_refused(subject, rule, name)]


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
