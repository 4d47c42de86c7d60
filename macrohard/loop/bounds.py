"""The bounds of one agent, and what it is told when they come near."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from macrohard.errors import ReplyError
from macrohard.llm.base import Reply
from macrohard.loop.repetition import Repetition

_CIRCLE = (
    "You have done the same {count} times with the same result. It will not change: try something "
    "else, or hand in what you have."
)
_LEFT = "{left} of {turns} replies are left; hand in with `submit` before they are used up."
_TOKENS_LEFT = "About {left:,} tokens are left to you; hand in with `submit` soon."


@dataclass(frozen=True)
class LoopLimits:
    """Bounds of one agent.

    Attributes:
        turns: Model calls in a loop.
        repairs: Unusable replies in a row before giving up.
        tokens: Input and output tokens of all its calls together.
        tool_s: Seconds that its tools may run, together.
        repeats: Times that the same may be done with the same result; half of them bring a warning.
    """

    turns: int = 80
    repairs: int = 3
    tokens: int = 6_000_000
    tool_s: float = 3600.0
    repeats: int = 6


class Watch:
    """Counts what an agent uses up, and ends its work with the reason.

    Args:
        limits: The bounds.
        role: Name of the role, for messages.
    """

    def __init__(self, limits: LoopLimits, role: str) -> None:
        self._limits = limits
        self._role = role
        self._repetition = Repetition()
        self._turns = self._tokens = self._unusable = 0
        self._tool_s = 0.0

    def begin_turn(self) -> None:
        """Another call of the model.

        Raises:
            ReplyError: None is left, or tokens or time are used up.
        """
        limits = self._limits
        if self._turns >= limits.turns:
            self._fail(f"submitted nothing in {limits.turns} turns.")
        if self._tokens >= limits.tokens:
            self._fail(f"submitted nothing, and used {self._tokens:,} of {limits.tokens:,} tokens.")
        if self._tool_s > limits.tool_s:
            self._fail(f"submitted nothing; its tools ran over {limits.tool_s:g} s.")
        self._turns += 1

    def count_reply(self, reply: Reply) -> None:
        """A reply came."""
        self._tokens += reply.usage.input_tokens + reply.usage.output_tokens

    def count_tool(self, seconds: float) -> None:
        """A tool ran for so long."""
        self._tool_s += seconds

    def count_problem(self, problem: str) -> None:
        """A reply could not be used, or, with an empty problem, could.

        Raises:
            ReplyError: Too many in a row could not.
        """
        self._unusable = self._unusable + 1 if problem else 0
        if self._unusable > self._limits.repairs:
            self._fail(f"made {self._unusable} unusable replies in a row. Last problem: {problem}")

    def notices(self, reply: Reply, results: Sequence[str]) -> list[str]:
        """What the agent should know after a turn: it goes in circles, or a limit comes near.

        Raises:
            ReplyError: It went in circles too often.
        """
        limits = self._limits
        count = self._repetition.count(reply.tool_calls, results)
        if count >= limits.repeats:
            names = ", ".join(dict.fromkeys(call.name for call in reply.tool_calls))
            self._fail(f"went in circles: {names}, {count} times with the same result.")
        said = []
        if count * 2 >= limits.repeats and count > 1:
            said.append(_CIRCLE.format(count=count))
        left = limits.turns - self._turns
        if left in {limits.turns // 4, limits.turns // 8} or left <= 3:
            said.append(_LEFT.format(left=left, turns=limits.turns))
        tokens_left = limits.tokens - self._tokens
        if tokens_left < limits.tokens // 8:
            said.append(_TOKENS_LEFT.format(left=max(0, tokens_left)))
        return said

    def _fail(self, what: str) -> NoReturn:
        raise ReplyError(f"Role {self._role} {what}")
