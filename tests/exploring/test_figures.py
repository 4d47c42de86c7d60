"""Figures that follow an entry have to follow its change; totals are the sum of their rows."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from macrohard.exploring.figures import figures_of, followers, number_in, stale, wrong_totals
from macrohard.webpage import Page

TABLE = """<table><caption>Costs</caption><tr><th>What</th><th>Euro</th></tr>
<tr><td>Tea</td><td>2.50</td></tr><tr><td>Milk</td><td>1,000.00</td></tr>
<tr><td>Total</td><td>{total}</td></tr></table>"""


def test_a_total_that_is_none() -> None:
    assert wrong_totals(Page(TABLE.format(total="1002.50"))) == []
    wrong = ("Costs", "Euro", Decimal("1002.00"), Decimal("1002.50"))
    assert wrong_totals(Page(TABLE.format(total="€ 1,002.00"))) == [wrong]


amounts = st.decimals(min_value=1, max_value=10_000, places=2)


@given(st.lists(amounts, max_size=5), amounts, amounts)
def test_a_sum_follows_and_a_stale_one_is_told(
    others: list[Decimal], old: Decimal, new: Decimal
) -> None:
    def page(entries: list[Decimal], total: Decimal) -> dict[str, str]:
        rows = "\n".join(f"item {value}" for value in entries)
        return {"/": f"{rows}\nTotal: {total} on 2026-03-01"}

    before = figures_of(page(others, sum(others, Decimal(0))))
    after = figures_of(page([*others, old], sum(others, old)))
    grown = followers(before, after, old)
    assert grown
    right = figures_of(page([*others, new], sum(others, new)))
    assert stale(grown, right, new - old) == []
    wrong = figures_of(page([*others, new], sum(others, old)))
    told = [key for key, _, _ in stale(grown, wrong, new - old)]
    assert told == ([] if new == old else ["/ | Total: # on date | 1"])


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    value = number_in(text)
    assert value is None or value.is_finite()
    assert all(found.is_finite() for found in figures_of({"/": text}).values())
