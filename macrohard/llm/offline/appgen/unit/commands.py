"""Writes ``tests/test_KIND_commands.py``: the program as people use it."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import module, quote
from macrohard.llm.offline.appgen.sums import offered
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.dialect.ast import AggregateOp, Kind
from macrohard.llm.offline.oracle.reading import aggregate_value
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.values import canonical


def command_tests(examples: Examples, kind: Kind, ours: dict[str, str]) -> str:
    """The source of the tests of a kind's commands."""
    fresh = examples.fresh(kind)
    methods = [*reading_methods(examples, kind), *unknown_methods(kind)]
    if fresh is not None and examples.of(kind):
        methods += writing_methods(examples, kind, fresh)
    about = f"``{kind.command}`` on the command line."
    blocks = [test_class("CommandTest", "StoredExamplesTest", about, methods)]
    return module(f"Tests of the commands about {names.plural(kind)}.", blocks, ours)


def words(*arguments: str) -> str:
    """Arguments of a command line, as Python writes them."""
    return ", ".join(quote(argument) for argument in arguments)


def options(kind: Kind, typed: Typed) -> list[str]:
    """What is typed, as options."""
    return [part for slug, text in typed.items() for part in (kind.field(slug).option, text)]


def reading_methods(examples: Examples, kind: Kind) -> list[Method]:
    """Tests of list, show and aggregates."""
    command, records = kind.command, examples.of(kind)
    methods = []
    if kind.features.list:
        lines = [
            f"found = json.loads(self.says({words(command, 'list', '--json')}))",
            f'self.assertEqual([each["id"] for each in found], {[r.id for r in records]})',
            f"text = self.says({words(command, 'list')})",
            f"self.assertEqual(len(text.splitlines()), {len(records) + 1 if records else 1})",
        ]
        methods.append(Method("list", "All records are listed, as text and as JSON.", lines))
        nothing = [
            'self.database = str(self.folder / "empty.db")',
            f'self.assertEqual(self.says({words(command, "list")}), "No {names.plural(kind)}.\\n")',
            f"self.assertEqual(json.loads(self.says({words(command, 'list', '--json')})), [])",
        ]
        methods.append(Method("list_of_nothing", "An empty list says so.", nothing))
    if kind.features.show and records:
        record = records[-1]
        lines = [
            f"text = self.says({words(command, 'show', str(record.id))})",
            f'self.assertTrue(text.startswith("id: {record.id}\\n"))',
            f"found = json.loads(self.says({words(command, 'show', str(record.id), '--json')}))",
            f'self.assertEqual(found["id"], {record.id})',
        ]
        methods.append(Method("show", "One record is shown, as text and as JSON.", lines))
    return methods + [aggregate_method(examples, kind, op) for op in offered(kind)]


def aggregate_method(examples: Examples, kind: Kind, op: AggregateOp) -> Method:
    """The test of an aggregate, bare and as JSON."""
    fields = offered(kind)[op]
    slug, groups = next(iter(fields.items()))
    named = [names.option_name(kind.field(slug))] if slug else []
    value = aggregate_value(kind, op, slug or None, examples.of(kind))
    text = canonical(value) if value is not None else "-"
    call = words(kind.command, op.value, *named)
    lines = [f"self.assertEqual(self.says({call}), {quote(text)} + chr(10))"]
    lines = [f'self.assertEqual(self.says({call}), "{text}\\n")']
    if groups:
        grouped = words(kind.command, op.value, *named, "--by", groups[0].argument, "--json")
        lines += [
            f"found = json.loads(self.says({grouped}))",
            f"self.assertTrue(all({quote(op.value)} in group for group in found))",
        ]
        bad = words(kind.command, op.value, *named, "--by", "no such field")
        lines.append(f"self.refuses({bad})")
    return Method(op.value, "The figure is printed bare, and group by group.", lines)


def unknown_methods(kind: Kind) -> list[Method]:
    """Tests of ids that are not there."""
    features = kind.features
    asked = (("show", features.show), ("delete", features.delete))
    lines = []
    for verb, wanted in asked:
        if wanted:
            lines += [f"self.refuses({words(kind.command, verb, '999999')})"]
            lines += [f"self.refuses({words(kind.command, verb, 'abc')})"]
    if features.edit:
        lines.append(f"self.refuses({words(kind.command, 'edit', '1')})")
    return [Method("unknown_ids", "An id that is not there is refused.", lines)] if lines else []


def writing_methods(examples: Examples, kind: Kind, fresh: Typed) -> list[Method]:
    """Tests of add, import and export."""
    command, one = kind.command, names.singular(kind)
    number = examples.world.used[kind.slug] + 1
    count = len(examples.of(kind))
    methods = []
    if kind.features.add:
        call = words(command, "add", *options(kind, fresh))
        lines = [f'self.assertEqual(self.says({call}), "Added {one} {number}.\\n")']
        if any(f.required and f.default is None for f in names.stored_fields(kind)):
            lines.append(f"self.refuses({words(command, 'add')})")
        methods.append(Method("add", "A record is added; what is required must be given.", lines))
    if kind.features.export_csv:
        several = f"{count} {one if count == 1 else names.plural(kind)}"
        lines = [
            'path = str(self.folder / "out.csv")',
            f"said = self.says({words(command, 'export')}, path)",
            f'self.assertEqual(said, f"Exported {several} to {{path}}.\\n")',
            'lines = Path(path).read_text(encoding="utf-8").splitlines()',
            f"self.assertEqual(len(lines), {count + 1})",
        ]
        methods.append(Method("export", "All records are written to a file.", lines))
    if kind.features.import_csv:
        methods.append(import_method(kind, fresh))
    return methods


def import_method(kind: Kind, fresh: Typed) -> Method:
    """The test of importing a file."""
    one = names.singular(kind)
    header = ",".join(fresh)
    cells = ",".join(f'"{text}"' for text in fresh.values())
    lines = [
        'path = self.folder / "in.csv"',
        f'path.write_text({quote(header + chr(10) + cells + chr(10))}, encoding="utf-8")',
        f"said = self.says({words(kind.command, 'import')}, str(path))",
        f'self.assertEqual(said, "Imported 1 {one}.\\n")',
        'path.write_text("no such column\\n1\\n", encoding="utf-8")',
        f'self.assertIn("line 1", self.refuses({words(kind.command, "import")}, str(path)))',
    ]
    return Method("import", "A file is read, or refused by its line.", lines)
