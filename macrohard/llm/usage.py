"""Tokens of an answer, as providers report them, or counted from the text."""

from typing import Any

from macrohard.llm.base import Request, ToolCall, Usage


def read_usage(usage: Any) -> Usage | None:
    """The usage that a provider reports, in any of its spellings; None where it reports none."""
    if not isinstance(usage, dict) or not count(usage, "prompt_tokens"):
        return None
    sent, answered = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    details = usage.get("prompt_tokens_details")
    cached = count(details, "cached_tokens") if isinstance(details, dict) else 0
    return Usage(
        input_tokens=sent,
        cached_tokens=min(cached or count(usage, "prompt_cache_hit_tokens"), sent),
        # Some count thoughts, which are paid for, in the total alone.
        output_tokens=max(answered, count(usage, "total_tokens") - sent),
    )


def estimated_usage(request: Request, content: str, calls: list[ToolCall]) -> Usage:
    """Tokens counted from the text, four characters each, and from the sizes of pictures."""
    seen = sum(picture.tokens for picture in request.pictures)
    said = len(content) + sum(len(call.arguments) for call in calls)
    return Usage(
        input_tokens=len(request.canonical()) // 4 + 1 + seen,
        output_tokens=said // 4 + 1,
        estimated=True,
    )


def count(data: dict[str, Any], name: str) -> int:
    """A number of tokens in a report; 0 for whatever is none."""
    value = data.get(name)
    return int(value) if isinstance(value, int | float) and 0 < value < 10**12 else 0
