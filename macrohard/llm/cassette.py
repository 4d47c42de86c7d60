"""Cassettes: the model's answers of a run in one file, played back without a model.

Only answers are played back; code, tests and simulated users run for real. An answer is found by
the hash of its request, with what differs from machine to machine taken out (:func:`steady`). The
first request that is not on the cassette ends the replay with a diff against the nearest one.

A cassette is gzip-compressed JSON lines: a header, the long texts once each, and the calls in the
order of their keys, so the same run gives the same bytes.
"""

import difflib
import gzip
import hashlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from macrohard.artifacts import Artifacts
from macrohard.errors import ModelError, UsageError
from macrohard.files import write_atomic
from macrohard.llm.base import Asker, Message, Reply, Request
from macrohard.llm.store import restore_request, stored_calls

VERSION = 1
_DIFF_LINES = 60
_LONG = 200

_VOLATILE = (
    (re.compile(r"\b\d+\.\d+ ?(?:s|ms|sec|seconds)\b"), "N s"),
    (re.compile(r"\bin \d+\.\d+\b"), "in N"),
    (re.compile(r"\b0x[0-9a-f]{6,16}\b"), "0xN"),
    (re.compile(r"/tmp/[\w./-]+"), "/tmp/N"),  # noqa: S108 - a pattern, not a file
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"), "TIME"),
)


def steady(text: str) -> str:
    """A text without durations, addresses, temporary paths and times of day."""
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text


def cassette_key(request: Request) -> str:
    """Hash of a request as replays look it up: tool results are made steady first."""
    messages = tuple(
        message.model_copy(update={"content": steady(message.content)})
        if message.role == "tool"
        else message
        for message in request.messages
    )
    return request.model_copy(update={"messages": messages}).key


def record_cassette(calls: Path, artifacts: Artifacts, target: Path, header: dict[str, Any]) -> int:
    """Write the stored calls of a run to a cassette; how many.

    Raises:
        UsageError: The file cannot be written.
    """
    texts: dict[str, str] = {}
    lines: dict[str, dict[str, Any]] = {}
    for call in stored_calls(calls):
        request = restore_request(call["request"], artifacts)
        data = request.model_dump(mode="json", exclude_defaults=True)
        data["messages"] = [_fold(message, texts) for message in data["messages"]]
        for name in ("tools", "output_schema"):
            if data.get(name):
                data[name] = _keep(json.dumps(data[name]), texts)
        lines[cassette_key(request)] = {"request": data, "reply": call["reply"]}
    rows = [
        {"v": VERSION, **header},
        *({"text": digest, "is": text} for digest, text in sorted(texts.items())),
        *({"call": key, **call} for key, call in sorted(lines.items())),
    ]
    body = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    try:
        write_atomic(target, gzip.compress(body.encode(), mtime=0))
    except OSError as error:
        raise UsageError(f"--record {target}: cannot be written: {error.strerror}.") from error
    return len(lines)


class CassetteModel:
    """Answers from a cassette.

    Args:
        path: The file.

    Raises:
        UsageError: It is no cassette, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.header, self._texts, self._calls = _load(path)
        self._by_asker: defaultdict[str, list[str]] = defaultdict(list)
        for key, call in self._calls.items():
            self._by_asker[_asker(call["request"]["asker"])].append(key)

    @property
    def name(self) -> str:
        """``replay:FILE``."""
        return f"replay:{self._path}"

    def window_tokens(self, asker: Asker) -> int | None:
        """The context window of the model that was recorded."""
        window = self.header.get("windows", {}).get(asker.role)
        return window if isinstance(window, int) else None

    async def complete(self, request: Request) -> Reply:
        """The recorded answer.

        Raises:
            ModelError: The request is not on the cassette; says what is different.
        """
        call = self._calls.get(cassette_key(request))
        if call is None:
            raise ModelError(self._difference(request))
        return Reply.model_validate(call["reply"])

    def _difference(self, request: Request) -> str:
        asker = request.asker
        who = f"role {asker.role}, stage {asker.stage} {asker.item}".rstrip()
        near = [
            call
            for key in self._by_asker[_asker(asker.model_dump())]
            if len((call := self._calls[key])["request"]["messages"]) == len(request.messages)
        ]
        if not near:
            return (
                f"Replay of {self._path}: {who} asks something that was never asked when the "
                f"cassette was recorded ({len(request.messages)} messages)."
            )
        asked = _lines(request.messages)
        diffs = [
            list(difflib.unified_diff(self._recorded(call), asked, "recorded", "now", n=2))
            for call in near
        ]
        best = min(diffs, key=len)
        shown = "\n".join(line.rstrip("\n")[:300] for line in best[:_DIFF_LINES])
        more = f"\n... {len(best) - _DIFF_LINES} lines more" if len(best) > _DIFF_LINES else ""
        return (
            f"Replay of {self._path}: the request of {who} differs from the recorded one.\n"
            f"{shown or 'Only tools, schema or limits differ.'}{more}"
        )

    def _recorded(self, call: dict[str, Any]) -> list[str]:
        messages = []
        for message in call["request"]["messages"]:
            content = message.get("content", "")
            if isinstance(content, dict):
                content = self._texts[content["text"]]
            messages.append(Message.model_validate({**message, "content": content}))
        return _lines(tuple(messages))


def _lines(messages: tuple[Message, ...]) -> list[str]:
    lines = []
    for message in messages:
        lines.append(f"[{message.role}]\n")
        content = steady(message.content) if message.role == "tool" else message.content
        lines += content.splitlines(keepends=True)
        lines += [f"call {call.name} {call.arguments}\n" for call in message.tool_calls]
    return lines


def _asker(asker: dict[str, Any]) -> str:
    return "|".join(str(asker.get(name, "")) for name in ("role", "stage", "item"))


def _fold(message: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    if len(message.get("content", "")) <= _LONG:
        return message
    return {**message, "content": _keep(message["content"], texts)}


def _keep(text: str, texts: dict[str, str]) -> dict[str, str]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    texts[digest] = text
    return {"text": digest}


def _load(path: Path) -> tuple[dict[str, Any], dict[str, str], dict[str, dict[str, Any]]]:
    try:
        rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        header, texts, calls = rows[0], {}, {}
        for row in rows[1:]:
            if "text" in row:
                texts[row["text"]] = row["is"]
            else:
                calls[row["call"]] = row
        version = header["v"]
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise UsageError(f"{path} is no cassette: {error}.") from None
    if version != VERSION:
        raise UsageError(f"{path} is a cassette of version {version}; this reads {VERSION}.")
    return header, texts, calls
