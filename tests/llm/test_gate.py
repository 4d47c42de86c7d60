"""The limit on calls in flight: halved at refusals, grown by answers, fair, and never stuck."""

import asyncio
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bad_server import BadServer, completion, error, streamed

from macrohard.llm.base import Asker, Message, Request
from macrohard.llm.chat import ChatModel
from macrohard.llm.endpoint import Endpoint, Preset
from macrohard.llm.gate import Gate
from macrohard.llm.secret import Secret
from macrohard.llm.service import Patience


async def test_no_more_are_let_in_than_the_limit_and_in_order() -> None:
    gate, inside, most, order = Gate(3), 0, 0, []

    async def one(number: int) -> None:
        nonlocal inside, most
        async with gate.place():
            order.append(number)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one(number) for number in range(20)))
    assert most == 3
    assert order == list(range(20))


async def test_a_burst_of_refusals_halves_once_and_answers_grow_it_again() -> None:
    gate = Gate(64)
    began = asyncio.get_running_loop().time()
    for _ in range(10):
        gate.refused(began, 0)
    assert gate.limit == 32
    for _ in range(33):
        gate.answered()
    assert gate.limit == 33
    for _ in range(20):
        gate.refused(asyncio.get_running_loop().time(), 0)
    assert gate.limit == 1
    for _ in range(10_000):
        gate.answered()
    assert gate.limit == 64


async def test_nothing_starts_while_the_server_wants_to_be_left_alone() -> None:
    gate = Gate(4)
    began = asyncio.get_running_loop().time()
    gate.refused(began, 0.15)
    async with gate.place() as at:
        assert at - began >= 0.14


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["work", "cancel", "refuse"]), max_size=12))
def test_whatever_happens_nobody_waits_for_ever(plan: list[str]) -> None:
    async def scene() -> None:
        gate = Gate(2)

        async def one(what: str) -> None:
            async with gate.place() as began:
                await asyncio.sleep(0)
                if what == "refuse":
                    gate.refused(began, 0.001)

        tasks = [asyncio.create_task(one(what)) for what in plan]
        await asyncio.sleep(0)
        for task, what in zip(tasks, plan, strict=True):
            if what == "cancel":
                task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        async with asyncio.timeout(5), gate.place():
            assert gate._in_flight == 1

    asyncio.run(scene())


async def test_one_who_leaves_as_the_door_opens_takes_no_place_along() -> None:
    gate = Gate(1)

    async def one() -> None:
        async with gate.place():
            await asyncio.sleep(0)

    first, second = asyncio.create_task(one()), asyncio.create_task(one())
    while not first.done():
        await asyncio.sleep(0)
    # The first has let the second in, who has not run since.
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    async with asyncio.timeout(5), gate.place():
        assert gate._in_flight == 1


def request(number: int) -> Request:
    return Request(
        asker=Asker(role="x", stage="coding"),
        messages=(Message(role="user", content=str(number)),),
    )


def model(server: BadServer, patience: Patience, **fields: Any) -> ChatModel:
    preset = Preset(server.url, **fields)
    return ChatModel(Endpoint("t:m", "m", server.url, Secret(""), preset), patience)


async def test_a_server_with_few_places_serves_many_callers() -> None:
    """It refuses all beyond four at once; everybody gets an answer in the end."""
    inside, refused = 0, 0

    async def crowded(writer: asyncio.StreamWriter, sent: dict[str, Any]) -> None:
        nonlocal inside, refused
        if inside >= 4:
            refused += 1
            await error("429 Too Many Requests", headers="Retry-After: 0.02\r\n")(writer, sent)
            return
        inside += 1
        await asyncio.sleep(0.005)
        inside -= 1
        await streamed(completion(sent["messages"][0]["content"]))(writer, sent)

    async with BadServer(crowded) as server:
        asking = model(server, Patience(refusals_s=60, first_wait_s=0.01), connections=40)
        replies = await asyncio.gather(*(asking.complete(request(n)) for n in range(120)))
        assert [reply.content for reply in replies] == [str(n) for n in range(120)]
        assert refused > 0
        assert asking.service.gate.limit < 40
        await asking.close()


async def test_endpoints_do_not_wait_for_each_other() -> None:
    slow = error("429 Too Many Requests", headers="Retry-After: 20\r\n")
    async with BadServer(slow) as busy, BadServer(streamed(completion())) as free:
        waiting = asyncio.create_task(model(busy, Patience()).complete(request(0)))
        await asyncio.sleep(0.1)
        began = time.perf_counter()
        await model(free, Patience()).complete(request(1))
        assert time.perf_counter() - began < 15
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_five_hundred_calls_in_flight_at_once() -> None:
    inside, most = 0, 0
    everybody = asyncio.Event()

    async def slow(writer: asyncio.StreamWriter, sent: dict[str, Any]) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == 500:
            everybody.set()
        await everybody.wait()
        await streamed(completion(sent["messages"][0]["content"]))(writer, sent)

    async with BadServer(slow) as server:
        asking = model(server, Patience())
        async with asyncio.timeout(60):
            replies = await asyncio.gather(*(asking.complete(request(n)) for n in range(500)))
        assert most == 500
        assert [reply.content for reply in replies] == [str(n) for n in range(500)]
        await asking.close()
