"""Writes ``figures.py``: the computed fields that are worked out of several records."""

from macrohard.llm.offline.appgen.computed import compute_function
from macrohard.llm.offline.appgen.pysource import module
from macrohard.llm.offline.appgen.scope import is_cross
from macrohard.llm.offline.dialect.ast import App


def has_figures(app: App) -> bool:
    """Whether any kind has a field that is computed of other records."""
    return any(is_cross(app, kind, field) for kind in app.kinds for field in kind.fields)


def figures_module(app: App, ours: dict[str, str]) -> str:
    """The source of the module."""
    blocks = [
        compute_function(app, kind, field, home="figures")
        for kind in app.kinds
        for field in kind.fields
        if is_cross(app, kind, field)
    ]
    return module("Figures that are worked out of several records.", blocks, ours)
