"""Cassettes: the model's answers of a run in one file, played back without a model.

Only answers are played back; code, tests and simulated users run for real. An answer is found by
the hash of its request, with what differs from machine to machine taken out (:func:`steady`), so
builds that ask in another order find the same answers. The first request that is not on the
cassette ends the replay with a diff against the nearest one.
"""

import difflib
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from macrohard.artifacts import Artifacts
from macrohard.config import key_names
from macrohard.errors import ModelError, UsageError
from macrohard.llm.base import Asker, Message, Reply, Request
from macrohard.llm.secret import Secret
from macrohard.llm.store import restore_request, stored_calls
from macrohard.llm.tape import read_tape, write_tape
from macrohard.roles import Role, Roster

_DIFF_LINES = 60
_ANY = "0" * 64
_SHORTEST_KEY = 8
"""Values of fewer characters are words that stand everywhere, not keys."""

_VOLATILE = (
    (re.compile(r"\b\d+\.\d+ ?(?:s|ms|sec|seconds)\b"), "N s"),
    (re.compile(r"\bin \d+\.\d+\b"), "in N"),
    (re.compile(r"\b0x[0-9a-f]{6,16}\b"), "0xN"),
    (re.compile(r"/tmp/[\w./-]+"), "/tmp/N"),  # noqa: S108 - a pattern, not a file
    (re.compile(r'(?<=", line )\d+'), "N"),  # where a signal or a closed pipe met a program
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"), "TIME"),
)


def steady(text: str) -> str:
    """A text without durations, addresses, temporary paths and times of day."""
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text


def cassette_key(request: Request) -> str:
    """Hash of a request as replays look it up: tool results and pictures are made steady first.

    Of a picture its name and size stay: fonts and browsers differ in single pixels from one machine
    to the next, and what stands on a page is in the text, too.
    """
    messages = tuple(_steady_message(message) for message in request.messages)
    return request.model_copy(update={"messages": messages}).key


def _steady_message(message: Message) -> Message:
    if message.role != "tool":
        return message
    pictures = tuple(
        picture.model_copy(update={"sha256": _ANY, "data": b""}) for picture in message.pictures
    )
    return message.model_copy(update={"content": steady(message.content), "pictures": pictures})


def record_cassette(
    calls: Path,
    artifacts: Artifacts,
    target: Path,
    header: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Write the stored calls of a run to a cassette; how many.

    Args:
        calls: The run's ``calls/``.
        artifacts: Where long texts lie.
        target: The file.
        header: Of what run it is.
        environment: Whose keys must not be in the file; the process's by default.

    Raises:
        UsageError: The file cannot be written.
    """
    environment = os.environ if environment is None else environment
    keys = [
        Secret(value)
        for name in key_names(environment)
        if not name.endswith("_URL") and len(value := environment[name].strip()) >= _SHORTEST_KEY
    ]

    def scrub(text: str) -> str:
        for key in keys:
            text = key.scrub(text)
        return text

    found = {}
    for call in stored_calls(calls):
        request = restore_request(call["request"], artifacts)
        # By what was asked, not by what is written: a replay asks with the key in its place.
        found[cassette_key(request)] = request, Reply.model_validate(call["reply"])
    write_tape(target, header, found, scrub)
    return len(found)


def check_recording(target: Path) -> None:
    """Refuse a target before anything is spent on what could not be written to it in the end.

    Raises:
        UsageError: It holds something that is no cassette, or cannot be written.
    """
    try:
        if target.is_file() and target.read_bytes()[:2] not in {b"", b"\x1f\x8b"}:
            raise UsageError(
                f"--record {target}: exists and is no cassette; it was left untouched. "
                "Choose another file."
            )
        if target.exists() and not target.is_file():
            raise UsageError(f"--record {target}: is no file. Choose another.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise UsageError(f"--record {target}: cannot be written: {error.strerror}.") from None


class CassetteModel:
    """Answers from a cassette.

    Args:
        path: The file.

    Raises:
        UsageError: It is no cassette, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        tape = read_tape(path)
        self.header = tape.header
        # What is taken out of requests may be more today than it was when they were recorded.
        self._calls = {
            **{cassette_key(call[0]): call for call in tape.calls.values()},
            **tape.calls,
        }
        self._by_asker: defaultdict[tuple[str, ...], list[Request]] = defaultdict(list)
        for request, _ in tape.calls.values():
            self._by_asker[_asker(request)].append(request)

    @property
    def name(self) -> str:
        """``replay:FILE``."""
        return f"replay:{self._path}"

    def window_tokens(self, asker: Asker) -> int | None:
        """The context window of the model that was recorded."""
        window = self.header.get("seeing" if asker.looks else "windows", {}).get(asker.role)
        return window if isinstance(window, int) else None

    def sees(self, asker: Asker) -> bool:
        """Whether the model that was recorded was shown pictures."""
        return asker.role in self.header.get("seeing", {})

    async def complete(self, request: Request) -> Reply:
        """The recorded answer.

        Raises:
            ModelError: The request is not on the cassette; says what is different.
        """
        call = self._calls.get(cassette_key(request))
        if call is None:
            raise ModelError(self._difference(request))
        return call[1]

    def _difference(self, request: Request) -> str:
        asker = request.asker
        who = f"role {asker.role}, stage {asker.stage} {asker.item}".rstrip()
        known = self._by_asker[_asker(request)]
        near = [one for one in known if len(one.messages) == len(request.messages)]
        if not near:
            return (
                f"Replay of {self._path}: {who} asks something that was never asked when the "
                f"cassette was recorded ({len(request.messages)} messages)."
            )
        asked = _lines(request.messages)
        diffs = [
            list(difflib.unified_diff(_lines(one.messages), asked, "recorded", "now", n=2))
            for one in near
        ]
        best, recorded = min(zip(diffs, near, strict=True), key=lambda pair: len(pair[0]))
        shown = "\n".join(line.rstrip("\n")[:300] for line in best[:_DIFF_LINES])
        more = f"\n... {len(best) - _DIFF_LINES} lines more" if len(best) > _DIFF_LINES else ""
        return (
            f"Replay of {self._path}: the request of {who} differs from the recorded one.\n"
            f"{shown or _other_difference(recorded, request)}{more}"
        )


def recorded_roster(path: Path) -> Roster | None:
    """The roles that a cassette was recorded with; None where it does not say.

    Raises:
        UsageError: It is no cassette, or of another version.
    """
    tape = read_tape(path)
    try:
        roles = [Role.model_validate({**role, "source": path}) for role in tape.header["roles"]]
    except KeyError:
        return None
    except (TypeError, ValidationError) as error:
        raise UsageError(f"{path} is no cassette: {error}.") from None
    return Roster(tuple(roles))


def _other_difference(recorded: Request, now: Request) -> str:
    """What differs when the messages are the same."""
    names = [
        name
        for name in ("asker", "tools", "output_schema", "max_output_tokens")
        if getattr(recorded, name) != getattr(now, name)
    ]
    return f"The messages are the same; different: {', '.join(names) or 'echoes of the provider'}."


def _lines(messages: tuple[Message, ...]) -> list[str]:
    lines = []
    for message in messages:
        lines.append(f"[{message.role}]\n")
        content = steady(message.content) if message.role == "tool" else message.content
        lines += content.splitlines(keepends=True)
        lines += [f"call {call.name} {call.arguments}\n" for call in message.tool_calls]
        lines += [f"picture {p.name} {p.width}x{p.height}\n" for p in message.pictures]
    return lines


def _asker(request: Request) -> tuple[str, ...]:
    asker = request.asker
    return asker.role, asker.stage, asker.item
