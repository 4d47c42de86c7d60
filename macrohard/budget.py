"""Hard caps over all roles: reserve before a call, settle after it.

A reservation is the most a call can cost, so calls in flight cannot pass a cap together.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from macrohard.config import Caps
from macrohard.errors import BudgetError


@dataclass(frozen=True)
class Spending:
    """What was used, or is held for calls in flight."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(self.usd + other.usd, self.tokens + other.tokens, self.calls + other.calls)

    def __sub__(self, other: "Spending") -> "Spending":
        return Spending(self.usd - other.usd, self.tokens - other.tokens, self.calls - other.calls)


class Budget:
    """The account of one run.

    Args:
        caps: The limits.
        spent: Used before, by earlier starts of the same run.
        seconds: Worked before, in seconds.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        caps: Caps,
        *,
        spent: Spending | None = None,
        seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.caps = caps
        self.spent = spent or Spending()
        self._held = Spending()
        self._clock = clock
        self._began = clock() - seconds

    @property
    def seconds(self) -> float:
        """Seconds worked on the run so far."""
        return self._clock() - self._began

    def reserve(self, most: Spending) -> Spending:
        """Hold the most that a call can cost.

        Returns:
            The reservation, to hand to :meth:`settle` or :meth:`release`.

        Raises:
            BudgetError: The call could pass a cap. Nothing is held.
        """
        after = self.spent + self._held + most
        caps = self.caps
        for cap, value, name, flag in (
            (caps.usd, after.usd, "dollars", "--max-usd"),
            (caps.tokens, after.tokens, "tokens", "--max-tokens"),
            (caps.calls, after.calls, "calls", "--max-calls"),
            (caps.minutes, self.seconds / 60, "minutes", "--max-minutes"),
        ):
            if cap is not None and value > cap:
                raise BudgetError(
                    f"The next call could take the run to {value:,.4g} {name}, over the cap of "
                    f"{cap:,.4g}. Resume with a higher {flag}."
                )
        self._held += most
        return most

    def settle(self, reservation: Spending, used: Spending) -> None:
        """Replace a reservation by what the call really used."""
        self._held -= reservation
        self.spent += used

    def release(self, reservation: Spending) -> None:
        """Give a reservation back: the call never happened."""
        self._held -= reservation

    def left(self) -> str:
        """What is left, in words, for the roles that plan."""
        caps, spent = self.caps, self.spent
        parts = [
            f"{cap - value:,.4g} {name}"
            for cap, value, name in (
                (caps.usd, spent.usd, "dollars"),
                (caps.tokens, spent.tokens, "tokens"),
                (caps.calls, spent.calls, "calls"),
            )
            if cap is not None
        ]
        return ", ".join(parts) if parts else "no cap"
