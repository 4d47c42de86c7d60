"""Quantities people write, as numbers the simulator uses: ``200 MW``, ``4k``, ``1 h``, ``70 %``.

Base units: seconds, watts, bytes, dollars, tokens (and any other count), shares of one.
"""

import math
import re
from typing import Literal

from macrohard.errors import ConfigError

Kind = Literal["count", "time", "power", "bytes", "share", "money", "rate"]

_NUMBER = re.compile(r"^\s*([+-]?(?:\d[\d_]*)?(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")

_UNITS: dict[str, dict[str, float]] = {
    "count": {"": 1, "k": 1e3, "M": 1e6, "G": 1e9},
    "time": {"s": 1, "ms": 1e-3, "us": 1e-6, "min": 60, "h": 3600, "d": 86400},
    "power": {"W": 1, "kW": 1e3, "MW": 1e6, "GW": 1e9},
    "bytes": {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 2**10, "MiB": 2**20,
              "GiB": 2**30, "TiB": 2**40},
    "share": {"": 1, "%": 0.01},
    "money": {"$": 1, "USD": 1, "ct": 0.01},
    "rate": {"/s": 1, "/min": 1 / 60, "/h": 1 / 3600, "/d": 1 / 86400},
}  # fmt: skip


def parse_quantity(text: object, kind: Kind) -> float:
    """Read one quantity.

    Args:
        text: What stands in the file: a number, or a number with a unit.
        kind: What it measures; a bare number is taken in base units only for counts and shares.

    Returns:
        The value in base units.

    Raises:
        ConfigError: Not a number, a unit of another kind, or no unit where one is needed.
    """
    units = _UNITS[kind]
    known = ", ".join(unit for unit in units if unit) or "none"
    if isinstance(text, bool) or not isinstance(text, int | float | str):
        raise ConfigError(f"{text!r} is no quantity; write a number with a unit ({known})")
    if isinstance(text, int | float):
        number, unit = float(text), ""
    else:
        cleaned = text.strip()
        if kind == "money" and cleaned.startswith("$"):
            cleaned = f"{cleaned[1:]} $"
        match = _NUMBER.match(cleaned)
        if not match or match[1] in {"", "+", "-"}:
            raise ConfigError(f"{text!r} is no quantity; write a number with a unit ({known})")
        number, unit = float(match[1].replace("_", "")), match[2]
    if unit not in units:
        what = f"unknown unit {unit!r}" if unit else "no unit"
        raise ConfigError(f"{what} in {text!r}; {kind} is written with one of: {known}")
    if not math.isfinite(number):
        raise ConfigError(f"{text!r} is not a finite number")
    return number * units[unit]


def format_quantity(value: float, kind: Kind) -> str:
    """Write a value in base units with the largest unit that keeps it at 1 or more.

    >>> format_quantity(2.0e8, "power"), format_quantity(0.0051, "time")
    ('200 MW', '5.1 ms')
    """
    units = {unit: factor for unit, factor in _UNITS[kind].items() if not unit.endswith("iB")}
    if kind in {"share", "money"}:
        return f"{100 * value:.3g} %" if kind == "share" else f"${value:,.2f}"
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {min(units, key=lambda unit: abs(units[unit] - 1))}".strip()
    fitting = [unit for unit, factor in units.items() if abs(value) >= factor]
    unit = max(fitting or [min(units, key=lambda u: units[u])], key=lambda u: units[u])
    scaled = value / units[unit]
    text = f"{scaled:.3g}" if abs(scaled) < 1000 else f"{scaled:,.0f}"
    return f"{text} {unit}".strip()
