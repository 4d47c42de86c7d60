"""Reads the Features section: what can be done with the records of each kind."""

from dataclasses import dataclass, field

from macrohard.llm.offline.dialect.aggregates import Totals, read_totals, starts_totals
from macrohard.llm.offline.dialect.ast import (
    Aggregate,
    Features,
    Field,
    GroupBy,
    NamedCondition,
)
from macrohard.llm.offline.dialect.feature_words import CAN_BE, CRUD, CSV, LEADS, PICK
from macrohard.llm.offline.dialect.markdown import Entry, Section
from macrohard.llm.offline.dialect.named import Head, read_head, read_named
from macrohard.llm.offline.dialect.naming import listed
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.schema import DraftKind, Schema
from macrohard.llm.offline.dialect.subjects import (
    FieldsOfKinds,
    Subject,
    Subjects,
    fields_of_kinds,
    kinds_having,
    read_field_list,
    read_subjects,
)
from macrohard.llm.offline.dialect.typecheck import TEXTUAL, spoken
from macrohard.llm.offline.dialect.words import Cursor, Puzzle

_FIVE = {"add", "list", "show", "edit", "delete"}


@dataclass
class DraftFeatures:
    """Features of one kind while they are read."""

    verbs: dict[str, int] = field(default_factory=dict)
    picked: dict[str, dict[str, int]] = field(
        default_factory=lambda: {"filter": {}, "sort": {}, "search": {}}
    )
    aggregates: dict[tuple[str, str | None], Aggregate] = field(default_factory=dict)
    conditions: dict[str, NamedCondition] = field(default_factory=dict)

    def add_aggregate(self, new: Aggregate) -> None:
        """Add an aggregate, or its groupings to the same aggregate."""
        key = (new.op.value, new.field)
        old = self.aggregates.get(key)
        if old is None:
            self.aggregates[key] = new
            return
        groups: tuple[GroupBy, ...] = (*old.groups, *(g for g in new.groups if g not in old.groups))
        self.aggregates[key] = Aggregate(old.op, old.field, groups, old.line)


class FeatureReader:
    """Reads all lines of the section; asks :attr:`found` afterwards.

    Args:
        schema: The record kinds.
        assumptions: Takes what is assumed.
    """

    def __init__(self, schema: Schema, assumptions: list[str]) -> None:
        self.found = {slug: DraftFeatures() for slug in schema.kinds}
        self._schema = schema
        self._assumptions = assumptions
        self._subject: Subject = ()
        self._line = 0
        self._picking: str | None = None

    def read(self, sections: list[Section], problems: Problems) -> None:
        """Read the section."""
        for section in sections:
            heads = Subjects(self._schema)
            for entry in section.entries:
                try:
                    cursor = heads.enter(entry)
                    if cursor is not None:
                        self._read_entry(entry, cursor, heads.current)
                except Puzzle as puzzle:
                    problems.add(entry.line_at(puzzle.offset), puzzle)
                if problems.too_many:
                    return

    def _read_entry(self, entry: Entry, cursor: Cursor, head: Subject) -> None:
        self._subject, self._picking = head, None
        while not cursor.at_end:
            self._line = entry.line_at(cursor.offset)
            self._read_clause(cursor)
            start = cursor.position
            cursor.skip(",", ";", ".", "and", "or", "as well as")
            if cursor.position == start and not cursor.at_end:
                raise cursor.not_understood("features")

    def _read_clause(self, cursor: Cursor) -> None:
        if not self._passive(cursor):
            cursor.skip(*LEADS)
        if starts_totals(cursor):
            totals = read_totals(cursor, self._schema, self._subject, self._assumptions)
            self._take_totals(totals)
        elif (head := read_head(cursor, self._schema, self._subject)) is not None:
            self._take_condition(cursor, head)
        elif (verb := PICK.take(cursor) or self._same_pick(cursor)) is not None:
            self._take_pick(cursor, verb)
            self._picking = verb
            return
        elif CRUD.find(cursor):
            self._take_verbs(cursor)
        else:
            raise cursor.not_understood("features")
        self._picking = None

    def _passive(self, cursor: Cursor) -> bool:
        """Step over ``books can be``, after which the verbs speak of books."""
        probe = Cursor(cursor.text, cursor.position, cursor.tokens)
        subjects = read_subjects(probe, self._schema)
        if not subjects or not probe.accept(*CAN_BE):
            return False
        self._subject, cursor.position = subjects, probe.position
        return True

    def _same_pick(self, cursor: Cursor) -> str | None:
        """The verb of the clause before, for ``and people by name``."""
        probe = Cursor(cursor.text, cursor.position, cursor.tokens)
        if self._picking and read_subjects(probe, self._schema) and probe.accept("by", "on"):
            return self._picking
        return None

    # -- add, list, show, edit, delete, import, export -------------------------------------------

    def _take_verbs(self, cursor: Cursor) -> None:
        verbs: list[str] = []
        while True:
            if (verb := CRUD.take(cursor)) is not None:
                verbs.append(verb)
            start = cursor.position
            cursor.skip(",", "and", "or", "&", "/")
            if CRUD.find(cursor) is None:
                cursor.position = start
                break
        csv = bool({"import", "export"} & set(verbs))
        if csv:
            cursor.accept(*CSV)
        cursor.accept("of", "for")
        subjects = self._them(cursor) or read_subjects(cursor, self._schema)
        subjects = subjects or self._inherited(cursor)
        self._subject = subjects
        if csv:
            while cursor.accept(*CSV):
                cursor.accept(*CSV)
        for kind in subjects:
            for verb in verbs:
                self.found[kind.slug].verbs.setdefault(verb, self._line)

    def _them(self, cursor: Cursor) -> Subject:
        """What ``them`` means: the kinds of the clause before."""
        return self._subject if cursor.accept("them", "these", "those") else ()

    def _inherited(self, cursor: Cursor) -> Subject:
        """The kinds of the heading or the clause before; the only kind, where there is one."""
        ends = cursor.at_end or cursor.norm() in {",", ";", ".", "and", "by", "in", "on", "or"}
        if not ends:
            raise self._schema.no_kind(cursor)
        if self._subject:
            return self._subject
        if len(self._schema.kinds) == 1:
            return tuple(self._schema.kinds.values())
        raise self._schema.no_kind(Cursor(""))

    # -- filter, sort, search --------------------------------------------------------------------

    def _take_pick(self, cursor: Cursor, verb: str) -> None:
        subjects = self._them(cursor) or read_subjects(cursor, self._schema)
        if subjects:
            if not cursor.accept("by", "on", "in", "for a text in", "for text in", "within"):
                raise cursor.puzzle(f"{verb} by which fields? Write “{verb} KINDS by FIELD”.")
        else:
            cursor.accept("by", "on", "in", "within")
            if (told := fields_of_kinds(cursor, self._schema)) is not None:
                self._subject = tuple(kind for kind, _ in told)
                self._keep_picked(verb, told)
                return
            subjects = self._subject or kinds_having(cursor, self._schema)
            subjects = subjects or self._inherited(Cursor(""))
        self._subject = subjects
        start = cursor.position
        for kind in subjects:
            cursor.position = start
            self._keep_picked(verb, [(kind, self._fields(cursor, kind, verb))])

    def _keep_picked(self, verb: str, found: FieldsOfKinds) -> None:
        for kind, fields in found:
            for each in fields:
                self._check_pick(kind, each, verb)
                self.found[kind.slug].picked[verb].setdefault(each.slug, self._line)

    def _fields(self, cursor: Cursor, kind: DraftKind, verb: str) -> list[Field]:
        if cursor.accept(
            "any field", "every field", "all fields", "each field", "all of their fields",
            "any of their fields", "all text fields", "any text field", "any text",
        ):  # fmt: skip
            every = list(self._schema.fields(kind.slug))
            return [f for f in every if verb != "search" or f.type in TEXTUAL]
        return read_field_list(cursor, self._schema, kind, ("by", "on", "in"))

    def _check_pick(self, kind: DraftKind, each: Field, verb: str) -> None:
        if verb == "search" and each.type not in TEXTUAL:
            raise Puzzle(
                f"{each.name} of {kind.name} is {spoken(each.type)}; a search looks into text. "
                f"Write “filter {kind.plural} by {each.name}”."
            )

    # -- totals and conditions -------------------------------------------------------------------

    def _take_totals(self, totals: Totals) -> None:
        self._subject = totals.kinds
        for kind, op, slug, groups in totals.wanted:
            self.found[kind.slug].add_aggregate(Aggregate(op, slug, groups, self._line))

    def _take_condition(self, cursor: Cursor, head: Head) -> None:
        conditions = self.found[head.kind.slug].conditions
        made = read_named(cursor, self._schema, head, self._line)
        if made.slug in conditions:
            raise cursor.puzzle(
                f"a second condition {made.name} of {head.kind.plural}; "
                f"the first is on line {conditions[made.slug].line}."
            )
        conditions[made.slug] = made
        self._subject = (head.kind,)

    # -- the end ---------------------------------------------------------------------------------

    def finish(self, problems: Problems) -> dict[str, Features]:
        """Features of every kind, completed by what is assumed."""
        return {
            slug: self._finished(self._schema.kinds[slug], draft, problems)
            for slug, draft in self.found.items()
        }

    def _finished(self, kind: DraftKind, draft: DraftFeatures, problems: Problems) -> Features:
        verbs = self._completed(kind, draft, problems)
        picked = {verb: tuple(slugs) for verb, slugs in draft.picked.items()}
        lines = dict(verbs)
        for verb, slugs in draft.picked.items():
            lines |= {f"{verb} {slug}": line for slug, line in slugs.items()}
        return Features(
            add="add" in verbs,
            list="list" in verbs,
            show="show" in verbs,
            edit="edit" in verbs,
            delete="delete" in verbs,
            filters=picked["filter"],
            sorts=picked["sort"],
            searches=picked["search"],
            aggregates=tuple(draft.aggregates.values()),
            conditions=tuple(draft.conditions.values()),
            import_csv="import" in verbs,
            export_csv="export" in verbs,
            lines=lines,
        )

    def _completed(
        self, kind: DraftKind, draft: DraftFeatures, problems: Problems
    ) -> dict[str, int]:
        """Verbs and their lines, with those that are assumed or that others imply."""
        verbs = dict(draft.verbs)
        if not _FIVE & set(verbs):
            self._assumptions.append(
                f"{kind.plural.capitalize()} can be added, listed, shown, edited and deleted "
                "(the spec does not say which of these)."
            )
            verbs |= dict.fromkeys(sorted(_FIVE), kind.line)
        if not {"add", "import"} & set(verbs):
            message = (
                f"no {kind.name} can ever get in: the features let people "
                f"{listed(verbs)} {kind.plural}, but neither add nor import them."
            )
            problems.add(min(verbs.values()), Puzzle(message))
        marking = [each.line for each in draft.conditions.values() if each.marks]
        if marking and "marks" in kind.fields:
            message = f"{kind.name} has marks already (line {marking[0]}); rename this field."
            problems.add(kind.fields["marks"].line, Puzzle(message))
        implied = [line for slugs in draft.picked.values() for line in slugs.values()] + marking
        if implied:
            verbs.setdefault("list", min(implied))
        return verbs
