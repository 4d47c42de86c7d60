"""Prices: one's own first, then the list, and nothing for names that only look alike."""

import re
from datetime import UTC, datetime

import pytest

from macrohard.llm.base import Usage
from macrohard.llm.prices import FlatPrice, find_price, lines_to_add

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
M = 1_000_000


def usd(name: str, usage: Usage, own: dict[str, dict[str, float]] | None = None) -> float | None:
    provider, _, model = name.partition(":")
    price = find_price(name, provider, model, own or {})
    return None if price is None else price.usd(usage, NOON)


def test_the_list_with_cached_tokens_priced_as_such() -> None:
    # As published by OpenAI for gpt-5: 1.25 in, 0.125 cached, 10 out, dollars per million tokens.
    assert usd("openai:gpt-5", Usage(input_tokens=M, output_tokens=M)) == pytest.approx(11.25)
    cached = Usage(input_tokens=M, cached_tokens=M // 2, output_tokens=0)
    assert usd("openai:gpt-5", cached) == pytest.approx(0.6875)


def test_more_cached_than_sent_is_no_discount_on_nothing() -> None:
    odd = Usage(input_tokens=10, cached_tokens=1000, output_tokens=0)
    assert FlatPrice(2.0, 1.0, cached=1.0).usd(odd, NOON) == pytest.approx(10e-6)
    assert usd("openai:gpt-5", odd) == pytest.approx(1.25e-6)


def test_the_price_says_where_it_is_from() -> None:
    price = find_price("openai:gpt-5", "openai", "gpt-5", {})
    assert price is not None
    assert price.said["source"].startswith("https://")
    assert re.fullmatch(r"(\d{4}-\d\d-\d\d \()?genai-prices [\d.]+\)?", price.said["date"])
    assert (price.said["input"], price.said["cached"], price.said["output"]) == (1.25, 0.125, 10)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("openai:gpt-5", True),
        ("openai:gpt-5-mini-2025-08-07", True),
        ("anthropic:claude-haiku-4-5", True),
        ("anthropic:claude-haiku-4-5-20251001", True),
        ("anthropic:claude-haiku-4-5-turbo", False),  # begins like one, and is none
        ("anthropic:claude-sonnet-4-5-max-context", False),
        ("google:gemini-2.5-pro", True),
        ("google:gemini-2.5-pro-ultra", False),
        ("openai:gpt-99", False),
        ("openrouter:openai/gpt-5", True),
        ("nobody:gpt-5", False),
    ],
)
def test_only_the_very_model_has_a_price(name: str, *, known: bool) -> None:
    assert (usd(name, Usage(input_tokens=1, output_tokens=1)) is not None) == known


def test_ones_own_price_comes_first_and_the_nearest_name_before_a_pattern() -> None:
    own = {
        "corp:*": {"input": 1.0, "output": 1.0},
        "corp:big": {"input": 5.0, "output": 5.0},
        "openai:gpt-5": {"input": 0.0, "output": 0.0},
    }
    one = Usage(input_tokens=M)
    assert usd("corp:small", one, own) == 1.0
    assert usd("corp:big", one, own) == 5.0
    assert usd("openai:gpt-5", one, own) == 0.0
    assert usd("corporation:x", one, own) is None


def test_what_runs_at_home_is_free() -> None:
    price = find_price("ollama:x", "free", "x", {})
    assert price is not None
    assert price.usd(Usage(input_tokens=M, output_tokens=M), NOON) == 0.0


def test_the_lines_to_add_are_no_toml_until_they_are_filled_in() -> None:
    import tomllib

    lines = lines_to_add("corp:big")
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(lines)
    filled = tomllib.loads(lines.replace("DOLLARS_PER_MILLION_TOKENS", "2"))
    assert find_price("corp:big", "", "big", filled["prices"]) == FlatPrice(
        2, 2, 2, source="WHERE_YOU_LOOKED"
    )
