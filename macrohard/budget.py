"""Hard caps over all roles: reserve before a call, settle after it.

A reservation is the most a call can cost, so calls in flight cannot pass a cap together. A call
that would fit but for what is held for others waits until they have settled, because most calls
cost far less than the most they can.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from macrohard.config import Caps
from macrohard.errors import BudgetError

_DUST = 1e-9
"""Dollars under which a sum of floats says nothing."""


@dataclass(frozen=True)
class Spending:
    """What was used, or is held for calls in flight."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(self.usd + other.usd, self.tokens + other.tokens, self.calls + other.calls)


@dataclass(frozen=True, eq=False)
class Reservation:
    """The most that one call can cost, held until it is settled or released."""

    most: Spending


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
        self._held: set[Reservation] = set()
        self._held_sum: Spending | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._clock = clock
        self._began = clock() - seconds

    @property
    def seconds(self) -> float:
        """Seconds worked on the run so far."""
        return self._clock() - self._began

    @property
    def held(self) -> Spending:
        """The most that the calls in flight can cost together."""
        if self._held_sum is None:
            # Summed anew, because adding and taking away floats in turn leaves dust.
            parts = [one.most for one in self._held]
            self._held_sum = Spending(
                usd=math.fsum(one.usd for one in parts),
                tokens=sum(one.tokens for one in parts),
                calls=sum(one.calls for one in parts),
            )
        return self._held_sum

    async def reserve(self, most: Spending) -> Reservation:
        """Hold the most that a call can cost, as soon as that fits beside what others hold.

        Returns:
            The reservation, to hand to :meth:`settle` or :meth:`release`.

        Raises:
            BudgetError: The call could pass a cap even if it were alone. Nothing is held.
        """
        while True:
            over = self._over(self.spent + most)
            if over:
                raise BudgetError(over)
            if not self._over(self.spent + self.held + most):
                reservation = Reservation(most)
                self._held.add(reservation)
                self._held_sum = None
                return reservation
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    def settle(self, reservation: Reservation, used: Spending) -> None:
        """Replace a reservation by what the call really used."""
        self.spent += used
        self.release(reservation)

    def release(self, reservation: Reservation) -> None:
        """Give a reservation back: the call is over, or never happened."""
        self._held.discard(reservation)
        self._held_sum = None
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

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

    def _over(self, after: Spending) -> str:
        """Which cap a sum would pass, for the person who set it; empty for none."""
        caps, spent = self.caps, self.spent
        for cap, value, used, name, flag in (
            (caps.usd, after.usd - _DUST, spent.usd, "dollars", "--max-usd"),
            (caps.tokens, after.tokens, spent.tokens, "tokens", "--max-tokens"),
            (caps.calls, after.calls, spent.calls, "calls", "--max-calls"),
            (caps.minutes, self.seconds / 60, self.seconds / 60, "minutes", "--max-minutes"),
        ):
            if cap is not None and value > cap:
                return (
                    f"{_said(used)} {name} are used, and the next call could take the run to "
                    f"{_said(value)}, over the cap of {_said(cap)}. Resume with a higher {flag}."
                )
        return ""


def _said(number: float) -> str:
    """Counts whole, dollars and minutes with what of them says something."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.4g}"
