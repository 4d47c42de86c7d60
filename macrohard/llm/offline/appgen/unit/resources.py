"""Writes ``tests/test_KIND_resources.py``: a kind's pages, and its part of the JSON API."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.appgen.pysource import exploded, module, quote
from macrohard.llm.offline.appgen.resources import condition_helper, resource_alias
from macrohard.llm.offline.appgen.sums import offered
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.dialect.ast import Kind, NamedCondition
from macrohard.llm.offline.oracle.reading import aggregate_value
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.values import canonical


def resource_tests(examples: Examples, kind: Kind, ours: dict[str, str]) -> str:
    """The source of the tests of a kind over HTTP."""
    path = path_of(examples.app, kind)
    fresh = examples.fresh(kind)
    blocks = []
    if "api" in examples.app.interfaces:
        methods = [*api_reading(examples, kind, path), *api_writing(examples, kind, path, fresh)]
        about = f"{names.plural(kind).capitalize()} in the JSON API."
        blocks += [test_class("ApiTest", "SiteTest", about, methods)] if methods else []
    if "web" in examples.app.interfaces:
        methods = [*page_reading(examples, kind, path), *page_writing(examples, kind, path, fresh)]
        about = f"Pages about {names.plural(kind)}."
        blocks += [test_class("PageTest", "SiteTest", about, methods)] if methods else []
    about = f"Tests of what is reached over HTTP about {names.plural(kind)}."
    return module(about, blocks, ours) if blocks else ""


def texts(typed: Typed, name: str = "fields") -> list[str]:
    """The statement that names what is typed."""
    entries = [f"{quote(slug)}: {quote(text)}" for slug, text in typed.items()]
    return exploded(f"{name} = {{", entries, "}").split("\n")


def must_be_given(kind: Kind) -> str:
    """The first field that must be given; empty where none must."""
    fields = names.stored_fields(kind)
    return next((f.slug for f in fields if f.required and f.default is None), "")


def api_reading(examples: Examples, kind: Kind, path: str) -> list[Method]:
    """Tests of lists, records and figures."""
    records = examples.of(kind)
    methods = []
    if kind.features.list:
        lines = [
            f'found = self.ask_json("GET", "/api/{path}")',
            f'self.assertEqual([each["id"] for each in found["items"]], {[r.id for r in records]})',
            f'part = self.ask_json("GET", "/api/{path}?_limit=1&_offset=1")',
            (
                f'self.assertEqual((part["total"], part["items"]), ({len(records)}, '
                'found["items"][1:2]))'
            ),
            f'self.ask_json("GET", "/api/{path}?no_such_field=1", status=400)',
        ]
        methods.append(Method("list", "Records are listed, page by page.", lines))
    if kind.features.show and records:
        lines = [
            (
                f'self.assertEqual(self.ask_json("GET", "/api/{path}/{records[-1].id}")["id"], '
                f"{records[-1].id})"
            ),
            f'self.ask_json("GET", "/api/{path}/999999", status=404)',
            f'self.ask_json("GET", "/api/{path}/{"9" * 30}", status=404)',
        ]
        methods.append(Method("show", "One record is shown, if it is there.", lines))
    for each in kind.features.conditions:
        lines = [
            *meeting(kind, each),
            f'found = self.ask_json("GET", "/api/{path}/{each.command}")',
            'self.assertEqual([each["id"] for each in found["items"]], wanted)',
        ]
        methods.append(Method(each.slug.strip("_"), "Those that meet it are listed.", lines))
    for op, fields in offered(kind).items():
        slug = next(iter(fields))
        value = aggregate_value(kind, op, slug or None, records)
        text = f'"{canonical(value)}"' if value is not None else '""'
        place = f"/{names.option_name(kind.field(slug))}" if slug else ""
        lines = [
            f'found = self.ask_json("GET", "/api/{path}/{op.value}{place}")',
            f'value = found["{op.value}"]',
            f'self.assertEqual("" if value is None else str(value), {text})',
            f'self.ask_json("GET", "/api/{path}/{op.value}{place}?by=no+such+field", status=400)',
        ]
        methods.append(Method(op.value, "The figure is right.", lines))
    return methods


def meeting(kind: Kind, condition: NamedCondition) -> list[str]:
    """The statements that find the ids of the records which meet a condition."""
    met = f"{resource_alias(kind)}.{condition_helper(condition)}"
    return [
        "with database.reading(self.database) as connection:",
        f"    records = {names.records_module(kind)}.find_all(connection)",
        f"    wanted = [each.id for each in records if {met}(connection, each)]",
    ]


def api_writing(examples: Examples, kind: Kind, path: str, fresh: Typed | None) -> list[Method]:
    """Tests of adding, changing and deleting."""
    features, number = kind.features, examples.world.used[kind.slug] + 1
    methods = []
    if features.add and fresh is not None:
        lines = [
            *texts(fresh),
            f'found = self.ask_json("POST", "/api/{path}", fields, 201)',
            f'self.assertEqual(found["id"], {number})',
            f'self.ask_json("POST", "/api/{path}", {{"no_such_field": 1}}, 400)',
            f'self.ask_json("POST", "/api/{path}", [], 400)',
        ]
        if slug := must_be_given(kind):
            lines += [
                f"del fields[{quote(slug)}]",
                f'wrong = self.ask_json("POST", "/api/{path}", fields, 400)',
                f'self.assertEqual([e["field"] for e in wrong["errors"]], [{quote(slug)}])',
            ]
        methods.append(Method("add", "A record is added; what is wrong is named.", lines))
    missing = [f'self.ask_json("PATCH", "/api/{path}/999999", {{{patch(fresh)}}}, 404)']
    missing += [f'self.ask_json("PATCH", "/api/{path}/1", {{}}, 400)']
    lines = missing if features.edit and fresh else []
    lines += [f'self.ask_json("DELETE", "/api/{path}/999999", status=404)'] * features.delete
    if lines:
        about = "What is not there is not changed."
        methods.append(Method("unknown_ids", about, lines))
    if features.export_csv:
        lines = [
            f'text = self.ask("GET", "/api/{path}/export").body',
            f"self.assertEqual(len(text.splitlines()), {len(examples.of(kind)) + 1})",
        ]
        methods.append(Method("export", "All records are given out as CSV.", lines))
    return methods


def patch(typed: Typed | None) -> str:
    """One field with its text, as a dict holds it."""
    slug, text = next(iter((typed or {"": ""}).items()))
    return f"{quote(slug)}: {quote(text)}"


def page_reading(examples: Examples, kind: Kind, path: str) -> list[Method]:
    """Tests of lists, records and figures."""
    records, one = examples.of(kind), names.singular(kind)
    methods = []
    if kind.features.list:
        lines = [f'text = self.page("/{path}")']
        if records:
            lines.append(f"self.assertEqual(text.count('<tr role=\"row\">'), {len(records) + 1})")
        lines += [
            'self.database = str(self.folder / "empty.db")',
            "self.answer = site.answering(self.database)",
            f'self.assertIn("No {names.plural(kind)}.", self.page("/{path}"))',
        ]
        methods.append(Method("list", "All records are listed; no records are said.", lines))
    if kind.features.show and records:
        lines = [
            (
                f'self.assertIn("<h1>{one.capitalize()} {records[0].id}<", '
                f'self.page("/{path}/{records[0].id}"))'
            ),
            f'self.page("/{path}/999999", 404)',
        ]
        methods.append(Method("show", "One record is shown, if it is there.", lines))
    for each in kind.features.conditions:
        lines = [
            *meeting(kind, each),
            f'text = self.page("/{path}/{each.command}")',
            "self.assertEqual(text.count('<tr role=\"row\">'), len(wanted) + bool(wanted))",
        ]
        methods.append(Method(each.slug.strip("_"), "Those that meet it are listed.", lines))
    for op, fields in offered(kind).items():
        slug = next(iter(fields))
        value = aggregate_value(kind, op, slug or None, records)
        text = canonical(value) if value is not None else "-"
        lines = [
            (
                f"self.assertIn('<span class=\"figure\">{text}</span>', "
                f'self.page("/{path}/{op.value}"))'
            ),
            f'self.assertIn("There is a problem", self.page("/{path}/{op.value}?by=none", 400))',
        ]
        methods.append(Method(op.value, "The figure is right.", lines))
    return methods


def page_writing(examples: Examples, kind: Kind, path: str, fresh: Typed | None) -> list[Method]:
    """Tests of the forms."""
    features, number = kind.features, examples.world.used[kind.slug] + 1
    methods = []
    if features.add and fresh is not None:
        lines = [
            *texts(fresh, "typed"),
            f'form = {{**self.form("/{path}/add"), **typed}}',
            f'first = self.send("/{path}/add", form)',
            f'self.assertEqual(self.send("/{path}/add", form).headers[0], first.headers[0])',
            "self.assertEqual(first.status, 303)",
            "with database.reading(self.database) as connection:",
            f"    found = {names.records_module(kind)}.find_all(connection)",
            f"self.assertEqual(found[-1].id, {number})",
            f'self.assertEqual(self.send("/{path}/add", typed).status, 403)',
        ]
        about = "A record is added once, however often its form is sent, and by our forms alone."
        methods.append(Method("add", about, lines))
        if slug := must_be_given(kind):
            lines = [
                (
                    f'response = self.send("/{path}/add", {{**self.form("/{path}/add"), '
                    f'{quote(slug)}: ""}})'
                ),
                "self.assertEqual(response.status, 400)",
                f"self.assertIn('aria-describedby=\"{slug}-wrong', response.body)",
            ]
            methods.append(Method("add_refused", "What is wrong is tied to its field.", lines))
    if features.delete:
        lines = [f'self.page("/{path}/999999/delete", 404)']
        if examples.of(kind):
            last = examples.of(kind)[-1].id
            lines.append(
                f'self.assertIn("Delete {names.singular(kind)} {last}", '
                f'self.page("/{path}/{last}/delete"))'
            )
        methods.append(Method("delete_asks", "Deleting asks first.", lines))
    if features.edit and examples.of(kind):
        last = examples.of(kind)[-1].id
        lines = [
            f'place = "/{path}/{last}/edit"',
            "self.assertIn(self.send(place, self.form(place)).status, (303, 400))",
            'self.page("/' + path + '/999999/edit", 404)',
        ]
        methods.append(Method("edit", "A form holds what the record holds.", lines))
    return methods
