"""Real HTTP against a server that misbehaves on purpose: whole answers, streams, responses."""

import asyncio
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from support.bad_server import (
    BadServer,
    Handler,
    chunks,
    completion,
    drip,
    error,
    good,
    hang_up,
    raw,
    responded,
    response,
    silent,
    sse,
    streamed,
)

from macrohard.errors import ModelError
from macrohard.llm.base import Asker, Message, Reply, Request, Tool, ToolCall
from macrohard.llm.chat import ChatModel
from macrohard.llm.endpoint import Endpoint, Preset
from macrohard.llm.responses import ResponsesModel
from macrohard.llm.secret import Secret
from macrohard.llm.service import Patience, asked_wait

CANARY = "sk-canary-7391"
HASTE = Patience(timeout_s=0.7, silence_s=0.4, attempts=3, first_wait_s=0.01, refusals_s=0.2)
TOOL = Tool(name="bash", description="Run.", parameters={"type": "object", "properties": {}})
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
Model = ChatModel | ResponsesModel


def request(*messages: Message, **fields: Any) -> Request:
    return Request(
        asker=Asker(role="architect", stage="design", output="Design"),
        messages=messages or (Message(role="user", content="Design it."),),
        **fields,
    )


def model(server: BadServer, **fields: Any) -> Model:
    preset = Preset(server.url, **fields)
    endpoint = Endpoint("t:m", "m", server.url, Secret(CANARY), preset)
    return (
        ResponsesModel(endpoint, HASTE) if preset.api == "responses" else ChatModel(endpoint, HASTE)
    )


WAYS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Handler]]] = {
    "whole": ({"stream": False}, good),
    "stream": ({}, streamed),
    "stream that is none": ({}, good),
    "responses": ({"api": "responses", "stream": False}, lambda data: good(response(data))),
    "responses stream": ({"api": "responses"}, responded),
}


class Way:
    """One of the ways in which answers come."""

    def __init__(self, name: str) -> None:
        self.preset, self.form = WAYS[name]
        self.name = name

    async def answer(self, *script: Handler | dict[str, Any], **fields: Any) -> tuple[Reply, Any]:
        handlers = [self.form(one) if isinstance(one, dict) else one for one in script]
        async with BadServer(*handlers) as server:
            asked = fields.pop("asked", None) or request(**fields)
            asking = model(server, **self.preset)
            try:
                return await asking.complete(asked), server
            finally:
                await asking.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


def call(name: str = "bash", arguments: str = '{"command": "ls -l"}', id_: str = "c1") -> Any:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


async def test_a_good_answer(way: Way) -> None:
    reply, server = await way.answer(completion("hello there, this is longer"))
    assert reply.content == "hello there, this is longer"
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (7, 3)
    assert (reply.model, reply.finish_reason, reply.usage.estimated) == ("served", "stop", False)
    sent = server.requests[0]
    assert sent.get("messages", sent.get("input")) == [{"role": "user", "content": "Design it."}]
    assert f"Bearer {CANARY}" in server.headers[0]
    assert sent["stream"] is ("stream" in way.name)
    if "messages" in sent and sent["stream"]:
        assert sent["stream_options"] == {"include_usage": True}
    if "input" in sent:
        assert sent["store"] is False
        assert "previous_response_id" not in sent


@pytest.mark.parametrize(
    "data",
    [
        completion("héllo 你好 ✓" * 5),
        completion("", tool_calls=[call(), call("submit", "{}", "c2")], finish_reason="tool_calls"),
        completion("I run it.", tool_calls=[call(arguments='{"command": "e')]),
        completion("half", finish_reason="length"),
        completion(None, refusal="I will not."),
        {**completion("x" * 40), "usage": None},
    ],
)
async def test_every_way_gives_the_same_reply(data: dict[str, Any]) -> None:
    replies = [(await Way(name).answer(data, tools=(TOOL,)))[0] for name in WAYS]
    assert all(reply == replies[0] for reply in replies)
    assert replies[0].usage.estimated is (data["usage"] is None)


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
    "nested without end": raw(b"[" * 200_000),
    "200 with an error": good({"error": {"message": "overloaded"}}),
    "200 with a failed answer": good({"choices": [{"finish_reason": "error"}], "status": "failed"}),
    "no choices": good({**completion(), "choices": []}),
    "no message": good({"choices": [{"message": None}], "output": 3}),
    "strange choices": good({"choices": ["a"], "output": "b"}),
    "a list": good([1, 2]),
    "null": good(None),
    "empty": raw(b""),
    "stream: nothing": sse(),
    "stream: at once done": sse(end=b"data: [DONE]\n\n"),
    "stream: cut between pieces": sse(*chunks(completion("a long answer"))[:3]),
    "stream: cut within a piece": sse(
        *chunks(completion("hello"))[:2], end=b'data: {"id": "c", "ch'
    ),
    "stream: not UTF-8": sse(b"data: \xff\xfe\n\n"),
    "stream: not JSON": sse(b"data: {{{\n\n"),
    "stream: no object": sse([1, 2], "x", 3),
    "stream: strange pieces": sse({"choices": ["a"]}, {"choices": 3}, {"type": 3}),
    "stream: error within": sse(
        *chunks(completion("hello"))[:2], {"error": {"message": "overloaded", "code": 502}}
    ),
    "stream: ends as an error": sse(
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]}
    ),
    "stream: failed response": sse(
        {"type": "response.failed", "response": {"output": [], "status": "failed", "error": {}}}
    ),
}


@pytest.mark.parametrize("handler", TRANSIENT.values(), ids=TRANSIENT.keys())
@pytest.mark.parametrize("name", ["stream", "responses stream"])
async def test_what_may_pass_is_tried_again(handler: Handler, name: str) -> None:
    reply, server = await Way(name).answer(handler, completion("second"))
    assert reply.content == "second"
    assert len(server.requests) == 2


@pytest.mark.parametrize("handler", TRANSIENT.values(), ids=TRANSIENT.keys())
async def test_what_does_not_pass_ends_in_one_error(handler: Handler) -> None:
    with pytest.raises(ModelError, match=r"t:m (failed 3 times; the last time|refuses calls)"):
        await Way("stream").answer(handler)


async def stall(writer: Any, _request: dict[str, Any]) -> None:
    """A stream that says something, then nothing more."""
    await sse(*chunks(completion("hello"))[:2])(writer, {})
    await silent(writer, {})


async def keep_alive(writer: Any, _request: dict[str, Any]) -> None:
    """A stream that shows signs of life, and no answer."""
    await sse(*[b": still here\n\n"])(writer, {})
    await drip(writer, {})


async def test_a_stream_that_stands_still_is_given_up_before_the_whole_time() -> None:
    with pytest.raises(ModelError, match=r"stood still for 0\.4 s"):
        await Way("stream").answer(stall)


async def test_a_stream_without_end_is_given_up_in_the_end() -> None:
    with pytest.raises(ModelError, match=r"no whole answer within 0\.7 s"):
        await Way("stream").answer(keep_alive)


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        ("401 Unauthorized", "no", "read from MACROHARD_API_KEY: is it right"),
        ("403 Forbidden", "no", "allowed"),
        ("404 Not Found", "no", "macrohard doctor --model t:m"),
        ("400 Bad Request", "no", "HTTP 400"),
        ("402 Payment Required", "no", "no credit left"),
        ("429 Too Many Requests", "insufficient_quota", "no credit left"),
        ("400 Bad Request", "max_tokens: 16000 > 8192, the most allowed", "HTTP 400: .*8192"),
    ],
)
async def test_what_cannot_pass_is_not_tried_again(
    way: Way, status: str, text: str, words: str
) -> None:
    async with BadServer(error(status, text)) as server:
        with pytest.raises(ModelError, match=words):
            await model(server, **way.preset).complete(request())
    assert len(server.requests) == 1


async def test_a_server_that_asks_for_a_long_wait_fails_the_call_at_once() -> None:
    long = error("429 Too Many Requests", headers="Retry-After: 3600\r\n")
    with pytest.raises(ModelError, match="asks to wait another 3600 s"):
        await Way("stream").answer(long)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, None),
    ],
)
def test_the_wait_that_is_asked_for(headers: dict[str, str], wait: float | None) -> None:
    assert asked_wait(headers) == wait


async def test_the_key_never_shows(way: Way, capsys: pytest.CaptureFixture[str]) -> None:
    echoes = error("401 Unauthorized", f"Incorrect API key: {CANARY}")
    with pytest.raises(ModelError) as caught:
        await way.answer(echoes)
    shown = "".join(traceback.format_exception(caught.value)) + capsys.readouterr().err
    assert CANARY not in shown
    assert CANARY not in f"{Secret(CANARY)} {Secret(CANARY)!r} {[Secret(CANARY)]}"
    told = completion(f"It is {CANARY}", tool_calls=[call(arguments=f'["{CANARY}"]')])
    reply, _ = await way.answer(told)
    assert CANARY not in reply.model_dump_json()
    assert "It is ***" in reply.content
    broken = raw(f'{{"{CANARY}'.encode())
    with pytest.raises(ModelError) as caught:
        await way.answer(broken)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


async def test_cached_tokens_of_either_spelling() -> None:
    for usage in (
        {"prompt_tokens_details": {"cached_tokens": 5}},
        {"prompt_cache_hit_tokens": 5},
    ):
        data = completion()
        data["usage"] |= usage
        for name in ("whole", "stream"):
            reply, _ = await Way(name).answer(data)
            assert reply.usage.cached_tokens == 5


async def test_thoughts_that_are_counted_in_the_total_alone_are_counted() -> None:
    data = completion()
    data["usage"]["total_tokens"] = 110
    reply, _ = await Way("whole").answer(data)
    assert reply.usage.output_tokens == 103


@pytest.mark.parametrize(
    "content",
    [
        "<think>{hm}</think>\n{}",
        "so {x}, and then\n</think>\n\n{}",
        [{"type": "text", "text": "{"}, {"type": "image"}, {"type": "text", "text": "}"}],
    ],
)
async def test_thoughts_and_parts_are_no_answer(content: Any) -> None:
    reply, _ = await Way("whole").answer(completion(content, reasoning_content="let me see"))
    assert reply.content == "{}"


async def test_a_thought_that_was_cut_off_is_no_answer(way: Way) -> None:
    reply, _ = await way.answer(completion("<think>I wonder {", finish_reason="length"))
    assert (reply.content, reply.finish_reason) == ("", "length")


async def test_an_answer_that_hides_in_a_thought_is_found() -> None:
    data = completion("", reasoning_content='Then it is:\n{"a": 1}')
    for name in ("whole", "stream"):
        reply, _ = await Way(name).answer(data, output_schema=SCHEMA)
        assert reply.content == '{"a": 1}'


async def test_tools_go_out_and_calls_come_back_as_written(way: Way) -> None:
    data = completion(None, tool_calls=[call(arguments='{"a":')])
    reply, server = await way.answer(data, tools=(TOOL,))
    assert reply.tool_calls == (ToolCall(id="c1", name="bash", arguments='{"a":'),)
    tool = server.requests[0]["tools"][0]
    assert tool.get("function", tool)["name"] == "bash"


@pytest.mark.parametrize(
    "text",
    [
        'I look.\n<tool_call>\n{"name": "bash", "arguments": {"command": "ls"}}\n</tool_call>',
        '```json\n{"name": "bash", "parameters": {"command": "ls"}}\n```',
    ],
)
async def test_calls_that_were_written_as_text_are_calls(way: Way, text: str) -> None:
    reply, _ = await way.answer(completion(text), tools=(TOOL,))
    assert [(one.name, one.arguments) for one in reply.tool_calls] == [
        ("bash", '{"command": "ls"}')
    ]
    assert (reply.content, reply.finish_reason) == ("", "tool_calls")
    without, _ = await way.answer(completion(text))
    assert without.content == text


async def test_halves_of_signs_are_replaced_and_whole_ones_kept(way: Way) -> None:
    data = completion("\ud83d\ude00 half: \ud800.", tool_calls=[call(arguments='"\udfff"')])
    reply, _ = await way.answer(data, tools=(TOOL,))
    assert reply.content == "\N{GRINNING FACE} half: \ufffd."
    assert reply.model_dump_json().encode()


async def test_strange_calls_are_made_whole() -> None:
    calls = [
        call(id_="same"), call(id_="same"), call(id_=""), {"function": {"name": 3}}, "x",
        {"id": "d", "function": {"name": "bash", "arguments": {"command": "ls"}}},
    ]  # fmt: skip
    reply, _ = await Way("whole").answer(completion(None, tool_calls=calls), tools=(TOOL,))
    assert len({one.id for one in reply.tool_calls}) == len(reply.tool_calls) == 4
    assert reply.tool_calls[-1].arguments == '{"command": "ls"}'


async def test_streamed_calls_of_one_index_are_told_apart_by_id() -> None:
    def delta(**fields: Any) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"tool_calls": [fields]}}]}

    reply, _ = await Way("stream").answer(
        sse(
            delta(index=0, **call("read_file", '{"path": "a"}', "1")),
            delta(index=0, **call("bash", '{"command"', "2")),
            delta(index=0, function={"arguments": ': "ls"}'}),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        ),
        tools=(TOOL,),
    )
    assert [(one.name, one.arguments) for one in reply.tool_calls] == [
        ("read_file", '{"path": "a"}'),
        ("bash", '{"command": "ls"}'),
    ]


BAD_PAST = (
    Message(role="user", content="Go."),
    Message(
        role="assistant",
        tool_calls=(ToolCall(id="1", name="no such tool!", arguments='{"a":'),),
    ),
    Message(role="tool", content="error", tool_call_id="1"),
    Message(role="assistant", content=""),
    Message(role="user", content="Call a tool."),
)


async def test_a_bad_past_is_sent_as_servers_can_read_it(way: Way) -> None:
    _, server = await way.answer(completion(), asked=request(*BAD_PAST, tools=(TOOL,)))
    sent = server.requests[0]
    items = sent.get("messages", sent.get("input"))
    flat = json.dumps(items)
    assert '"no_such_tool_"' in flat
    texts = [item.get("content") for item in items if item.get("role") == "assistant"]
    assert texts[-1] == "(nothing was answered)"
    arguments = [
        text
        for item in items
        for one in (*item.get("tool_calls", ()), item)
        if isinstance(text := one.get("function", one).get("arguments"), str)
    ]
    assert json.loads(arguments[0]) == {"not_valid_json": '{"a":'}


async def test_what_a_provider_wants_echoed_is_sent_again_to_it_alone() -> None:
    signed = {**call(), "extra_content": {"google": {"thought_signature": "S1"}}}
    data = completion(None, tool_calls=[signed], reasoning_content="I should look.")
    for name in ("whole", "stream"):
        preset = {**WAYS[name][0], "thoughts": "reasoning_content"}
        async with BadServer(WAYS[name][1](data)) as server, BadServer(good(completion())) as other:
            first = await model(server, **preset).complete(request(tools=(TOOL,)))
            again = request(
                Message(role="user", content="Go."),
                first.message,
                Message(role="tool", content="a.py", tool_call_id="c1"),
                tools=(TOOL,),
            )
            await model(server, **preset).complete(again)
            await model(other, **preset).complete(again)
        sent = server.requests[1]["messages"][1]
        assert sent["reasoning_content"] == "I should look."
        assert sent["tool_calls"][0]["extra_content"] == signed["extra_content"]
        assert "S1" not in json.dumps(other.requests)
        assert "I should look" not in json.dumps(other.requests)


async def test_encrypted_thoughts_of_a_response_are_sent_again() -> None:
    thought = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "XYZ"}
    data = completion(None, tool_calls=[call()], reasoning_items=[thought])
    async with BadServer(responded(data)) as server:
        asking = model(server, api="responses")
        first = await asking.complete(request(tools=(TOOL,)))
        await asking.complete(request(Message(role="user", content="Go."), first.message))
    assert server.requests[1]["input"][1] == thought
    assert server.requests[1]["input"][2]["type"] == "function_call"


async def test_a_server_that_refuses_schemas_is_asked_without(way: Way) -> None:
    refusal = error("400 Bad Request", "response_format json_schema is not supported")
    reply, server = await way.answer(refusal, refusal, completion("{}"), output_schema=SCHEMA)
    assert reply.content == "{}"
    kinds = [
        sent.get("response_format", sent.get("text", {}).get("format", {})).get("type")
        for sent in server.requests
    ]
    assert kinds == ["json_schema", "json_object", None]


async def test_many_who_are_refused_at_once_learn_one_thing() -> None:
    here, everybody = 0, asyncio.Event()

    async def picky(writer: Any, sent: dict[str, Any]) -> None:
        nonlocal here
        if sent["response_format"]["type"] == "json_object":
            await streamed(completion("{}"))(writer, sent)
            return
        here += 1
        if here == 5:
            everybody.set()
        await everybody.wait()
        await error("400 Bad Request", "json_schema is not supported")(writer, sent)

    async with BadServer(picky) as server:
        asking = model(server)
        await asyncio.gather(*(asking.complete(request(output_schema=SCHEMA)) for _ in range(5)))
        assert asking.service.manner.schema == "json_object"


@pytest.mark.parametrize(
    ("complaint", "gone"),
    [
        ("Unrecognized request argument supplied: stream_options", "stream_options"),
        ("streaming is not supported", "stream"),
        ("Unsupported parameter: 'max_tokens', use 'max_completion_tokens' instead", "max_tokens"),
    ],
)
async def test_a_server_is_asked_in_a_manner_it_understands(complaint: str, gone: str) -> None:
    reply, server = await Way("stream").answer(error("400 Bad Request", complaint), completion())
    assert reply.content == "fine"
    assert server.requests[0].get(gone)
    assert not server.requests[1].get(gone)


async def test_a_server_that_understands_nothing_is_not_asked_for_ever() -> None:
    for complaint in ("schema", "stream_options", "stream", "unsupported max_tokens", "encrypted"):
        async with BadServer(error("400 Bad Request", complaint)) as server:
            with pytest.raises(ModelError, match="HTTP 400"):
                await model(server).complete(request(output_schema=SCHEMA))
        assert len(server.requests) <= 4


async def test_more_fields_go_out_as_the_preset_says() -> None:
    async with BadServer(streamed(completion())) as server:
        asking = model(server, body={"reasoning_effort": "high"}, most_tokens=100)
        await asking.complete(request())
    assert server.requests[0]["reasoning_effort"] == "high"
    assert server.requests[0]["max_tokens"] == 100


def test_a_secret_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError):
        json.dumps({"key": Secret(CANARY)})
