"""Workloads from files: Mooncake-format traces and Azure LLM inference traces."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from macrohard.cluster.sections import text_of
from macrohard.cluster.workload import Workload, WorkloadBuilder
from macrohard.errors import ConfigError

TRACE_BLOCK = 512
"""Tokens one hash id of a Mooncake trace stands for (Mooncake, FAST 2025)."""


def _fail(path: Path, line: int, what: str) -> ConfigError:
    return ConfigError(f"{path}:{line}: {what}")


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if line.strip():
            yield number, line


def _whole(path: Path, line: int, name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _fail(path, line, f"{name} must be a whole number of {least} or more, not {value!r}")
    return value


class _PrefixTree:
    """Compresses chains of hash ids into streams that branch where prompts part."""

    def __init__(self, builder: WorkloadBuilder) -> None:
        self._builder = builder
        self._paths: dict[int, list[int]] = {}  # stream -> all hash ids from the prompt's start
        self._at: dict[tuple[int, int], int] = {}  # (previous node, hash id) -> node
        self._home: list[int] = [-1]  # node -> stream it was first seen in

    def stream_of(self, ids: list[int]) -> int:
        """The stream whose first tokens these ids are."""
        node, depth = 0, 0
        while depth < len(ids) and (node, ids[depth]) in self._at:
            node = self._at[node, ids[depth]]
            depth += 1
        home = self._home[node]
        if home >= 0 and depth == len(ids):
            return home
        if home >= 0 and len(self._paths[home]) == depth:
            stream = home  # the prompt goes on where the stream ended: the stream grows
        else:
            stream = self._builder.add_stream(home, depth * TRACE_BLOCK)
        for one in ids[depth:]:
            self._home.append(stream)
            self._at[node, one] = len(self._home) - 1
            node = len(self._home) - 1
        self._paths[stream] = ids
        return stream


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = list(_read_lines(path))
    for number, line in lines:
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            last = number == lines[-1][0]
            what = "the last line is cut short" if last else f"not JSON: {error.msg}"
            raise _fail(path, number, f"{what}; remove it or fetch the file again") from error
        if not isinstance(row, dict):
            raise _fail(path, number, "a line must be a JSON object")
        missing = [name for name in ("input_length", "output_length") if name not in row]
        if missing:
            raise _fail(path, number, f"missing column {', '.join(missing)}")
        yield number, row


def _hashes(path: Path, number: int, row: dict[str, Any], tokens: int) -> list[int]:
    ids = row.get("hash_ids", [])
    if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
        raise _fail(path, number, "hash_ids must be a list of whole numbers")
    return ids[: max(0, tokens // TRACE_BLOCK)]


def read_mooncake(path: Path, *, speed: float = 1.0, limit: int = 0) -> Workload:
    """A trace in Mooncake format: one JSON object a line.

    Lines have ``input_length``, ``output_length``, ``hash_ids`` (one per 512 prompt tokens) and
    either ``timestamp`` in milliseconds, or ``session_id`` and ``delay`` in milliseconds after the
    call before it in the session (as aiperf writes them).

    Args:
        path: The file.
        speed: Plays arrivals so much faster.
        limit: Reads only so many lines; 0 reads all.

    Raises:
        ConfigError: Unreadable, or nonsense in it; names the line.
    """
    builder = WorkloadBuilder(path.stem, f"trace {path.name}")
    tree = _PrefixTree(builder)
    sessions: dict[str, tuple[int, int]] = {}
    before_s = 0.0
    context: dict[int, list[int]] = {}
    for count, (number, row) in enumerate(_json_rows(path), 1):
        prompt = _whole(path, number, "input_length", row["input_length"], 1)
        output = max(1, _whole(path, number, "output_length", row["output_length"], 0))
        ids = _hashes(path, number, row, prompt)
        name = row.get("session_id")
        if name in sessions and "delay" in row:
            session, last = sessions[name]
            gap_s = _time(path, number, row["delay"]) / speed
            # a continued session sends only what is new; its prompt is all of it so far
            ids = context[session] + row.get("hash_ids", [])
            prompt = max(prompt, len(ids) * TRACE_BLOCK)
            ids = ids[: prompt // TRACE_BLOCK]
            stream = tree.stream_of(ids)
            call = builder.add_call(
                session, stream, prompt, output, after=[last], gap_s=gap_s, keeps=False
            )
        else:
            if "timestamp" not in row:
                raise _fail(path, number, "missing column timestamp")
            at_s = _time(path, number, row["timestamp"]) / speed
            if at_s < before_s:
                raise _fail(path, number, f"time goes backwards: {at_s:g} s after {before_s:g} s")
            before_s = at_s
            session = builder.add_session()
            stream = tree.stream_of(ids)
            call = builder.add_call(session, stream, prompt, output, at_s=at_s, keeps=False)
        context[session] = ids
        if name is not None:
            sessions[name] = (session, call)
        if count == limit:
            break
    return builder.build()


def _time(path: Path, number: int, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise _fail(path, number, f"a time must be milliseconds from 0 on, not {value!r}")
    return value / 1e3


_AZURE = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


def read_azure(path: Path, *, speed: float = 1.0, limit: int = 0) -> Workload:
    """An Azure LLM inference trace: CSV with TIMESTAMP, ContextTokens, GeneratedTokens.

    Its calls share nothing: the trace does not say what prompts have in common.

    Raises:
        ConfigError: Unreadable, or nonsense in it; names the line.
    """
    builder = WorkloadBuilder(path.stem, f"trace {path.name}")
    lines = list(_read_lines(path))
    if not lines:
        raise _fail(path, 1, "empty file")
    header = next(csv.reader([lines[0][1]]))
    missing = [name for name in _AZURE if name not in header]
    if missing:
        raise _fail(path, 1, f"missing column {', '.join(missing)}; there are {', '.join(header)}")
    columns = [header.index(name) for name in _AZURE]
    start: datetime | None = None
    before_s = 0.0
    for number, line in lines[1 : limit + 1 if limit else None]:
        cells = next(csv.reader([line]))
        if len(cells) <= max(columns):
            raise _fail(path, number, "the line is cut short; remove it or fetch the file again")
        stamp, prompt, output = (cells[column] for column in columns)
        try:
            moment = datetime.fromisoformat(stamp.strip()[:26])
            tokens, made = int(prompt), int(output)
        except ValueError:
            raise _fail(path, number, f"cannot read {line.strip()[:80]!r}") from None
        start = start or moment
        at_s = (moment - start).total_seconds() / speed
        if at_s < before_s:
            raise _fail(path, number, f"time goes backwards: {stamp}")
        if tokens < 1 or made < 0:
            raise _fail(path, number, f"{tokens} prompt and {made} output tokens make no call")
        before_s = at_s
        builder.add_call(
            builder.add_session(),
            builder.add_stream(),
            tokens,
            max(1, made),
            at_s=at_s,
            keeps=False,
        )
    return builder.build()
