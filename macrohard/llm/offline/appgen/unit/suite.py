"""Puts the unit tests of an app together."""

from collections.abc import Iterator, Mapping

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.fixed_files import CHECKS, SURFACE_CHECKS, fixed_check
from macrohard.llm.offline.appgen.layout import laid_out
from macrohard.llm.offline.appgen.unit.changes import change_tests
from macrohard.llm.offline.appgen.unit.commands import command_tests
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.figures import figure_tests
from macrohard.llm.offline.appgen.unit.prune import defined_names, pruned
from macrohard.llm.offline.appgen.unit.records import record_tests
from macrohard.llm.offline.appgen.unit.reports import report_tests
from macrohard.llm.offline.appgen.unit.resources import resource_tests
from macrohard.llm.offline.appgen.unit.rows import examples_module
from macrohard.llm.offline.appgen.unit.windows import window_tests
from macrohard.llm.offline.dialect.ast import App

TYPED_CHECKS = ("test_cli", "test_readme")
"""Tests that type commands about records."""

CLOCKS = ("today", "now")


def clocks(app: App, files: Mapping[str, str]) -> tuple[str, ...]:
    """The functions of an app that tell the time."""
    defined = defined_names(files)
    return tuple(name for name in CLOCKS if name in defined[f"{app.slug}/values.py"])


def unit_tests(
    examples: Examples, files: Mapping[str, str], ours: dict[str, str]
) -> dict[str, str]:
    """The test files of an app.

    Args:
        examples: The app with its example records.
        files: Its other files; what these do not define is not tested.
        ours: Import statements of the app, by the name they bring in.
    """
    app = examples.app
    defined = defined_names(files)
    written = {
        "tests/__init__.py": f'"""Unit tests of {app.slug}."""\n',
        "tests/support.py": fixed_check(app.slug, "support"),
        "tests/program.py": fixed_check(app.slug, "program"),
    }
    typed = CHECKS if "cli" in app.interfaces else [c for c in CHECKS if c not in TYPED_CHECKS]
    checks = [*typed, *(name for each in app.interfaces for name in SURFACE_CHECKS.get(each, ()))]
    helpers = {f"tests/{name}.py": fixed_check(app.slug, name) for name in checks}
    if app.is_served:
        written["tests/site.py"] = fixed_check(app.slug, "site")
    if app.has_window:
        written["tests/windows.py"] = fixed_check(app.slug, "windows")
    written["tests/examples.py"] = examples_module(examples, ours)
    known = defined | defined_names(written)
    for path, text in [*helpers.items(), *kind_tests(examples, ours)]:
        kept = pruned(text, known) if text else ""
        if kept:
            written[path] = kept
    return {path: laid_out(text) for path, text in written.items()}


def kind_tests(examples: Examples, ours: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The tests about the kinds, path and text."""
    yield "tests/test_figures.py", figure_tests(examples, ours)
    for kind in examples.app.kinds:
        name = names.file_name(kind)
        yield f"tests/test_{name}_records.py", record_tests(examples, kind, ours)
        yield f"tests/test_{name}_changes.py", change_tests(examples, kind, ours)
        yield f"tests/test_{name}_reports.py", report_tests(examples, kind, ours)
        if "cli" in examples.app.interfaces:
            yield f"tests/test_{name}_commands.py", command_tests(examples, kind, ours)
        if examples.app.is_served:
            yield f"tests/test_{name}_resources.py", resource_tests(examples, kind, ours)
        if examples.app.has_window:
            yield f"tests/test_{name}_window.py", window_tests(examples, kind, ours)
