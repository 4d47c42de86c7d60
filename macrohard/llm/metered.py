"""A model whose calls are paid for: reserved before they are made, settled after."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from macrohard.budget import Budget, Spending
from macrohard.errors import BudgetError
from macrohard.llm.base import Asker, Model, Reply, Request, Usage, sees, window_tokens
from macrohard.llm.prices import Price, lines_to_add

_FRAME_TOKENS = 1_000
"""Room for what servers put around a request: the template of the chat, the preamble to tools."""
_MESSAGE_TOKENS = 32
"""Likewise, for each message."""


@dataclass(frozen=True)
class Answer:
    """A reply, and what is to be said of it in the accounts.

    Attributes:
        reply: What came back.
        model: The model as the person named it, such as ``openai:gpt-5``.
        usd: What it cost; None where the price is not known.
        seconds: From the question to the answer, without waiting for room in the budget.
    """

    reply: Reply
    model: str
    usd: float | None
    seconds: float


class Answerer(Protocol):
    """Answers, with the account of each answer."""

    @property
    def name(self) -> str:
        """What the person named."""
        ...

    def window_tokens(self, asker: Asker) -> int:
        """Context window, question and answer together, for this asker."""
        ...

    def sees(self, asker: Asker) -> bool | None:
        """Whether this asker can be shown pictures; None where nobody knows."""
        ...

    async def answer(self, request: Request) -> Answer:
        """Answer one request.

        Raises:
            BudgetError: A cap would be passed.
            ModelError: The provider failed.
        """
        ...


class MeteredModel:
    """One model with its price, on the account of a run.

    Args:
        model: Where answers come from.
        price: What its tokens cost; None where nobody knows, which a cap in dollars refuses.
        budget: The account.
    """

    def __init__(self, model: Model, price: Price | None, budget: Budget) -> None:
        self._model = model
        self._price = price
        self._budget = budget
        if price is None and budget.caps.usd is not None:
            raise BudgetError(no_price([model.name]))

    @property
    def name(self) -> str:
        """What the person named."""
        return self._model.name

    def window_tokens(self, asker: Asker) -> int:
        """Context window of the model."""
        return window_tokens(self._model, asker)

    def sees(self, asker: Asker) -> bool | None:
        """Whether the model sees."""
        return sees(self._model, asker)

    async def answer(self, request: Request) -> Answer:
        """Answer one request.

        Raises:
            BudgetError: The call could pass a cap. It was not made.
            ModelError: The provider failed.
        """
        at = datetime.now(UTC)
        sent, received = most_input_tokens(request), request.max_output_tokens
        worst = Usage(input_tokens=sent, output_tokens=received)
        held = await self._budget.reserve(
            Spending(usd=self._cost(worst, at) or 0.0, tokens=sent + received, calls=1)
        )
        began = time.perf_counter()
        try:
            reply = await self._model.complete(request)
        except BaseException:
            self._budget.release(held)
            raise
        seconds = time.perf_counter() - began
        usage, usd = reply.usage, self._cost(reply.usage, at)
        used = Spending(usd=usd or 0.0, tokens=usage.input_tokens + usage.output_tokens, calls=1)
        self._budget.settle(held, used)
        return Answer(reply, self.name, usd, seconds)

    def _cost(self, usage: Usage, at: datetime) -> float | None:
        return None if self._price is None else self._price.usd(usage, at)


def most_input_tokens(request: Request) -> int:
    """More tokens than a request can come to: no token stands for less than a byte of text."""
    texts = [message.content + message.echo for message in request.messages]
    texts += [c.name + c.arguments for message in request.messages for c in message.tool_calls]
    texts += [json.dumps(tool.model_dump(mode="json")) for tool in request.tools]
    if request.output_schema:
        texts.append(json.dumps(request.output_schema))
    framed = _FRAME_TOKENS + _MESSAGE_TOKENS * (len(request.messages) + len(request.tools))
    seen = sum(picture.most_tokens for picture in request.pictures)
    return framed + seen + sum(len(text.encode(errors="surrogatepass")) for text in texts)


def no_price(names: list[str]) -> str:
    """That a cap in dollars cannot be held, and the lines that change that."""
    lines = "\n".join(lines_to_add(name) for name in names)
    return (
        f"--max-usd cannot be held: the price of {', '.join(names)} is not known. "
        f"Add to macrohard.toml:\n{lines}"
    )
