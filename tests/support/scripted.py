"""A model that answers from a list, and tells what it was asked."""

import asyncio
from collections.abc import Callable, Sequence

from macrohard.llm.base import Reply, Request, ToolCall, Usage

Script = Sequence[Reply | Exception | Callable[[Request], Reply]]


class ScriptedModel:
    """Gives the replies of a script in order; an exception is raised, a function is asked."""

    name = "scripted"

    def __init__(self, script: Script, delay_s: float = 0.0) -> None:
        self._script = list(script)
        self._delay_s = delay_s
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        await asyncio.sleep(self._delay_s)
        answer = self._script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


def says(content: str, *, tokens: int = 10) -> Reply:
    return Reply(content=content, usage=Usage(input_tokens=tokens, output_tokens=tokens))


def calls(*named: tuple[str, str]) -> Reply:
    return Reply(
        tool_calls=tuple(
            ToolCall(id=f"c{number}", name=name, arguments=arguments)
            for number, (name, arguments) in enumerate(named)
        ),
        finish_reason="tool_calls",
    )
