"""Running the command ``macrohard`` in tests."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The root of the project."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
"""For processes of their own: the package is found wherever they run."""


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]
