"""Criteria of computed fields."""

from macrohard.llm.offline.criteria.check import Answers, Case, Check, Refuses
from macrohard.llm.offline.criteria.commands import edit, in_json, show
from macrohard.llm.offline.criteria.subject import Subject
from macrohard.llm.offline.dialect.ast import Field
from macrohard.llm.offline.oracle.values import Json


def computing(subject: Subject) -> list[Case]:
    """One criterion a computed field: its values over the examples, and that it is no input."""
    found = [_values(subject, field) for field in subject.kind.fields if not field.stored]
    return [case for case in found if case is not None]


def _values(subject: Subject, field: Field) -> Case | None:
    checks: list[Check] = []
    told: list[str] = []
    for made in subject.examples:
        value = subject.there.json(subject.kind, made.number)
        if field.slug in value:
            told.append(f"{_plain(value[field.slug])} for {subject.name} {made.number}")
    if not told:
        return None
    listing = subject.listing(subject.there)
    if listing is not None:
        checks.append(listing)
    elif subject.kind.features.show:
        for made in subject.examples:
            value = subject.there.json(subject.kind, made.number)
            words = in_json(show(subject.kind, made.number))
            checks.append(Answers(words, value, subject.loose(value)))
    if subject.kind.features.edit and subject.examples:
        number = subject.examples[0].number
        checks.append(Refuses((*edit(subject.kind, number, {}), field.option, "1")))
    if not checks:
        return None
    return Case(
        name=f"{subject.kind.slug}_{field.slug.strip('_')}_is_computed",
        given="the example records",
        when=f"the {subject.label(field)} of the {subject.plural} is looked at",
        then=f"it is {', '.join(told)}; and it cannot be typed in",
        checks=tuple(checks),
    )


def _plain(value: Json) -> str:
    return "empty" if value is None else str(value)
