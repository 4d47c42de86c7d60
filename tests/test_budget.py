import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.budget import Budget, Spending
from macrohard.config import Caps
from macrohard.errors import BudgetError


def test_calls_in_flight_cannot_pass_a_cap_together() -> None:
    budget = Budget(Caps(tokens=100))
    budget.reserve(Spending(tokens=60, calls=1))
    with pytest.raises(BudgetError, match="--max-tokens"):
        budget.reserve(Spending(tokens=60, calls=1))


def test_what_a_call_did_not_use_is_free_again() -> None:
    budget = Budget(Caps(tokens=100))
    held = budget.reserve(Spending(tokens=60, calls=1))
    budget.settle(held, Spending(tokens=10, calls=1))
    budget.reserve(Spending(tokens=90, calls=1))
    assert budget.spent == Spending(tokens=10, calls=1)


def test_a_call_that_failed_costs_nothing() -> None:
    budget = Budget(Caps(calls=1))
    budget.release(budget.reserve(Spending(calls=1)))
    budget.reserve(Spending(calls=1))


def test_minutes_count_over_all_starts_of_a_run() -> None:
    clock = iter([100.0, 100.0, 161.0]).__next__
    budget = Budget(Caps(minutes=2), seconds=60, clock=clock)
    budget.reserve(Spending())
    with pytest.raises(BudgetError, match="--max-minutes"):
        budget.reserve(Spending())


@given(
    cap=st.integers(0, 1000),
    sizes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.booleans()), max_size=50),
)
def test_spent_and_held_never_pass_the_cap(cap: int, sizes: list[tuple[int, int, bool]]) -> None:
    budget = Budget(Caps(tokens=cap))
    held: list[Spending] = []
    for most, used, settle_first in sizes:
        if settle_first and held:
            reservation = held.pop()
            budget.settle(reservation, Spending(tokens=min(used, reservation.tokens)))
        try:
            held.append(budget.reserve(Spending(tokens=most)))
        except BudgetError:
            continue
        assert budget.spent.tokens + sum(h.tokens for h in held) <= cap
