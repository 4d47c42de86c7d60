"""A user at work: types, reads, keeps account of the steps, and complains with evidence."""

import re
from collections.abc import Generator
from dataclasses import dataclass, field

from macrohard.llm.offline.personas.command import Command, understand
from macrohard.llm.offline.personas.screen import (
    Screen,
    read_screen,
    was_refused_by_tool,
)
from macrohard.llm.offline.scene import Action
from macrohard.work import Scenario, ScenarioStep, StepResult, Verdict

Play = Generator[Action, str, Screen]
"""Some actions, each answered with its result; returns the last screen."""

Script = Generator[Action, str, None]
"""A whole session."""

ACTIONS = 56
"""Actions a user allows itself; harnesses give 60."""

_USAGE_ERROR = 2
_WAITS = 2


class OutOfTimeError(Exception):
    """The terminal takes no more actions."""


@dataclass
class User:
    """One person with one scenario.

    Attributes:
        scenario: What is to be done.
        program: Words that start the program.
        actions: How many actions were done.
        results: Account of the steps.
        complaints: What was wrong, with evidence: it costs the satisfaction.
        remarks: What was only unpleasant.
    """

    scenario: Scenario
    program: tuple[str, ...]
    actions: int = 0
    results: list[StepResult] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def command(self, step: ScenarioStep) -> Command | None:
        """A step's line in pieces."""
        return understand(step.type, self.program)

    @property
    def spare(self) -> int:
        """Actions that are left when those for the steps to come are kept back."""
        return ACTIONS - self.actions - (len(self.scenario.steps) - len(self.results))

    def type(self, line: str, step: int = 0) -> Play:
        """Type a line, and wait for the prompt as long as patience lasts."""
        screen = yield from self._act(Action("type_line", {"text": line, "step": step}))
        for _ in range(_WAITS):
            if screen.status is None:
                screen = yield from self._act(Action("wait", {"seconds": 5, "step": step}))
        if screen.status is None:
            self.complain(screen, f"after `{line}` the prompt did not come back")
            screen = yield from self._act(Action("press", {"keys": "Ctrl-C", "step": step}))
        if screen.crashed:
            self.complain(screen, f"`{line}` ended in a crash")
        return screen

    def press(self, keys: str) -> Play:
        """Press keys while exploring."""
        return (yield from self._act(Action("press", {"keys": keys, "step": 0})))

    def _act(self, action: Action) -> Play:
        result = yield action
        if was_refused_by_tool(result):
            raise OutOfTimeError(result)
        self.actions += 1
        return read_screen(result)

    def do(self, number: int, step: ScenarioStep) -> Play:
        """Do a step as it is suggested, and judge it by what is on the screen."""
        if step.type is None:
            self.results.append(
                StepResult(
                    step=number,
                    did="nothing",
                    satisfied=False,
                    remark="I did not know what to type for this.",
                )
            )
            return Screen("", 0)
        screen = yield from self.type(step.type, number)
        wrong = faults(step, screen)
        self.results.append(
            StepResult(
                step=number,
                did=step.type,
                satisfied=not wrong,
                screen_quote=screen.quote(*step.see),
                remark="; ".join(wrong),
            )
        )
        return screen

    def expect_refusal(self, line: str, screen: Screen, *names: str) -> bool:
        """Whether a bad input was refused as it should be; complains where it was not.

        Args:
            line: What was typed.
            screen: What came.
            names: What a helpful error names, one of them.
        """
        if screen.crashed or screen.status is None:
            return False
        if screen.status != _USAGE_ERROR:
            self.complain(screen, f"`{line}` should be refused with exit status 2")
        elif len(screen.lines) != 1 or not screen.lines[0].startswith("error:"):
            self.complain(screen, f"`{line}` should be answered by one line `error: …`")
        elif names and not any(screen.shows(name) for name in names):
            self.remarks.append(f"action {self.actions}: the error does not name {names[0]}")
        else:
            return True
        return False

    def expect_same(self, before: Screen, after: Screen, why: str) -> None:
        """Complain when a list that should be as before is not."""
        if before.text != after.text or before.status != after.status:
            self.complain(after, f"the list is not as it was before: {why}")

    def complain(self, screen: Screen, why: str) -> None:
        """Something is wrong; the last action shows it."""
        # The judge reads quotations between quotation marks, so none may stand inside.
        shown = max((part.strip() for part in re.split(r"[`\"]", screen.quote())), key=len)
        told = f", it showed `{shown}`" if shown else ""
        self.complaints.append(f"action {self.actions}: {why}{told}")

    def verdict(self, words: str) -> Verdict:
        """The account of the session."""
        done = {result.step for result in self.results}
        missed = [
            StepResult(step=number, did="nothing", satisfied=False, remark="I did not come to it.")
            for number in range(1, len(self.scenario.steps) + 1)
            if number not in done
        ]
        steps = (*self.results, *missed)
        failed = [result.step for result in steps if not result.satisfied]
        satisfied = not failed and not self.complaints
        told = f"{len(steps) - len(failed)} of {len(steps)} steps went as they should"
        if self.complaints:
            told += f"; {len(self.complaints)} other things were wrong"
        return Verdict(
            satisfied=satisfied,
            summary=f"{words} {told}.",
            steps=steps,
            complaints=(*self.complaints, *self.remarks),
        )


def faults(step: ScenarioStep, screen: Screen) -> list[str]:
    """What about a screen is not as a step wants it."""
    wrong = [f"{text!r} was not shown" for text in step.see if not screen.shows(text)]
    wrong += [f"{text!r} was shown" for text in step.not_see if screen.shows(text)]
    if step.exit_code is not None and screen.status != step.exit_code:
        wrong.append(f"exit status {step.exit_code} was expected, it was {screen.status}")
    if screen.crashed:
        wrong.append("the program crashed")
    return wrong
