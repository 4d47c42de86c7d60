"""How long one engine step takes: the port, and the table every implementation boils down to.

A step processes ``n`` decoding requests (one token each, contexts summing to ``S`` tokens) and
chunks of prefill (``c`` new tokens after ``p`` earlier ones). Its time is

    T = linear[n + c] + context[n] * S + pair * sum(c * (p + c / 2))

``linear`` holds everything that depends on the number of tokens only (projections, feed-forward,
experts, collectives, launch overhead), ``context`` the reading of KV by decode, ``pair`` prefill
attention per query-key pair. Being linear in ``S``, ``k`` equal steps sum in closed form:

    T(k) = k * (linear[n] + context[n] * S) + context[n] * n * k * (k - 1) / 2
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StepTable:
    """Step times of one deployment, in seconds.

    Attributes:
        linear_s: Seconds by tokens in the step, from 0 to the most a step can hold.
        context_s: Seconds per KV token read, by decoding requests, from 0 to the batch limit.
        pair_s: Seconds per query-key pair of prefill.
        source: What the numbers rest on, in words a reader can judge.
    """

    linear_s: Sequence[float]
    context_s: Sequence[float]
    pair_s: float
    source: str

    def step_s(self, decodes: int, context: int = 0, prefill: int = 0, past: int = 0) -> float:
        """Seconds of one step.

        Args:
            decodes: Decoding requests.
            context: Sum of their context lengths.
            prefill: New prompt tokens in the step.
            past: Tokens before them in their request.
        """
        return (
            self.linear_s[min(decodes + prefill, len(self.linear_s) - 1)]
            + self.context_s[min(decodes, len(self.context_s) - 1)] * context
            + self.pair_s * prefill * (past + prefill / 2)
        )

    def decode_s(self, decodes: int, context: int, steps: int) -> float:
        """Seconds of ``steps`` decode steps in a row, in closed form."""
        slope = self.context_s[decodes]
        first = self.linear_s[decodes] + slope * context
        return steps * first + slope * decodes * steps * (steps - 1) / 2

    def prefill_s(self, tokens: int, past: int = 0, chunk: int = 8192) -> float:
        """Seconds to prefill ``tokens`` alone, chunk by chunk."""
        total = 0.0
        while tokens > 0:
            part = min(chunk, tokens)
            total += self.step_s(0, 0, part, past)
            past, tokens = past + part, tokens - part
        return total


class StepTime(Protocol):
    """Whatever knows how long steps take on one deployment."""

    def table(self) -> StepTable:
        """Tabulate it.

        Raises:
            ConfigError: It knows nothing about this deployment.
        """
        ...
