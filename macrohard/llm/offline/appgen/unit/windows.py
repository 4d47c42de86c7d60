"""Writes ``tests/test_KIND_window.py``: what the window does with a kind, and its form."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.appgen.pysource import module, quote
from macrohard.llm.offline.appgen.sums import offered
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.resources import meeting, must_be_given, texts
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.dialect.ast import Kind
from macrohard.llm.offline.oracle.reading import aggregate_value
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.values import canonical


def window_tests(examples: Examples, kind: Kind, ours: dict[str, str]) -> str:
    """The source of the tests of a kind at the desk; empty where there is nothing to test."""
    kind_of = f"kind = self.resource({quote(path_of(examples.app, kind))})"
    fresh = examples.fresh(kind)
    methods = [*reading(examples, kind), *writing(examples, kind, fresh)]
    at_desk = [Method(m.name, m.about, [kind_of, *m.lines]) for m in methods]
    blocks = []
    if at_desk:
        about = f"{names.plural(kind).capitalize()} at the desk."
        blocks.append(test_class("KindTest", "DeskTest", about, at_desk))
    if fresh is not None and kind.features.add:
        about = f"The form of {names.plural(kind)}."
        blocks.append(test_class("FormTest", "WindowTest", about, [form(examples, kind)]))
    about = f"Tests of what the window does with {names.plural(kind)}."
    return module(about, blocks, ours) if blocks else ""


def reading(examples: Examples, kind: Kind) -> list[Method]:
    """Tests of lists, records and figures."""
    records = examples.of(kind)
    methods = []
    if kind.features.list:
        told = f"No {names.plural(kind)}."
        lines = [
            "listed = self.desk.listed(kind, {})",
            f"self.assertEqual(listed.ids, {tuple(record.id for record in records)})",
            'self.desk.path = str(self.folder / "empty.db")',
            f"self.assertEqual(self.desk.listed(kind, {{}}).told, {quote(told)})",
        ]
        methods.append(Method("list", "All records are listed; no records are said.", lines))
    if kind.features.show and records:
        lines = [
            f"lines = self.desk.described(kind, {records[0].id})",
            "self.assertEqual([name for name, _ in lines], list(kind.headings))",
        ]
        methods.append(Method("show", "All that is kept of a record is shown.", lines))
    for each in kind.features.conditions:
        lines = [
            *meeting(kind, each),
            f'found = self.desk.listed(kind, {{"_condition": {quote(each.command)}}})',
            "self.assertEqual(list(found.ids), wanted)",
        ]
        methods.append(Method(each.slug.strip("_"), "Those that meet it are listed.", lines))
    for op, fields in offered(kind).items():
        slug = next(iter(fields))
        value = aggregate_value(kind, op, slug or None, records)
        text = canonical(value) if value is not None else "-"
        lines = [
            f"((_, value),) = self.desk.figure(kind, {quote(op.value)}, {{}})",
            f"self.assertEqual(value, {quote(text)})",
        ]
        methods.append(Method(op.value, "The figure is right.", lines))
    return methods


def writing(examples: Examples, kind: Kind, fresh: Typed | None) -> list[Method]:
    """Tests of adding, changing, deleting and files."""
    features, one = kind.features, names.singular(kind)
    records, number = examples.of(kind), examples.world.used[kind.slug] + 1
    methods = []
    if features.add and fresh is not None:
        lines = [
            *texts(fresh),
            "outcome = self.desk.add(kind, fields)",
            f"self.assertEqual(outcome.told, {quote(f'Added {one} {number}.')})",
            "self.assertEqual(outcome.wrong, ())",
        ]
        if slug := must_be_given(kind):
            lines += [
                f'wrong = self.desk.add(kind, {{**fields, {quote(slug)}: ""}}).wrong',
                f"self.assertEqual([each.field for each in wrong], [{quote(slug)}])",
            ]
        methods.append(Method("add", "A record is added; what is wrong is named.", lines))
    if features.edit and records:
        last = records[-1].id
        lines = [
            f"blanks = self.desk.form(kind, {last})",
            "same = {blank.slug: blank.meant(blank.shown) for blank in blanks}",
            f"outcome = self.desk.edit(kind, {last}, same)",
            "self.assertTrue(outcome.told or outcome.wrong)",
            "wrong = self.desk.edit(kind, 999999, same).wrong",
            'self.assertIn("999999", wrong[0].message)',
        ]
        methods.append(Method("edit", "A form holds what the record holds.", lines))
    if features.delete and records:
        last = records[-1].id
        lines = [
            f"warned = self.desk.warning(kind, {last})",
            'possible = "cannot be done" not in warned',
            f"outcome = self.desk.delete(kind, {last})",
            "self.assertEqual(bool(outcome.told), possible)",
            "self.assertFalse(self.desk.delete(kind, 999999).told)",
        ]
        methods.append(Method("delete", "It is said before what a deletion comes to.", lines))
    if features.export_csv:
        lines = [
            'outcome = self.desk.give_out(kind, str(self.folder / "out.csv"))',
            'self.assertTrue(outcome.told.startswith("Exported"))',
            'lines = (self.folder / "out.csv").read_text().splitlines()',
            f"self.assertEqual(len(lines), {len(records) + 1})",
        ]
        methods.append(Method("export", "All records are given out as CSV.", lines))
    return methods


def form(examples: Examples, kind: Kind) -> Method:
    """The test of the form itself."""
    fresh = examples.fresh(kind) or {}
    number = examples.world.used[kind.slug] + 1
    lines = [
        f"self.turn_to({quote(path_of(examples.app, kind))})",
        "page = self.window.page",
        *texts(fresh, "typed"),
        "page.add()",
        "for control in page.panel.form.controls:",
        "    choices = {text: name for name, text in control.blank.choices.items()}",
        '    text = typed.get(control.blank.slug, "")',
        "    control.text.set(choices.get(text, text))",
        "page.panel.submit()",
        f"self.assertIn({number}, self.desk.listed(page.resource, {{}}).ids)",
    ]
    about = "What is filled in and sent is kept."
    if slug := must_be_given(kind):
        about += " A field that must be given says so."
        lines += [
            "page.add()",
            "for control in page.panel.form.controls:",
            f"    if control.blank.slug == {quote(slug)}:",
            '        control.text.set("")',
            "page.panel.submit()",
            f"place = page.resource.slugs.index({quote(slug)})",
            'self.assertEqual(str(page.panel.form.notes[place]["style"]), "Wrong.TLabel")',
        ]
    return Method("form", about, lines)
