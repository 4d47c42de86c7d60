"""The eyes of a simulated user: the picture that the last action left, where it shows a change."""

import asyncio
import json
from pathlib import Path

from macrohard.artifacts import Artifacts
from macrohard.llm.picture import Picture
from macrohard.loop.agent import Memory
from macrohard.loop.eyes import Glance
from macrohard.users import UserTools
from macrohard.users.shots import shot_of

_WORDS = "{name} shows the screen as it is now."
_NOTHING = "null"


class Sight:
    """Eyes for the agent loop.

    Args:
        tools: The user's hands; their tape tells what was left to see, and keeps what was shown.
        folder: Where the driver leaves its pictures.
        memory: What was shown in an earlier life of the run.
        album: Keeps the pictures for that.
    """

    def __init__(
        self,
        tools: UserTools,
        folder: Path,
        *,
        memory: Memory | None = None,
        album: Artifacts | None = None,
    ) -> None:
        self._tools = tools
        self._folder = folder
        self._memory = memory
        self._album = album
        self._last = ""
        self._closed = False
        self.shown: dict[str, Picture] = {}
        """What was shown, by name."""

    def close(self, reason: str) -> None:
        """Show nothing more: the model cannot be shown it, and has not seen what was."""
        self._closed = True
        self.shown = {}
        self._tools.note_unseen(reason)

    async def look(self, key: str) -> Glance | None:
        """The picture of now; None where it is that of the last look."""
        picture = None if self._closed else await self._seen(key)
        if picture is None:
            return None
        self._last = picture.sha256
        self.shown[picture.name] = picture
        self._tools.note_shown(picture.name)
        return Glance(picture, _WORDS.format(name=picture.name))

    async def _seen(self, key: str) -> Picture | None:
        """What this look showed in an earlier life, or else what there is."""
        if self._memory is None or self._album is None:
            return await self._now()
        known = self._memory.recall(key)
        if known is None:
            picture = await self._now()
            if picture is not None:  # before it is told of: whoever finds its name finds it
                self._album.put(picture.data)
            told = _NOTHING if picture is None else picture.model_dump_json()
            self._memory.keep(key, told)
            return picture
        if known == _NOTHING:
            return None
        told = json.loads(known)
        return Picture.model_validate({**told, "data": self._album.data(told["sha256"])})

    async def _now(self) -> Picture | None:
        name = self._tools.last_picture
        if not name:
            return None
        picture = await asyncio.to_thread(shot_of, self._folder / name)
        return None if picture is None or picture.sha256 == self._last else picture
