"""A user's hands as an agent's tools: every action runs, is bounded, and goes on the tape."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from macrohard.llm.base import Tool, ToolCall
from macrohard.users.base import Driver, Ending, Observation, Tape, Taped, UserActionError
from macrohard.users.hands import TERMINAL, Hands

_SHOWN = 8_000
"""Characters of one result that the user is shown; the tape keeps all."""


@dataclass(frozen=True)
class Patience:
    """When a user gives up.

    Attributes:
        actions: Actions in one trial.
        seconds: Wall time of one trial.
    """

    actions: int = 60
    seconds: float = 900.0


class UserTools:
    """The tools of one simulated user; a ToolBox for the agent loop.

    Args:
        driver: The user's eyes and hands.
        scenario: Id of the scenario.
        persona: Name of the role that plays the user.
        patience: When the user gives up.
        hands: What the user can do.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        driver: Driver,
        scenario: str,
        persona: str,
        patience: Patience | None = None,
        *,
        hands: Hands = TERMINAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hands = hands
        self._driver = driver
        self._scenario = scenario
        self._persona = persona
        self._patience = patience or Patience()
        self._clock = clock
        self._start = clock()
        self._entries: list[Taped] = []
        self._ending: Ending = "submitted"

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What the user may call, without ``submit``."""
        return self._hands.tools

    async def run(self, call: ToolCall) -> str:
        """Run one call; a bad call is answered with a text that starts with ``error:``.

        Raises:
            SandboxError: The box failed.
        """
        if len(self._entries) >= self._patience.actions:
            self._ending = "actions"
            return f"error: all {self._patience.actions} actions are used up; call submit now."
        if self._clock() - self._start > self._patience.seconds:
            self._ending = "time"
            return "error: your time is over; call submit now."
        return await self.check(call)

    async def check(self, call: ToolCall) -> str:
        """The same, whatever patience is left: for what the harness looks at when the user is done.

        Raises:
            SandboxError: The box failed.
        """
        try:
            action, step = self._hands.read(call)
            start = self._clock()
            seen = await self._driver.act(action)
        except ValidationError as error:
            return f"error: {call.name} was called badly: {_explain(error)}"
        except UserActionError as error:
            return f"error: {error}"
        self._entries.append(
            Taped(
                number=len(self._entries) + 1,
                step=step,
                action=action,
                seen=seen,
                seconds=round(self._clock() - start, 3),
            )
        )
        return show(seen)

    def tape(self) -> Tape:
        """All that happened so far."""
        return Tape(
            scenario=self._scenario,
            persona=self._persona,
            entries=tuple(self._entries),
            ending=self._ending,
            seconds=round(self._clock() - self._start, 3),
        )


def show(seen: Observation) -> str:
    """An observation as the user is told it."""
    text = _shorten(seen.text)
    match seen.state.at:
        case "prompt":
            after = f"[{seen.state.exit_status}] $ "
        case "more":
            after = "> \n(the shell waits for the rest of the line: an open quote?)"
        case "running":
            after = "(no prompt: the program is running, or waits for input)"
        case "full-screen":
            after = "(a full-screen program; this is its screen)"
        case "window":
            told = [*(f"! {p.text}" for p in seen.problems), seen.text, f"picture: {seen.picture}"]
            return _shorten("\n".join(told))
        case "page":
            return _shorten("\n".join([*(f"! {p.text}" for p in seen.problems), seen.screen]))
        case "answer":
            return _shorten("\n".join([*(f"! {p.text}" for p in seen.problems), text]))
        case "ended":
            after = "(the shell has ended; here is a new one)\n[0] $ "
    return f"{text}\n{after}" if text else after


def _shorten(text: str) -> str:
    if len(text) <= _SHOWN:
        return text
    half = _SHOWN // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[… {left_out} characters not shown …]\n{text[-half:]}"


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
        for problem in problems[:5]
    )
