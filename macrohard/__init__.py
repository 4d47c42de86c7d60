"""A software company of language-model agents: a spec in, an application people have used out.

``from macrohard import build`` is the way in for programs; ``macrohard build`` for people.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macrohard.api import (
        BuildResult,
        abuild,
        aresume,
        atry_app,
        build,
        resume,
        try_app,
    )
    from macrohard.trying import TryResult

__all__ = [
    "BuildResult",
    "TryResult",
    "__version__",
    "abuild",
    "aresume",
    "atry_app",
    "build",
    "resume",
    "try_app",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # The graph library takes a second to import; `macrohard --help` must not wait for it.
    if name in __all__:
        return getattr(importlib.import_module("macrohard.api"), name)
    raise AttributeError(f"module 'macrohard' has no attribute {name!r}")
