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

CHECKS = (
    "test_values", "test_aggregates", "test_csv_files", "test_output", "test_console",
    "test_database", "test_cli", "test_readme",
)  # fmt: skip
"""Tests of these modules; those of what an app leaves out are left out, too."""


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
    own = re.compile(rf"(?:^from (?:{app}|tests)\b.*\n)+", re.MULTILINE)
    return own.sub(lambda found: merged(found[0].splitlines()) + "\n", text, count=1)
