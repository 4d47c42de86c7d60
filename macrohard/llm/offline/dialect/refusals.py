"""Reads refusals across records of one kind: overlaps, and fields that are unique together."""

from macrohard.llm.offline.dialect.ast import Field, OverlapRule, Rule, UniqueRule
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.phrases import WHICH, take_refused
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.subjects import Subject, read_field_list
from macrohard.llm.offline.dialect.typecheck import DATES
from macrohard.llm.offline.dialect.words import Cursor, Puzzle

_SAME = ("the same", "same", "one", "one and the same", "an equal", "equal")
_LINKS = ("of", "for", "in", "with", "on", "at", "by", "having", "sharing", "that have", "who have")
_NEVER = (
    "must not", "may not", "cannot", "can not", "can't", "can never", "must never",
    "may never", "never", "do not", "don't", "should not", "should never",
)  # fmt: skip
_OVERLAPS = (
    "overlap with each other", "overlap each other", "overlap one another", "overlaps with",
    "overlap with", "overlaps", "overlap",
)  # fmt: skip
_MAY = ("may", "can", "must", "are allowed to", "should", "ever")
_UNIQUE = (
    "is unique", "are unique", "must be unique", "are unique together", "is unique together",
    "must be unique together", "are together unique", "are unique in combination",
)  # fmt: skip


def read_overlap(
    cursor: Cursor,
    schema: Schema,
    subject: Subject,  # noqa: ARG001  (every reader of a rule is called alike)
    line: int,
) -> list[Rule] | None:
    """Read ``a booking that overlaps another booking of the same room is refused``."""
    negated = cursor.accept("no two", "no")
    overlapping = cursor.accept("two overlapping", "overlapping")
    cursor.accept("two")
    kind = schema.take_kind(cursor)
    if kind is None:
        return None
    start = cursor.position
    if cursor.accept(*_NEVER):
        if cursor.accept("have overlapping", "have any overlapping"):
            return [_overlapping_of(cursor, schema, kind, line)]
        if cursor.accept("have two", "have more than one", "hold two", "take two"):
            return [_overlapping_of(cursor, schema, kind, line)]
    cursor.position = start
    cursor.accept(*WHICH)
    same = _same_fields(cursor, schema, kind)
    never = cursor.accept(*_NEVER) or negated
    cursor.accept(*_MAY)
    if not overlapping and not cursor.accept(*_OVERLAPS):
        return None
    span = _span(cursor, schema, kind)
    if cursor.accept("another", "an existing", "any other", "an earlier", "other", "with another"):
        schema.take_kind(cursor)
    same = same or _same_fields(cursor, schema, kind)
    span = span or _span(cursor, schema, kind)
    if not (take_refused(cursor) or (never and not overlapping)):
        raise cursor.puzzle("end this rule with “is refused”.", "rules")
    return [_overlap(cursor, schema, kind, span=span, same=same, line=line)]


def _overlapping_of(cursor: Cursor, schema: Schema, owner: DraftKind, line: int) -> Rule:
    """``a room cannot have overlapping bookings``."""
    kind = schema.take_kind(cursor)
    if kind is None:
        raise schema.no_kind(cursor)
    same = schema.references(kind.slug, owner.slug)
    if len(same) != 1:
        raise cursor.puzzle(
            f"{kind.plural} do not refer to {owner.plural} by exactly one field; "
            f"write “two {kind.plural} of the same FIELD must not overlap”."
        )
    cursor.accept("at the same time", "at once", "at one time", "at a time")
    return _overlap(cursor, schema, kind, span=_span(cursor, schema, kind), same=same, line=line)


def _same_fields(cursor: Cursor, schema: Schema, kind: DraftKind) -> list[Field]:
    """``of the same room and desk``; empty where nothing of the kind comes next."""
    start = cursor.position
    cursor.accept(*_LINKS)
    if not cursor.accept(*_SAME):
        cursor.position = start
        return []
    return _together(cursor, schema, kind)


def _together(cursor: Cursor, schema: Schema, kind: DraftKind) -> list[Field]:
    """Fields all of which are meant: ``room and desk``, not ``room or desk``."""
    begin = cursor.position
    fields = read_field_list(cursor, schema, kind)
    joints = {token.norm for token in cursor.tokens[begin : cursor.position]}
    if len(fields) > 1 and joints & {"or", "/"}:
        said = cursor.between(begin, cursor.position)
        raise Puzzle(
            f"“{said}”: must one of them be the same, or all? Join them with “and” where all are "
            "meant; otherwise write a rule for each.",
            cursor.tokens[begin].start,
        )
    return fields


_Span = tuple[Field, Field] | None


def _span(cursor: Cursor, schema: Schema, kind: DraftKind) -> _Span:
    """``from start to end``, with or without brackets; None where it does not come next."""
    start = cursor.position
    for words in (("from", "between"), ()):
        cursor.position = start
        cursor.accept(",")
        bracket = cursor.accept("(")
        worded = cursor.accept(*words)
        first = schema.take_field(cursor, kind.slug) if bracket or worded else None
        if first and cursor.accept("to", "until", "and", "till", "through"):
            last = schema.take_field(cursor, kind.slug)
            if last and (not bracket or cursor.accept(")")):
                return first, last
    cursor.position = start
    return None


def _overlap(
    cursor: Cursor, schema: Schema, kind: DraftKind, *, span: _Span, same: list[Field], line: int
) -> OverlapRule:
    if span is None:
        dates = [each for each in schema.fields(kind.slug) if each.type in DATES and each.stored]
        if len(dates) != 2 or dates[0].type is not dates[1].type:
            known = listed(each.name for each in dates) or "none"
            raise cursor.puzzle(
                f"from when to when? {kind.name} has these dates: {known}. Write "
                f"“{kind.plural} must not overlap from FIELD to FIELD”."
            )
        span = dates[0], dates[1]
    begin, end = span
    if begin.type not in DATES or begin.type is not end.type or begin is end:
        raise cursor.puzzle(
            f"{begin.name} and {end.name} are no span: it needs two dates, or two date-times."
        )
    for each in (begin, end, *same):
        if not each.stored:
            raise cursor.puzzle(f"{each.name} is computed; overlaps look at stored fields.")
    return OverlapRule(
        kind.slug, begin.slug, end.slug, tuple(f.slug for f in same), cursor.whole(), line
    )


def read_unique(cursor: Cursor, schema: Schema, subject: Subject, line: int) -> list[Rule] | None:
    """Read ``two seats of the same row and number are refused`` and its kin."""
    start = cursor.position
    for read in (_two_of_the_same, _unique_together):
        cursor.position = start
        found = read(cursor, schema, subject)
        if found is None:
            continue
        kind, fields = found
        for each in fields:
            if not each.stored:
                raise cursor.puzzle(f"{each.name} is computed; only stored fields can be unique.")
        slugs = tuple(each.slug for each in fields)
        return [UniqueRule(kind.slug, slugs, cursor.whole(), line)]
    return None


_Found = tuple[DraftKind, list[Field]] | None


def _two_of_the_same(cursor: Cursor, schema: Schema, subject: Subject) -> _Found:
    del subject
    negated = cursor.accept("no two")
    if not negated:
        cursor.accept("two", "a second")
    kind = schema.take_kind(cursor)
    if kind is None:
        return None
    never = cursor.accept(*_NEVER) or negated
    cursor.accept(*_MAY)
    cursor.accept("have", "share", "has", *_LINKS)
    if not cursor.accept(*_SAME) and not cursor.looking_at("the same"):
        return None
    if cursor.norm(-1) == "one":
        return None
    fields = _together(cursor, schema, kind)
    if cursor.accept("as another", "as an existing", "as any other"):
        schema.take_kind(cursor)
    allowed = negated and cursor.accept(
        "are allowed", "may exist", "can exist", "exist", "is allowed"
    )
    refused = take_refused(cursor)
    if not (never or allowed or refused):
        if cursor.at_end:
            raise cursor.puzzle("end this rule with “are refused”.", "rules")
        return None
    return kind, fields


def _unique_together(cursor: Cursor, schema: Schema, subject: Subject) -> _Found:
    """``row and number of a seat are unique together``, ``the name of a person is unique``."""
    cursor.accept("the")
    cursor.accept("combination of", "pair of")
    kinds = subject or tuple(
        kind
        for kind in schema.kinds.values()
        if kind.names.find(cursor) or kind.names.find(cursor, 1)
    )
    fits = [found for kind in kinds if (found := _unique_of(cursor, schema, kind))]
    if len(fits) > 1:
        raise cursor.puzzle(
            f"of which kind: {listed((kind.name for kind, _, _ in fits), 'or')}? "
            f"Begin with “each {fits[0][0].name}:”."
        )
    if not fits:
        return None
    kind, fields, cursor.position = fits[0]
    return kind, fields


def _unique_of(
    cursor: Cursor, schema: Schema, kind: DraftKind
) -> tuple[DraftKind, list[Field], int] | None:
    probe = Cursor(cursor.text, cursor.position, cursor.tokens)
    if schema.take_field(Cursor(probe.text, probe.position, probe.tokens), kind.slug) is None:
        return None
    begin = probe.position
    fields = _together(probe, schema, kind)
    for word in ("of", "for", "among"):
        if probe.accept(word):
            named = schema.take_kind(probe)
            if named is None or named is not kind:
                return None
    probe.accept("together", "in combination")
    if not probe.accept(*_UNIQUE):
        return None
    probe.accept("together", "in combination", "as a pair")
    words = {token.norm for token in probe.tokens[begin : probe.position]}
    joint = cursor.norm(-1) == "of" or bool(words & {"together", "combination", "pair"})
    if probe.accept("for", "among", "across", "per", "of"):
        probe.accept("all")
        named = schema.take_kind(probe)
        if named is None or named is not kind:
            return None
    if not probe.at_end:
        return None
    if len(fields) > 1 and not joint:
        said = probe.between(begin, probe.position)
        raise Puzzle(
            f"“{said}”: each by itself, or together? Write “are unique together”; a field that is "
            "unique by itself says so in its line: “, unique”.",
            probe.tokens[begin].start,
        )
    return kind, fields, probe.position
