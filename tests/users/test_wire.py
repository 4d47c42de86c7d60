"""What a simulated user's program waits for, and for how long."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from macrohard.users.web.wire import NoAnswerError, fetch

WHOLE = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def dripping(first: bytes, drop: bytes, *, gap_s: float = 0.05) -> Iterator[str]:
    """A server that begins an answer, and goes on with a few bytes at a time until it is left."""
    over = threading.Event()

    def answer() -> None:
        line, _ = server.accept()
        with closing(line):
            try:
                line.recv(4096)
                line.sendall(first)
                while drop and not over.wait(gap_s):
                    line.sendall(drop)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"HTTP/1.0 200 OK\r\nX-", id="in a header"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n<p>", id="in a page"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 99999\r\n\r\n<p>", id="of a length"),
    ],
)
async def test_an_answer_that_drips_for_ever_is_none(first: bytes) -> None:
    with dripping(first, b"a") as base, pytest.raises(NoAnswerError, match=r"within 0\.5 seconds"):
        await fetch(base, "GET", "/", headers={}, patience_s=0.5)


async def test_a_whole_answer_is_read() -> None:
    with dripping(WHOLE, b"") as base:
        answer = await fetch(base, "GET", "/", headers={}, patience_s=20)
    assert (answer.status, answer.data) == (200, b"ok")
