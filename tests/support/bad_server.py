"""A chat-completions server on loopback that behaves as it is told, request by request."""

import asyncio
import json
from collections.abc import Awaitable, Callable
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


class BadServer:
    """Answers the requests in turn with the handlers of a script; the last one stays."""

    def __init__(self, *script: Handler) -> None:
        self._script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[str] = []

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
            length = next(
                int(line.split(":")[1])
                for line in head.splitlines()
                if line.lower().startswith("content-length")
            )
            self.headers.append(head)
            self.requests.append(json.loads(await reader.readexactly(length)))
            handler = self._script.pop(0) if len(self._script) > 1 else self._script[0]
            await handler(writer, self.requests[-1])
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
