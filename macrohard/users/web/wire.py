"""HTTP as a simulated user's program speaks it: one request, one answer, cookies beside."""

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

ANSWER_LIMIT = 5_000_000
"""Bytes of an answer that are read."""
PATIENCE_S = 10.0
"""How long a user waits for a page."""


class NoAnswerError(Exception):
    """No answer came, or none that is HTTP; says why."""


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        status: HTTP status.
        headers: By name in small letters; the last of a name counts.
        cookies: What is to be kept, by name; empty values are to be forgotten.
        text: The body, decoded.
        seconds: How long it took.
        data: The body as it came.
    """

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    text: str
    seconds: float
    data: bytes = b""


async def fetch(
    base: str,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    patience_s: float = PATIENCE_S,
) -> Answer:
    """Send one request to a server.

    Args:
        base: ``http://host:port``, or with ``https``.
        method: In capitals.
        target: Path and parameters.
        headers: What to send besides host and length.
        body: The body.
        patience_s: How long to wait.

    Raises:
        NoAnswerError: There was none in time.
    """
    asked = _Asked(method, target, headers, body)
    return await asyncio.to_thread(_fetch, base, asked, patience_s)


@dataclass(frozen=True)
class _Asked:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def _fetch(base: str, asked: _Asked, patience_s: float) -> Answer:
    split = urlsplit(base)
    secure = split.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(split.hostname or "", split.port, timeout=patience_s)
    start = time.monotonic()
    try:
        connection.connect()
        with _no_longer_than(patience_s, connection.sock):
            connection.request(asked.method, asked.target, asked.body or None, dict(asked.headers))
            response = connection.getresponse()
            data = response.read(ANSWER_LIMIT)
    except TimeoutError as error:
        raise NoAnswerError(f"no answer within {patience_s:g} seconds") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(f"no answer: {error or type(error).__name__}") from error
    finally:
        connection.close()
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        cookies=_cookies(response.headers.get_all("Set-Cookie") or []),
        text=data.decode("utf-8", "replace"),
        seconds=time.monotonic() - start,
        data=data,
    )


@contextmanager
def _no_longer_than(patience_s: float, line: socket.socket) -> Iterator[None]:
    """Hang up when patience is at an end: a socket's own time begins anew with each byte."""
    over = threading.Event()

    def hang_up() -> None:
        over.set()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)

    timer = threading.Timer(patience_s, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError


def _cookies(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        try:
            cookie = SimpleCookie(line)
        except CookieError:
            continue
        for name, morsel in cookie.items():
            found[name] = "" if morsel["max-age"] == "0" else morsel.coded_value
    return found
