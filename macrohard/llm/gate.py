"""How many calls an endpoint is given at once: fewer after each refusal, slowly more again.

Additive increase, multiplicative decrease, as in TCP: a 429 halves the limit, as many answers as
the limit raise it by one. Refusals of calls that began before the last halving say nothing new.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Lets calls to one endpoint through, in the order they came.

    Args:
        most: Calls in flight at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._in_flight = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._halved_at = float("-inf")
        self._closed_until = float("-inf")
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """Calls that are let in at once."""
        return max(1, int(self._limit))

    @asynccontextmanager
    async def place(self) -> AsyncIterator[float]:
        """A place in flight; gives the loop's time at which it was taken."""
        await self._enter()
        try:
            yield asyncio.get_running_loop().time()
        finally:
            self._in_flight -= 1
            self._let_in()

    def answered(self) -> None:
        """An answer came: grow."""
        self._limit = min(self._most, self._limit + 1 / self._limit)

    def refused(self, began: float, wait_s: float) -> None:
        """The server has too much: halve, and start no call before it asked for one.

        Args:
            began: When the refused call took its place.
            wait_s: Seconds that the server wants to be left alone.
        """
        now = asyncio.get_running_loop().time()
        if began >= self._halved_at:
            self._limit = max(1.0, self._limit / 2)
            self._halved_at = now
        self._closed_until = max(self._closed_until, now + wait_s)

    async def _enter(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._in_flight -= 1
                self._let_in()
            raise

    def _let_in(self) -> None:
        loop = asyncio.get_running_loop()
        if self._queue and loop.time() < self._closed_until:
            if self._alarm is None or self._alarm.cancelled():
                self._alarm = loop.call_at(self._closed_until, self._open)
            return
        while self._queue and self._in_flight < self.limit:
            turn = self._queue.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)

    def _open(self) -> None:
        self._alarm = None
        self._let_in()
