"""The part that writes the acceptance suite, from the requirements alone."""

import shlex
from collections.abc import Iterator
from importlib import resources
from pprint import pformat

from macrohard.llm.offline.criteria.check import (
    Answers,
    Case,
    Draft,
    Probe,
    Refuses,
    Says,
    Tells,
    Writes,
)
from macrohard.llm.offline.criteria.commands import add, in_json, list_
from macrohard.llm.offline.criteria.drafts import draft_stories
from macrohard.llm.offline.criteria.filing import file_text
from macrohard.llm.offline.dialect.ast import App, Kind
from macrohard.llm.offline.oracle.base import Base, Made, build_base
from macrohard.llm.offline.parts import surfaces
from macrohard.llm.offline.parts.reading import read_noun
from macrohard.llm.offline.parts.requirements import criteria_by_case, read_requirements
from macrohard.llm.offline.scene import Scene
from macrohard.work import AcceptanceSuite, Requirements, SourceFile

_WIDTH = 96
_HARNESS = "acceptance_harness.py"

_HEAD = '''"""The program under test, with data of its own for each test."""

'''
_CLI = '''

@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """The example records, made once."""
    return Examples(tmp_path_factory.mktemp("examples"), EXAMPLES, READS)


@pytest.fixture
def app(tmp_path: Path, examples: Examples) -> App:
    """The program with a data file of this test alone."""
    return App(NAME, tmp_path, examples)
'''


def write_suite(scene: Scene) -> AcceptanceSuite:
    """Write the acceptance tests of the requirements in a request.

    Raises:
        SpecError: The requirements quote a line outside the dialect.
        ModelError: The request carries no requirements.
    """
    requirements = read_noun(scene, "requirements", Requirements)
    return suite_of(read_requirements(requirements), requirements)


def suite_of(app: App, requirements: Requirements) -> AcceptanceSuite:
    """The acceptance suite of an app; tests name the criteria of these requirements."""
    base = build_base(app)
    stories = draft_stories(app, base)
    ids = criteria_by_case(stories, requirements)
    files = [
        SourceFile(path=_HARNESS, content=_harness()),
        *surfaces.helpers(app),
        SourceFile(path="acceptance_records.py", content=_records(app, base)),
        SourceFile(path="conftest.py", content=_conftest(app)),
    ]
    covers: dict[str, tuple[str, ...]] = {}
    for surface in _tested(app):
        groups: dict[str, list[str]] = {}
        for draft, case in _cases(app, stories, surface):
            name = case.name if surface == "cli" else f"{surface}_{case.name}"
            covers[f"test_{name}"] = ids[case.name]
            group = _group(draft) if surface == "cli" else f"{surface}_{_group(draft)}"
            groups.setdefault(group, []).append(_test(app, case, ids[case.name], surface))
        files += [
            SourceFile(path=f"test_{group}.py", content=_test_file(group, tests, surface))
            for group, tests in groups.items()
        ]
    return AcceptanceSuite(files=tuple(files), covers=covers)


def _tested(app: App) -> tuple[str, ...]:
    """The interfaces that acceptance tests use; at the window there are users alone."""
    return tuple(name for name in app.interfaces if name != "desktop")


def _cases(app: App, stories: list[Draft], surface: str) -> Iterator[tuple[Draft, Case]]:
    """The cases that mean something on a surface, each with its story."""
    if surface != "cli":
        yield from surfaces.groups_of(app, stories, surface)
        return
    for draft in stories:
        for case in draft.cases:
            if not all(isinstance(check, Probe) for check in case.checks):
                yield draft, case


def _conftest(app: App) -> str:
    """``conftest.py``."""
    typed = "cli" in app.interfaces
    served = app.is_served
    first = ["from collections.abc import Iterator"] * served + ["from pathlib import Path"] * typed
    ours = ["from acceptance_harness import App, Examples"] * typed
    known = ["EXAMPLES", "NAME", "READS"] * typed
    if served:
        *lines, records = surfaces.imports(app).split("\n")
        ours += lines
        known += records.removeprefix("from acceptance_records import ").split(", ")
    ours.append(f"from acceptance_records import {', '.join(sorted(set(known)))}")
    return (
        _HEAD
        + "\n".join([*first, "", "import pytest", *ours, ""])
        + (_CLI if typed else "")
        + surfaces.fixtures(app)
    )


def _harness() -> str:
    package = "macrohard.llm.offline.parts.suite"
    return resources.files(package).joinpath(_HARNESS).read_text("utf-8")


def _group(draft: Draft) -> str:
    return draft.key.split(".")[0].strip("_")


def _records(app: App, base: Base) -> str:
    commands = [_making(app.kind(made.kind), made) for made in base.made]
    reads = [shlex.join(in_json(list_(kind))) for kind in app.kinds if kind.features.list]
    return (
        '"""The example records, and how to look at all data."""\n\n'
        f"NAME = {app.slug!r}\n\n"
        "EXAMPLES: tuple[tuple[str, str, str], ...] = "
        f"{_literal(tuple(commands))}\n"
        '"""Command, its answer, and the content of ``@made.csv`` where that is imported."""\n\n'
        f"READS: tuple[str, ...] = {_literal(tuple(reads))}\n"
        + "".join(
            _served_records(app, base, surface) for surface in _tested(app) if surface != "cli"
        )
    )


def _served_records(app: App, base: Base, surface: str) -> str:
    """The same for pages or the JSON API."""
    name = surface.upper()
    made, reads = surfaces.examples(app, base, surface), surfaces.reads(app, surface)
    return (
        f"\n{name}_EXAMPLES: tuple[tuple[str, object], ...] = {_literal(tuple(made))}\n"
        f"{name}_READS: tuple[str, ...] = {_literal(tuple(reads))}\n"
    )


def _making(kind: Kind, made: Made) -> tuple[str, str, str]:
    name = kind.name.lower()
    if kind.features.add:
        return shlex.join(add(kind, made.typed)), f"Added {name} {made.number}.", ""
    text = file_text([list(made.typed), list(made.typed.values())])
    return shlex.join((kind.command, "import", "@made.csv")), f"Imported 1 {name}.", text


_CLIENTS = {
    "cli": "from acceptance_harness import App",
    "web": "from acceptance_pages import Web",
    "api": "from acceptance_http import Api",
}


def _test_file(group: str, tests: list[str], surface: str) -> str:
    title = group.replace("_", " ")
    head = f'"""Acceptance tests: {title}."""\n\n{_CLIENTS[surface]}\n'
    return head + "".join(f"\n\n{test}" for test in tests)


def _test(app: App, case: Case, criteria: tuple[str, ...], surface: str) -> str:
    name = ", ".join(criteria) or "A criterion"
    if surface != "cli":
        lines = [f"def test_{surface}_{case.name}({surface}: {surface.capitalize()}) -> None:"]
        lines.append("    " + _call(f"{surface}.begin", name, case.when, examples=case.base))
        for method, arguments, named in surfaces.calls_of(app, case, surface):
            lines.append("    " + _call(f"{surface}.{method}", *arguments, **named))
        return "\n".join(lines) + "\n"
    lines = [f"def test_{case.name}(app: App) -> None:"]
    lines.append("    " + _call("begin", name, case.when, examples=case.base))
    for check in case.checks:
        if isinstance(check, Probe):
            continue
        lines += ["    " + _call("put", *file) for file in getattr(check, "files", ())]
        lines.append("    " + _checked(check))
    return "\n".join(lines) + "\n"


def _checked(check: Says | Refuses | Answers | Tells | Writes) -> str:
    typed = shlex.join(check.words)
    match check:
        case Says():
            return _call("says", typed, check.line)
        case Refuses():
            return _call("refuses", typed, **({"naming": check.naming} if check.naming else {}))
        case Answers():
            more = {"loose": check.loose, "today": check.today}
            return _call("answers", typed, check.value, **{k: v for k, v in more.items() if v})
        case Tells():
            absent = {"absent": check.absent} if check.absent else {}
            return _call("tells", typed, check.rows, **absent)
        case Writes():
            return _call("writes", typed, check.line, check.name, check.rows)


def _call(method: str, *arguments: object, **named: object) -> str:
    """A call of the harness inside a test: on one line where it fits."""
    head = method if "." in method else f"app.{method}"
    parts = [_literal(argument) for argument in arguments]
    parts += [f"{name}={_literal(argument)}" for name, argument in named.items()]
    line = f"{head}({', '.join(parts)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join("\n" + _indented(part, 8) + "," for part in parts)
    return f"{head}({inner}\n    )"


def _literal(value: object) -> str:
    return pformat(value, width=_WIDTH - 16, sort_dicts=False)


def _indented(text: str, columns: int) -> str:
    return "\n".join(" " * columns + line for line in text.split("\n"))
