"""A user's hands as an agent's tools: every action runs, is bounded, and goes on the tape."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from pydantic import ValidationError

from macrohard.habits import Habits
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
        waiting_s: How long the application may keep the user waiting, all together.
        tries: Refused actions in a row; None: as many as there are.
    """

    actions: int = 60
    seconds: float = 900.0
    waiting_s: float = float("inf")
    tries: int | None = None

    @classmethod
    def of(cls, habits: Habits, hands: Hands, *, thinking_s: float) -> Self:
        """The patience of a persona with these hands.

        Args:
            habits: Its habits.
            hands: What it acts with.
            thinking_s: Wall time of a trial, most of it the model's.
        """
        return cls(
            actions=habits.actions or hands.actions,
            seconds=thinking_s,
            waiting_s=habits.seconds or float("inf"),
            tries=habits.tries,
        )


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
        self._gave_up = ""
        self._refused: list[tuple[int, str]] = []
        self._shown: dict[str, None] = {}
        self._unseen = ""

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What the user may call, without ``submit``."""
        return self._hands.tools

    async def run(self, call: ToolCall) -> str:
        """Run one call; a bad call is answered with a text that starts with ``error:``.

        Raises:
            SandboxError: The box failed.
        """
        if self._gave_up:
            return f"error: you gave up {self._gave_up}; call submit now."
        if len(self._entries) >= self._patience.actions:
            self._ending = "actions"
            return f"error: all {self._patience.actions} actions are used up; call submit now."
        if self._clock() - self._start > self._patience.seconds:
            self._ending = "time"
            return "error: your time is over; call submit now."
        return await self.check(call) + self._worn()

    async def check(self, call: ToolCall) -> str:
        """The same, whatever patience is left: for what the harness looks at when the user is done.

        Raises:
            SandboxError: The box failed.
        """
        step = self._entries[-1].step if self._entries else 0
        start = self._clock()
        try:
            action, step = self._hands.read(call)
            seen = await self._driver.act(action)
        except ValidationError as error:
            return f"error: {call.name} was called badly: {_explain(error)}"
        except UserActionError as error:
            self._refused.append((step, str(error)))
            return f"error: {error}"
        seconds = round(self._clock() - start, 3)
        number = len(self._entries) + 1
        self._entries.append(
            Taped(number=number, step=step, action=action, seen=seen, seconds=seconds)
        )
        self._refused = []
        return show(seen)

    def _worn(self) -> str:
        """Give up where patience has ended; what the user is told then."""
        patience, waited = self._patience, sum(entry.seconds for entry in self._entries)
        if self._refused and len(self._refused) == patience.tries:
            step, why = self._refused[-1]
            self._ending = "tries"
            self._give_up(step, f"after {patience.tries} tries in a row; the last: {why}")
        elif waited > patience.waiting_s:
            self._ending = "time"
            self._give_up(self._entries[-1].step, f"after {waited:.0f} seconds of waiting")
        else:
            return ""
        return "\nYou have had enough of it: call submit now, and say where and why you gave up."

    def _give_up(self, step: int, why: str) -> None:
        self._gave_up = f"at step {step} {why}" if step else f"while looking around {why}"

    @property
    def last_picture(self) -> str:
        """File name of the picture that the last action left; empty without one."""
        return self._entries[-1].seen.picture if self._entries else ""

    def note_shown(self, picture: str) -> None:
        """The user was shown a picture."""
        self._shown[picture] = None

    def note_unseen(self, reason: str) -> None:
        """What the user was to be shown was not seen."""
        self._shown = {}
        self._unseen = reason

    def tape(self) -> Tape:
        """All that happened so far."""
        return Tape(
            scenario=self._scenario,
            persona=self._persona,
            entries=tuple(self._entries),
            ending=self._ending,
            gave_up=self._gave_up,
            seconds=round(self._clock() - self._start, 3),
            shown=tuple(self._shown),
            unseen=self._unseen,
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
