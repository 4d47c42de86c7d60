"""``@jit``: compile with numba where it is installed, do nothing where it is not.

The compiled code is kept in the user's cache folder, keyed by the text of all engine modules,
because numba itself notices changes only in the file a function stands in.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

try:
    import numba
except ImportError:  # the extra `cluster` is not installed
    numba = None

F = TypeVar("F", bound=Callable[..., Any])


def has_numba() -> bool:
    """Whether compiled simulation is possible here."""
    return numba is not None


@cache
def _cache_folder() -> Path:
    digest = hashlib.sha256()
    for module in sorted(files("macrohard.cluster.engine").iterdir(), key=lambda m: m.name):
        if module.name.endswith(".py"):
            digest.update(module.read_bytes())
    return Path.home() / ".cache" / "macrohard" / f"engine-{digest.hexdigest()[:16]}"


def jit(function: F) -> F:
    """Compile ``function`` on its first call; ``function.py_func`` stays what was written."""
    if numba is None:
        function.py_func = function  # type: ignore[attr-defined]  # same face as numba's
        return function
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_cache_folder())
    try:
        return numba.njit(nogil=True, cache=True)(function)  # type: ignore[no-any-return]
    except (RuntimeError, OSError):  # a home that cannot be written: compile every time
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]
    finally:
        numba.config.CACHE_DIR = before


def plain(function: F) -> F:
    """The function as written, calling the others as written too, whether numba is here or not."""
    copies: dict[int, Any] = {}

    def copy(compiled: Any) -> Any:
        if id(compiled) in copies:
            return copies[id(compiled)]
        written = compiled.py_func
        names = dict(written.__globals__)
        twin = FunctionType(written.__code__, names, written.__name__, written.__defaults__)
        twin.__kwdefaults__ = written.__kwdefaults__
        copies[id(compiled)] = twin
        for name in written.__code__.co_names:
            if hasattr(names.get(name), "py_func"):
                names[name] = copy(names[name])
        return twin

    return copy(function)  # type: ignore[no-any-return]
