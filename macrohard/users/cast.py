"""A recording of a terminal in asciinema's format, version 2.

One JSON document a line: a header, then ``[seconds since the start, code, data]`` with code ``o``
for output, ``i`` for typing, ``r`` for a new size and ``m`` for a marker
(https://docs.asciinema.org/manual/asciicast/v2/).
"""

import json
import time
from collections.abc import Callable
from typing import Literal

CAST_LIMIT = 2_000_000
"""Characters of output kept in one recording; what a flood prints past it is not recorded."""


class Cast:
    """Collects the events of one terminal.

    Args:
        rows: Height of the window.
        columns: Width of the window.
        title: What is shown as the recording's title.
        clock: Seconds of a clock that never goes back.
        limit: Characters of output kept.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        *,
        title: str = "",
        clock: Callable[[], float] = time.monotonic,
        limit: int = CAST_LIMIT,
    ) -> None:
        self._header = {"version": 2, "width": columns, "height": rows}
        self._title = title
        self._clock = clock
        self._start = clock()
        self._room = limit
        self._events: list[tuple[float, str, str]] = []

    def output(self, text: str) -> None:
        """The terminal showed this."""
        if text and self._room > 0:
            self._add("o", text[: self._room])
            self._room -= len(text)
            if self._room <= 0:
                self._add("o", "\x1b[0m\r\n[… the rest of the output is not recorded …]\r\n")

    def typed(self, text: str) -> None:
        """The user typed this."""
        self._add("i", text)

    def resized(self, rows: int, columns: int) -> None:
        """The window has a new size."""
        self._add("r", f"{columns}x{rows}")

    def marker(self, label: str) -> None:
        """A place to jump to, such as a step of the scenario."""
        self._add("m", label)

    def text(self) -> str:
        """The whole file, one JSON document a line."""
        header = {**self._header, "env": {"SHELL": "sh", "TERM": "xterm-256color"}}
        if self._title:
            header["title"] = self._title
        lines = [json.dumps(header), *(json.dumps(event) for event in self._events)]
        return "\n".join(lines) + "\n"

    def _add(self, code: Literal["o", "i", "r", "m"], data: str) -> None:
        # Half a character cannot travel through JSON readers.
        data = data.encode("utf-8", "replace").decode()
        self._events.append((round(self._clock() - self._start, 6), code, data))
