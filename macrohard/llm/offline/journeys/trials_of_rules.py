"""Journeys about rules: once obeyed as narrowly as possible, once broken, and no trace of that."""

from macrohard.llm.offline.criteria.commands import add, delete
from macrohard.llm.offline.criteria.deleting import others_gone
from macrohard.llm.offline.dialect.ast import (
    BoundRule,
    DeleteRule,
    Field,
    Kind,
    OverlapRule,
    Rule,
    UniqueRule,
)
from macrohard.llm.offline.journeys.journey import DeadEndError, Journey, describe
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.timeless import UnsettledError


def rule_kept_and_broken(journey: Journey, kind: Kind, rule: Rule, case: str) -> None:
    """Record one just within a rule, try one just beyond it, and see that only the first is there.

    Args:
        journey: An empty journey.
        kind: The kind the rule is about.
        rule: The rule; not about deletion.
        case: Name of the criterion that it visits.
    """
    if not kind.features.add:
        raise DeadEndError
    if isinstance(rule, BoundRule):
        journey.make_tight(journey.app.kind(rule.target))
    journey.provide(kind)
    if isinstance(rule, OverlapRule | UniqueRule):
        journey.make(kind)  # something to clash with
    good = journey.at_edge(kind, rule)
    made = journey.make(kind, good, intent=f"Record {describe(kind, good)}: just allowed.")
    bad = journey.past_edge(kind, rule)
    journey.refuse(
        f"Try {describe(kind, bad)}.", add(kind, bad), rule.text, cases=[f"{case}_when_adding"]
    )
    journey.look(kind, f"See that {kind.name.lower()} {made} is the last one.")


def deletion(journey: Journey, kind: Kind, via: Field, rule: DeleteRule | None) -> None:
    """Delete what others refer to.

    Args:
        journey: An empty journey.
        kind: The kind whose records refer.
        via: The field through which they do.
        rule: What the spec says about it; without a rule the delete is refused.
    """
    target = journey.app.kind(via.target)
    if not target.features.delete:
        raise DeadEndError
    held = journey.make(target)
    typed = journey.find(kind, fixed={via.slug: str(held)})
    one = journey.make(kind, typed)
    words = delete(target, held)
    name = f"{target.name.lower()} {held}"
    intent = f"Delete {name}, which {kind.name.lower()} {one} refers to."
    if rule is not None and rule.cascade:
        gone = journey.absent(kind, [one], [n for n in journey.numbers(kind) if n != one])
        try:
            others = journey.there.delete(target.slug, held)
        except (RefusedError, UnsettledError):
            raise DeadEndError from None
        answer = f"Deleted {name}{others_gone(journey.app, others)}."
        case = f"{target.slug}_delete_takes_{kind.slug}_{via.slug.strip('_')}_along"
        journey.step(intent, words, answer, see=(answer,), cases=[case])
        journey.look(kind, f"See that {kind.name.lower()} {one} went with it.", gone=gone)
        return
    if not _refused(journey, target, held):
        raise DeadEndError
    case = f"{target.slug}_delete_refused_for_{kind.slug}_{via.slug.strip('_')}"
    journey.refuse(intent, words, f"{kind.name.lower()} {one} refers to it", cases=[case])
    journey.look(target, f"See that {name} is still there.")
    if kind.features.delete:
        _free_and_delete(journey, kind, one, target, held)


def _refused(journey: Journey, target: Kind, number: int) -> bool:
    try:
        journey.there.copy().delete(target.slug, number)
    except RefusedError:
        return True
    except UnsettledError:
        return False
    return False


def _free_and_delete(journey: Journey, kind: Kind, one: int, target: Kind, held: int) -> None:
    """Delete what stood against it, then the record itself."""
    trial = journey.there.copy()
    try:
        others = trial.delete(kind.slug, one)
        last = trial.delete(target.slug, held)
    except (RefusedError, UnsettledError):
        return
    journey.there = trial
    for each, number, gone in ((kind, one, others), (target, held, last)):
        answer = f"Deleted {each.name.lower()} {number}{others_gone(journey.app, gone)}."
        journey.step(
            f"Delete {each.name.lower()} {number}.", delete(each, number), answer, see=(answer,)
        )
