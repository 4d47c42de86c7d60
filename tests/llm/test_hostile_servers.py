"""Servers that go further than failing: endless answers, redirects, messages with control signs."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from support.bad_server import BadServer, Handler, completion, error, good, raw

from macrohard.errors import ConfigError, ModelError
from macrohard.llm.base import Asker, Message, Request
from macrohard.llm.chat import ChatModel
from macrohard.llm.connection import MOST_BYTES
from macrohard.llm.endpoint import Endpoint, Preset, find_endpoint
from macrohard.llm.secret import Secret
from macrohard.llm.service import Patience
from macrohard.llm.usage import read_usage

REQUEST = Request(
    asker=Asker(role="r", stage="s"), messages=(Message(role="user", content="Hello."),)
)
BOMB = gzip.compress(b" " * (2 * MOST_BYTES))


async def asked(*script: Handler, **preset: Any) -> tuple[str, BadServer]:
    """What one call comes to: the answer, or the error's message."""
    async with BadServer(*script) as server:
        endpoint = Endpoint("t:m", "m", server.url, Secret(""), Preset(server.url, **preset))
        patience = Patience(timeout_s=20, attempts=2, first_wait_s=0.01, refusals_s=1)
        model = ChatModel(endpoint, patience)
        try:
            return (await model.complete(REQUEST)).content, server
        except ModelError as failure:
            return str(failure), server
        finally:
            await model.close()


@pytest.mark.parametrize(
    ("status", "kind", "stream"),
    [
        ("200 OK", "text/event-stream", True),
        ("200 OK", "application/json", False),
        ("500 Internal Server Error", "application/json", True),
    ],
)
async def test_an_answer_without_end_is_left(status: str, kind: str, *, stream: bool) -> None:
    bomb = raw(BOMB, status, kind, "Content-Encoding: gzip\r\n")
    said, server = await asked(bomb, stream=stream)
    assert said == "t:m failed 2 times; the last time: the answer is longer than 32 MiB"
    assert len(server.requests) == 2


def sent_on(status: str, where: str) -> Handler:
    return raw(b"", status, headers=f"Location: {where}\r\n")


@pytest.mark.parametrize(
    ("status", "where"),
    [
        ("302 Found", "/elsewhere"),
        ("301 Moved Permanently", "https://127.0.0.1/v1/chat/completions"),
        ("307 Temporary Redirect", "http://localhost:1/v1/chat/completions"),
        ("308 Permanent Redirect", "//other.invalid/"),
    ],
)
async def test_a_question_is_not_sent_elsewhere(status: str, where: str) -> None:
    said, server = await asked(sent_on(status, where))
    assert f"HTTP {status[:3]}" in said
    assert "name its URL" in said
    assert len(server.requests) == 1


async def test_a_question_moves_within_its_server() -> None:
    said, _ = await asked(sent_on("307 Temporary Redirect", "/v2"), good(completion("here")))
    assert said == "here"


async def test_a_server_that_says_at_once_for_ever_is_not_run_over() -> None:
    said, server = await asked(error("429 Too Many Requests", headers="Retry-After: 0\r\n"))
    assert "refuses calls" in said
    assert len(server.requests) < 40  # a loop without waits makes hundreds


async def test_what_a_server_says_is_told_on_one_line() -> None:
    said, _ = await asked(error("403 Forbidden", "no\x1b]0;title\x07\r\nerror: \x9b2J\u202eyes"))
    assert "no ]0;title error:  2J yes" in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ALL_PROXY", "junk://x"), ("SSL_CERT_FILE", "/nowhere/ca.pem")],
)
async def test_settings_of_the_network_are_told(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ModelError, match=variable):
        await asked(good(completion()))


async def test_a_proxy_is_no_way_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    said, _ = await asked(good(completion("here")))
    assert said == "here"


@pytest.mark.parametrize(
    "find",
    [
        lambda: find_endpoint("http://user:canary-7391@host/v1#m", {}),
        lambda: find_endpoint("http://host/v1?key=canary-7391#m", {}),
        lambda: find_endpoint("openai:m", {"OPENAI_BASE_URL": "http://u:canary-7391@host/v1"}),
        lambda: find_endpoint("openai:m", {"OPENAI_BASE_URL": "canary-7391"}),
        lambda: Preset.from_table("corp", {"url": "http://host/?key=canary-7391"}),
    ],
)
def test_a_url_holds_no_key_and_is_not_shown(find: Callable[[], object]) -> None:
    with pytest.raises(ConfigError, match="without user, password or query") as caught:
        find()
    assert "canary-7391" not in str(caught.value)


def test_a_cache_does_not_read_more_than_was_sent() -> None:
    told = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 10**9}}
    usage = read_usage(told)
    assert usage is not None
    assert (usage.input_tokens, usage.cached_tokens) == (10, 10)
