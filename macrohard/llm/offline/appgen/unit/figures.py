"""Writes ``tests/test_figures.py``."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import exploded, module
from macrohard.llm.offline.appgen.pytypes import literal
from macrohard.llm.offline.appgen.scope import is_cross
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.dialect.ast import Field, Kind


def figure_tests(examples: Examples, ours: dict[str, str]) -> str:
    """The source of the tests of all figures; empty when there is nothing to test."""
    blocks = []
    for kind in examples.app.kinds:
        fields = [field for field in kind.fields if is_cross(examples.app, kind, field)]
        methods = [figure_method(examples, kind, field) for field in fields]
        if methods and examples.of(kind):
            about = f"Figures of {names.plural(kind)}."
            blocks.append(
                test_class(f"{names.class_name(kind)}Test", "ExamplesTest", about, methods)
            )
    if not blocks:
        return ""
    return module("Tests of the figures that are worked out of several records.", blocks, ours)


def figure_method(examples: Examples, kind: Kind, field: Field) -> Method:
    """The test of one figure, over all examples of its kind."""
    function = f"figures.{names.file_name(kind)}_{field.slug}"
    record = names.variable(kind)
    entries = [f"{each.id}: {literal(field, each.value(field.slug))}" for each in examples.of(kind)]
    lines = [
        *exploded("expected = {", entries, "}").split("\n"),
        f"for {record} in {names.records_module(kind)}.find_all(self.connection):",
        f"    with self.subTest({record}={record}.id):",
        f"        found = {function}(self.connection, {record})",
        f"        self.assertEqual(found, expected[{record}.id])",
    ]
    about = f"The {names.heading(field)} of every example is right."
    return Method(f"{names.file_name(kind)}_{field.slug}", about, lines)
