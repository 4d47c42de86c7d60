"""Criteria of reading records: lists, single records, filters, orders, searches, conditions."""

from collections.abc import Iterator

from macrohard.llm.offline.criteria.adding import REFUSED, accepted
from macrohard.llm.offline.criteria.borders import borders
from macrohard.llm.offline.criteria.changing import NOBODY
from macrohard.llm.offline.criteria.check import Answers, Case, Check, Refuses, Says, Tells, Words
from macrohard.llm.offline.criteria.commands import in_json, list_, option, show, word
from macrohard.llm.offline.criteria.subject import Subject, article
from macrohard.llm.offline.dialect.ast import Field, FieldType, NamedCondition
from macrohard.llm.offline.oracle.reading import Query, columns
from macrohard.llm.offline.oracle.timeless import Timeless, UnsettledError
from macrohard.llm.offline.oracle.values import canonical
from macrohard.llm.offline.oracle.world import Record


def looking(subject: Subject) -> list[Case]:
    """Every criterion of listing and showing records of a kind, narrowing aside."""
    cases: list[Case] = []
    if subject.kind.features.list:
        cases += [*_whole_list(subject), _empty_list(subject)]
    if subject.kind.features.show:
        cases += [*_one(subject), _unknown(subject)]
    return cases


def answers(
    subject: Subject, words: Words, query: Query, there: Timeless | None = None
) -> Answers | None:
    """That a narrowed or sorted list in JSON is as it should be; ``None`` if the day decides.

    Args:
        subject: The kind that is listed.
        words: The command.
        query: What it narrows to.
        there: The records there are; the examples where it is left out.
    """
    there = there or subject.there
    try:
        found = there.select(subject.kind, query)
    except UnsettledError:
        return None
    values = [there.json(subject.kind, record.id) for record in found]
    return Answers(in_json(words), list(values), subject.loose(*values))


def cells(subject: Subject, number: int) -> tuple[str, ...]:
    """A record's cells in a table, without those that depend on the day."""
    shown = [subject.there.shown(subject.kind, number, slug) for slug in columns(subject.kind)]
    return tuple(cell for cell in shown if cell is not None)


def _whole_list(subject: Subject) -> Iterator[Case]:
    listing = subject.listing(subject.there)
    numbers = [record.id for record in subject.there.world.records(subject.kind.slug)]
    if listing is None or not numbers:
        return
    yield Case(
        name=f"{subject.kind.slug}_list_shows_all",
        given="the example records",
        when=f"the {subject.plural} are listed, as JSON and as text",
        then=f"all {len(numbers)} {subject.plural} are there in order of id, one on each line of "
        "the text, with every field, empty ones as `-`",
        checks=(
            listing,
            Tells(list_(subject.kind), tuple(cells(subject, number) for number in numbers)),
        ),
    )


def _empty_list(subject: Subject) -> Case:
    return Case(
        name=f"{subject.kind.slug}_list_of_nothing",
        given=f"no {subject.plural} at all",
        when="they are listed",
        then=f"the text says `No {subject.plural}.`, the JSON is an empty list",
        checks=(
            Says(list_(subject.kind), f"No {subject.plural}."),
            Answers(in_json(list_(subject.kind)), []),
        ),
        base=False,
    )


def _one(subject: Subject) -> Iterator[Case]:
    if not subject.examples:
        return
    number = subject.examples[-1].number
    value = subject.there.json(subject.kind, number)
    lines = [
        (f"{subject.label(field)}: {cell}",)
        for field in subject.kind.fields
        if (cell := subject.there.shown(subject.kind, number, field.slug)) is not None
    ]
    # Addresses hold ids alone, so names can be asked for where every check is a command.
    name = subject.name_by(number) if not subject.app.is_served else ""
    named = [
        Answers(in_json((*show(subject.kind, number)[:-1], name)), value, subject.loose(value))
    ]
    yield Case(
        name=f"{subject.kind.slug}_show_one",
        given=f"{subject.name} {number} among the example records",
        when="it is shown, as JSON and as text" + (f", and by its name {name}" if name else ""),
        then="every field is there, in the text as a line `field: value`, empty ones as `-`",
        checks=(
            Answers(in_json(show(subject.kind, number)), value, subject.loose(value)),
            Tells(show(subject.kind, number), tuple(lines)),
            *(named if name else ()),
        ),
    )


def _unknown(subject: Subject) -> Case:
    return Case(
        name=f"{subject.kind.slug}_show_needs_a_known_id",
        given="the example records",
        when=f"{subject.name} {NOBODY}, which is not there, or one called abc is shown",
        then=REFUSED,
        checks=(
            Refuses(show(subject.kind, NOBODY)),
            Refuses((subject.kind.command, "show", "abc")),
        ),
    )


def filtering(subject: Subject) -> list[Case]:
    """One criterion for each field that lists can be narrowed by."""
    found = [_filter(subject, subject.kind.field(slug)) for slug in subject.kind.features.filters]
    return [case for case in found if case is not None] if subject.kind.features.list else []


def _filter(subject: Subject, field: Field) -> Case | None:
    values = _stable_values(subject, field)
    if not values:
        return None
    # The value that leaves the most out, but not everything, says most.
    value = min(dict.fromkeys(values), key=lambda text: (values.count(text), text))
    typed = value.upper() if field.type is FieldType.TEXT else value
    checks: list[Check] = []
    for text in (typed, *_absent_value(field)):
        words = list_(subject.kind, *option(field, text))
        check = answers(subject, words, Query(filters=((field.slug, text),)))
        if check is not None:
            checks.append(check)
    if not checks:
        return None
    return Case(
        name=f"{subject.kind.slug}_list_by_{field.slug.strip('_')}",
        given="the example records",
        when=f"the {subject.plural} are listed with {field.option} {typed}",
        then=f"exactly those whose {subject.label(field)} is {value} are there"
        + (", letter case aside" if typed != value else ""),
        checks=tuple(checks),
    )


def _stable_values(subject: Subject, field: Field) -> list[str]:
    found = []
    for made in subject.examples:
        value = subject.there.world.record(subject.kind.slug, made.number)
        if value is None or field.slug not in subject.there.json(subject.kind, made.number):
            return []
        if value.value(field.slug) is not None:
            found.append(canonical(value.value(field.slug)))
    return found


def _absent_value(field: Field) -> list[str]:
    """A value that none of the examples has, where the type makes one easy to name."""
    return ["Nothing like it"] if field.type is FieldType.TEXT else []


def sorting(subject: Subject) -> list[Case]:
    """One criterion for each field that lists can be sorted by."""
    found = [_sort(subject, subject.kind.field(slug)) for slug in subject.kind.features.sorts]
    return [case for case in found if case is not None] if subject.kind.features.list else []


def _sort(subject: Subject, field: Field) -> Case | None:
    name = word(field)
    ways = ((("--sort", name), False), ((f"--sort=-{name}",), True))
    checks = [
        answers(subject, list_(subject.kind, *words), Query(sort=field.slug, descending=descending))
        for words, descending in ways
    ]
    sure = tuple(check for check in checks if check is not None)
    if not sure or not subject.examples:
        return None
    return Case(
        name=f"{subject.kind.slug}_sort_by_{field.slug.strip('_')}",
        given="the example records",
        when=f"the {subject.plural} are listed with --sort {name}, then with --sort=-{name}",
        then=f"they come by rising, then by falling {subject.label(field)}; equal ones in order "
        "of id, those without a value last",
        checks=sure,
    )


def searching(subject: Subject) -> list[Case]:
    """That a search finds parts of the searched fields, and nothing else."""
    if not subject.kind.features.searches or not subject.kind.features.list:
        return []
    part = _part_to_find(subject)
    if part is None:
        return []
    checks = [
        answers(subject, list_(subject.kind, "--search", text), Query(search=text))
        for text in (part, "zzzz")
    ]
    fields = ", ".join(subject.label(subject.kind.field(s)) for s in subject.kind.features.searches)
    return [
        Case(
            name=f"{subject.kind.slug}_search",
            given="the example records",
            when=f"the {subject.plural} are searched for `{part}`, then for `zzzz`",
            then=f"those with it anywhere in {fields} are found, letter case aside; then none",
            checks=tuple(check for check in checks if check is not None),
        )
    ]


def _part_to_find(subject: Subject) -> str | None:
    for made in subject.examples:
        for slug in subject.kind.features.searches:
            text = made.typed.get(slug, "")
            if len(text) > 2:
                return text[1:4].upper()
    return None


def condition(subject: Subject, named: NamedCondition) -> list[Case]:
    """That the command of a named condition lists exactly those that meet it."""
    words = (subject.kind.command, named.command)
    check = answers(subject, words, Query(condition=named.slug))
    if check is None or not subject.examples:
        return []
    met = subject.there.select(subject.kind, Query(condition=named.slug))
    return [
        Case(
            name=f"{subject.kind.slug}_{named.slug.strip('_')}",
            given="the example records",
            when=f"the {named.name} {subject.plural} are asked for",
            then=f"exactly {_ids(subject, met)} listed"
            + (f", and lists mark them `{named.name}`" if named.marks else ""),
            checks=(check,),
        ),
        *_beside_borders(subject, named),
    ]


def _beside_borders(subject: Subject, named: NamedCondition) -> Iterator[Case]:
    """That the last value that meets a condition does, and the first that does not does not."""
    words = (subject.kind.command, named.command)
    if not subject.kind.features.add:
        return
    for number, border in enumerate(borders(subject, named), start=1):
        check = answers(subject, words, Query(condition=named.slug), border.after)
        added = accepted(subject, border.typed)[:1]
        if check and added:
            yield Case(
                name=f"{subject.kind.slug}_{named.slug.strip('_')}_border_{number}",
                given="the example records",
                when=f"{article(subject.name)} is added whose {subject.label(border.field)} is "
                f"{border.value}, and the {named.name} {subject.plural} are asked for",
                then=f"it is {'' if border.meets else 'not '}among them",
                checks=(*added, check),
            )


def _ids(subject: Subject, records: list[Record]) -> str:
    if not records:
        return "none are"
    numbers = ", ".join(str(record.id) for record in records)
    return (
        f"{subject.name} {numbers} is" if len(records) == 1 else f"{subject.plural} {numbers} are"
    )
