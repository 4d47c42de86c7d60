"""Criteria of CSV files: export, import, and files that are refused."""

import csv
import io
from collections.abc import Iterator, Sequence

from macrohard.llm.offline.criteria.adding import REFUSED
from macrohard.llm.offline.criteria.check import Case, Check, Refuses, Says, Writes
from macrohard.llm.offline.criteria.deleting import counted
from macrohard.llm.offline.criteria.subject import BAD_VALUES, Subject
from macrohard.llm.offline.dialect.ast import Field
from macrohard.llm.offline.oracle.pools import takes
from macrohard.llm.offline.oracle.reading import csv_header, csv_row
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.timeless import UnsettledError
from macrohard.llm.offline.oracle.values import follows_clock
from macrohard.llm.offline.oracle.world import stored_fields


def filing(subject: Subject) -> list[Case]:
    """Every criterion of CSV files of a kind."""
    cases: list[Case] = []
    if subject.kind.features.export_csv:
        cases += _export(subject)
    if subject.kind.features.import_csv and subject.fresh is not None:
        cases += [*_import(subject, subject.fresh), *_refused(subject, subject.fresh)]
    return cases


def file_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows as the text of a CSV file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _export(subject: Subject) -> Iterator[Case]:
    kind = subject.kind
    try:
        rows = subject.there.agreed(
            lambda world: tuple(tuple(csv_row(record)) for record in world.records(kind.slug))
        )
    except UnsettledError:
        return
    count = f"{len(rows)} {counted(kind.name, kind.plural, len(rows))}"
    yield Case(
        name=f"{kind.slug}_export",
        given="the example records",
        when=f"the {subject.plural} are exported to out.csv",
        then=f"the file has a header and {count}, each with its id and every stored field",
        checks=(
            Writes(
                (kind.command, "export", "@out.csv"),
                f"Exported {count} to @out.csv.",
                "out.csv",
                (tuple(csv_header(kind)), *rows),
            ),
        ),
    )


def _import(subject: Subject, fresh: Typed) -> Iterator[Case]:
    kind = subject.kind
    fields = [field for field in stored_fields(kind) if field.slug in fresh]
    cells = _with_a_gap(subject, fresh)
    # Another order of columns, and an id that must be ignored.
    header = ["id", *(field.slug for field in reversed(fields))]
    row = ["77", *(cells[field.slug] for field in reversed(fields))]
    after = subject.after_import([cells])
    if after is None:
        return
    checks: list[Check] = [
        Says(
            (kind.command, "import", "@new.csv"),
            f"Imported 1 {subject.name}.",
            (("new.csv", file_text([header, row])),),
        )
    ]
    seen = subject.record(after, subject.next)
    yield Case(
        name=f"{kind.slug}_import",
        given=f"the example records, and a file with {subject.wording(cells)} and an id column",
        when="it is imported",
        then=f"it becomes {subject.name} {subject.next}, whatever the file's id says"
        + ("; where its cell is empty, the default is taken" if "" in cells.values() else ""),
        checks=tuple(checks + ([seen] if seen else [])),
    )


def _with_a_gap(subject: Subject, fresh: Typed) -> Typed:
    """The record with an empty cell where a default steps in, if that may be."""
    for field in stored_fields(subject.kind):
        if field.default is not None and not follows_clock(field) and field.slug in fresh:
            gap = {**fresh, field.slug: ""}
            if subject.after_import([gap]) is not None:
                return gap
    return fresh


def _refused(subject: Subject, fresh: Typed) -> Iterator[Case]:
    kind = subject.kind
    fields = [field for field in stored_fields(kind) if field.slug in fresh]
    header = [field.slug for field in fields]
    good = [fresh[field.slug] for field in fields]
    files = {"a column it does not know": [[*header, "no_such_column"], [*good, "x"]]}
    spoilt = _bad_cell(fields)
    if spoilt is not None:
        place, text = spoilt
        bad = [*good[:place], text, *good[place + 1 :]]
        files[f"a good first row and {text} as {subject.label(fields[place])} in the second"] = [
            header,
            good,
            bad,
        ]
    must = next((f for f in fields if f in subject.required), None)
    if must is not None and len(fields) > 1:
        files[f"no column for {subject.label(must)}"] = [
            [slug for slug in header if slug != must.slug],
            [fresh[slug] for slug in header if slug != must.slug],
        ]
    checks = [
        Refuses((kind.command, "import", "@bad.csv"), (("bad.csv", file_text(rows)),))
        for rows in files.values()
    ]
    yield Case(
        name=f"{kind.slug}_import_refuses_a_bad_file",
        given="the example records, and files: " + "; ".join([*files, "one that is not there"]),
        when="each is imported",
        then=REFUSED.replace("it is refused", "each is refused whole"),
        checks=(*checks, Refuses((kind.command, "import", "@missing.csv"))),
    )


def _bad_cell(fields: Sequence[Field]) -> tuple[int, str] | None:
    for place, field in enumerate(fields):
        for text in BAD_VALUES[field.type][:1]:
            if not takes(field, text) and "\n" not in text:
                return place, text
    return None
