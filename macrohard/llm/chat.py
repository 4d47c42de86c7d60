"""Chat completions: requests on their way out, answers and streams on their way in.

Answers are streamed unless a preset says otherwise: a long answer then passes proxies that cut
connections standing still, and a dead server is noticed in minutes. Both ways give the same reply.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from macrohard.llm.base import Message, Reply, Request, ToolCall
from macrohard.llm.connection import AgainError
from macrohard.llm.endpoint import Endpoint
from macrohard.llm.json_text import find_object
from macrohard.llm.manner import Manner
from macrohard.llm.pieces import Pieces
from macrohard.llm.served import ServedModel
from macrohard.llm.service import Patience, events, is_stream, request_timeout, whole_body
from macrohard.llm.usage import estimated_usage, read_usage
from macrohard.llm.written import (
    as_text,
    gathered,
    plain_text,
    sendable,
    title_of,
    wire_name,
    without_thoughts,
    written_calls,
)

_EMPTY = "(nothing was answered)"
"""Stands for an empty earlier answer, which some servers refuse to be sent."""
_THOUGHT_FIELDS = ("reasoning_content", "reasoning")


class ChatModel(ServedModel):
    """A model behind an endpoint that speaks chat completions.

    Args:
        endpoint: Where and how to ask.
        patience: Time-outs and retries.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        super().__init__(endpoint, patience)
        self._mark = hashlib.sha256(endpoint.url.encode()).hexdigest()[:8]

    async def _attempt(self, request: Request, manner: Manner) -> Reply:
        service = self.service
        raw = await service.client.chat.completions.with_raw_response.create(
            **self._arguments(request, manner)
        )
        response = raw.http_response
        try:
            if is_stream(response):
                data = await gather(events(response, service.client))
            else:
                data = await whole_body(response)
        finally:
            await response.aclose()
        return service.clean(self._reply(data, request))

    def _arguments(self, request: Request, manner: Manner) -> dict[str, Any]:
        preset = self._endpoint.preset
        patience = self.service.patience
        arguments: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [],
            "stream": manner.stream,
            "timeout": request_timeout(patience, streamed=manner.stream),
        }
        if manner.tokens is not None:
            limit = min(request.max_output_tokens, preset.most_tokens or request.max_output_tokens)
            arguments[manner.tokens] = limit
        if manner.stream and manner.stream_usage:
            arguments["stream_options"] = {"include_usage": True}
        # The SDK walks through parameters value by value, but takes an extra body as it is. With
        # long conversations that walk would take more time than all the rest of a call.
        body: dict[str, Any] = {
            "messages": [
                self._message(message, shows=manner.pictures)
                for message in gathered(request.messages)
            ]
        }
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in request.tools
            ]
        elif request.output_schema and manner.schema == "json_schema":
            arguments["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": request.asker.output or "answer",
                                "schema": request.output_schema},
            }  # fmt: skip
        elif request.output_schema and manner.schema == "json_object":
            arguments["response_format"] = {"type": "json_object"}
        arguments["extra_body"] = {**body, **preset.body}
        return arguments

    def _message(self, message: Message, *, shows: bool) -> dict[str, Any]:
        if message.role == "tool":
            return {
                "role": "tool",
                "tool_call_id": message.tool_call_id,
                "content": message.content,
            }
        data: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.pictures:
            data["content"] = _with_pictures(message, shows=shows)
        if message.role != "assistant":
            return data
        echo = self._echo_of(message)
        if message.tool_calls:
            data.update(echo.get("message", {}))
            data["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {
                        "name": wire_name(call.name),
                        "arguments": sendable(call.arguments),
                    },
                    **echo.get("calls", {}).get(call.id, {}),
                }
                for call in message.tool_calls
            ]
        elif not message.content.strip():
            data["content"] = _EMPTY
        return data

    def _echo_of(self, message: Message) -> dict[str, Any]:
        """What this endpoint wants back; what another one gave is left out."""
        echo: dict[str, Any] = json.loads(message.echo) if message.echo else {}
        return echo if echo.get("of") == self._mark else {}

    def _reply(self, data: Any, request: Request) -> Reply:
        choice = _choice(data)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise AgainError(f"the answer holds no message: {str(data)[:300]}")
        calls = _calls(message)
        content = without_thoughts(plain_text(message.get("content")))
        refusal = plain_text(message.get("refusal"))
        ended = choice.get("finish_reason")
        if not calls and (written := written_calls(content, request.tools)):
            calls, content = written, ""
        if not calls and not content.strip() and not refusal and request.output_schema:
            content = _in_thoughts(message)
        reason = (
            "refusal" if refusal or ended == "content_filter"
            else "length" if ended in {"length", "max_tokens"}
            else "tool_calls" if calls
            else "stop"
        )  # fmt: skip
        usage = data.get("usage")
        model = data.get("model")
        return Reply(
            content=content or refusal,
            tool_calls=tuple(calls),
            echo=self._echo(message, calls),
            usage=read_usage(usage) or estimated_usage(request, content, calls),
            model=model if isinstance(model, str) and model else self._endpoint.model,
            finish_reason=reason,
        )

    def _echo(self, message: dict[str, Any], calls: list[ToolCall]) -> str:
        if not calls:
            return ""
        field = self._endpoint.preset.thoughts
        kept = {field: message[field]} if field and message.get(field) else {}
        extras = {
            call.id: {"extra_content": raw["extra_content"]}
            for call, raw in zip(calls, message.get("tool_calls") or [], strict=False)
            if isinstance(raw, dict) and raw.get("extra_content")
        }
        if not kept and not extras:
            return ""
        return json.dumps({"of": self._mark, "message": kept, "calls": extras}, sort_keys=True)


def _with_pictures(message: Message, *, shows: bool) -> str | list[dict[str, Any]]:
    """Content of a message with pictures; plain text where they are not sent."""
    titles = [title_of(picture, shown=shows) for picture in message.pictures]
    if not shows:
        return "\n".join([message.content, *titles])
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.content}]
    for title, picture in zip(titles, message.pictures, strict=True):
        parts += [
            {"type": "text", "text": title},
            {"type": "image_url", "image_url": {"url": picture.url}},
        ]
    return parts


async def gather(stream: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    """One completion out of the chunks of a stream.

    Raises:
        AgainError: The stream ended before the answer did.
    """
    pieces = Pieces()
    async for chunk in stream:
        pieces.take(chunk)
    if not pieces.ended:
        raise AgainError("the stream broke off before the answer ended")
    return pieces.completion()


def _choice(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise AgainError(f"this is no completion: {str(data)[:200]!r}")
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        extra = data.get("error") or data.get("detail") or "no choices"
        raise AgainError(f"the answer holds no completion: {str(extra)[:500]}")
    error = choice.get("error") or (choice.get("finish_reason") == "error" and data.get("error"))
    if error or choice.get("finish_reason") == "error":
        raise AgainError(f"the provider failed in the midst: {str(error)[:500]}")
    return choice


def _calls(message: dict[str, Any]) -> list[ToolCall]:
    calls: list[ToolCall] = []
    seen: set[str] = set()
    raw_calls = message.get("tool_calls")
    for raw in raw_calls if isinstance(raw_calls, list) else []:
        function = raw.get("function") if isinstance(raw, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            continue
        given = raw.get("id")
        name = given if isinstance(given, str) and given else f"call_{len(calls)}"
        while name in seen:
            name = f"{name}_{len(calls)}"
        seen.add(name)
        calls.append(
            ToolCall(id=name, name=function["name"], arguments=as_text(function.get("arguments")))
        )
    return calls


def _in_thoughts(message: dict[str, Any]) -> str:
    """An answer that a server's parser took for a thought."""
    for name in _THOUGHT_FIELDS:
        found = find_object(plain_text(message.get(name)))
        if found is not None:
            return found
    return ""
