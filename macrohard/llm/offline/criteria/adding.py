"""Criteria of adding records: what is kept, what is filled in, what is refused."""

from collections.abc import Iterator

from macrohard.llm.offline.criteria.check import Case, Check, Refuses, Says
from macrohard.llm.offline.criteria.commands import add
from macrohard.llm.offline.criteria.subject import BAD_VALUES, Subject, article
from macrohard.llm.offline.dialect.ast import Field, FieldType
from macrohard.llm.offline.oracle.pools import shift, takes
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.values import bound_value, canonical, follows_clock
from macrohard.llm.offline.oracle.world import stored_fields

REFUSED = (
    "it is refused: one line that starts with `error: ` on standard error, exit code 2, "
    "and nothing is written"
)


def adding(subject: Subject) -> list[Case]:
    """Every criterion of adding records of a kind."""
    if subject.fresh is None or not subject.kind.features.add:
        return []
    cases = [*_kept(subject, subject.fresh), *_least(subject), *_plain_text(subject)]
    cases += _by_name(subject, subject.fresh)
    for field in stored_fields(subject.kind):
        cases += [*_missing(subject, field), *_wrong(subject, field), *_bounds(subject, field)]
        cases += [*_length(subject, field), *_unique(subject, field), *_spelling(subject, field)]
    return cases


def accepted(subject: Subject, typed: Typed) -> tuple[Check, ...]:
    """That a record is added, and reads as it should."""
    after = subject.after_add(typed)
    if after is None:
        return ()
    number = subject.next
    done = Says(add(subject.kind, typed), f"Added {subject.name} {number}.")
    seen = subject.record(after, number, _filled_today(subject, typed))
    return (done, seen) if seen else (done,)


def _filled_today(subject: Subject, typed: Typed) -> tuple[str, ...]:
    """Fields whose default is the day of the test."""
    fields = stored_fields(subject.kind)
    return tuple(f.slug for f in fields if follows_clock(f) and f.slug not in typed)


def _kept(subject: Subject, fresh: Typed) -> Iterator[Case]:
    yield Case(
        name=f"{subject.kind.slug}_add_keeps_every_field",
        given=f"the example records, {len(subject.examples)} {subject.plural} among them",
        when=f"{article(subject.name)} is added with {subject.wording(fresh)}",
        then=f"it gets the next id, {subject.next}, and reads back with exactly these values",
        checks=accepted(subject, fresh),
    )


def _least(subject: Subject) -> Iterator[Case]:
    """Only what must be typed: defaults apply, the rest stays empty."""
    left_out = [f for f in stored_fields(subject.kind) if f not in subject.required]
    if not left_out:
        return
    typed = subject.find(turn=9, fixed={field.slug: None for field in left_out})
    if typed is None:
        return
    fills = [f"{subject.label(f)} is {f.default}" for f in left_out if f.default is not None]
    fills += [f"{subject.label(f)} is empty" for f in left_out if f.default is None]
    yield Case(
        name=f"{subject.kind.slug}_add_fills_in_what_is_left_out",
        given="the example records",
        when=f"{article(subject.name)} is added with only {subject.wording(typed)}",
        then="it is added, and " + ", ".join(fills),
        checks=accepted(subject, typed),
    )


def _plain_text(subject: Subject) -> Iterator[Case]:
    """Text with quotes, commas and letters of other languages stays as it was typed."""
    text = 'Zoë\'s "50%"; a, b'
    for field in stored_fields(subject.kind):
        if field.type is FieldType.TEXT and takes(field, text):
            typed = subject.with_value(field, f"  {text} ")
            if typed is not None:
                yield Case(
                    name=f"{subject.kind.slug}_add_keeps_{field.slug.strip('_')}_as_typed",
                    given="the example records",
                    when=f"{article(subject.name)} is added whose {subject.label(field)} is "
                    f"{text} with blanks around it",
                    then="it reads back letter by letter, without the outer blanks",
                    checks=accepted(subject, typed),
                )
            return


def _by_name(subject: Subject, fresh: Typed) -> Iterator[Case]:
    """A reference by the name of the record; a name that nobody has."""
    for field in stored_fields(subject.kind):
        name = subject.name_of(field, fresh)
        if not name:
            continue
        checks = accepted(subject, fresh)
        typed = {**fresh, field.slug: name}
        nobody = {**fresh, field.slug: f"{name} nobody"}
        target = subject.app.kind(field.target)
        yield Case(
            name=f"{subject.kind.slug}_{field.slug.strip('_')}_by_name",
            given="the example records",
            when=f"{article(subject.name)} is added with {subject.label(field)} {name}, after one "
            f"with {name} nobody",
            then=f"that of no {target.name.lower()} is refused; the other gets the id of the one "
            "that is called so",
            checks=(
                Refuses(add(subject.kind, nobody)),
                Says(add(subject.kind, typed), f"Added {subject.name} {subject.next}."),
                *checks[1:],
            ),
        )
        return


def _refusal(
    subject: Subject, field: Field, name: str, when: str, *bad: Typed | None
) -> list[Case]:
    tried = [typed for typed in bad if typed is not None and subject.refuses_add(typed)]
    if not tried:
        return []
    return [
        Case(
            name=f"{subject.kind.slug}_{field.slug.strip('_')}_{name}",
            given="the example records",
            when=when,
            then=REFUSED,
            checks=tuple(Refuses(add(subject.kind, typed)) for typed in tried),
        )
    ]


def _missing(subject: Subject, field: Field) -> list[Case]:
    if field not in subject.required:
        return []
    blank = [subject.spoilt(field, "  ")] if field.type is FieldType.TEXT else []
    return _refusal(
        subject,
        field,
        "is_required",
        f"{article(subject.name)} is added without {subject.label(field)}"
        + (", or with only blanks for it" if blank else ""),
        subject.spoilt(field, None),
        *blank,
    )


def _wrong(subject: Subject, field: Field) -> list[Case]:
    bad = [text for text in BAD_VALUES[field.type] if not takes(field, text) or _points(field)]
    if field.type is FieldType.DECIMAL:
        bad.append("1." + "0" * field.places + "1")
    shown = ", ".join(text.encode("unicode_escape").decode() for text in bad)
    return _refusal(
        subject,
        field,
        "takes_only_its_type",
        f"{article(subject.name)} is added whose {subject.label(field)} is {_no_value_of(field)} "
        f"({shown})",
        *(subject.spoilt(field, text) for text in bad),
    )


def _points(field: Field) -> bool:
    return field.type is FieldType.REFERENCE


def _no_value_of(field: Field) -> str:
    match field.type:
        case FieldType.REFERENCE:
            return f"no id of {article(field.target.replace('_', ' '))}"
        case FieldType.ONE_OF:
            return "none of " + ", ".join(field.choices)
        case FieldType.DECIMAL:
            return f"no number with at most {field.places} decimal places"
        case FieldType.TEXT:
            return "text with control characters"
        case _:
            return f"no {field.type.value}"


def _bounds(subject: Subject, field: Field) -> list[Case]:
    cases: list[Case] = []
    sides = (("minimum", field.minimum, -1), ("maximum", field.maximum, 1))
    for name, bound, way in sides:
        if bound is None:
            continue
        value = bound_value(field, bound)
        outside = shift(field, value, way)
        at = subject.with_value(field, canonical(value))
        word = "least" if way < 0 else "most"
        checks: list[Check] = []
        if outside is not None:
            beyond = {**(at or subject.fresh or {}), field.slug: canonical(outside)}
            if subject.refuses_add(beyond):
                checks.append(Refuses(add(subject.kind, beyond)))
        if at is not None:
            checks += accepted(subject, at)[:1]
        if checks:
            cases.append(
                Case(
                    name=f"{subject.kind.slug}_{field.slug.strip('_')}_{name}",
                    given="the example records",
                    when=f"{article(subject.name)} is added whose {subject.label(field)} is "
                    f"{canonical(outside)}, then one with {canonical(value)}",
                    then=f"{subject.label(field)} is at {word} {canonical(value)}: the first is "
                    "refused and nothing is written by it, the second is added",
                    checks=tuple(checks),
                )
            )
    return cases


def _length(subject: Subject, field: Field) -> list[Case]:
    if field.max_length is None or field.type is not FieldType.TEXT or field.max_length > 2000:
        return []
    longest = ("Abcde fghi " * (field.max_length // 11 + 1))[: field.max_length - 1] + "z"
    at = subject.with_value(field, longest)
    over = subject.spoilt(field, longest + "z")
    checks: list[Check] = []
    if over is not None and subject.refuses_add(over):
        checks.append(Refuses(add(subject.kind, over)))
    if at is not None:
        checks += accepted(subject, at)[:1]
    return [
        Case(
            name=f"{subject.kind.slug}_{field.slug.strip('_')}_length",
            given="the example records",
            when=f"{article(subject.name)} is added whose {subject.label(field)} has "
            f"{field.max_length + 1} characters, then one with {field.max_length}",
            then="the first is refused and nothing is written by it, the second is added",
            checks=tuple(checks),
        )
    ]


def _unique(subject: Subject, field: Field) -> list[Case]:
    taken = next(
        (made.typed[field.slug] for made in subject.examples if field.slug in made.typed), ""
    )
    if not field.unique or not taken:
        return []
    return _refusal(
        subject,
        field,
        "is_unique",
        f"{article(subject.name)} is added whose {subject.label(field)} is {taken}, which another "
        f"{subject.name} has",
        subject.spoilt(field, taken),
    )


def _spelling(subject: Subject, field: Field) -> list[Case]:
    """Choices are matched without regard to case, and stored as the spec spells them."""
    if field.type is not FieldType.ONE_OF:
        return []
    for choice in field.choices:
        typed = subject.with_value(field, choice.swapcase())
        if typed is not None and choice.swapcase() != choice:
            return [
                Case(
                    name=f"{subject.kind.slug}_{field.slug.strip('_')}_in_any_case",
                    given="the example records",
                    when=f"{article(subject.name)} is added whose {subject.label(field)} is typed "
                    f"as {choice.swapcase()}",
                    then=f"it reads back as {choice}",
                    checks=accepted(subject, typed),
                )
            ]
    return []
