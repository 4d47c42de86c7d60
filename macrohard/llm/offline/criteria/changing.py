"""Criteria of editing and deleting records."""

from collections.abc import Iterator

from macrohard.llm.offline.criteria.adding import REFUSED
from macrohard.llm.offline.criteria.check import Case, Refuses, Says
from macrohard.llm.offline.criteria.commands import edit
from macrohard.llm.offline.criteria.subject import BAD_VALUES, Subject
from macrohard.llm.offline.dialect.ast import Field
from macrohard.llm.offline.oracle.base import Made
from macrohard.llm.offline.oracle.pools import takes
from macrohard.llm.offline.oracle.seek import Want
from macrohard.llm.offline.oracle.world import stored_fields

_REFUSED_EDITS = 3
"""Bad edits tried for each kind: fields are checked one by one when records are added."""

NOBODY = 999_999
"""An id that no example record has."""


def editing(subject: Subject) -> list[Case]:
    """Every criterion of editing records of a kind."""
    if not subject.kind.features.edit or not subject.examples:
        return []
    return [*_changed(subject), *_cleared(subject), *_edit_refused(subject)]


def _changed(subject: Subject) -> Iterator[Case]:
    for field in stored_fields(subject.kind):
        change = _change_of(subject, field)
        if change is None:
            continue
        made, value = change
        yield _edit_case(
            subject,
            made,
            field,
            value,
            name=f"{subject.kind.slug}_edit_changes_one_field",
            then=f"{subject.label(field)} reads {value}, and every other field is as it was",
        )
        return


def _change_of(subject: Subject, field: Field) -> tuple[Made, str] | None:
    """An example record and another value that this field of it may take."""
    for made in subject.examples:
        now = made.typed.get(field.slug)
        typed = subject.find(
            turn=3,
            number=made.number,
            fixed={f.slug: None for f in stored_fields(subject.kind) if f is not field},
            about=frozenset({field.slug}),
            want=_alters(field, now),
        )
        if typed is not None:
            return made, typed[field.slug]
    return None


def _alters(field: Field, now: str | None) -> Want:
    return lambda trial: trial.fine and trial.typed.get(field.slug) not in {None, now}


def _edit_case(
    subject: Subject, made: Made, field: Field, value: str, *, name: str, then: str
) -> Case:
    after = subject.after_edit(made.number, {field.slug: value})
    done = Says(
        edit(subject.kind, made.number, {field.slug: value}),
        f"Changed {subject.name} {made.number}.",
    )
    seen = subject.record(after, made.number) if after else None
    return Case(
        name=name,
        given=f"{subject.name} {made.number} among the example records, "
        f"with {subject.wording(made.typed)}",
        when=f"its {subject.label(field)} is edited to {value or 'nothing'}",
        then=then,
        checks=(done, seen) if seen else (done,),
    )


def _cleared(subject: Subject) -> Iterator[Case]:
    for made in subject.examples:
        for field in stored_fields(subject.kind):
            if field.slug not in made.typed or field.required:
                continue
            if subject.after_edit(made.number, {field.slug: ""}) is not None:
                yield _edit_case(
                    subject,
                    made,
                    field,
                    "",
                    name=f"{subject.kind.slug}_edit_clears_an_optional_field",
                    then=f"its {subject.label(field)} is empty, every other field is as it was",
                )
                return


def _edit_refused(subject: Subject) -> Iterator[Case]:
    made = subject.examples[0]
    fields = stored_fields(subject.kind)
    bad = [(f, text) for f in fields for text in BAD_VALUES[f.type][:1] if not takes(f, text)]
    bad += [(f, "") for f in fields if f.required][:1]
    tried = [
        (field, text)
        for field, text in bad
        if subject.refuses_edit(made.number, {field.slug: text})
    ]
    tried = tried[:_REFUSED_EDITS]
    if tried:
        yield Case(
            name=f"{subject.kind.slug}_edit_refuses_what_add_refuses",
            given=f"{subject.name} {made.number} among the example records",
            when="it is edited to a value that its field does not take ("
            + "; ".join(
                f"{subject.label(f)}: {t.encode('unicode_escape').decode() or 'nothing'}"
                for f, t in tried
            )
            + ")",
            then=REFUSED,
            checks=tuple(Refuses(edit(subject.kind, made.number, {f.slug: t})) for f, t in tried),
        )
    some = next((f.slug for f in fields if f.slug in made.typed), None)
    unknown = [edit(subject.kind, NOBODY, {some: made.typed[some]})] if some else []
    yield Case(
        name=f"{subject.kind.slug}_edit_needs_a_known_id_and_a_change",
        given="the example records",
        when=f"{subject.name} {NOBODY}, which is not there, is edited; or {subject.name} "
        f"{made.number} is edited without any field",
        then=REFUSED,
        checks=tuple(Refuses(words) for words in [*unknown, edit(subject.kind, made.number, {})]),
    )
