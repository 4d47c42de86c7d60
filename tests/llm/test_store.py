import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from support.scripted import ScriptedModel, says

from macrohard.artifacts import Artifacts
from macrohard.budget import Budget
from macrohard.config import Caps
from macrohard.errors import BudgetError, InterruptedRunError, ModelError
from macrohard.journal import Journal, read_journal
from macrohard.llm.base import Asker, Message, Model, Request
from macrohard.llm.routing import metered_alone
from macrohard.llm.store import StoredModel, stored_calls


def request(text: str = "hello") -> Request:
    return Request(
        asker=Asker(role="architect", stage="design"),
        messages=(Message(role="user", content=text),),
    )


class Store(Protocol):
    def __call__(
        self, model: Model, *, caps: Caps | None = None, concurrency: int = 4
    ) -> StoredModel: ...


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Opens a store over the test's folder; another call is another start of the same run."""
    journals = []

    def make(model: Model, *, caps: Caps | None = None, concurrency: int = 4) -> StoredModel:
        (tmp_path / "calls").mkdir(exist_ok=True)
        journals.append(Journal(tmp_path / "events.jsonl"))
        return StoredModel(
            metered_alone(model, Budget(caps or Caps())),
            folder=tmp_path / "calls",
            artifacts=Artifacts(tmp_path / "artifacts"),
            journal=journals[-1],
            concurrency=concurrency,
        )

    yield make
    for journal in journals:
        journal.close()


async def test_a_stored_answer_is_never_asked_for_again(store: Store, tmp_path: Path) -> None:
    model = ScriptedModel([says("one")])
    first = await store(model).complete(request())
    again = await store(model).complete(request())
    assert first == again
    assert len(model.requests) == 1
    reused = [e["reused"] for e in read_journal(tmp_path / "events.jsonl")]
    assert reused == [False, True]


async def test_an_answer_is_on_disk_before_it_is_used(store: Store, tmp_path: Path) -> None:
    await store(ScriptedModel([says("one")])).complete(request())
    (call,) = stored_calls(tmp_path / "calls")
    assert call["reply"]["content"] == "one"
    assert call["key"] == request().key


async def test_a_long_text_is_kept_once(store: Store, tmp_path: Path) -> None:
    long = "x" * 100_000
    stored = store(ScriptedModel([says("1"), says("2")]))
    await stored.complete(request(long))
    await stored.complete(
        Request(
            asker=Asker(role="architect", stage="plan"),
            messages=(Message(role="user", content=long),),
        )
    )
    size = sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())
    assert size < 110_000


async def test_a_cap_is_checked_before_the_call(store: Store) -> None:
    model = ScriptedModel([says("one"), says("two")])
    stored = store(model, caps=Caps(calls=1))
    await stored.complete(request("a"))
    with pytest.raises(BudgetError, match="--max-calls"):
        await stored.complete(request("b"))
    assert len(model.requests) == 1


async def test_a_failed_call_is_not_stored_and_not_counted(store: Store) -> None:
    model = ScriptedModel([ModelError("down"), says("up")])
    stored = store(model, caps=Caps(calls=1))
    with pytest.raises(ModelError, match="down"):
        await stored.complete(request())
    assert (await stored.complete(request())).content == "up"


async def test_a_call_in_flight_outlives_its_asker(store: Store, tmp_path: Path) -> None:
    stored = store(ScriptedModel([says("paid for")], delay_s=0.2))
    asker = asyncio.create_task(stored.complete(request()))
    await asyncio.sleep(0.05)
    asker.cancel()
    await stored.drain(timeout_s=5)
    (call,) = stored_calls(tmp_path / "calls")
    assert call["reply"]["content"] == "paid for"
    with pytest.raises(InterruptedRunError):
        await stored.complete(request("another"))


async def test_no_more_calls_in_flight_than_allowed(store: Store, tmp_path: Path) -> None:
    model = ScriptedModel([says(str(n)) for n in range(6)], delay_s=0.1)
    stored = store(model, concurrency=2)
    work = [asyncio.create_task(stored.complete(request(str(n)))) for n in range(6)]
    await asyncio.sleep(0.05)
    assert len(model.requests) == 2
    await asyncio.gather(*work)
    assert len(list(stored_calls(tmp_path / "calls"))) == 6
