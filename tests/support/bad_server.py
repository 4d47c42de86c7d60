"""A model server on loopback that behaves as it is told, request by request.

Answers are described as chat completions; :func:`streamed` and :func:`responded` say the same in
the other forms.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Self

Handler = Callable[[asyncio.StreamWriter, dict[str, Any]], Awaitable[None]]


def completion(content: str | None = "fine", **message: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "served",
        "choices": [
            {
                "index": 0,
                "finish_reason": message.pop("finish_reason", "stop"),
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def raw(
    body: bytes,
    status: str = "200 OK",
    kind: str = "application/json",
    headers: str = "",
    claim: int | None = None,
) -> Handler:
    """Send bytes; ``claim`` is the length that the header tells, when it is not theirs."""

    async def handle(writer: asyncio.StreamWriter, _request: dict[str, Any]) -> None:
        length = len(body) if claim is None else claim
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}"
        writer.write(f"{head}\r\n".encode() + body)
        await writer.drain()

    return handle


def good(data: Any) -> Handler:
    return raw(json.dumps(data).encode())


def error(status: str, message: str = "no", headers: str = "") -> Handler:
    return raw(json.dumps({"error": {"message": message}}).encode(), status, headers=headers)


async def silent(_writer: asyncio.StreamWriter, _request: dict[str, Any]) -> None:
    await asyncio.sleep(30)


async def hang_up(_writer: asyncio.StreamWriter, _request: dict[str, Any]) -> None:
    return


async def drip(writer: asyncio.StreamWriter, _request: dict[str, Any]) -> None:
    """A byte now and then, so that no read ever times out."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
    )
    for _ in range(300):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


def sse(*events: Any, end: bytes = b"", headers: str = "") -> Handler:
    """A stream of server-sent events; the connection closes behind ``end``."""

    async def handle(writer: asyncio.StreamWriter, _request: dict[str, Any]) -> None:
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{headers}\r\n".encode()
        )
        for event in events:
            data = event if isinstance(event, bytes) else f"data: {json.dumps(event)}\n\n".encode()
            writer.write(data)
            await writer.drain()
        writer.write(end)
        await writer.drain()

    return handle


def chunks(data: dict[str, Any], size: int = 5) -> list[dict[str, Any]]:
    """A completion in pieces, as a server streams it: text and arguments a few signs at a time."""
    choice = data["choices"][0]
    message = dict(choice["message"])
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for name in ("reasoning_content", "content", "refusal"):
        text = message.get(name) or ""
        deltas += [{name: text[at : at + size]} for at in range(0, len(text), size)]
    for index, call in enumerate(message.get("tool_calls") or []):
        arguments = call["function"]["arguments"]
        first = {**call, "index": index, "function": {"name": call["function"]["name"]}}
        deltas.append({"tool_calls": [first]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + size]}}]}
            for at in range(0, len(arguments), size)
        ]

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        kind = "chat.completion.chunk"
        return {"id": "c", "object": kind, "created": 0, "model": "served", "choices": choices}

    ending = [chunk({}, choice["finish_reason"])]
    if data.get("usage"):
        ending.append({**chunk({}), "choices": [], "usage": data["usage"]})
    return [chunk(delta) for delta in deltas] + ending


def streamed(data: dict[str, Any]) -> Handler:
    """A completion as a stream, with comments that keep the connection alive."""
    return sse(b": keep-alive\n\n", *chunks(data), end=b"data: [DONE]\n\n")


def response(data: dict[str, Any]) -> dict[str, Any]:
    """A completion as the Responses API gives it."""
    choice = data["choices"][0]
    message = choice["message"]
    parts = []
    if message.get("content"):
        parts.append({"type": "output_text", "text": message["content"], "annotations": []})
    if message.get("refusal"):
        parts.append({"type": "refusal", "refusal": message["refusal"]})
    output: list[dict[str, Any]] = list(message.get("reasoning_items", ()))
    if parts:
        output.append({"type": "message", "id": "m", "role": "assistant", "content": parts})
    output += [
        {"type": "function_call", "id": "f", "call_id": call["id"], **call["function"]}
        for call in message.get("tool_calls") or []
    ]
    why = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = why.get(choice["finish_reason"])
    usage = data.get("usage") or {}
    counted = {
        "input_tokens": usage.get("prompt_tokens"),
        "output_tokens": usage.get("completion_tokens"),
        "input_tokens_details": usage.get("prompt_tokens_details"),
    }
    return {
        "id": "r", "object": "response", "created_at": 0, "model": "served", "output": output,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None, "usage": counted if usage else None,
    }  # fmt: skip


def responded(data: dict[str, Any]) -> Handler:
    """A completion as a stream of the Responses API."""
    whole = response(data)
    text = data["choices"][0]["message"].get("content") or ""
    told = [{"type": "response.output_text.delta", "delta": text[at : at + 5]}
            for at in range(0, len(text), 5)]  # fmt: skip
    last = {"type": f"response.{whole['status']}", "response": whole}
    return sse({"type": "response.created", "response": {**whole, "output": []}}, *told, last)


class BadServer:
    """Answers the requests in turn with the handlers of a script; the last one stays.

    A GET is answered by ``listing``, and stands in no list of requests.
    """

    def __init__(self, *script: Handler, listing: Handler | None = None) -> None:
        self._script = list(script)
        self._listing = listing or error("404 Not Found")
        self.requests: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("GET "):
                await self._listing(writer, {})
                return
            length = next(
                int(line.split(":")[1])
                for line in head.splitlines()
                if line.lower().startswith("content-length")
            )
            self.headers.append(head)
            self.bodies.append(await reader.readexactly(length))
            self.requests.append(json.loads(self.bodies[-1]) if "json" in head.lower() else {})
            handler = self._script.pop(0) if len(self._script) > 1 else self._script[0]
            await handler(writer, self.requests[-1])
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@contextlib.contextmanager
def serving(*script: Handler, listing: Handler | None = None) -> Iterator[BadServer]:
    """A server in a thread of its own, for tests that block."""
    server = BadServer(*script, listing=listing)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def listing(*models: str) -> Handler:
    """The list of a server's models."""
    rows = [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in models]
    return good({"object": "list", "data": rows})
