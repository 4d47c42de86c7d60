"""Turns of phrase in the line of a field: types, flags, bounds."""

from macrohard.llm.offline.dialect.ast import CompareOp, FieldType
from macrohard.llm.offline.dialect.words import Phrases

TYPES: Phrases[FieldType] = Phrases(
    (phrase, kind)
    for kind, phrases in {
        FieldType.TEXT: "text, string, free text, short text, long text, plain text, line of text",
        FieldType.INTEGER: "integer, int, whole number, integer number",
        FieldType.DECIMAL: "decimal, decimal number, money, amount of money, sum of money",
        FieldType.DATE: "date, calendar date",
        FieldType.DATETIME: "date-time, datetime, date and time, timestamp, date with time",
        FieldType.YES_NO: "yes/no, yes or no, true/false, true or false, boolean, bool, "
        "flag, checkbox",
        FieldType.ONE_OF: "one of, one of these, one of the following, choice of, choice, either, "
        "any of, enum, enumeration, selection of",
        FieldType.EMAIL: "e-mail, email, e-mail address, email address, mail address",
    }.items()
    for phrase in phrases.split(", ")
)
REFERENCE = (
    "reference to", "references", "refers to", "ref to", "link to", "links to", "points to",
    "belongs to", "foreign key to", "reference",
)  # fmt: skip
SEPARATORS = (
    "a", "an", "the", ",", ";", "and", "(", ")", ".", ":", "-", "but", "is", "it", "must be",
    "with", "of",
)  # fmt: skip
REQUIRED = (
    "required", "mandatory", "must be given", "must not be empty", "cannot be empty",
    "may not be empty", "can not be empty", "not empty", "never empty", "not optional",
    "always given", "needed",
)  # fmt: skip
OPTIONAL = (
    "optional", "not required", "may be empty", "can be empty", "may be missing", "if known",
    "not mandatory",
)  # fmt: skip
UNIQUE = (
    "unique", "must be unique", "distinct", "no duplicates", "without duplicates", "no two alike",
)  # fmt: skip
DEFAULT = (
    "default is", "default:", "default =", "defaults to", "default to", "by default", "default",
    "normally", "usually", "initially", "unless given:",
)  # fmt: skip
BOUNDS: Phrases[CompareOp] = Phrases(
    (phrase, op)
    for op, phrases in {
        CompareOp.GE: "at least, minimum, min, not below, not less than, no less than, not under, "
        ">=, not before, no earlier than, not earlier than, on or after, minimum of, at the least, "
        "no fewer than, starting at, never below, never before, "
        "lower bound, lower limit",
        CompareOp.LE: "at most, maximum, max, not above, not more than, no more than, not over, "
        "<=, not after, no later than, not later than, on or before, maximum of, up to, "
        "never above, never more than, never after, limited to, "
        "upper bound, upper limit",
        CompareOp.GT: "above, over, more than, greater than, after, later than, >, larger than",
        CompareOp.LT: "below, under, less than, fewer than, before, earlier than, <, smaller than",
    }.items()
    for phrase in phrases.split(", ")
)
LENGTHS = (
    "maximum length of", "maximum length is", "maximum length", "max length of", "max length",
    "no longer than", "not longer than", "length at most", "length up to", "length of at most",
)  # fmt: skip
CHARACTERS = ("characters long", "characters", "character", "chars", "letters", "signs")
SIGN: Phrases[CompareOp] = Phrases(
    [(p, CompareOp.GT) for p in ("positive", "strictly positive")]
    + [(p, CompareOp.GE) for p in ("not negative", "non-negative", "nonnegative", "never negative")]
)
TIMES: Phrases[CompareOp] = Phrases(
    [
        ("in the past", CompareOp.LT),
        ("in the future", CompareOp.GT),
        ("not in the past", CompareOp.GE),
        ("never in the past", CompareOp.GE),
        ("not in the future", CompareOp.LE),
        ("never in the future", CompareOp.LE),
    ]
)
PLACES = (
    "decimal places",
    "decimal place",
    "decimals",
    "places",
    "place",
    "digits after the point",
)
