"""Who else could read a spec: keys by name, servers on this machine, and the exact command."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from macrohard.llm.endpoint import Preset
from macrohard.llm.nearby import others_to_ask


@contextmanager
def server(body: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server that lists models; its URL and the requests it got, headers and all."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path}\n{self.headers}")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    one = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=one.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{one.server_port}/v1", seen
    finally:
        one.shutdown()
        thread.join()
        one.server_close()


def presets(url: str) -> dict[str, Preset]:
    return {
        "openai": Preset("https://api.openai.com/v1", key="OPENAI_API_KEY"),
        "openai-2": Preset("https://api.openai.com/v1", key="OPENAI_API_KEY"),
        "xai": Preset("https://api.x.ai/v1", key="XAI_API_KEY"),
        "local": Preset(url),
        "elsewhere": Preset("http://192.0.2.1:9/v1"),
    }


async def test_a_server_and_a_key_are_told_with_the_command() -> None:
    with server(b'{"data": [{"id": "qwen3:8b"}, {"id": "b"}]}') as (url, seen):
        environment = {"OPENAI_API_KEY": "sk-canary"}
        said = await others_to_ask("my spec.md", environment, presets(url))
    assert (
        f"`macrohard build 'my spec.md' --model local:qwen3:8b` (a server answers at {url})" in said
    )
    assert "`macrohard build 'my spec.md' --model openai:NAME` (OPENAI_API_KEY is set)" in said
    assert "xai" not in said
    assert "openai-2" not in said
    assert "canary" not in said + "".join(seen)
    assert [text.split("\n")[0] for text in seen] == ["/v1/models"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b'{"data": []}', 200),
        (b'{"data": [{"id": "\\u001b[31m"}]}', 200),
        (b'{"data": [{"id": 3}]}', 200),
        (b"[]", 200),
        (b'{"data": [{"id": "x"}]}', 404),
        (b"x" * 2_000_000, 200),
    ],
)
async def test_another_kind_of_server_is_not_taken_for_one(body: bytes, status: int) -> None:
    with server(body, status) as (url, _):
        said = await others_to_ask("<stdin>", {}, presets(url))
    assert "no key is set and no server of one answers on this machine" in said
    assert "OPENAI_API_KEY or XAI_API_KEY" in said
    assert "`macrohard build - --model PROVIDER:NAME`" in said


async def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        async with asyncio.timeout(3):
            said = await others_to_ask("s.md", {}, presets(url))
    assert "no server of one answers" in said
