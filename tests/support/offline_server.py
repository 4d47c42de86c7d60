"""The offline model behind real HTTP: a chat-completions server that builds whole applications."""

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

from macrohard.llm.base import Asker, Message, Reply, Request, Tool, ToolCall
from macrohard.llm.offline.model import OfflineModel
from macrohard.roles import Role, load_roles


@dataclass
class OfflineServer:
    """A server, and how it misbehaves.

    Attributes:
        url: Base URL.
        keys: ``Authorization`` of every request.
        echo: Whether each answer holds the key, in many forms, beside what it should hold.
        fail_after: Calls after which it answers 401, with the key in the message; None for never.
    """

    url: str = ""
    keys: list[str] = field(default_factory=list)
    echo: bool = False
    fail_after: int | None = None


@contextmanager
def offline_server() -> Iterator[OfflineServer]:
    state = OfflineServer()
    model, roles = OfflineModel(), list(load_roles())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.keys.append(self.headers["Authorization"])
            key = self.headers["Authorization"].removeprefix("Bearer ")
            if state.fail_after is not None and len(state.keys) > state.fail_after:
                said = f"bad key {key}, {forms(key)}"
                self._send(401, {"error": {"message": said, "key": key}})
                return
            reply = asyncio.run(model.complete(request_of(asked, roles)))
            message = message_of(reply)
            if state.echo:
                message = with_key(message, forms(key))
            self._send(200, completion(reply, message))

        def _send(self, status: int, data: dict[str, Any]) -> None:
            body = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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


def request_of(asked: dict[str, Any], roles: list[Role]) -> Request:
    """The request as the factory made it: who asks is read from the prompt and the task."""
    system = asked["messages"][0]["content"]
    role = max((r for r in roles if system.startswith(r.prompt)), key=lambda r: len(r.prompt))
    return Request(
        asker=Asker(role=role.name, stage=role.stage, output=role.output),
        messages=tuple(
            Message(
                role=message["role"],
                content=message.get("content") or "",
                tool_call_id=message.get("tool_call_id", ""),
                tool_calls=tuple(
                    ToolCall(id=call["id"], **call["function"])
                    for call in message.get("tool_calls", ())
                ),
            )
            for message in asked["messages"]
        ),
        tools=tuple(Tool(**tool["function"]) for tool in asked.get("tools", ())),
    )


def message_of(reply: Reply) -> dict[str, Any]:
    calls = [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in reply.tool_calls
    ]
    return {
        "role": "assistant",
        "content": reply.content,
        **({"tool_calls": calls} if calls else {}),
    }


def completion(reply: Reply, message: dict[str, Any]) -> dict[str, Any]:
    usage = reply.usage
    return {
        "id": "c", "object": "chat.completion", "created": 0, "model": "served",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens,
                  "total_tokens": usage.input_tokens + usage.output_tokens},
    }  # fmt: skip


def forms(key: str) -> str:
    """A key as it is, as in a URL, and in base64 at every place it can have in a longer text."""
    coded = [base64.b64encode(f"{'u:'[:n]}{key}".encode()).decode() for n in range(3)]
    plain = [base64.urlsafe_b64encode(f"{'u:'[:n]}{key}!?".encode()).decode() for n in range(3)]
    return " ".join([key, quote(key, safe=""), quote(key), *coded, *plain])


def with_key(message: dict[str, Any], said: str) -> dict[str, Any]:
    """The answer with the key around it, and in the summary of what is handed in."""
    if "tool_calls" not in message:
        return {**message, "content": f"Your key is {said}\n{message['content']}\nso: {said}"}
    calls = []
    for call in message["tool_calls"]:
        arguments = json.loads(call["function"]["arguments"])
        if isinstance(arguments.get("summary"), str):
            arguments["summary"] += f" {said}"
        function = {**call["function"], "arguments": json.dumps(arguments)}
        calls.append({**call, "function": function})
    return {**message, "content": said, "tool_calls": calls}
