"""Random numbers that are the same compiled and not: L'Ecuyer's combined generator (1988).

Two multiplicative generators modulo primes near 2**31, combined; period about 2.3e18. All
intermediate products stay below 2**47, so 64-bit integers never overflow.
"""

import math
from typing import Any

from macrohard.cluster.engine.jit import jit


@jit
def seed_stream(state: Any, seed: int, stream: int) -> None:
    """Start an independent sequence for a (seed, stream) pair."""
    a = (seed * 69069 + stream * 362437 + 12345) % 2147483562
    b = (seed * 40503 + stream * 521288629 + 67891) % 2147483398
    state[0] = a + 1
    state[1] = b + 1
    for _ in range(12):  # neighbours start alike; a dozen steps set them apart
        uniform(state)


@jit
def uniform(state: Any) -> float:
    """A number in (0, 1)."""
    state[0] = state[0] * 40014 % 2147483563
    state[1] = state[1] * 40692 % 2147483399
    mixed = (state[0] - state[1]) % 2147483562
    return (mixed + 1) / 2147483564.0  # type: ignore[no-any-return]


@jit
def exponential(state: Any, mean: float) -> float:
    """An exponential variate."""
    return -mean * math.log(uniform(state))


@jit
def lognormal(state: Any, median: float, sigma: float) -> float:
    """A log-normal variate by its median and the deviation of its logarithm (Box-Muller)."""
    radius = math.sqrt(-2 * math.log(uniform(state)))
    angle = 2 * math.pi * uniform(state)
    return median * math.exp(sigma * radius * math.cos(angle))


@jit
def geometric(state: Any, mean: float) -> int:
    """A count of 1 or more with that mean."""
    if mean <= 1:
        return 1
    return 1 + int(math.log(uniform(state)) / math.log(1 - 1 / mean))
