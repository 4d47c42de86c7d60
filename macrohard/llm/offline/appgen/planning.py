"""Makes the parts of an app from its files: who writes what, and what must be there before."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.assembly import generate
from macrohard.llm.offline.appgen.circles import in_circles, is_acyclic, ordered
from macrohard.llm.offline.appgen.parts import Part, PartFile
from macrohard.llm.offline.appgen.shake import resolve
from macrohard.llm.offline.dialect.ast import App, Kind

BACKEND, DATA, CLI, WRITER = "backend-engineer", "data-engineer", "cli-engineer", "technical-writer"
WEB = "web-engineer"
DESKTOP = "desktop-engineer"

FRAME = ("cli", "console", "csv_files", "output", "summaries", "__main__")
"""Modules of the program's frame, which knows no kinds."""


WEB_TESTS = frozenset({"test_server", "test_pages", "test_api"})
"""Helpers and tests of the whole site."""

WINDOW_TESTS = frozenset({"test_desk", "test_window"})
"""Tests of the whole window."""


@dataclass(frozen=True)
class Group:
    """Files that are written together.

    Attributes:
        title: For people.
        role: Who writes them.
        kinds: Kinds that they serve; empty for all.
    """

    title: str
    role: str
    kinds: tuple[str, ...] = ()


def parts(app: App) -> list[Part]:
    """The parts of an app; those that a part depends on come before it."""
    files = generate(app)
    uses = {path: imported(path, files) for path in files}
    homes = {path: home(app, path) for path in files}
    homes = settled(app, homes, uses)
    groups = {group: described(app, group) for group in homes.values()}
    needs = needed(homes, uses)
    return [
        Part(
            id=group,
            title=groups[group].title,
            role=groups[group].role,
            files=tuple(part_file(p, files[p], uses[p]) for p in files if homes[p] == group),
            depends_on=tuple(sorted(needs[group])),
            kinds=groups[group].kinds,
        )
        for group in ordered(needs)
    ]


def home(app: App, path: str) -> str:
    """The smallest group that a file belongs to."""
    folder, _, file = path.rpartition("/")
    stem = file.rpartition(".")[0]
    if not folder or stem == "test_readme":
        return "foundation" if file == "pyproject.toml" else "docs"
    for kind in app.kinds:
        name = names.file_name(kind)
        for layer in ("records", "changes", "reports", "commands", "resources"):
            if path == f"{app.slug}/{layer}/{name}.py" or stem == f"test_{name}_{layer}":
                return f"{layer}.{kind.command}"
    if shown := interface_of(path, stem):
        return shown
    if stem in {"figures", "test_figures"}:
        return "figures"
    if stem.removeprefix("test_") in FRAME or stem == "program" or "/commands/" in path:
        return "frame"
    return "foundation"


def interface_of(path: str, stem: str) -> str:
    """The group of a file about pages, the JSON API or the window; empty for others."""
    tests = path.startswith("tests/")
    if "/desktop/" in path or path == "tests/windows.py":
        return "window" if stem in {"site", "command"} else "desktop"
    if stem in WINDOW_TESTS or (tests and stem.endswith("_window")):
        return "window"
    if "/web/" in path or stem in WEB_TESTS or path == "tests/site.py":
        return "serve" if stem in {"site", "serve"} | WEB_TESTS else "web"
    return ""


def imported(path: str, files: Mapping[str, str]) -> frozenset[str]:
    """The files of the app that a Python file imports."""
    if not path.endswith(".py"):
        return frozenset()
    found = set()
    for node in ast.walk(ast.parse(files[path])):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {resolve(node.module, alias.name, files)[0] for alias in node.names}
    return frozenset(found & set(files) - {path})


def needed(homes: Mapping[str, str], uses: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """For each group the groups that must be there before it."""
    needs: dict[str, set[str]] = {group: set() for group in homes.values()}
    for path, group in homes.items():
        needs[group] |= {homes[other] for other in uses[path]} - {group}
        if group != "foundation":
            needs[group].add("foundation")
        if group == "docs":
            needs[group] |= {other for other in needs if other.startswith("commands.")} | {"frame"}
            needs[group] |= {"serve", "window"} & set(needs)
    return needs


def settled(app: App, homes: dict[str, str], uses: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Groups joined: those that need each other, and those of one kind where nothing forbids it."""
    joined = {path: rename(group, in_circles(needed(homes, uses))) for path, group in homes.items()}
    for kind in app.kinds:
        layers = [f"{layer}.{kind.command}" for layer in ("records", "changes", "reports")]
        for wanted in (layers, layers[1:]):
            trial = {
                path: f"kind.{kind.command}" if group in wanted else group
                for path, group in joined.items()
            }
            if is_acyclic(needed(trial, uses)):
                joined = trial
                break
    return joined


def rename(group: str, circles: list[set[str]]) -> str:
    """The name of the circle that a group is in, else its own."""
    return next((min(circle) for circle in circles if group in circle), group)


def described(app: App, group: str) -> Group:
    """What people call a group, and who writes it."""
    fixed = {
        "foundation": Group("Foundation: values, database, errors, example records", DATA),
        "frame": Group("Frame of the program: arguments, output, files, summaries", CLI),
        "web": Group("Pages, forms, JSON API, window: what they share", WEB),
        "serve": Group("The server and the whole site", WEB),
        "desktop": Group("The window: lists, forms, keys", DESKTOP),
        "window": Group("The window of the whole application, and its tests", DESKTOP),
        "figures": Group("Figures worked out of several records", DATA),
        "docs": Group("README and manifest", WRITER),
    }
    if group in fixed:
        return fixed[group]
    for kind in app.kinds:
        found = described_kind(kind, group)
        if found is not None:
            return found
    return Group(group, BACKEND)


def described_kind(kind: Kind, group: str) -> Group | None:
    """The same for a group about one kind."""
    several = kind.plural
    titles = {
        "kind": Group(f"{several}: what is kept, how it changes, what is told", BACKEND),
        "records": Group(f"{several}: fields, checks and rows", DATA),
        "changes": Group(f"{several}: changes and rules", BACKEND),
        "reports": Group(f"{several}: questions", BACKEND),
        "commands": Group(f"{several} on the command line", CLI),
        "resources": Group(f"{several} as they are shown: fields, what can be done", WEB),
    }
    layer, _, command = group.partition(".")
    if command != kind.command:
        return None
    return Group(titles[layer].title, titles[layer].role, (kind.slug,))


def part_file(path: str, text: str, uses: Iterable[str]) -> PartFile:
    """A file as a design describes it."""
    if not path.endswith(".py"):
        return PartFile(path, responsibility_of(path), (), tuple(sorted(uses)))
    tree = ast.parse(text)
    about = (ast.get_docstring(tree) or path).split("\n\n")[0].replace("\n", " ")
    public = [] if path.startswith("tests/") else [interface(node) for node in tree.body]
    return PartFile(path, about, tuple(each for each in public if each), tuple(sorted(uses)))


def responsibility_of(path: str) -> str:
    """What a file that is no Python is for."""
    known = {
        "README.md": "Says what the program is, how it is used, and what it keeps.",
        "macrohard.json": "Says to tools how the program is run and tested.",
        ".gitignore": "Keeps people's records and Python's caches out of the repository.",
        "pyproject.toml": "Names the project and the Python it needs.",
    }
    return known.get(path, path)


def interface(node: ast.stmt) -> str:
    """A public function or class: its head, and the first sentence about it."""
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}: {summary(node)}"
    if not isinstance(node, ast.FunctionDef):
        return ""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}: {summary(node)}"


def summary(node: ast.FunctionDef | ast.ClassDef) -> str:
    """The first paragraph of a docstring in one line."""
    return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
