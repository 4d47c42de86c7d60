"""The HTTP client of an endpoint, with bounds on what a server may do to us.

What is not bounded here is the SDK's and its HTTP library's own.
"""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import openai

from macrohard.errors import ModelError
from macrohard.llm.endpoint import Endpoint

MOST_BYTES = 32 * 2**20
"""Of one answer, unpacked: 16,000 tokens in a stream, some 400 bytes each, are a fifth of it."""
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_AS_GET = frozenset({301, 302, 303})
"""Redirects after which a client asks without a body: the question would be lost."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


class AgainError(Exception):
    """An attempt that may go well the next time."""


def on_one_line(text: str) -> str:
    """A stranger's text as it can stand in a message: nothing in it moves a terminal's cursor."""
    return _CONTROLS.sub(" ", text)


def open_client(endpoint: Endpoint, connections: int) -> openai.AsyncOpenAI:
    """A client that keeps to our bounds and does not ask again by itself.

    Args:
        endpoint: Where to ask.
        connections: Connections at most.

    Raises:
        ModelError: What the environment says of proxies or certificates cannot be used.
    """
    # The SDK's own kind of limits, whichever HTTP library it brings.
    limits = type(openai.DEFAULT_CONNECTION_LIMITS)(
        max_connections=connections, max_keepalive_connections=connections
    )
    # A proxy on the way out is no way to this machine, and few people think of NO_PROXY.
    direct: Any = {f"all://{host}": None for host in _LOOPBACK}
    hooks: Any = {"response": [_judge(endpoint)]}
    try:
        http = openai.DefaultAsyncHttpxClient(limits=limits, mounts=direct, event_hooks=hooks)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"No connection to {endpoint.name} can be made with these settings: {error}. Look at "
            "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR."
        ) from None
    return openai.AsyncOpenAI(
        base_url=endpoint.url,
        api_key=endpoint.key.reveal() or "none",
        max_retries=0,
        http_client=http,
    )


def _judge(endpoint: Endpoint) -> Callable[[Any], Any]:
    async def judge(response: Any) -> None:
        """Looks at an answer before its body is read, redirects included."""
        _check_redirect(endpoint, response)
        # Unpacked, and wherever it is read: answers, streams, errors, lists of models.
        response.aiter_bytes = _bounded(response.aiter_bytes)

    return judge


def _check_redirect(endpoint: Endpoint, response: Any) -> None:
    """Refuse to be sent where the question is lost, or where nobody said it may go."""
    where = response.headers.get("location", "")
    if response.status_code not in _ELSEWHERE or response.request.method != "POST" or not where:
        return
    asked = response.request.url
    there = asked.join(where)
    if response.status_code in _AS_GET or there.host != asked.host:
        shown = on_one_line(endpoint.key.scrub(str(there)))[:200]
        raise ModelError(
            f"{endpoint.name}: HTTP {response.status_code}: {asked} sends calls on to {shown}, "
            "where they are not sent. If that is the server, name its URL."
        )


def _bounded(read: Callable[..., AsyncIterator[bytes]]) -> Callable[..., AsyncIterator[bytes]]:
    async def bounded(*args: Any) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in read(*args):
            seen += len(piece)
            if seen > MOST_BYTES:
                raise AgainError(f"the answer is longer than {MOST_BYTES // 2**20} MiB")
            yield piece

    return bounded
