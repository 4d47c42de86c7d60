"""The Responses API, used statelessly: nothing is stored there, and all is sent each time.

Thoughts come back encrypted and are sent again with the calls of tools they led to.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from macrohard.llm.base import Message, Reply, Request, ToolCall, Usage
from macrohard.llm.connection import AgainError
from macrohard.llm.endpoint import Endpoint
from macrohard.llm.manner import Manner
from macrohard.llm.served import ServedModel
from macrohard.llm.service import Patience, events, is_stream, request_timeout, whole_body
from macrohard.llm.usage import count, estimated_usage
from macrohard.llm.written import (
    as_text,
    gathered,
    sendable,
    title_of,
    wire_name,
    without_thoughts,
    written_calls,
)

_LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})
_EMPTY = "(nothing was answered)"


class ResponsesModel(ServedModel):
    """A model behind an endpoint that speaks the Responses API.

    Args:
        endpoint: Where and how to ask.
        patience: Time-outs and retries.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        super().__init__(endpoint, patience)
        self._mark = hashlib.sha256(f"responses {endpoint.url}".encode()).hexdigest()[:8]

    async def _attempt(self, request: Request, manner: Manner) -> Reply:
        service = self.service
        raw = await service.client.responses.with_raw_response.create(
            **self._arguments(request, manner)
        )
        response = raw.http_response
        try:
            if is_stream(response):
                data: Any = await last_response(events(response, service.client))
            else:
                data = await whole_body(response)
        finally:
            await response.aclose()
        return service.clean(self._reply(data, request))

    def _arguments(self, request: Request, manner: Manner) -> dict[str, Any]:
        preset = self._endpoint.preset
        arguments: dict[str, Any] = {
            "model": self._endpoint.model,
            "input": [
                item
                for message in gathered(request.messages)
                for item in self._items(message, shows=manner.pictures)
            ],
            "store": False,
            "stream": manner.stream,
            "timeout": request_timeout(self.service.patience, streamed=manner.stream),
        }
        if manner.tokens is not None:
            limit = min(request.max_output_tokens, preset.most_tokens or request.max_output_tokens)
            arguments["max_output_tokens"] = limit
        if manner.thoughts:
            arguments["include"] = ["reasoning.encrypted_content"]
        if request.tools:
            arguments["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                    "strict": False,
                }
                for tool in request.tools
            ]
        elif request.output_schema and manner.schema == "json_schema":
            arguments["text"] = {
                "format": {
                    "type": "json_schema",
                    "name": request.asker.output or "answer",
                    "schema": request.output_schema,
                    "strict": False,
                }
            }
        elif request.output_schema and manner.schema == "json_object":
            arguments["text"] = {"format": {"type": "json_object"}}
        if preset.body:
            arguments["extra_body"] = dict(preset.body)
        return arguments

    def _items(self, message: Message, *, shows: bool) -> list[dict[str, Any]]:
        if message.role == "tool":
            return [
                {
                    "type": "function_call_output",
                    "call_id": message.tool_call_id,
                    "output": message.content,
                }
            ]
        if message.role != "assistant":
            return [{"role": message.role, "content": _content(message, shows=shows)}]
        echo = json.loads(message.echo) if message.echo else {}
        items: list[dict[str, Any]] = echo["thoughts"] if echo.get("of") == self._mark else []
        content = message.content
        if content.strip() or not message.tool_calls:
            items = [
                *items,
                {"role": "assistant", "content": content if content.strip() else _EMPTY},
            ]
        return [
            *items,
            *(
                {
                    "type": "function_call",
                    "call_id": call.id,
                    "name": wire_name(call.name),
                    "arguments": sendable(call.arguments),
                }
                for call in message.tool_calls
            ),
        ]

    def _reply(self, data: Any, request: Request) -> Reply:
        if not isinstance(data, dict) or not isinstance(data.get("output"), list):
            said = data.get("error") if isinstance(data, dict) else data
            raise AgainError(f"this is no response: {str(said)[:500]}")
        if data.get("status") in {"failed", "cancelled"} or data.get("error"):
            raise AgainError(f"the provider failed in the midst: {str(data.get('error'))[:500]}")
        output = [item for item in data["output"] if isinstance(item, dict)]
        calls = _calls(output)
        texts, refusals = _texts(output)
        content = without_thoughts(texts)
        if not calls and (written := written_calls(content, request.tools)):
            calls, content = written, ""
        details = data.get("incomplete_details")
        why = details.get("reason") if isinstance(details, dict) else None
        reason = (
            "refusal" if refusals or why == "content_filter"
            else "length" if why == "max_output_tokens"
            else "tool_calls" if calls
            else "stop"
        )  # fmt: skip
        model = data.get("model")
        return Reply(
            content=content or refusals,
            tool_calls=tuple(calls),
            echo=self._echo(output) if calls else "",
            usage=_usage(data.get("usage")) or estimated_usage(request, content, calls),
            model=model if isinstance(model, str) and model else self._endpoint.model,
            finish_reason=reason,
        )

    def _echo(self, output: list[dict[str, Any]]) -> str:
        thoughts = [
            {
                key: item[key]
                for key in ("type", "id", "summary", "encrypted_content")
                if key in item
            }
            for item in output
            if item.get("type") == "reasoning" and item.get("encrypted_content")
        ]
        return (
            json.dumps({"of": self._mark, "thoughts": thoughts}, sort_keys=True) if thoughts else ""
        )


def _content(message: Message, *, shows: bool) -> str | list[dict[str, Any]]:
    """Content of a user's or the system's message; plain text where no pictures are sent."""
    titles = [title_of(picture, shown=shows) for picture in message.pictures]
    if not shows or not titles:
        return "\n".join([message.content, *titles])
    parts: list[dict[str, Any]] = [{"type": "input_text", "text": message.content}]
    for title, picture in zip(titles, message.pictures, strict=True):
        parts += [
            {"type": "input_text", "text": title},
            {"type": "input_image", "image_url": picture.url, "detail": "high"},
        ]
    return parts


async def last_response(stream: AsyncIterator[dict[str, Any]]) -> Any:
    """The whole response that the last event of a stream holds.

    Raises:
        AgainError: The stream ended before the response did, or tells of an error.
    """
    async for event in stream:
        if event.get("type") in _LAST:
            return event.get("response")
        if event.get("type") == "error":
            raise AgainError(f"the provider failed in the midst: {event.get('message')}")
    raise AgainError("the stream broke off before the answer ended")


def _calls(output: list[dict[str, Any]]) -> list[ToolCall]:
    return [
        ToolCall(
            id=str(item.get("call_id") or f"call_{number}"),
            name=str(item.get("name") or ""),
            arguments=as_text(item.get("arguments")),
        )
        for number, item in enumerate(output)
        if item.get("type") == "function_call"
    ]


def _texts(output: list[dict[str, Any]]) -> tuple[str, str]:
    """What was answered, and what was refused."""
    answered, refused = [], []
    for item in output:
        parts = item.get("content") if item.get("type") == "message" else None
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, dict) and part.get("type") == "output_text":
                answered.append(str(part.get("text") or ""))
            elif isinstance(part, dict) and part.get("type") == "refusal":
                refused.append(str(part.get("refusal") or "no reason given"))
    return "".join(answered), "".join(refused)


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict) or not count(usage, "input_tokens"):
        return None
    details = usage.get("input_tokens_details")
    return Usage(
        input_tokens=count(usage, "input_tokens"),
        cached_tokens=count(details, "cached_tokens") if isinstance(details, dict) else 0,
        output_tokens=count(usage, "output_tokens"),
    )
