"""What an answer file says: content or calls of tools, in Markdown or JSON, and whether it fits."""

import json
import re
from typing import Any

import jsonschema
from pydantic import ValidationError

from macrohard.errors import UsageError
from macrohard.llm.base import Reply, Request, Tool, ToolCall, Usage
from macrohard.llm.json_text import find_object, is_cut_off

_CALL = re.compile(r"^=== *(\w+) *$", re.MULTILINE)
_ARGUMENT = re.compile(r"^--- *(\w+) *(?:\n|\Z)", re.MULTILINE)
_MOST_PROBLEMS = 10
_AS_JSON = (
    ' If the line belongs to a text, answer in JSON: {"tool_calls": [{"name": ..., "arguments": '
    "{...}}]}."
)


class AnswerError(UsageError):
    """An answer that cannot be read, or does not fit its request."""


def turn(request: Request) -> int:
    """How many answers a conversation holds."""
    return sum(1 for message in request.messages if message.role == "assistant")


def read_answer(text: str, request: Request, *, is_json: bool) -> Reply:
    """The reply that an answer file stands for.

    Raises:
        AnswerError: It cannot be read; says where and why.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise AnswerError("The answer is empty.")
    if is_json:
        content, calls = _from_json(text)
    elif request.tools and _CALL.search(text):
        content, calls = _from_markdown(text, {tool.name: tool for tool in request.tools})
    else:
        content, calls = text, []
    try:
        "".join([content, *(part for call in calls for part in call)]).encode()
    except UnicodeEncodeError:
        raise AnswerError("The answer holds half a sign (a lone surrogate, \\ud800).") from None
    tool_calls = tuple(
        ToolCall(id=f"call_{turn(request)}_{number}", name=name, arguments=arguments)
        for number, (name, arguments) in enumerate(calls)
    )
    return Reply(
        content=content,
        tool_calls=tool_calls,
        usage=Usage(
            input_tokens=len(request.canonical()) // 4 + sum(p.tokens for p in request.pictures),
            output_tokens=len(text) // 4 + 1,
            estimated=True,
        ),
        model="mailbox",
        finish_reason="tool_calls" if tool_calls else "stop",
    )


def check_answer(reply: Reply, request: Request) -> None:
    """Hold an answer against the schemas of its request.

    Raises:
        AnswerError: It does not fit; names each place.
    """
    if request.tools:
        if not reply.tool_calls:
            names = ", ".join(tool.name for tool in request.tools)
            raise AnswerError(
                f"The answer calls no tool. Write `=== TOOL` with one of {names}, or a reply in "
                "JSON with tool_calls."
            )
        schemas = {tool.name: tool.parameters for tool in request.tools}
        for call in reply.tool_calls:
            if call.name not in schemas:
                raise AnswerError(
                    f"There is no tool {call.name!r}; there are {', '.join(schemas)}."
                )
            where = f"`=== {call.name}`"
            _check(_object(call.arguments, where), schemas[call.name], where)
    elif request.output_schema is not None:
        found = find_object(reply.content)
        if found is None:
            cut = " It begins, and ends in its midst." if is_cut_off(reply.content) else ""
            raise AnswerError(f"The answer holds no JSON object.{cut}")
        _check(json.loads(found), request.output_schema, "The answer")


def _check(value: Any, schema: dict[str, Any], where: str) -> None:
    try:
        validator = jsonschema.Draft202012Validator(schema)
        found = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
    except jsonschema.exceptions.SchemaError:  # a tool of somebody else's making
        return
    if found:
        lines = [f"- {one.json_path}: {one.message[:300]}" for one in found[:_MOST_PROBLEMS]]
        more = f"\n({len(found) - len(lines)} more)" if len(found) > len(lines) else ""
        told = "\n".join(lines) + more
        raise AnswerError(f"{where} does not fit the request's schema:\n{told}")


def _object(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"{where}: the arguments are not JSON: {error}") from None


def _from_json(text: str) -> tuple[str, list[tuple[str, str]]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"The answer is not JSON: {error}") from None
    if not isinstance(data, dict) or not {"content", "tool_calls"} & set(data):
        return text, []
    try:
        calls = [
            (call["name"], _as_text(call.get("arguments", {})))
            for call in data.get("tool_calls") or []
        ]
        reply = Reply.model_validate(
            {
                "content": data.get("content") or "",
                "tool_calls": [{"id": "x", "name": n, "arguments": a} for n, a in calls],
            }
        )
    except (ValidationError, KeyError, TypeError, AttributeError) as error:
        raise AnswerError(f"The answer is no reply: {error}") from None
    if not reply.content.strip() and not reply.tool_calls:
        raise AnswerError("The answer is empty.")
    return reply.content, [(call.name, call.arguments) for call in reply.tool_calls]


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _from_markdown(text: str, tools: dict[str, Tool]) -> tuple[str, list[tuple[str, str]]]:
    parts = _CALL.split(text)
    calls = []
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name not in tools:
            raise AnswerError(
                f"`=== {name}`: there is no such tool; there are {', '.join(tools)}.{_AS_JSON}"
            )
        calls.append((name, _arguments(name, body, tools[name])))
    return parts[0].strip(), calls


def _arguments(name: str, body: str, tool: Tool) -> str:
    pieces = _ARGUMENT.split(body)
    if len(pieces) == 1:
        try:
            return json.dumps(json.loads(body.strip() or "{}"), ensure_ascii=False)
        except (ValueError, RecursionError) as error:
            raise AnswerError(f"`=== {name}` is not followed by a JSON object: {error}") from None
    kinds = tool.parameters.get("properties", {})
    if pieces[0].strip():
        raise AnswerError(f"`=== {name}`: text stands before the first `--- ARGUMENT` line.")
    values: dict[str, Any] = {}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        where = f"`--- {key}` of `=== {name}`"
        if key not in kinds:
            known = ", ".join(kinds)
            raise AnswerError(f"`=== {name}` has no argument {key!r}; it has {known}.{_AS_JSON}")
        if key in values:
            raise AnswerError(f"{where} stands there twice.{_AS_JSON}")
        values[key] = _value(value, key, kinds[key], where)
    return json.dumps(values, ensure_ascii=False)


def _value(text: str, key: str, schema: dict[str, Any], where: str) -> Any:
    if schema.get("type") == "string":
        # A value on one line loses its line end; the text of a file keeps it.
        one_line = text.count("\n") == 1 and key not in {"content", "old", "new"}
        return text[:-1] if one_line else text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"{where} is not JSON: {error}") from None
