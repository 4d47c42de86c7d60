import json
import traceback
from typing import Any

import pytest
from support.bad_server import (
    BadServer,
    Handler,
    completion,
    drip,
    error,
    good,
    hang_up,
    raw,
    silent,
)

from macrohard.errors import ModelError
from macrohard.llm.base import Asker, Message, Reply, Request, Tool, ToolCall
from macrohard.llm.chat import ChatModel, Patience
from macrohard.llm.endpoint import Endpoint, Preset
from macrohard.llm.secret import Secret

CANARY = "sk-canary-7391"
HASTE = Patience(timeout_s=0.7, attempts=3, first_wait_s=0.01)
TOOL = Tool(name="bash", description="Run.", parameters={"type": "object", "properties": {}})


def request(**fields: Any) -> Request:
    return Request(
        asker=Asker(role="architect", stage="design", output="Design"),
        messages=(Message(role="user", content="Design it."),),
        **fields,
    )


def model(server: BadServer, **fields: Any) -> ChatModel:
    return ChatModel(
        Endpoint("t:m", "m", server.url, Secret(CANARY), Preset(server.url, **fields)), HASTE
    )


async def answer(*script: Handler, **fields: Any) -> tuple[Reply, BadServer]:
    async with BadServer(*script) as server:
        return await model(server).complete(request(**fields)), server


async def test_a_good_answer() -> None:
    reply, server = await answer(good(completion("hello")))
    assert reply.content == "hello"
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (7, 3)
    assert not reply.usage.estimated
    assert server.requests[0]["messages"] == [{"role": "user", "content": "Design it."}]
    assert f"Bearer {CANARY}" in server.headers[0]


TRANSIENT = {
    "429 without Retry-After": error("429 Too Many Requests"),
    "429 with Retry-After": error("429 Too Many Requests", headers="Retry-After: 0.05\r\n"),
    "500": error("500 Internal Server Error"),
    "502 as a page": raw(b"<html>bad gateway", "502 Bad Gateway", "text/html"),
    "time-out": silent,
    "slow drip": drip,
    "connection closed": hang_up,
    "cut in the middle": raw(b'{"id": "c", "choi', claim=500),
    "wrong content type": raw(b"<html>hello</html>", kind="text/html"),
    "not UTF-8": raw(b'{"id": "\xff\xfe"}'),
    "not JSON": raw(b"{{{"),
    "200 with an error": good({"error": {"message": "overloaded"}}),
    "no choices": good({**completion(), "choices": []}),
    "a list": good([1, 2]),
    "null": good(None),
}


@pytest.mark.parametrize("handler", TRANSIENT.values(), ids=TRANSIENT.keys())
async def test_what_may_pass_is_tried_again(handler: Handler) -> None:
    reply, server = await answer(handler, good(completion("second")))
    assert reply.content == "second"
    assert len(server.requests) == 2


@pytest.mark.parametrize("handler", TRANSIENT.values(), ids=TRANSIENT.keys())
async def test_what_does_not_pass_ends_in_one_error(handler: Handler) -> None:
    with pytest.raises(ModelError, match="t:m failed 3 times; the last time: "):
        await answer(handler)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("401 Unauthorized", "Is the key right"),
        ("403 Forbidden", "allowed"),
        ("404 Not Found", "name right"),
        ("400 Bad Request", "HTTP 400"),
    ],
)
async def test_what_cannot_pass_is_not_tried_again(status: str, words: str) -> None:
    async with BadServer(error(status)) as server:
        with pytest.raises(ModelError, match=words):
            await model(server).complete(request())
    assert len(server.requests) == 1


async def test_the_key_never_shows(capsys: pytest.CaptureFixture[str]) -> None:
    async with BadServer(error("401 Unauthorized", f"Incorrect API key: {CANARY}")) as server:
        with pytest.raises(ModelError) as caught:
            await model(server).complete(request())
    shown = "".join(traceback.format_exception(caught.value)) + capsys.readouterr().err
    assert CANARY not in shown
    assert CANARY not in f"{Secret(CANARY)} {Secret(CANARY)!r} {[Secret(CANARY)]}"


async def test_missing_usage_is_estimated_and_says_so() -> None:
    reply, _ = await answer(good({**completion("x" * 40), "usage": None}))
    assert reply.usage.estimated
    assert reply.usage.output_tokens == 11


async def test_cached_tokens_of_either_spelling() -> None:
    for usage in (
        {"prompt_tokens_details": {"cached_tokens": 5}},
        {"prompt_cache_hit_tokens": 5},
    ):
        data = completion()
        data["usage"] |= usage
        reply, _ = await answer(good(data))
        assert reply.usage.cached_tokens == 5


async def test_thoughts_are_no_answer() -> None:
    reply, _ = await answer(
        good(completion("<think>{hm}</think>\n{}", reasoning_content="let me see"))
    )
    assert reply.content == "{}"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (completion("half", finish_reason="length"), "length"),
        (completion(None, refusal="I will not."), "refusal"),
        (completion("", finish_reason="content_filter"), "refusal"),
    ],
)
async def test_how_an_answer_ended(data: dict[str, Any], reason: str) -> None:
    reply, _ = await answer(good(data))
    assert reply.finish_reason == reason


async def test_tools_go_out_and_calls_come_back_as_written() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "bash", "arguments": '{"a":'}}]
    reply, server = await answer(good(completion(None, tool_calls=calls)), tools=(TOOL,))
    assert reply.tool_calls == (ToolCall(id="1", name="bash", arguments='{"a":'),)
    assert server.requests[0]["tools"][0]["function"]["name"] == "bash"


async def test_a_server_that_refuses_schemas_is_asked_without() -> None:
    refusal = error("400 Bad Request", "response_format json_schema is not supported")
    reply, server = await answer(
        refusal, refusal, good(completion("{}")), output_schema={"type": "object"}
    )
    assert reply.content == "{}"
    kinds = [r.get("response_format", {}).get("type") for r in server.requests]
    assert kinds == ["json_schema", "json_object", None]


def test_a_secret_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError):
        json.dumps({"key": Secret(CANARY)})
