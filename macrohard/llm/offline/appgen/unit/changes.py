"""Writes ``tests/test_KIND_changes.py``."""

from collections.abc import Iterator

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import module, quote
from macrohard.llm.offline.appgen.unit.aftermath import aftermath_methods
from macrohard.llm.offline.appgen.unit.deletes import delete_methods
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.records import given, record_code
from macrohard.llm.offline.appgen.unit.rules import rule_methods
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.appgen.unit.typed import new_record, refused_add, texts
from macrohard.llm.offline.dialect.ast import FieldType, Kind, OverlapRule, UniqueRule
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.values import canonical


def change_tests(examples: Examples, kind: Kind, ours: dict[str, str]) -> str:
    """The source of the tests of a kind's changes; empty when no record of it can be made."""
    if not examples.of(kind):
        return ""
    plural = names.plural(kind)
    blocks = [
        test_class("AddTest", "ExamplesTest", f"Adding {plural}.", [*add_methods(examples, kind)]),
        test_class("EditTest", "ExamplesTest", f"Editing {plural}.", edit_methods(examples, kind)),
        test_class(
            "DeleteTest", "ExamplesTest", f"Deleting {plural}.", delete_methods(examples, kind)
        ),
        test_class(
            "ImportTest", "ExamplesTest", f"Importing {plural}.", import_methods(examples, kind)
        ),
        test_class("RuleTest", "ExamplesTest", f"Rules of {plural}.", rule_methods(examples, kind)),
        test_class(
            "OthersTest",
            "ExamplesTest",
            f"Rules of other records, when {plural} are edited.",
            [*aftermath_methods(examples, kind)],
        ),
    ]
    blocks.append(
        test_class(
            "NameTest", "ExamplesTest", "Names in place of ids.", [*name_methods(examples, kind)]
        )
    )
    blocks = [each for each in blocks if "def test_" in each]
    return module(f"Tests of changes to {plural}, and of their rules.", blocks, ours)


def add_methods(examples: Examples, kind: Kind) -> Iterator[Method]:
    """Tests of adding: a good record, references to nothing, values that are taken."""
    fresh = examples.fresh(kind)
    if fresh is None:
        return
    number = examples.world.used[kind.slug] + 1
    trial = examples.world.copy()
    writing.add(trial, kind.slug, fresh)
    record = trial.record(kind.slug, number)
    assert record is not None  # noqa: S101  (it was just added)
    lines = [
        *new_record(kind, fresh),
        f"stored = {names.changes_module(kind)}.add(self.connection, record)",
        *given("expected", record_code(record)),
        "self.assertEqual(stored, expected)",
        f"self.assertEqual({names.records_module(kind)}.get(self.connection, {number}), expected)",
    ]
    if not any(f.default == "today" and f.slug not in fresh for f in names.stored_fields(kind)):
        yield Method("add", "A record that meets every rule is stored with the next id.", lines)
    for field in names.stored_fields(kind):
        if field.type is FieldType.REFERENCE:
            lost = new_record(kind, {**fresh, field.slug: "999999"})
            one = names.singular(examples.app.kind(field.target))
            yield Method(
                f"{field.slug}_must_be_there",
                f"A {names.heading(field)} that is not there is refused.",
                [*lost, refused_add(kind, f"no {one} 999999")],
            )
        if field.unique:
            yield from unique_method(examples, kind, field.slug, fresh)


def unique_method(examples: Examples, kind: Kind, slug: str, fresh: Typed) -> Iterator[Method]:
    """The test of a unique field."""
    taken = next((m for m in examples.made if m.kind == kind.slug and slug in m.typed), None)
    if taken is not None:
        lines = new_record(kind, {**fresh, slug: taken.typed[slug]})
        message = f"is taken by {names.singular(kind)} {taken.number}"
        about = f"No two have the same {names.heading(kind.field(slug))}."
        yield Method(f"{slug}_is_unique", about, [*lines, refused_add(kind, message)])


def edit_methods(examples: Examples, kind: Kind) -> list[Method]:
    """Tests of editing: a change is stored, an unknown id refused."""
    edit = f"{names.changes_module(kind)}.edit"
    one = names.singular(kind)
    unknown = f'self.assert_change_refused("no {one} 999999", {edit}, 999999, {{}})'
    methods = [Method("unknown_id", "Only what is there can be changed.", [unknown])]
    found = first_edit(examples, kind)
    if found is not None:
        number, slug, text, code = found
        lines = [
            f"{edit}(self.connection, {number}, {{{quote(slug)}: {quote(text)}}})",
            *given("expected", code),
            f"stored = {names.records_module(kind)}.get(self.connection, {number})",
            "self.assertEqual(stored, expected)",
        ]
        methods.append(Method("edit", "The given field changes, the others stay.", lines))
    return methods + misfit_methods(examples, kind)


def misfit_methods(examples: Examples, kind: Kind) -> list[Method]:
    """Tests that an edit cannot break what an add could not."""
    edit, numbers = f"{names.changes_module(kind)}.edit", [r.id for r in examples.of(kind)]
    methods = []
    for field in names.stored_fields(kind):
        text, message = "999999", ""
        if field.type is FieldType.REFERENCE:
            message = f"no {names.singular(examples.app.kind(field.target))} 999999"
        elif field.unique:
            taken = next((r for r in examples.of(kind) if r.row[field.slug] is not None), None)
            if taken is not None and taken.id != numbers[-1]:
                text = canonical(taken.row[field.slug])
                message = f"is taken by {names.singular(kind)} {taken.id}"
        if message:
            change = f"{{{quote(field.slug)}: {quote(text)}}}"
            line = f"self.assert_change_refused({quote(message)}, {edit}, {numbers[-1]}, {change})"
            about = f"A {names.heading(field)} that does not fit is refused."
            methods.append(Method(f"{field.slug}_must_fit", about, [line]))
    return methods


def first_edit(examples: Examples, kind: Kind) -> tuple[int, str, str, str] | None:
    """An edit that is accepted: id, field, text and the record after it."""
    fresh = examples.fresh(kind, turn=6) or {}
    for record in examples.of(kind):
        for slug, text in fresh.items():
            trial = examples.world.copy()
            try:
                writing.edit(trial, kind.slug, record.id, {slug: text})
            except RefusedError:
                continue
            after = trial.record(kind.slug, record.id)
            if after is not None and after.row != record.row:
                return record.id, slug, text, record_code(after)
    return None


def import_methods(examples: Examples, kind: Kind) -> list[Method]:
    """Tests of importing rows."""
    fresh = examples.fresh(kind)
    if fresh is None:
        return []
    call = f"{names.changes_module(kind)}.import_rows"
    table = names.table(kind)
    good = [
        *given("rows", f"[(2, {texts(fresh)})]"),
        f'before = self.count("{table}")',
        f'{call}(self.connection, "x.csv", rows)',
        f'self.assertEqual(self.count("{table}"), before + 1)',
    ]
    methods = [Method("rows", "Every row becomes a record.", good)]
    field = next((f for f in names.stored_fields(kind) if f.required and not f.default), None)
    if field is not None:
        lost = {slug: text for slug, text in fresh.items() if slug != field.slug}
        bad = [
            *given("rows", f"[(7, {texts(lost)})]"),
            f'message = "x.csv, line 7: {names.heading(field)} is required"',
            f'self.assert_change_refused(message, {call}, "x.csv", rows)',
        ]
        methods.append(Method("bad_row", "A bad row is refused by its line.", bad))
    if message := clash(examples, kind, fresh):
        twice = [
            *given("texts", texts(fresh)),
            f'self.assert_change_refused("{message}", {call}, "x.csv", [(2, texts), (3, texts)])',
        ]
        methods.append(Method("row_twice", "Two rows that exclude each other are named.", twice))
    return methods


def clash(examples: Examples, kind: Kind, typed: Typed) -> str:
    """What the second of two equal rows of a file is told; empty where both are taken."""
    try:
        writing.add_all(examples.world.copy(), kind.slug, [typed, typed])
    except RefusedError as error:
        rule, slug = error.problem.rule, error.problem.slug
        if isinstance(rule, UniqueRule):
            return "(line 2 is the same)"
        if isinstance(rule, OverlapRule):
            return "(line 2 is in the way)"
        if slug and kind.field(slug).unique:
            return "is taken by line 2"
    return ""


def name_methods(examples: Examples, kind: Kind) -> Iterator[Method]:
    """Tests of references that take a name: what it stands for."""
    for field, (target, name) in names.named_references(examples.app, kind).items():
        found = [(r.id, text) for r in examples.of(target) if (text := r.row[name.slug])]
        alike = [str(text).casefold() for _, text in found]
        for number, text in found:
            if str(text).lstrip("-").isdecimal() or alike.count(str(text).casefold()) > 1:
                continue
            typed = f"{{{quote(field.slug)}: {quote(str(text))}}}"
            one = names.an(names.heading(field))
            call = f"database.with_ids(self.connection, typed, {names.records_module(kind)}.NAMED)"
            yield Method(
                f"{field.slug}_by_{name.slug}",
                names.sentence(f"{one} can be given by its {names.heading(name)}"),
                [
                    *given("typed", typed),
                    *given("found", call),
                    f'self.assertEqual(found, {{{quote(field.slug)}: "{number}"}})',
                ],
            )
            break
