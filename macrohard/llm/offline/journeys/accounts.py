"""Journeys about figures and files: totals that follow corrections, CSV out and in."""

from macrohard.llm.offline.criteria.commands import aggregate, edit, in_json
from macrohard.llm.offline.criteria.counting import spoken
from macrohard.llm.offline.criteria.deleting import counted
from macrohard.llm.offline.criteria.filing import file_text
from macrohard.llm.offline.criteria.subject import BAD_VALUES
from macrohard.llm.offline.dialect.ast import Aggregate, FieldType, GroupBy, Kind
from macrohard.llm.offline.journeys.journey import DeadEndError, Journey, describe
from macrohard.llm.offline.oracle.pools import takes
from macrohard.llm.offline.oracle.reading import (
    Query,
    aggregate_value,
    csv_header,
    select,
    shown_value,
)
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Want
from macrohard.llm.offline.oracle.timeless import UnsettledError
from macrohard.llm.offline.oracle.values import Value
from macrohard.llm.offline.oracle.world import stored_fields

_FIGURES = 5
"""Aggregates asked for in one journey."""


def figures(journey: Journey, kind: Kind) -> None:
    """Record three, ask for every figure, correct one, and see that the figures follow."""
    wanted = kind.features.aggregates
    if not wanted:
        raise DeadEndError
    first, *_ = [journey.make(kind) for _ in range(3)]
    pairs: list[tuple[Aggregate, GroupBy | None]] = [(each, None) for each in wanted]
    pairs += [(each, group) for each in wanted for group in each.groups]
    for each, group in pairs[:_FIGURES]:
        _ask(journey, kind, each, group)
    _ask_for_json(journey, kind, wanted[0])
    if _correct_figure(journey, kind, wanted[0], first):
        _ask(journey, kind, wanted[0], None)
        for group in wanted[0].groups[:1]:
            _ask(journey, kind, wanted[0], group)


def _what(kind: Kind, wanted: Aggregate, group: GroupBy | None) -> str:
    field = "" if wanted.field is None else f" {kind.field(wanted.field).name.lower()}"
    text = f"{wanted.op.value}{field} of the {kind.plural.lower()}"
    if group is None:
        return text
    part = f"{group.part} of the " if group.part else ""
    return f"{text} by {part}{kind.field(group.slug).name.lower()}"


def _ask(journey: Journey, kind: Kind, wanted: Aggregate, group: GroupBy | None) -> None:
    """One figure, or one for each group."""
    what = _what(kind, wanted, group)
    case = f"{kind.slug}_{wanted.op.value}_{(wanted.field or 'records').strip('_')}"
    try:
        if group is None:
            value = _value(journey, kind, wanted)
            see, expect = [value], f"It is {value}."
        else:
            case += f"_by_{group.argument.replace(':', '_').replace('-', '_')}"
            found = journey.there.grouped(kind, wanted, group, Query())
            rows = [(_group(journey, kind, group, key), spoken(value)) for key, value in found]
            see = [cell for row in rows for cell in row]
            expect = f"One line for each: {', '.join(' '.join(row) for row in rows)}."
    except UnsettledError:
        return
    words = aggregate(kind, wanted, group)
    journey.step(f"Ask for the {what}.", words, expect, see=see, cases=[case])


def _value(journey: Journey, kind: Kind, wanted: Aggregate) -> str:
    return spoken(
        journey.there.agreed(
            lambda w: aggregate_value(kind, wanted.op, wanted.field, select(w, kind, Query()))
        )
    )


def _ask_for_json(journey: Journey, kind: Kind, wanted: Aggregate) -> None:
    try:
        value = _value(journey, kind, wanted)
    except UnsettledError:
        return
    journey.step(
        f"Ask for the {_what(kind, wanted, None)} for another program.",
        in_json(aggregate(kind, wanted)),
        f"It is {value} in JSON.",
        see=(f'"{wanted.op.value}"', "null" if value == "-" else value),
    )


def _group(journey: Journey, kind: Kind, group: GroupBy, key: Value) -> str:
    if key is None or group.part:
        return spoken(key)
    record = next(r for r in journey.there.world.records(kind.slug) if r.value(group.slug) == key)
    return shown_value(record, group.slug, key)


def _correct_figure(journey: Journey, kind: Kind, wanted: Aggregate, number: int) -> bool:
    """Edit a record so that a figure changes; whether that was possible."""
    if not kind.features.edit or wanted.field is None or not kind.field(wanted.field).stored:
        return False
    field = kind.field(wanted.field)
    others = {f.slug: None for f in stored_fields(kind) if f is not field}
    now = spoken(journey.there.world.rows[kind.slug][number][field.slug])
    try:
        typed = journey.find(
            kind,
            number=number,
            fixed=others,
            about=frozenset({field.slug}),
            want=_other_value(field.slug, now),
        )
        journey.there.edit(kind.slug, number, typed)
    except (DeadEndError, RefusedError, UnsettledError):
        return False
    answer = f"Changed {kind.name.lower()} {number}."
    journey.step(
        f"The {field.name.lower()} of {kind.name.lower()} {number} was {typed[field.slug]}, "
        f"not {now}: correct it.",
        edit(kind, number, typed),
        answer,
        see=(answer,),
        cases=[f"{kind.slug}_edit_changes_one_field"],
    )
    return True


def _other_value(slug: str, now: str) -> Want:
    return lambda trial: trial.fine and trial.typed.get(slug, now) != now


def files(journey: Journey, kind: Kind) -> None:
    """Send records out as CSV, bring others in, and see a bad file refused whole."""
    features = kind.features
    if not (features.import_csv or features.export_csv):
        raise DeadEndError
    journey.make(kind)
    if features.export_csv:
        journey.make(kind)
        _export(journey, kind)
    if features.import_csv:
        _import(journey, kind)
    journey.look(kind, f"Look at all {kind.plural.lower()}.")


def _export(journey: Journey, kind: Kind) -> None:
    numbers = journey.numbers(kind)
    answer = f"Exported {len(numbers)} {counted(kind.name, kind.plural, len(numbers))} to out.csv."
    journey.step(
        "Send them all to a file.",
        (kind.command, "export", "out.csv"),
        answer,
        see=(answer,),
        cases=[f"{kind.slug}_export"],
    )
    texts = [f.slug for f in stored_fields(kind) if f.type is not FieldType.REFERENCE]
    cells = [journey.shown(kind, n).get(slug, "-") for n in numbers for slug in texts]
    journey.shell(
        "Look into the file.",
        "cat out.csv",
        "A header and one line for each.",
        see=[",".join(csv_header(kind)), *(cell for cell in cells if cell != "-")],
    )


def _import(journey: Journey, kind: Kind) -> None:
    typed = journey.find(kind)
    rows = [list(typed), list(typed.values())]
    bad = _bad_rows(kind, rows)
    if bad is not None:
        journey.write_file("bad.csv", file_text(bad))
        journey.refuse(
            "Take in a file whose second line is fine and whose third is not.",
            (kind.command, "import", "bad.csv"),
            "its third line is wrong, so nothing of it is taken in",
            cases=[f"{kind.slug}_import_refuses_a_bad_file"],
        )
    try:
        journey.there.add_all(kind.slug, [typed])
    except (RefusedError, UnsettledError):
        raise DeadEndError from None
    journey.write_file("new.csv", file_text(rows))
    answer = f"Imported 1 {kind.name.lower()}."
    journey.step(
        f"Take in a file with {describe(kind, typed)}.",
        (kind.command, "import", "new.csv"),
        answer,
        see=(answer,),
        cases=[f"{kind.slug}_import"],
    )


def _bad_rows(kind: Kind, rows: list[list[str]]) -> list[list[str]] | None:
    for place, slug in enumerate(rows[0]):
        field = kind.field(slug)
        for text in BAD_VALUES[field.type][:1]:
            if not takes(field, text) and field.type is not FieldType.TEXT:
                spoilt = [*rows[1][:place], text, *rows[1][place + 1 :]]
                return [*rows, spoilt]
    return None
