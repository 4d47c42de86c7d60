"""A server like OpenAI's in a thread: chat hands in the least that fits a schema; paints too."""

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any


@dataclass
class ChatServer:
    """What was asked, and how to reach it.

    Attributes:
        url: Base URL.
        asked: Model of each call, in order.
        headers: Headers of each request of any kind.
        status: What calls are answered with.
        prompts: What pictures were asked for.
        picture: What is painted, whatever is asked for.
        extras: Parameters of the last request for a picture, besides the prompt.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    status: int = 200
    prompts: list[str] = field(default_factory=list)
    picture: bytes = b""
    extras: dict[str, Any] = field(default_factory=dict)


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    state = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.headers.append(str(self.headers))
            self._send(200, {"data": [{"id": "tiny:1b"}]})

        def do_POST(self) -> None:
            state.headers.append(str(self.headers))
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(request["model"])
            if state.status != 200:
                self._send(state.status, {"error": {"message": "out of order"}})
            elif self.path.endswith("/images/generations"):
                state.prompts.append(request.pop("prompt"))
                state.extras = request
                data = base64.b64encode(state.picture).decode()
                usage = {"input_tokens": 50, "output_tokens": 1056, "total_tokens": 1106}
                self._send(200, {"created": 0, "data": [{"b64_json": data}], "usage": usage})
            elif request.get("stream"):
                self._stream(request)
            else:
                message = {"role": "assistant", "content": _answer(request)}
                self._send(200, _completion(request, "message", message))

        def _send(self, status: int, data: dict[str, Any]) -> None:
            body = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, request: dict[str, Any]) -> None:
            delta = {"role": "assistant", "content": _answer(request)}
            data = _completion(request, "delta", delta)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(f"data: {json.dumps(data)}\n\ndata: [DONE]\n\n".encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def plain_png(side: int, colour: tuple[int, int, int]) -> bytes:
    """A square of one colour, written by hand."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        mark = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + mark

    rows = (b"\0" + bytes(colour) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def _completion(request: dict[str, Any], kind: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "c", "object": f"chat.completion{'.chunk' if kind == 'delta' else ''}", "created": 0,
        "model": f"{request['model']}-2026",
        "choices": [{"index": 0, "finish_reason": "stop", kind: message}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
                  "prompt_tokens_details": {"cached_tokens": 400}},
    }  # fmt: skip


def _answer(request: dict[str, Any]) -> str:
    schema = request.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return json.dumps(_least(schema, schema, count()))


def _least(schema: dict[str, Any], root: dict[str, Any], numbers: Iterator[int]) -> Any:
    """The least value that fits a JSON schema, as far as schemas of nouns go; no text twice."""
    if "$ref" in schema:
        return _least(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, numbers)
    if "default" in schema or "enum" in schema:
        return schema.get("default", (schema.get("enum") or [None])[0])
    kind = schema.get("type")
    if kind == "object":
        wanted = schema.get("required", [])
        return {name: _least(schema["properties"][name], root, numbers) for name in wanted}
    if kind == "array":
        least = schema.get("minItems", 0)
        return [_least(schema["items"], root, numbers) for _ in range(least)]
    plain = {"integer": schema.get("minimum", 1), "number": 1.0, "boolean": True}
    return plain.get(str(kind)) or f"text{next(numbers)}"
