"""The offline model: a deterministic engine behind the Model protocol. Not a language model.

It compiles record-keeping applications from the dialect of ``docs/spec-dialect.md`` and plays
every role of the factory, tool calls included, so that the whole factory runs with no key and no
network.
"""

import json

from pydantic import BaseModel

from macrohard.errors import ModelError
from macrohard.llm.base import Asker, Reply, Request, ToolCall, Usage
from macrohard.llm.offline.parts import PARTS
from macrohard.llm.offline.scene import Action, Faults, Scene

_BYTES_PER_TOKEN = 4
"""Rule of thumb for English and code; usage of this model is an estimate and says so."""
_WINDOW_TOKENS = 10**9


class OfflineModel:
    """Answers by the rules of the part that the request's output noun names.

    Args:
        faults: How often to err as language models do, and the seed for it.
    """

    name = "offline"

    def __init__(self, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()

    def window_tokens(self, _asker: Asker) -> int:
        """It reads requests of any length."""
        return _WINDOW_TOKENS

    async def complete(self, request: Request) -> Reply:
        """Answer one request. The same request and faults give the same reply.

        Raises:
            SpecError: The spec has a line outside the dialect.
            ModelError: The offline model has no part for what is asked.
        """
        part = PARTS.get(request.asker.output)
        if part is None:
            raise ModelError(
                f"The offline model cannot play role {request.asker.role!r}: it has no part that "
                f"hands in {request.asker.output!r}. Name a model with --model."
            )
        answer = part(Scene(request=request, faults=self._faults))
        if isinstance(answer, BaseModel):
            return _hand_in(request, answer)
        return _act(request, answer)


def _hand_in(request: Request, noun: BaseModel) -> Reply:
    text = noun.model_dump_json()
    if not request.tools:
        return Reply(content=text, model="offline", usage=_usage(request, text))
    return _act(request, [Action("submit", json.loads(text))])


def _act(request: Request, actions: list[Action]) -> Reply:
    turn = sum(1 for message in request.messages if message.role == "assistant")
    calls = tuple(
        ToolCall(
            id=f"call_{turn}_{index}",
            name=action.tool,
            arguments=json.dumps(dict(action.arguments), ensure_ascii=False),
        )
        for index, action in enumerate(actions)
    )
    text = "".join(call.arguments for call in calls)
    return Reply(
        tool_calls=calls, model="offline", usage=_usage(request, text), finish_reason="tool_calls"
    )


def _usage(request: Request, answer: str) -> Usage:
    sent = sum(
        len(m.content.encode()) + sum(len(c.arguments.encode()) for c in m.tool_calls)
        for m in request.messages
    )
    return Usage(
        input_tokens=sent // _BYTES_PER_TOKEN,
        output_tokens=len(answer.encode()) // _BYTES_PER_TOKEN + 1,
        estimated=True,
    )
