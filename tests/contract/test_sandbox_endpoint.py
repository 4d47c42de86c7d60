"""Contract: reaching a server inside a box."""

import asyncio
import urllib.error
import urllib.request

import pytest
from support.boxes import QUICK_S

from macrohard.sandbox import Sandbox

SERVER = """
import http.server, pathlib, sys
class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body[::-1])
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Echo)
pathlib.Path('port.part').write_text(str(server.server_port))
pathlib.Path('port.part').rename('port')
server.serve_forever()
"""


def post(url: str, body: bytes) -> bytes:
    with urllib.request.urlopen(url, data=body, timeout=QUICK_S) as reply:  # noqa: S310 - our own
        return bytes(reply.read())


async def start_server(box: Sandbox) -> int:
    serving = await box.terminal(["python", "-c", SERVER])
    async with asyncio.timeout(QUICK_S):
        while serving.alive:
            try:
                return int(await box.read("port"))
            except FileNotFoundError:
                await asyncio.sleep(0.02)
    raise AssertionError((await serving.read(1)).decode())


async def test_a_server_in_the_box_is_reached(box: Sandbox) -> None:
    url = box.endpoint(await start_server(box))
    small = await asyncio.to_thread(post, url, b"hello")
    large = await asyncio.to_thread(post, url, b"ab" * 500_000)

    assert small == b"olleh"
    assert large == b"ba" * 500_000


async def test_many_connections_at_once(box: Sandbox) -> None:
    url = box.endpoint(await start_server(box))
    bodies = [str(number).encode() * 1000 for number in range(10)]

    replies = await asyncio.gather(*(asyncio.to_thread(post, url, body) for body in bodies))

    assert replies == [body[::-1] for body in bodies]


async def test_asking_twice_gives_the_same_address(box: Sandbox) -> None:
    assert box.endpoint(8123) == box.endpoint(8123)


async def test_where_nothing_listens_nothing_answers(box: Sandbox) -> None:
    url = box.endpoint(1)

    with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
        await asyncio.to_thread(post, url, b"x")


async def test_a_closed_box_is_not_reached_any_more(box: Sandbox) -> None:
    url = box.endpoint(await start_server(box))
    await box.close()

    with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
        await asyncio.to_thread(post, url, b"x")
