"""Small statistics without dependencies: quantiles and confidence intervals over seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_T_95 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
         2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
         2.052, 2.048, 2.045, 2.042)  # fmt: skip
"""Student's t, two-sided 95 %, by degrees of freedom from 1 to 30 (any statistics table)."""


def quantile(ordered: Sequence[float], share: float) -> float:
    """Quantile of sorted values by linear interpolation; NaN of nothing."""
    if not len(ordered):
        return math.nan
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


@dataclass(frozen=True, slots=True)
class Quantiles:
    """p50, p90 and p99 of something, in seconds unless said otherwise."""

    p50: float
    p90: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Quantiles":
        """Quantiles of values in any order."""
        ordered = sorted(values)
        return cls(*(quantile(ordered, share) for share in (0.5, 0.9, 0.99)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds and half the width of its 95 % confidence interval.

    Attributes:
        mean: The mean.
        half_width: Student's t interval; infinite with one seed, because one seed bounds nothing.
        seeds: How many values it rests on.
    """

    mean: float
    half_width: float
    seeds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Estimate from one value per seed."""
        n = len(values)
        mean = sum(values) / n
        if n == 1:
            return cls(mean, math.inf, 1)
        if min(values) == max(values):  # a mean of equal numbers is off by a rounding
            return cls(float(values[0]), 0.0, n)
        variance = sum((value - mean) ** 2 for value in values) / (n - 1)
        t = _T_95[n - 2] if n - 2 < len(_T_95) else 1.96
        return cls(mean, t * math.sqrt(variance / n), n)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return abs(self.mean) > self.half_width

    def __str__(self) -> str:
        """Such as ``3.21 ± 0.14``: two digits of the interval, and the mean to the same place."""
        if math.isnan(self.mean):
            return "none"
        if not math.isfinite(self.half_width):
            return f"{_plain(self.mean, _last_place(self.mean, 4))} (one seed)"
        if not self.half_width:
            return f"{_plain(self.mean, _last_place(self.mean, 4))} ± 0"
        place = _last_place(self.half_width, 2)
        return f"{_plain(self.mean, place)} ± {_plain(self.half_width, place)}"


def _last_place(value: float, digits: int) -> int:
    """Decimals that leave so many significant digits; negative before the point."""
    return digits - 1 - math.floor(math.log10(abs(value))) if value else 0


def _plain(value: float, decimals: int) -> str:
    """A number without an exponent, rounded there: ``30,650`` or ``0.0045``."""
    return f"{round(value, decimals):,.{max(0, decimals)}f}"


def estimate(per_seed: Sequence[Mapping[str, float]]) -> dict[str, Estimate]:
    """Every number with its 95 % interval over seeds."""
    return {name: Estimate.of([one[name] for one in per_seed]) for name in per_seed[0]}


def difference(
    ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]
) -> dict[str, Estimate]:
    """Paired differences, seed by seed, with their 95 % interval."""
    pairs = list(zip(ours, theirs, strict=True))
    return {name: Estimate.of([a[name] - b[name] for a, b in pairs]) for name in pairs[0][0]}
