"""Brings the modules of ``fixed/`` into an app, under the app's own name."""

import re
from functools import cache
from importlib import resources

from macrohard.llm.offline.appgen.pysource import merged

PACKAGE = "macrohard.llm.offline.appgen.fixed"

MODULES = (
    "errors", "values", "database", "deletion", "aggregates", "csv_files", "output", "console",
    "summaries", "cli",
)  # fmt: skip
"""Modules that an app may carry; what it does not use is left out."""

WEB_MODULES = (
    "web/__init__", "web/messages", "web/resource", "web/bodies", "web/figures", "web/schemas",
    "web/openapi", "web/api", "web/html", "web/style", "web/guard", "web/pictures", "web/layout",
    "web/inputs", "web/related", "web/forms", "web/changes", "web/pages", "web/server", "web/serve",
)  # fmt: skip
"""The same for apps that are reached over HTTP."""

DESKTOP_MODULES = (
    "desktop/__init__", "desktop/desk", "desktop/controls", "desktop/panels", "desktop/window",
    "desktop/command",
)  # fmt: skip
"""The same for apps with a window."""

CHECKS = (
    "test_values", "test_aggregates", "test_csv_files", "test_output", "test_console",
    "test_database", "test_summaries", "test_cli", "test_readme",
)  # fmt: skip
"""Tests of these modules; those of what an app leaves out are left out, too."""

SURFACE_CHECKS = {
    "api": ("test_api", "test_server"),
    "web": ("test_pages", "test_server"),
    "desktop": ("test_desk", "test_window"),
}
"""The same for other interfaces, each by its name."""


@cache
def source(name: str) -> str:
    """The text of a module as it stands in ``fixed/``, without remarks to our own tools."""
    folder, _, file = name.rpartition("/")
    place = resources.files(PACKAGE)
    text = (place / folder if folder else place).joinpath(f"{file}.py").read_text(encoding="utf-8")
    text = re.sub(r"^# (For ruff:|ruff: noqa).*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"  # (noqa|type: ignore).*$", "", text, flags=re.MULTILINE)


def fixed_module(app: str, name: str) -> str:
    """The text of a module as it stands in an app of that name."""
    text = source(name).replace(f"from {PACKAGE} import", f"from {app} import")
    return text.replace(f"{PACKAGE}.", f"{app}.")


def fixed_check(app: str, name: str) -> str:
    """The text of a test module as it stands in an app of that name."""
    text = fixed_module(app, f"checks/{name}").replace(f"{app}.checks.", "tests.")
    statement = rf"^from (?:{app}|tests)\b[^\n(]*(?:\([^)]*\))?\n"
    own = re.compile(rf"(?:{statement})+", re.MULTILINE)
    one = re.compile(statement, re.MULTILINE)
    return own.sub(lambda found: merged(map(in_one_line, one.findall(found[0]))) + "\n", text, 1)


def in_one_line(statement: str) -> str:
    """An import statement without brackets."""
    return " ".join(re.sub(r"[(]\s*|,?\s*[)]", "", statement).split())
