"""Chat completions over HTTP, through the plain ``openai`` SDK. The only importer of it.

Retries live here and nowhere else: the SDK's own are off. What a server sends back is taken as
what it is, text from a stranger: any shape that is not a completion is an error that says so.
"""

import asyncio
import random
import re
from dataclasses import dataclass
from typing import Any

import openai
from openai.types.chat import ChatCompletion

from macrohard.errors import ModelError
from macrohard.llm.base import Message, Reply, Request, ToolCall, Usage
from macrohard.llm.endpoint import Endpoint, SchemaMode

_THOUGHT = re.compile(r"^\s*<think>.*?</think>\s*", re.DOTALL)
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True)
class Patience:
    """How long to wait for an answer, and how often to ask again.

    Attributes:
        timeout_s: For one attempt, from request to last byte.
        attempts: In all.
        first_wait_s: Before the second attempt; doubles, with jitter.
        longest_wait_s: Bound of one wait, also of what a server asks for.
    """

    timeout_s: float = 600.0
    attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0


class _AgainError(Exception):
    """An attempt that may go well the next time."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChatModel:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        endpoint: Where and how to ask.
        patience: Time-outs and retries.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        self._endpoint = endpoint
        self._patience = patience or Patience()
        self._schema: SchemaMode = endpoint.preset.schema
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.url,
            api_key=endpoint.key.reveal() or "none",
            max_retries=0,
            timeout=self._patience.timeout_s,
        )

    @property
    def name(self) -> str:
        """What the person named."""
        return self._endpoint.name

    async def complete(self, request: Request) -> Reply:
        """Answer one request, asking again where that can help.

        Raises:
            ModelError: The last attempt failed, or asking again is no use.
        """
        patience = self._patience
        wait_s = patience.first_wait_s
        for attempt in range(1, patience.attempts + 1):
            try:
                return await self._attempt(request)
            except _AgainError as error:
                if attempt == patience.attempts:
                    raise ModelError(
                        f"{self.name} failed {attempt} times; the last time: {error}"
                    ) from None
                asked = (
                    error.wait_s if error.wait_s is not None else wait_s * random.uniform(0.5, 1)  # noqa: S311
                )
                await asyncio.sleep(min(asked, patience.longest_wait_s))
                wait_s *= 2
        raise AssertionError("unreachable")

    async def _attempt(self, request: Request) -> Reply:
        scrub = self._endpoint.key.scrub
        try:
            async with asyncio.timeout(self._patience.timeout_s):
                answer = await self._client.chat.completions.create(**self._arguments(request))
        except (TimeoutError, openai.APITimeoutError):
            raise _AgainError(f"no answer within {self._patience.timeout_s:g} s") from None
        except openai.APIStatusError as error:
            raise self._judge(error, request) from None
        except openai.APIConnectionError as error:
            raise _AgainError(scrub(f"no connection: {error.__cause__ or error}")) from None
        except (openai.OpenAIError, ValueError) as error:
            raise _AgainError(scrub(f"the answer cannot be read: {error}")) from None
        return _reply(answer, request, self._endpoint.model, scrub)

    def _judge(self, error: openai.APIStatusError, request: Request) -> Exception:
        """What to make of an HTTP error."""
        text = self._endpoint.key.scrub(str(error.message))[:500]
        reason = f"HTTP {error.status_code}: {text}"
        if error.status_code in _TRANSIENT:
            return _AgainError(reason, _retry_after(error))
        refuses_schema = error.status_code in {400, 422} and (
            "response_format" in text or "json_schema" in text
        )
        if request.output_schema and self._schema != "none" and refuses_schema:
            self._schema = "json_object" if self._schema == "json_schema" else "none"
            return _AgainError(reason, 0.0)
        hint = {
            401: " Is the key right?",
            403: " Is the key allowed to use this model?",
            404: " Is the model's name right?",
        }.get(error.status_code, "")
        return ModelError(f"{self.name}: {reason}{hint}")

    def _arguments(self, request: Request) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [_message(message) for message in request.messages],
            self._endpoint.preset.tokens: request.max_output_tokens,
        }
        if request.tools:
            arguments["tools"] = [
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
        elif request.output_schema and self._schema == "json_schema":
            arguments["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": request.asker.output or "answer",
                                "schema": request.output_schema},
            }  # fmt: skip
        elif request.output_schema and self._schema == "json_object":
            arguments["response_format"] = {"type": "json_object"}
        return arguments


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        data["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    return data


def _reply(answer: Any, request: Request, model: str, scrub: Any) -> Reply:
    """The reply in a completion, whatever else came in its place."""
    if not isinstance(answer, ChatCompletion):
        raise _AgainError(scrub(f"this is no completion: {str(answer)[:200]!r}"))
    if not answer.choices:
        extra = (answer.model_extra or {}).get("error") or "no choices"
        raise _AgainError(scrub(f"the answer holds no completion: {str(extra)[:500]}"))
    choice = answer.choices[0]
    message = choice.message
    if message is None:
        raise _AgainError("the answer holds no message")
    calls = tuple(
        ToolCall(
            id=call.id or f"call_{n}", name=call.function.name, arguments=call.function.arguments
        )
        for n, call in enumerate(message.tool_calls or ())
        if call.type == "function" or not call.type
    )
    content = _THOUGHT.sub("", message.content or "")
    refused = bool(getattr(message, "refusal", None)) or choice.finish_reason == "content_filter"
    reason = (
        "refusal" if refused
        else "length" if choice.finish_reason == "length"
        else "tool_calls" if calls
        else "stop"
    )  # fmt: skip
    return Reply(
        content=content or (getattr(message, "refusal", None) or ""),
        tool_calls=calls,
        usage=_usage(answer, request, content, calls),
        model=answer.model or model,
        finish_reason=reason,
    )


def _usage(
    answer: ChatCompletion, request: Request, content: str, calls: tuple[ToolCall, ...]
) -> Usage:
    usage = answer.usage
    if usage is None or not usage.prompt_tokens:
        said = len(content) + sum(len(call.arguments) for call in calls)
        return Usage(
            input_tokens=len(request.canonical()) // 4 + 1,
            output_tokens=said // 4 + 1,
            estimated=True,
        )
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or (usage.model_extra or {}).get(
        "prompt_cache_hit_tokens", 0
    )
    return Usage(
        input_tokens=usage.prompt_tokens,
        cached_tokens=int(cached or 0),
        output_tokens=usage.completion_tokens or 0,
    )


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds that the server asks to wait; its date form is not worth reading."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None
