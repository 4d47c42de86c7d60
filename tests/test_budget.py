import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.budget import Budget, Spending
from macrohard.config import Caps
from macrohard.errors import BudgetError


async def test_a_call_that_could_pass_a_cap_alone_is_refused_at_once() -> None:
    budget = Budget(Caps(tokens=100))
    await budget.reserve(Spending(tokens=60, calls=1))
    with pytest.raises(BudgetError, match="--max-tokens"):
        await budget.reserve(Spending(tokens=101, calls=1))


async def test_a_call_waits_for_what_is_held_and_then_goes() -> None:
    budget = Budget(Caps(tokens=100))
    held = await budget.reserve(Spending(tokens=60, calls=1))
    second = asyncio.ensure_future(budget.reserve(Spending(tokens=60, calls=1)))
    await asyncio.sleep(0)
    assert not second.done()
    budget.settle(held, Spending(tokens=10, calls=1))
    assert (await second).most.tokens == 60
    assert budget.spent == Spending(tokens=10, calls=1)


async def test_a_call_that_waited_in_vain_is_refused() -> None:
    budget = Budget(Caps(usd=1.0))
    held = await budget.reserve(Spending(usd=0.6))
    second = asyncio.ensure_future(budget.reserve(Spending(usd=0.6)))
    await asyncio.sleep(0)
    budget.settle(held, Spending(usd=0.5))
    with pytest.raises(BudgetError, match=r"0\.5 dollars are used.*1\.1, over .*max-usd"):
        await second


async def test_one_who_gave_up_waiting_holds_nothing() -> None:
    budget = Budget(Caps(calls=1))
    held = await budget.reserve(Spending(calls=1))
    second = asyncio.ensure_future(budget.reserve(Spending(calls=1)))
    await asyncio.sleep(0)
    second.cancel()
    budget.release(held)
    budget.settle(await budget.reserve(Spending(calls=1)), Spending(calls=1))
    assert budget.spent == Spending(calls=1)


async def test_a_call_that_failed_costs_nothing() -> None:
    budget = Budget(Caps(calls=1))
    budget.release(await budget.reserve(Spending(calls=1)))
    assert budget.spent == Spending()
    budget.settle(await budget.reserve(Spending(calls=1)), Spending(calls=1))
    assert budget.spent == Spending(calls=1)


async def test_minutes_count_over_all_starts_of_a_run() -> None:
    now = [100.0]
    budget = Budget(Caps(minutes=2), seconds=60, clock=lambda: now[0])
    await budget.reserve(Spending())
    now[0] = 161.0
    with pytest.raises(BudgetError, match="--max-minutes"):
        await budget.reserve(Spending())


@given(
    cap=st.integers(0, 1000),
    calls=st.lists(
        st.tuples(st.integers(0, 300), st.floats(0, 1), st.integers(0, 3), st.booleans()),
        max_size=40,
    ),
    seed=st.integers(0, 1000),
)
def test_concurrent_calls_never_pass_a_cap_together(
    cap: int, calls: list[tuple[int, float, int, bool]], seed: int
) -> None:
    """Costs, durations and failures at random: nothing is over, and nothing refused for nothing."""
    budget = Budget(Caps(usd=cap / 100, tokens=cap))
    refused: list[tuple[int, int]] = []
    settled: list[int] = []

    async def call(most: int, share: float, turns: int, *, fails: bool) -> None:
        used = round(most * share)
        try:
            held = await budget.reserve(Spending(usd=most / 100, tokens=most))
        except BudgetError:
            refused.append((most, budget.spent.tokens))
            return
        for _ in range(turns):
            await asyncio.sleep(0)
            assert budget.spent.tokens + budget.held.tokens <= cap
            assert budget.spent.usd + budget.held.usd <= cap / 100 + 1e-6
        if fails:
            budget.release(held)
        else:
            budget.settle(held, Spending(usd=used / 100, tokens=used))
            settled.append(used)

    async def all_at_once() -> None:
        order = list(calls)
        random.Random(seed).shuffle(order)
        await asyncio.gather(*(call(m, s, t, fails=f) for m, s, t, f in order))

    asyncio.run(all_at_once())
    assert budget.held == Spending()
    assert budget.spent.tokens == sum(settled) <= cap
    assert budget.spent.usd == pytest.approx(sum(settled) / 100)
    assert all(most + spent > cap for most, spent in refused)
