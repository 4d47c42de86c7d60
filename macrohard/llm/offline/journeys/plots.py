"""What journeys are about: each function writes one into an empty journey."""

from macrohard.llm.offline.criteria.check import Words
from macrohard.llm.offline.criteria.commands import add, delete, edit, list_, option, show, word
from macrohard.llm.offline.criteria.deleting import others_gone
from macrohard.llm.offline.criteria.subject import BAD_VALUES
from macrohard.llm.offline.dialect.ast import Field, FieldType, Kind, NamedCondition
from macrohard.llm.offline.journeys.journey import DeadEndError, Journey, describe
from macrohard.llm.offline.oracle.evaluate import holds
from macrohard.llm.offline.oracle.pools import fields_in, takes
from macrohard.llm.offline.oracle.reading import Query
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Trial, Typed, Want, stored_in
from macrohard.llm.offline.oracle.timeless import UnsettledError
from macrohard.llm.offline.oracle.values import canonical
from macrohard.llm.offline.oracle.world import stored_fields

UNKNOWN = 4711
"""An id that no journey comes to."""

_MISTAKES = 3
_FINDS = 3


def nothing_yet(journey: Journey, kind: Kind) -> None:
    """What there is to see where no record can be made."""
    _read_help(journey)
    journey.look(kind, f"Look at all {kind.plural.lower()}.")
    if kind.features.show:
        journey.refuse(
            f"Look at {kind.name.lower()} {UNKNOWN}, which is not there.",
            show(kind, UNKNOWN),
            f"there is no {kind.name.lower()} {UNKNOWN}",
            cases=[f"{kind.slug}_show_needs_a_known_id"],
        )


def _read_help(journey: Journey) -> None:
    journey.step(
        "Find out what the program can do.",
        ("--help",),
        "It names everything that is kept.",
        see=[each.command for each in journey.app.kinds],
        cases=["help_names_every_kind"],
    )


def first_steps(journey: Journey, kind: Kind) -> None:
    """Find the way with the help, record two, look, err, and see that nothing came of that."""
    _read_help(journey)
    first = journey.make(kind)
    second = journey.make(kind, _with_odd_text(journey, kind))
    journey.look(kind, f"Look at all {kind.plural.lower()}.")
    if kind.features.show:
        cells = journey.shown(kind, second)
        journey.step(
            f"Look closely at {kind.name.lower()} {second}.",
            show(kind, second),
            "Everything that was typed is there.",
            see=[f"{f.name.lower()}: {cells[f.slug]}" for f in kind.fields if f.slug in cells],
            cases=[f"{kind.slug}_show_one"],
        )
        journey.refuse(
            f"Look at {kind.name.lower()} {UNKNOWN}, which is not there.",
            show(kind, UNKNOWN),
            f"there is no {kind.name.lower()} {UNKNOWN}",
            cases=[f"{kind.slug}_show_needs_a_known_id"],
        )
    if kind.features.add:
        _mistakes(journey, kind)
    journey.look(kind, f"See that {kind.plural.lower()} {first} and {second} are all there is.")


def _with_odd_text(journey: Journey, kind: Kind) -> Typed | None:
    """A record with an accent and an apostrophe in it, where a field takes them."""
    journey.provide(kind)
    for field in stored_fields(kind):
        if field.type is FieldType.TEXT and takes(field, "Zoë O'Hara"):
            try:
                return journey.find(kind, fixed={field.slug: "Zoë O'Hara"})
            except DeadEndError:
                continue
    return None


def _mistakes(journey: Journey, kind: Kind) -> None:
    fresh = journey.find(kind)
    made = 0
    for field in stored_fields(kind):
        without = {slug: text for slug, text in fresh.items() if slug != field.slug}
        if made < _MISTAKES and field.required and field.default is None:
            journey.refuse(
                f"Try to record {describe(kind, without)}, without any {field.name.lower()}.",
                add(kind, without),
                f"the {field.name.lower()} is required",
                cases=[f"{kind.slug}_{field.slug.strip('_')}_is_required"],
            )
            made += 1
        bad = next((t for t in BAD_VALUES[field.type][:1] if field.type is not FieldType.TEXT), "")
        if made < _MISTAKES + 1 and bad:
            journey.refuse(
                f"Try {bad} as {field.name.lower()}.",
                add(kind, {**without, field.slug: bad}),
                f"{bad} is no {field.name.lower()}",
                cases=[f"{kind.slug}_{field.slug.strip('_')}_takes_only_its_type"],
            )
            made += 1


def daily_work(journey: Journey, kind: Kind) -> None:
    """Record three, find some of them, correct one, delete one, and see that it all follows."""
    features = kind.features
    made = [journey.make(kind) for _ in range(3)]
    if features.list:
        _find(journey, kind)
    if features.edit:
        _correct(journey, kind, made[0])
    if features.delete:
        _remove(journey, kind, made[-1])
    if not (features.edit or features.delete or features.list):
        raise DeadEndError


def _find(journey: Journey, kind: Kind) -> None:
    for slug in kind.features.filters[:_FINDS]:
        field = kind.field(slug)
        value = _value_to_filter(journey, kind, field)
        if value:
            _listed(
                journey,
                kind,
                f"Show only those whose {field.name.lower()} is {value}.",
                list_(kind, *option(field, value)),
                query=Query(filters=((slug, value),)),
                case=f"{kind.slug}_list_by_{slug.strip('_')}",
            )
    for slug in kind.features.searches[:1]:
        record = journey.there.world.records(kind.slug)[0]
        text = canonical(record.value(slug))
        if len(text) > 3:
            part = text[:4].lower()
            _listed(
                journey,
                kind,
                f"Search for {part}.",
                list_(kind, "--search", part),
                query=Query(search=part),
                case=f"{kind.slug}_search",
            )
    for slug in kind.features.sorts[:1]:
        name = word(kind.field(slug))
        _listed(
            journey,
            kind,
            f"Put them in order of {kind.field(slug).name.lower()}, the last first.",
            list_(kind, f"--sort=-{name}"),
            query=Query(sort=slug, descending=True),
            case=f"{kind.slug}_sort_by_{slug.strip('_')}",
        )


def _value_to_filter(journey: Journey, kind: Kind, field: Field) -> str:
    for record in journey.there.world.records(kind.slug):
        value = record.value(field.slug)
        if value is not None and journey.there.shown(kind, record.id, field.slug) is not None:
            return canonical(value)
    return ""


def _listed(
    journey: Journey, kind: Kind, intent: str, words: Words, *, query: Query, case: str
) -> None:
    visible = journey.numbers(kind, query)
    hidden = [number for number in journey.numbers(kind) if number not in visible]
    see = [sign for number in visible for sign in journey.signs(kind, number)]
    numbers = ", ".join(map(str, visible))
    told = f"{kind.plural.lower()} {numbers}" if visible else f"No {kind.plural.lower()}."
    journey.step(
        intent,
        words,
        told if not visible else f"Exactly these, in this order: {told}.",
        see=see or [told],
        not_see=journey.absent(kind, hidden, visible),
        cases=[case],
    )


def _correct(journey: Journey, kind: Kind, number: int) -> None:
    for field in stored_fields(kind):
        if field.type is FieldType.REFERENCE:
            continue
        now = canonical(journey.there.world.rows[kind.slug][number][field.slug])
        others = {f.slug: None for f in stored_fields(kind) if f is not field}
        try:
            typed = journey.find(
                kind,
                number=number,
                fixed=others,
                about=frozenset({field.slug}),
                want=_other_than(field, now),
            )
            journey.there.edit(kind.slug, number, typed)
        except (DeadEndError, RefusedError, UnsettledError):
            continue
        answer = f"Changed {kind.name.lower()} {number}."
        journey.step(
            f"Correct the {field.name.lower()} of {kind.name.lower()} {number}.",
            edit(kind, number, typed),
            answer,
            see=(answer,),
            cases=[f"{kind.slug}_edit_changes_one_field"],
        )
        journey.look(kind, "See that only this one is different.")
        return


def _remove(journey: Journey, kind: Kind, number: int) -> None:
    gone = journey.absent(kind, [number], [n for n in journey.numbers(kind) if n != number])
    try:
        others = journey.there.delete(kind.slug, number)
    except (RefusedError, UnsettledError):
        raise DeadEndError from None
    answer = f"Deleted {kind.name.lower()} {number}{others_gone(journey.app, others)}."
    journey.step(
        f"Delete {kind.name.lower()} {number}, which was a mistake.",
        delete(kind, number),
        answer,
        see=(answer,),
        cases=[f"{kind.slug}_delete_removes_one"],
    )
    journey.look(kind, "See that it is gone, and the others are not.", gone=gone)
    journey.refuse(
        "Delete it again.",
        delete(kind, number),
        f"there is no {kind.name.lower()} {number} any more",
        cases=[f"{kind.slug}_delete_needs_a_known_id"],
    )


def special_ones(journey: Journey, kind: Kind) -> None:
    """Record some that meet each named condition and some that do not, and ask for them."""
    if not kind.features.conditions:
        raise DeadEndError
    journey.provide(kind)
    for named in kind.features.conditions:
        for wanted in (True, False):
            if not _exists(journey, kind, named, wanted=wanted):
                typed = journey.find(
                    kind,
                    about=frozenset(stored_in(kind, fields_in(named.condition))),
                    want=_as_wanted(named, wanted=wanted),
                )
                journey.make(kind, typed)
    for named in kind.features.conditions:
        _listed(
            journey,
            kind,
            f"Ask for the {named.name} {kind.plural.lower()}.",
            (kind.command, named.command),
            query=Query(condition=named.slug),
            case=f"{kind.slug}_{named.slug.strip('_')}",
        )
    journey.look(kind, f"Look at all {kind.plural.lower()}, with their marks.")


def _exists(journey: Journey, kind: Kind, named: NamedCondition, *, wanted: bool) -> bool:
    return any(
        _meets(Trial(journey.there, kind, {}, number), named, wanted=wanted)
        for number in journey.there.world.rows[kind.slug]
    )


def _meets(trial: Trial, named: NamedCondition, *, wanted: bool) -> bool:
    return all(holds(named.condition, record) is wanted for record in trial.records)


def _as_wanted(named: NamedCondition, *, wanted: bool) -> Want:
    return lambda trial: trial.fine and _meets(trial, named, wanted=wanted)


def _other_than(field: Field, now: str) -> Want:
    return lambda trial: trial.fine and trial.typed.get(field.slug, now) != now
