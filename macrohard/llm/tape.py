"""The file of a cassette: gzip-compressed JSON lines, each text and each message in it once.

The first line is a header. Then, in the order in which they are first needed: texts (documents and
long arguments recur in many messages), pictures, messages (each turn of a conversation repeats all
earlier ones), schemas and sets of tools, and calls, which name them by number. Calls are in the
order of their keys, and nothing in the file depends on the clock: the same run gives the same
bytes.
"""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from macrohard.errors import UsageError
from macrohard.files import write_atomic
from macrohard.llm.base import Message, Reply, Request
from macrohard.llm.picture import Picture

VERSION = 2
_SHORT = 80
"""Texts of up to this many characters stand where they are used."""
_NOT_OURS = (
    OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError,
    RecursionError,
)  # fmt: skip
"""What reading a file that is damaged, or none of ours, can come to."""
_SEAM = re.compile(r"(?=<document name=)")


@dataclass(frozen=True)
class Tape:
    """What is on a cassette.

    Attributes:
        header: Of what run it is.
        calls: Requests and replies by key.
    """

    header: Mapping[str, Any]
    calls: Mapping[str, tuple[Request, Reply]]


def write_tape(
    target: Path,
    header: Mapping[str, Any],
    calls: Mapping[str, tuple[Request, Reply]],
    scrub: Callable[[str], str] = lambda text: text,
) -> None:
    """Write a cassette.

    Args:
        target: The file.
        header: Of what run it is.
        calls: Requests and replies by key.
        scrub: Takes secrets out of a text.

    Raises:
        UsageError: The file cannot be written.
    """
    writer = _Writer(scrub)
    for key in sorted(calls):
        writer.call(key, *calls[key])
    rows: Iterable[dict[str, Any]] = ({"v": VERSION, **header}, *writer.rows)
    body = "".join(f"{json.dumps(row, ensure_ascii=False, sort_keys=True)}\n" for row in rows)
    try:
        write_atomic(target, gzip.compress(body.encode(), 9, mtime=0))
    except OSError as error:
        raise UsageError(f"--record {target}: cannot be written: {error.strerror}.") from error


def read_tape(path: Path) -> Tape:
    """Read a cassette.

    Raises:
        UsageError: It cannot be read, is none, or is of another version.
    """
    try:
        # Split as bytes: texts hold signs that Python takes for ends of lines, too.
        lines = gzip.decompress(path.read_bytes()).split(b"\n")
        rows = [json.loads(line) for line in lines if line]
        header = rows[0]
        version = header["v"]
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except _NOT_OURS as error:
        raise UsageError(f"{path} is no cassette: {error}.") from None
    if version != VERSION:
        raise UsageError(f"{path} is a cassette of version {version}; this reads {VERSION}.")
    try:
        return Tape(header, _Reader().read(rows[1:]))
    except _NOT_OURS as error:
        raise UsageError(f"{path} is no cassette: {error}.") from None


@dataclass
class _Writer:
    scrub: Callable[[str], str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def call(self, key: str, request: Request, reply: Reply) -> None:
        data = request.model_dump(mode="json", exclude_defaults=True)
        data["messages"] = [self._message(message) for message in request.messages]
        for name in ("tools", "output_schema"):
            if data.get(name):
                data[name] = self._row("schema", data[name])
        answer = reply.model_dump(mode="json", exclude_defaults=True)
        for name in ("content", "tool_calls", "echo"):
            answer.pop(name, None)
        answer["message"] = self._message(reply.message)
        self.rows.append({"call": key, "request": data, "reply": answer})

    def _message(self, message: Message) -> int:
        data = message.model_dump(mode="json", exclude_defaults=True)
        for name in ("content", "echo"):
            if data.get(name):
                data[name] = self._text(data[name])
        for call in data.get("tool_calls", ()):
            call["arguments"] = self._text(call["arguments"])
        if message.pictures:
            data["pictures"] = [self._picture(picture) for picture in message.pictures]
        return self._row("message", data)

    def _picture(self, picture: Picture) -> int:
        told = picture.model_dump(mode="json", exclude_defaults=True)
        return self._row("picture", {**told, "data": base64.b64encode(picture.data).decode()})

    def _text(self, text: str) -> Any:
        pieces: list[Any] = [
            piece if len(piece) <= _SHORT else self._row("text", piece)
            for piece in _SEAM.split(self.scrub(text))
        ]
        return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], str) else pieces

    def _row(self, kind: str, value: Any) -> int:
        known = (kind, json.dumps(value, sort_keys=True))
        if known not in self._numbers:
            self._numbers[known] = len(self._numbers)
            self.rows.append({kind: self._numbers[known], "is": value})
        return self._numbers[known]


class _Reader:
    def __init__(self) -> None:
        self._things: dict[int, Any] = {}

    def read(self, rows: list[dict[str, Any]]) -> dict[str, tuple[Request, Reply]]:
        calls = {}
        for row in rows:
            if "text" in row:
                self._things[row["text"]] = row["is"]
            elif "picture" in row:
                told = row["is"]
                data = base64.b64decode(told["data"], validate=True)
                self._things[row["picture"]] = Picture.model_validate({**told, "data": data})
            elif "schema" in row:
                self._things[row["schema"]] = row["is"]
            elif "message" in row:
                self._things[row["message"]] = self._message(row["is"])
            else:
                calls[row["call"]] = (self._request(row["request"]), self._reply(row["reply"]))
        return calls

    def _text(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return "".join(one if isinstance(one, str) else self._things[one] for one in value)

    def _message(self, data: dict[str, Any]) -> Message:
        for name in ("content", "echo"):
            if name in data:
                data[name] = self._text(data[name])
        for call in data.get("tool_calls", ()):
            call["arguments"] = self._text(call["arguments"])
        if "pictures" in data:
            data["pictures"] = tuple(self._things[number] for number in data["pictures"])
        return Message.model_validate(data)

    def _request(self, data: dict[str, Any]) -> Request:
        data["messages"] = tuple(self._things[number] for number in data["messages"])
        for name in ("tools", "output_schema"):
            if name in data:
                data[name] = self._things[data[name]]
        return Request.model_validate(data)

    def _reply(self, data: dict[str, Any]) -> Reply:
        message: Message = self._things[data.pop("message")]
        said = {name: getattr(message, name) for name in ("content", "tool_calls", "echo")}
        return Reply.model_validate({**data, **said})
