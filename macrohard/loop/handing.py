"""Reading what a role hands in: a valid noun, or what is wrong with it, for the model to mend."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from macrohard.llm.base import Reply, Request, ToolCall
from macrohard.llm.json_text import find_object, is_cut_off

N = TypeVar("N", bound=BaseModel)

_CUT_SHORT = (
    "The reply was cut off: at most {limit:,} tokens fit. Say it in less: write a long file in "
    "parts, think shorter, and make fewer calls in one reply."
)
_SHOWN = 10
"""Problems of one hand-in that are told."""


def noun_in_reply(reply: Reply, request: Request, noun: type[N]) -> tuple[N | None, str]:
    """The noun in a reply's content, or what is wrong with it."""
    text = find_object(reply.content)
    if reply.finish_reason == "refusal":
        return None, f"The answer was a refusal: {reply.content[:300]}"
    if text is None:
        if is_cut_off(reply.content):
            return None, _CUT_SHORT.format(limit=request.max_output_tokens)
        return None, cut_short(reply, request) or (
            "The answer holds no JSON object." if reply.content.strip() else "The answer is empty."
        )
    return _validated(text, noun)


def noun_in_call(call: ToolCall, noun: type[N]) -> tuple[N | None, str]:
    """The noun in the arguments of ``submit``, or what is wrong with it."""
    return _validated(find_object(call.arguments) or call.arguments, noun)


def cut_short(reply: Reply, request: Request) -> str:
    """What to tell a model whose reply ended at its limit; "" when it did not."""
    if reply.finish_reason != "length":
        return ""
    return _CUT_SHORT.format(limit=request.max_output_tokens)


def _validated(text: str, noun: type[N]) -> tuple[N | None, str]:
    try:
        return noun.model_validate_json(text), ""
    except ValidationError as error:
        return None, _explain(error)


def _explain(error: ValidationError) -> str:
    problems: list[dict[str, Any]] = [dict(item) for item in error.errors(include_url=False)]
    lines = [
        f"- {'.'.join(str(part) for part in problem['loc']) or 'the reply'}: {problem['msg']}"
        for problem in problems[:_SHOWN]
    ]
    more = f"\n({len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
    return "What is wrong:\n" + "\n".join(lines) + more
