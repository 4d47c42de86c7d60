"""Puts all files of an app together."""

from functools import lru_cache

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.changes import changes_module
from macrohard.llm.offline.appgen.commands import commands_module
from macrohard.llm.offline.appgen.figures import figures_module, has_figures
from macrohard.llm.offline.appgen.fixed_files import (
    DESKTOP_MODULES,
    MODULES,
    WEB_MODULES,
    fixed_module,
)
from macrohard.llm.offline.appgen.layout import laid_out
from macrohard.llm.offline.appgen.program import (
    commands_init,
    ignored_files,
    main_module,
    manifest,
    package_init,
    project_file,
)
from macrohard.llm.offline.appgen.readme import readme
from macrohard.llm.offline.appgen.records import record_module
from macrohard.llm.offline.appgen.reports import reports_module
from macrohard.llm.offline.appgen.resources import (
    resource_alias,
    resource_module,
    site_module,
    window_module,
)
from macrohard.llm.offline.appgen.schema import schema_module
from macrohard.llm.offline.appgen.shake import shake
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.suite import clocks, unit_tests
from macrohard.llm.offline.dialect.ast import App

PACKAGES = {
    "records": "Record kinds: what is kept of each, and its rows in the database.",
    "changes": "Changes to records, and the rules they must meet.",
    "reports": "Questions about records.",
}


RESOURCES = "What is known of each kind of record wherever it is shown: its fields, its functions."


def generate(app: App) -> dict[str, str]:
    """All files of an app, path to content, in the order in which one would write them."""
    return dict(_generated(app))


@lru_cache(maxsize=4)
def _generated(app: App) -> tuple[tuple[str, str], ...]:
    """The same, remembered: a build asks for the files of one app again and again."""
    root = app.slug
    files = {f"{root}/__init__.py": package_init(app)}
    files |= {f"{root}/{name}.py": fixed_module(root, name) for name in MODULES}
    files[f"{root}/schema.py"] = schema_module(app)
    files |= {f"{root}/{name}/__init__.py": f'"""{about}"""\n' for name, about in PACKAGES.items()}
    files[f"{root}/commands/__init__.py"] = commands_init(app)
    files |= kind_files(app)
    files |= resource_files(app)
    files |= web_files(app)
    files |= desktop_files(app)
    files[f"{root}/__main__.py"] = main_module(app)
    roots = [f"{root}/__main__.py", f"{root}/schema.py", f"{root}/web/serve.py"]
    roots += [f"{root}/desktop/{name}.py" for name in ("command", "window")]
    roots += [f"{root}/commands/{names.file_name(kind)}.py" for kind in app.kinds]
    files = shake(files, roots)
    files = {path: laid_out(text) for path, text in files.items()}
    examples = Examples(app, clocks(app, files))
    files |= unit_tests(examples, files, own_imports(app) | test_imports(app))
    files["README.md"] = readme(examples)
    files["pyproject.toml"] = project_file(app)
    files[".gitignore"] = ignored_files(app)
    files["macrohard.json"] = manifest(app)
    return tuple(files.items())


def kind_files(app: App) -> dict[str, str]:
    """The files about the kinds."""
    ours = own_imports(app)
    files: dict[str, str] = {}
    if has_figures(app):
        files[f"{app.slug}/figures.py"] = figures_module(app, ours)
    for kind in app.kinds:
        name = names.file_name(kind)
        files[f"{app.slug}/records/{name}.py"] = record_module(app, kind, ours)
        files[f"{app.slug}/changes/{name}.py"] = changes_module(app, kind, ours)
        files[f"{app.slug}/reports/{name}.py"] = reports_module(app, kind, ours)
        if "cli" in app.interfaces:
            files[f"{app.slug}/commands/{name}.py"] = commands_module(app, kind, ours)
    return files


def resource_files(app: App) -> dict[str, str]:
    """What pages, the JSON API and the window know of the kinds; nothing where there are none."""
    if not (app.is_served or app.has_window):
        return {}
    root, ours = app.slug, own_imports(app)
    files = {f"{root}/resources/__init__.py": f'"""{RESOURCES}"""\n'}
    for kind in app.kinds:
        files[f"{root}/resources/{names.file_name(kind)}.py"] = resource_module(app, kind, ours)
    return files


def web_files(app: App) -> dict[str, str]:
    """The files of pages and the JSON API, and those that the window shares with them."""
    if not (app.is_served or app.has_window):
        return {}
    root = app.slug
    files = {f"{root}/{name}.py": fixed_module(root, name) for name in WEB_MODULES}
    if app.is_served:
        files[f"{root}/web/site.py"] = site_module(app)
        return files
    return {path: text for path, text in files.items() if not path.endswith("web/serve.py")}


def desktop_files(app: App) -> dict[str, str]:
    """The files of the window; none where none is wanted."""
    if not app.has_window:
        return {}
    root = app.slug
    files = {f"{root}/{name}.py": fixed_module(root, name) for name in DESKTOP_MODULES}
    files[f"{root}/desktop/site.py"] = window_module(app)
    return files


def own_imports(app: App) -> dict[str, str]:
    """The import statement of every name that modules of the app take from each other."""
    root = app.slug
    ours = {name: f"from {root} import {name}" for name in (*MODULES, "figures", "schema")}
    errors = ("InputError", "TakenError", "among", "naming", "placed")
    ours |= {name: f"from {root}.errors import {name}" for name in errors}
    for kind in app.kinds:
        name = names.file_name(kind)
        for folder, alias in (
            ("records", names.records_module(kind)),
            ("changes", names.changes_module(kind)),
            ("reports", names.reports_module(kind)),
        ):
            ours[alias] = f"from {root}.{folder} import {name} as {alias}"
    return ours


def test_imports(app: App) -> dict[str, str]:
    """The import statement of every name that tests take from their helpers."""
    homes = {
        "support": ("AppTest", "DatabaseTest"),
        "examples": ("ExamplesTest", "FixedDayTest"),
        "program": ("ProgramTest", "StoredExamplesTest"),
        "site": ("SiteTest",),
        "windows": ("DeskTest", "WindowTest"),
    }
    found = {
        name: f"from tests.{module} import {name}"
        for module, given in homes.items()
        for name in given
    }
    for kind in app.kinds:
        alias = resource_alias(kind)
        found[alias] = f"from {app.slug}.resources import {names.file_name(kind)} as {alias}"
    return found | {"site": f"from {app.slug}.web import site"}
