"""Brings the modules of ``fixed/`` into an app, under the app's own name."""

from functools import cache
from importlib import resources

PACKAGE = "macrohard.llm.offline.appgen.fixed"

MODULES = (
    "errors", "values", "database", "deletion", "aggregates", "csv_files", "output", "console",
    "summaries", "cli",
)  # fmt: skip
"""Modules that an app may carry; what it does not use is left out."""


@cache
def source(name: str) -> str:
    """The text of a module as it stands in ``fixed/``."""
    return resources.files(PACKAGE).joinpath(f"{name}.py").read_text(encoding="utf-8")


def fixed_module(app: str, name: str) -> str:
    """The text of a module as it stands in an app of that name."""
    text = source(name).replace(f"from {PACKAGE} import", f"from {app} import")
    return text.replace(f"{PACKAGE}.", f"{app}.")
