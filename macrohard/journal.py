"""The journal of a run: ``events.jsonl``, one JSON object a line, appended and never changed.

Every event has ``v`` (version of this format), ``seq`` (its number in the file), ``at`` (UTC, ISO
8601) and ``type``; the other fields depend on the type. A line is on disk before the call that
wrote it returns, and a line torn by a kill is dropped when the journal is opened again.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VERSION = 1

Event = dict[str, Any]
Listener = Callable[[Event], None]


class Journal:
    """Appends events to a file and tells a listener about each.

    Args:
        path: The file; made when it is not there.
        listener: Called with every event after it is on disk.
    """

    def __init__(self, path: Path, listener: Listener | None = None) -> None:
        self._listener = listener
        self._next = _mend(path)
        self._file = path.open("ab", buffering=0)

    def write(self, kind: str, **fields: Any) -> Event:
        """Append one event and return it."""
        event: Event = {
            "v": VERSION,
            "seq": self._next,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "type": kind,
            **fields,
        }
        self._file.write(json.dumps(event, ensure_ascii=False).encode() + b"\n")
        self._next += 1
        if self._listener is not None:
            self._listener(event)
        return event

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_journal(path: Path) -> Iterator[Event]:
    """The events of a journal, oldest first; a torn last line is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _mend(path: Path) -> int:
    """Cut a torn last line off; the number of whole ones."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
    return data.count(b"\n")
