"""Stops a run on signals, so that it can be resumed."""

import asyncio
import signal

from macrohard.graph.office import Office
from macrohard.llm.store import StoredModel

DRAIN_S = 60.0
"""How long a stopping run waits for calls in flight, which are paid for either way."""


class Stopper:
    """First signal: no new calls, wait for those in flight, stop. Second: stop at once."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._loop = asyncio.get_running_loop()
        self._work = asyncio.current_task()
        self._drain: asyncio.Task[None] | None = None
        self._signals: list[int] = []
        self.asked = False

    def listen(self) -> None:
        """Take SIGINT and SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._stop)
            self._signals.append(number)

    def quiet(self) -> None:
        """Leave the signals as they were."""
        for number in self._signals:
            self._loop.remove_signal_handler(number)
        self._signals.clear()

    def _stop(self) -> None:
        if self.asked:
            self._cancel()
            return
        self.asked = True
        self._office.journal.write("stopping")
        self._drain = self._loop.create_task(self._drain_and_cancel())

    async def _drain_and_cancel(self) -> None:
        if isinstance(self._office.model, StoredModel):
            await self._office.model.drain(DRAIN_S)
        self._cancel()

    def _cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()
