"""The mailbox: each request is a file, the answer another file dropped beside it.

For models without an API, for people, and for air-gapped rooms. A request ``NAME`` is written as
``NAME.request.md``, which a person can read, and ``NAME.request.json``, the whole of it. It is
answered by ``NAME.answer.md`` in the form below, or ``NAME.answer.json`` (a reply as in
``calls/``, or ``{"content": ..., "tool_calls": [{"name": ..., "arguments": {...}}]}``).

An answer in Markdown is the content itself; or, where tools are offered, calls of tools::

    === write_file
    --- path
    game.py
    --- content
    print("hello")
    === submit
    {"summary": "...", "files": ["game.py"], "tests_run": "..."}

Lines ``=== TOOL`` begin a call and ``--- ARGUMENT`` an argument, which reaches to the next such
line; a call without arguments of that kind is followed by one JSON object.

Files of a request appear by rename, so a reader never sees half of one; an answer counts when it
was renamed into place (``macrohard mailbox answer`` does that) or has not changed for a second.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from macrohard.errors import ModelError, UsageError
from macrohard.files import write_atomic
from macrohard.llm.base import Reply, Request, Tool, ToolCall, Usage

POLL_S = 0.25
SETTLED_S = 1.0
"""An answer file this old is taken as whole."""
_CALL = re.compile(r"^=== *(\S+) *$", re.MULTILINE)
_ARGUMENT = re.compile(r"^--- *(\S+) *\n?", re.MULTILINE)


_FILE_TEXTS = ("`--- content`", "`--- old`", "`--- new`")


class AnswerError(UsageError):
    """An answer that cannot be read."""


@dataclass(frozen=True)
class Letter:
    """A request in a mailbox."""

    name: str
    folder: Path

    @property
    def request_path(self) -> Path:
        """The whole request as JSON."""
        return self.folder / f"{self.name}.request.json"

    @property
    def page_path(self) -> Path:
        """The request for people."""
        return self.folder / f"{self.name}.request.md"

    def answer_paths(self) -> tuple[Path, Path]:
        """Where an answer may be: Markdown, JSON."""
        return self.folder / f"{self.name}.answer.md", self.folder / f"{self.name}.answer.json"

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return any(path.exists() for path in self.answer_paths())

    def request(self) -> Request:
        """The request.

        Raises:
            UsageError: There is no such request.
        """
        try:
            return Request.model_validate_json(self.request_path.read_text())
        except FileNotFoundError:
            raise UsageError(f"{self.folder} has no request {self.name}.") from None


class MailboxModel:
    """A model whose answers somebody writes.

    Args:
        folder: The mailbox; made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """``mailbox:FOLDER``."""
        return f"mailbox:{self._folder}"

    async def complete(self, request: Request) -> Reply:
        """Put the request in the box, wait for the answer.

        A request that is there already, from an earlier start, is not put again. An answer that
        cannot be read is set aside as ``NAME.rejected-N`` with the reason in ``NAME.problem.md``.
        """
        letter = Letter(_name(request), self._folder)
        self._put(letter, request)
        while True:
            for path in letter.answer_paths():
                reply = self._take(letter, path, request)
                if reply is not None:
                    return reply
            await asyncio.sleep(POLL_S)

    def _put(self, letter: Letter, request: Request) -> None:
        if letter.request_path.exists():
            return
        try:
            write_atomic(letter.page_path, page(request))
            write_atomic(letter.request_path, request.model_dump_json(indent=1))
        except OSError as error:
            raise ModelError(f"The mailbox {self._folder} cannot be written: {error}.") from error

    def _take(self, letter: Letter, path: Path, request: Request) -> Reply | None:
        try:
            if time.time() - path.stat().st_mtime < SETTLED_S:
                return None
            text = path.read_text()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            self._reject(letter, path, f"The answer is not UTF-8 text: {error}")
            return None
        try:
            reply = read_answer(text, request, is_json=path.suffix == ".json")
        except AnswerError as error:
            self._reject(letter, path, str(error))
            return None
        (letter.folder / f"{letter.name}.problem.md").unlink(missing_ok=True)
        return reply

    def _reject(self, letter: Letter, path: Path, reason: str) -> None:
        number = sum(1 for _ in letter.folder.glob(f"{letter.name}.rejected-*")) + 1
        path.replace(letter.folder / f"{letter.name}.rejected-{number}{path.suffix}")
        write_atomic(letter.folder / f"{letter.name}.problem.md", reason + "\n")


def letters(folder: Path) -> Iterator[Letter]:
    """Every request of a mailbox, oldest first."""
    paths = sorted(folder.glob("*.request.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in paths:
        yield Letter(path.name.removesuffix(".request.json"), folder)


def put_answer(letter: Letter, text: str, *, is_json: bool = False) -> Reply:
    """Check an answer and drop it beside its request, whole.

    Raises:
        AnswerError: It cannot be read; nothing is written.
        UsageError: There is no such request, or it is answered.
    """
    request = letter.request()
    if letter.answered:
        raise UsageError(f"Request {letter.name} is answered already.")
    reply = read_answer(text, request, is_json=is_json)
    write_atomic(letter.answer_paths()[int(is_json)], text)
    return reply


def read_answer(text: str, request: Request, *, is_json: bool) -> Reply:
    """The reply that an answer file stands for.

    Raises:
        AnswerError: It cannot be read; says where and why.
    """
    if not text.strip():
        raise AnswerError("The answer is empty.")
    if is_json:
        content, calls = _from_json(text)
    elif request.tools and _CALL.search(text):
        content, calls = _from_markdown(text, {tool.name: tool for tool in request.tools})
    else:
        content, calls = text, []
    tool_calls = tuple(
        ToolCall(id=f"call_{_turn(request)}_{number}", name=name, arguments=arguments)
        for number, (name, arguments) in enumerate(calls)
    )
    return Reply(
        content=content,
        tool_calls=tool_calls,
        usage=Usage(
            input_tokens=len(request.canonical()) // 4,
            output_tokens=len(text) // 4 + 1,
            estimated=True,
        ),
        model="mailbox",
        finish_reason="tool_calls" if tool_calls else "stop",
    )


def _from_json(text: str) -> tuple[str, list[tuple[str, str]]]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise AnswerError(f"The answer is not JSON: {error}") from None
    if not isinstance(data, dict) or not {"content", "tool_calls"} & set(data):
        return text, []
    try:
        reply = Reply.model_validate(
            {
                "content": data.get("content") or "",
                "tool_calls": [
                    {
                        "id": "x",
                        "name": call["name"],
                        "arguments": _as_text(call.get("arguments", {})),
                    }
                    for call in data.get("tool_calls") or []
                ],
            }
        )
    except (ValidationError, KeyError, TypeError, AttributeError) as error:
        raise AnswerError(f"The answer is no reply: {error}") from None
    return reply.content, [(call.name, call.arguments) for call in reply.tool_calls]


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _from_markdown(text: str, tools: dict[str, Tool]) -> tuple[str, list[tuple[str, str]]]:
    parts = _CALL.split(text)
    calls = []
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name not in tools:
            raise AnswerError(f"`=== {name}`: there is no such tool; there are {', '.join(tools)}.")
        calls.append((name, _arguments(name, body, tools[name])))
    return parts[0].strip(), calls


def _arguments(name: str, body: str, tool: Tool) -> str:
    pieces = _ARGUMENT.split(body)
    if len(pieces) == 1:
        try:
            return json.dumps(json.loads(body or "{}"), ensure_ascii=False)
        except ValueError as error:
            raise AnswerError(f"`=== {name}` is not followed by a JSON object: {error}") from None
    kinds = tool.parameters.get("properties", {})
    values: dict[str, Any] = {}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        if key not in kinds:
            raise AnswerError(f"`=== {name}` has no argument {key!r}; it has {', '.join(kinds)}.")
        values[key] = _value(value, kinds[key], f"`--- {key}` of `=== {name}`")
    return json.dumps(values, ensure_ascii=False)


def _value(text: str, schema: dict[str, Any], where: str) -> Any:
    if schema.get("type") == "string":
        # A value on one line loses its line end; the text of a file keeps it.
        one_line = text.count("\n") == 1 and not where.startswith(_FILE_TEXTS)
        return text[:-1] if one_line else text
    try:
        return json.loads(text)
    except ValueError as error:
        raise AnswerError(f"{where} is not JSON: {error}") from None


def _turn(request: Request) -> int:
    return sum(1 for message in request.messages if message.role == "assistant")


def _name(request: Request) -> str:
    asker = request.asker
    who = "-".join(part for part in (asker.stage, asker.item, asker.role) if part)
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '_', who)}-{_turn(request):03d}-{request.key[:12]}"


def page(request: Request) -> str:
    """A request as a person reads it."""
    asker = request.asker
    lines = [f"# {asker.role}, stage {asker.stage} {asker.item}".rstrip(), ""]
    for message in request.messages:
        lines += [f"## {message.role}", "", message.content, ""]
        for call in message.tool_calls:
            lines += [f"calls `{call.name}`:", "", f"    {call.arguments}", ""]
    lines.append("## How to answer")
    lines.append("")
    if request.tools:
        lines.append("Call one or more tools, in the form `=== TOOL`, `--- ARGUMENT`. Tools:")
        lines.append("")
        for tool in request.tools:
            lines.append(f"- `{tool.name}`: {tool.description}")
            lines.append(f"  arguments: `{json.dumps(tool.parameters)}`")
    else:
        lines.append("Answer with one JSON object that fits the schema in the first message.")
    return "\n".join(lines) + "\n"
