"""Where items under work tell each other that they are done.

All items of a wave start at once, each waits only for what it depends on, so the wall time of a
wave is that of its longest chain. Results are files, because after a kill the graph does not show
a running branch what finished branches returned.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from macrohard.files import write_atomic
from macrohard.graph.state import ItemResult


class Board:
    """Results of items, by wave.

    Args:
        folder: Where results are kept for the next start of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def known(self, round_: int, wave: int, item: str) -> ItemResult | None:
        """The result of an item, when it has one that can be read."""
        try:
            text = self._path(round_, wave, item).read_text()
            return cast(ItemResult, json.loads(text))
        except (FileNotFoundError, ValueError):
            return None

    async def wait(self, round_: int, wave: int, item: str) -> ItemResult:
        """The result of an item, as soon as it has one."""
        while (result := self.known(round_, wave, item)) is None:
            await self._events[str(self._path(round_, wave, item))].wait()
        return result

    def publish(self, result: ItemResult) -> None:
        """Store a result and wake everyone who waits for it."""
        path = self._path(result["round"], result["wave"], result["item"])
        write_atomic(path, json.dumps(result))
        self._events[str(path)].set()

    def restore(self, results: Iterable[ItemResult]) -> None:
        """Store again what checkpoints hold and the folder lost: its items are not begun again.

        Without their results, those that wait for them would wait for ever.
        """
        for result in results:
            if self.known(result["round"], result["wave"], result["item"]) is None:
                self.publish(result)

    def _path(self, round_: int, wave: int, item: str) -> Path:
        return self._folder / f"r{round_}-w{wave}" / f"{item}.json"
