"""Asking an endpoint over HTTP, through the plain ``openai`` SDK, again where that can help.

Retries live here and nowhere else: the SDK's own are off. What a server sends back is text from a
stranger: any shape that is no answer is an error that says so.
"""

import asyncio
import email.utils
import json
import random
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import openai

from macrohard.errors import ModelError
from macrohard.llm.base import Reply, ToolCall
from macrohard.llm.connection import AgainError, on_one_line, open_client
from macrohard.llm.endpoint import URL_KEY, Endpoint
from macrohard.llm.gate import Gate
from macrohard.llm.manner import Manner

T = TypeVar("T")

_TRANSIENT = frozenset({408, 409, 425, 500, 502, 503, 504, 520, 522, 524, 529})
_MISUNDERSTOOD = frozenset({400, 404, 415, 422, 501})
_SPENT = ("insufficient_quota", "billing", "credit balance", "insufficient balance")
_SPARE_DESCRIPTORS = 256
"""Open files that are left for everything but connections."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for an answer, and how often to ask again.

    Attributes:
        timeout_s: For one attempt, from request to last byte.
        silence_s: Between two pieces of a stream, and before the first.
        attempts: In all; refusals for too many requests do not count.
        first_wait_s: Before the second attempt; doubles, with jitter.
        longest_wait_s: Bound of one wait of our own.
        refusals_s: How long one call is refused for too many requests before it fails; a server
            that asks for a longer wait than this fails it at once.
    """

    timeout_s: float = 1200.0
    silence_s: float = 300.0
    attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    refusals_s: float = 900.0


class RefusedError(AgainError):
    """Too many requests.

    Args:
        reason: What the server said.
        wait_s: Seconds it asks to wait; None when it does not say.
    """

    def __init__(self, reason: str, wait_s: float | None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class _MannersError(Exception):
    """The server does not understand how it was asked; there is another way."""


class Service:
    """One endpoint, asked by many at once.

    Args:
        endpoint: Where and how to ask.
        patience: Time-outs and retries.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        self.endpoint = endpoint
        self.patience = patience or Patience()
        self.manner = Manner.of(endpoint.preset, sees=endpoint.sees)
        most = _room(endpoint.preset.connections)
        self.gate = Gate(most)
        self.client = open_client(endpoint, most)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    def scrub(self, text: str) -> str:
        """A text without the key in it."""
        return self.endpoint.key.scrub(text)

    def told(self, text: object) -> str:
        """What a server said, for a message of ours: without the key, and on one line."""
        return on_one_line(self.scrub(str(text)))

    def clean(self, reply: Reply) -> Reply:
        """A reply without the key in it, should a server have put it there, and in whole signs.

        JSON can hold halves of signs (lone surrogates), which no file can.
        """

        def clean(text: str) -> str:
            return self.scrub(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))

        calls = tuple(
            ToolCall(id=clean(call.id), name=clean(call.name), arguments=clean(call.arguments))
            for call in reply.tool_calls
        )
        texts = {name: clean(getattr(reply, name)) for name in ("content", "echo", "model")}
        return reply.model_copy(update={**texts, "tool_calls": calls})

    async def ask(self, attempt: Callable[[Manner], Awaitable[T]], *, shows: bool = False) -> T:
        """Make attempts until one gives an answer.

        Args:
            attempt: Asks once, in a given manner; raises what the SDK does, or AgainError.
            shows: Whether pictures are sent.

        Raises:
            ModelError: The last attempt failed, or asking again is no use.
        """
        patience = self.patience
        failures, wait_s = 0, patience.first_wait_s
        refused_until = time.monotonic() + patience.refusals_s
        while True:
            async with self.gate.place() as began:
                try:
                    answer = await self._once(attempt, shows=shows)
                except _MannersError:
                    continue
                except RefusedError as error:
                    own = _jittered(wait_s)
                    # Who says "at once" again and again is not asked hundreds of times a second.
                    asked = own if error.wait_s is None else max(error.wait_s, own / 10)
                    if time.monotonic() + asked > refused_until:
                        raise ModelError(
                            f"{self.endpoint.name} refuses calls, and asks to wait another "
                            f"{asked:.0f} s: {self.told(error)}"
                        ) from None
                    self.gate.refused(began, asked)
                except AgainError as error:
                    failures += 1
                    if failures == patience.attempts:
                        raise ModelError(
                            f"{self.endpoint.name} failed {failures} times; the last time: "
                            f"{self.told(error)}"
                        ) from None
                    asked = _jittered(wait_s)
                else:
                    self.gate.answered()
                    return answer
            await asyncio.sleep(asked)
            wait_s = min(2 * wait_s, patience.longest_wait_s)

    async def _once(self, attempt: Callable[[Manner], Awaitable[T]], *, shows: bool) -> T:
        manner = self.manner
        try:
            async with asyncio.timeout(self.patience.timeout_s):
                return await attempt(manner)
        except (AgainError, ModelError):
            raise
        except TimeoutError:
            limit = self.patience.timeout_s
            raise AgainError(f"no whole answer within {limit:g} s") from None
        except openai.APITimeoutError:
            raise AgainError(f"the answer stood still for {self._silence(manner):g} s") from None
        except openai.APIStatusError as error:
            raise self._judge(error, manner, shows=shows) from None
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, AgainError | ModelError):  # of our own hooks
                raise error.__cause__ from None
            raise AgainError(self.told(f"no connection: {error.__cause__ or error}")) from None
        except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes do to the SDK
            raise AgainError(self._unreadable(error, manner)) from None

    def _silence(self, manner: Manner) -> float:
        return self.patience.silence_s if manner.stream else self.patience.timeout_s

    def _unreadable(self, error: Exception, manner: Manner) -> str:
        kind = type(error).__name__
        if "Timeout" in kind:
            return f"the answer stood still for {self._silence(manner):g} s"
        if isinstance(error, openai.APIError):
            return f"the server broke off: {error.message}"
        return f"the answer cannot be read: {kind}: {error}"[:500]

    def _judge(self, error: openai.APIStatusError, manner: Manner, *, shows: bool) -> Exception:
        """What to make of an HTTP error."""
        status, whole = error.status_code, self.told(f"{error.message} {error.body or ''}")
        reason = f"HTTP {status}: {self.told(error.message)[:500]}"
        spent = status in {402, 429} and any(word in whole.lower() for word in _SPENT)
        if status == 429 and not spent:
            return RefusedError(reason, asked_wait(error.response.headers))
        misunderstood = status in _MISUNDERSTOOD
        # Some local servers fail with 500 where they should refuse.
        refused = misunderstood or (status == 500 and self.endpoint.sees is None)
        other = manner.without_pictures(whole) if shows and refused else None
        if other is None and status in _TRANSIENT:
            return AgainError(reason)
        if other is None and misunderstood:
            other = manner.after(whole)
        if other is not None:
            if self.manner == manner:  # else another call learned it meanwhile
                self.manner = other
            return _MannersError()
        return ModelError(f"{self.endpoint.name}: {reason}{self._hint(status, spent=spent)}")

    def _hint(self, status: int, *, spent: bool) -> str:
        if spent or status == 402:
            return " The account has no credit left."
        endpoint = self.endpoint
        variable = endpoint.preset.key or URL_KEY
        if status == 401:
            said = ": is it right?" if endpoint.key else ", which is not set."
            return f" The key is read from {variable}{said}"
        return {
            403: " Is the key allowed to use this model?",
            404: f" Is the model's name right? `macrohard doctor --model {endpoint.name}` looks.",
        }.get(status, "")


async def events(response: Any, client: openai.AsyncOpenAI) -> AsyncIterator[dict[str, Any]]:
    """The events of a streamed answer as plain JSON objects.

    Raises:
        AgainError: An event is no JSON object.
    """
    # ``object`` leaves the JSON as it came: a strange field is ours to judge, and costs nothing.
    stream = openai.AsyncStream(cast_to=object, response=response, client=client)
    async for event in stream:
        if not isinstance(event, dict):
            raise AgainError(f"a piece of the stream is no object: {str(event)[:200]!r}")
        yield event


async def whole_body(response: Any) -> Any:
    """The JSON of an answer that is not streamed.

    Raises:
        AgainError: It is no JSON.
    """
    body = await response.aread()
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        shown = bytes(body[:200]).decode("utf-8", "replace")
        raise AgainError(f"the answer is not JSON ({error}): {shown!r}") from None


def request_timeout(patience: Patience, *, streamed: bool) -> openai.Timeout:
    """Time-outs of one attempt: a stream must not stand still for long, a whole answer may."""
    silence = patience.silence_s if streamed else patience.timeout_s
    return openai.Timeout(patience.timeout_s, read=silence, pool=None)


def is_stream(response: Any) -> bool:
    """Whether a server streams, which it may not although it was asked to."""
    return "text/event-stream" in str(response.headers.get("content-type", "")).lower()


def asked_wait(headers: Any) -> float | None:
    """Seconds that a server asks to wait: ``retry-after-ms``, or ``Retry-After`` in either form."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _jittered(wait_s: float) -> float:
    return wait_s * random.uniform(0.5, 1)  # noqa: S311 - spreads waits, keeps no secret


def _room(wanted: int) -> int:
    """How many connections the process may open; raises its soft limit on files where it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - _SPARE_DESCRIPTORS))
