"""Cuts what a terminal receives into text, controls and control sequences.

Follows the shape of ECMA-48 (5th edition, 5.4 control sequences, 5.6 control strings) and of
xterm: an ESC inside an unfinished sequence or string abandons it, so that nothing a program leaves
half-printed can swallow what comes after. Input may be cut anywhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

STRING_LIMIT = 65_536
"""Characters kept of one control string (a title, a link, a picture); the rest is dropped."""

_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_SEQUENCE = re.compile(r"\x1b(?:\[([<-?]*)([0-;]*)([ -/]*)([@-~])|([ -/]*)([0-OQ-WYZ\\`-~]))")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[ -/]*)")
_STRING_START = re.compile(r"\x1b([\]PX^_])")
_STRING_END = re.compile(r"[\x07\x18\x1a\x1b]")
_UNFINISHED_LIMIT = 256


@dataclass(frozen=True)
class Token:
    """One piece of the stream.

    Attributes:
        kind: ``text``; ``control`` (one C0 character); ``csi``; ``esc``; ``osc``; ``string``
            (device control and other strings).
        raw: The characters it was made of.
        body: Text, the control, the parameters of a CSI, or the content of a string.
        final: Last character of ``csi`` and ``esc``.
        mark: Private marker (``?``, ``>``…) and intermediate characters.
    """

    kind: Literal["text", "control", "csi", "esc", "osc", "string"]
    raw: str
    body: str = ""
    final: str = ""
    mark: str = ""

    def numbers(self, limit: int = 16) -> list[int]:
        """Parameters of a CSI, 0 for an empty one, at most four digits of each."""
        parts = self.body.split(";")[:limit] if self.body else []
        return [int(part.lstrip("0")[:4]) if part.strip("0").isdigit() else 0 for part in parts]


class Tokenizer:
    """Keeps what is unfinished between two feeds."""

    def __init__(self) -> None:
        self._rest = ""
        self._string = ""
        self._parts: list[str] = []
        self._size = 0

    def feed(self, text: str) -> Iterator[Token]:
        """The tokens that are complete with this text."""
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            if self._string:
                token, at = self._take_string(text, at)
            else:
                token, at = self._take(text, at)
            if token is not None:
                yield token

    def _take(self, text: str, at: int) -> tuple[Token | None, int]:
        if match := _TEXT.match(text, at):
            return Token("text", match[0], match[0]), match.end()
        if text[at] != "\x1b":
            char = text[at]
            return (Token("control", char, char) if char < "\x7f" else None), at + 1
        if match := _STRING_START.match(text, at):
            self._string, self._parts, self._size = match[1], [], 0
            return None, match.end()
        if match := _SEQUENCE.match(text, at):
            return _read_sequence(match), match.end()
        match = _UNFINISHED.match(text, at)
        end = match.end() if match else at + 1
        if end == len(text) and end - at < _UNFINISHED_LIMIT:
            self._rest = text[at:]
        return None, end

    def _take_string(self, text: str, at: int) -> tuple[Token | None, int]:
        match = _STRING_END.search(text, at)
        end = match.start() if match else len(text)
        if self._size < STRING_LIMIT:
            self._parts.append(text[at:end])
            self._size += end - at
        if match is None:
            return None, end
        kind = self._string
        if match[0] == "\x1b":
            after = text[end + 1 : end + 2]
            if not after:
                self._rest = "\x1b"
                return None, end + 1
            self._string = ""
            return (self._end_string(kind), end + 2) if after == "\\" else (None, end)
        if match[0] == "\x07" and kind != "]":
            self._parts.append("\x07")
            return None, end + 1
        self._string = ""
        return (self._end_string(kind) if match[0] == "\x07" else None), end + 1

    def _end_string(self, kind: str) -> Token:
        body = "".join(self._parts)[:STRING_LIMIT]
        self._parts = []
        ending = "\x07" if kind == "]" else "\x1b\\"
        return Token("osc" if kind == "]" else "string", f"\x1b{kind}{body}{ending}", body)


def _read_sequence(match: re.Match[str]) -> Token:
    if match[4]:
        return Token("csi", match[0], match[2], match[4], match[1] + match[3])
    return Token("esc", match[0], "", match[6], match[5])
