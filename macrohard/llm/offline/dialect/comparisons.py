"""Turns of phrase that compare: what “is not before” and “is at least” mean."""

from decimal import Decimal

from macrohard.llm.offline.dialect.ast import CompareOp, Expression, Number, Today
from macrohard.llm.offline.dialect.words import Phrases

_IS = (
    "is, are, was, must be, has to be, have to be, should be, shall be, needs to be, "
    "is always, are always, must always be, comes, lies, stays, must stay, remains"
)
_IS_NOT = (
    "is not, are not, was not, isn't, must not be, may not be, cannot be, can not be, "
    "can't be, should not be, is never, are never, must never be, may never be, "
    "never goes, never falls, never drops, never rises, never gets, must never go, "
    "must never fall, must not go, must not fall, must not drop, must not rise, may not go, "
    "may not fall, may not drop, may never go, may never fall, cannot go, cannot fall, cannot drop"
)
BE: Phrases[bool] = Phrases(
    [(p, True) for p in _IS.split(", ")] + [(p, False) for p in _IS_NOT.split(", ")]
)
"""Whether it affirms."""

RELATIONS: Phrases[CompareOp] = Phrases(
    (phrase, op)
    for op, phrases in {
        CompareOp.EQ: "equal to, equals, the same as, exactly, on",
        CompareOp.NE: "different from, other than, unequal to",
        CompareOp.GT: "above, over, greater than, more than, larger than, bigger than, "
        "higher than, after, later than, longer than",
        CompareOp.LT: "below, under, less than, fewer than, smaller than, lower than, before, "
        "earlier than, shorter than",
        CompareOp.GE: "at least, no less than, no fewer than, no earlier than, on or after, "
        "at or above, at or after, equal to or above, greater than or equal to, "
        "more than or equal to, equal to or greater than, the same as or after, after or on, "
        "not below, not under, not before, not less than, not fewer than, not earlier than",
        CompareOp.LE: "at most, no more than, no later than, no greater than, on or before, "
        "at or below, at or before, up to, less than or equal to, equal to or less than, "
        "equal to or below, before or on, not above, not over, not after, not more than, "
        "not greater than, not later than",
    }.items()
    for phrase in phrases.split(", ")
)
SIGNS: Phrases[CompareOp] = Phrases(
    (phrase, op)
    for op, phrases in {
        CompareOp.EQ: "=, ==, equals",
        CompareOp.NE: "!=, <>, differs from, does not equal",
        CompareOp.GT: ">, exceeds",
        CompareOp.LT: "<",
        CompareOp.GE: ">=",
        CompareOp.LE: "<=, does not exceed, must not exceed, may not exceed, cannot exceed, "
        "never exceeds, must never exceed, may never exceed, can never exceed, should not exceed, "
        "should never exceed, can not exceed, can't exceed",
    }.items()
    for phrase in phrases.split(", ")
)
INVERTED = {
    CompareOp.EQ: CompareOp.NE,
    CompareOp.NE: CompareOp.EQ,
    CompareOp.LT: CompareOp.GE,
    CompareOp.GE: CompareOp.LT,
    CompareOp.GT: CompareOp.LE,
    CompareOp.LE: CompareOp.GT,
}
"""What is true when the comparison is not."""

EMPTINESS: Phrases[bool] = Phrases(
    [(p, True) for p in ("empty", "blank", "missing", "unknown", "unset")]
    + [(p, False) for p in ("given", "set", "known", "present", "filled in", "required")]
)
"""Whether it says that there is no value."""

HAS: Phrases[bool] = Phrases(
    [(p, True) for p in ("has no value", "has none")] + [("has a value", False)]
)
AGAINST: Phrases[tuple[CompareOp, Expression]] = Phrases(
    (phrase, (op, value))
    for phrase, op, value in (
        ("in the past", CompareOp.LT, Today()),
        ("in the future", CompareOp.GT, Today()),
        ("negative", CompareOp.LT, Number(Decimal(0))),
        ("positive", CompareOp.GT, Number(Decimal(0))),
    )
)
YES_NO = {"yes": True, "true": True, "no": False, "false": False}
PLAIN = {
    CompareOp.EQ: "is",
    CompareOp.NE: "is not",
    CompareOp.LT: "is below",
    CompareOp.LE: "is at most",
    CompareOp.GT: "is above",
    CompareOp.GE: "is at least",
}
"""One wording of every comparison, of numbers."""

PLAIN_DATES = {
    **PLAIN,
    CompareOp.LT: "is before",
    CompareOp.LE: "is not after",
    CompareOp.GT: "is after",
    CompareOp.GE: "is not before",
}
"""One wording of every comparison, of dates."""
