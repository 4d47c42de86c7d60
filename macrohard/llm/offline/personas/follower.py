"""Follows a scenario that somebody wrote, in any application: does its steps, and nothing else."""

from dataclasses import dataclass

from macrohard.llm.offline.personas.pages import Look, Visitor
from macrohard.llm.offline.personas.screen import read_screen
from macrohard.llm.offline.personas.user import faults
from macrohard.work import ScenarioStep, StepResult


@dataclass
class Follower(Visitor):
    """One person with one written scenario, at a terminal, on pages or with an API."""

    def account(self, number: int, step: ScenarioStep, look: Look, why: str = "") -> None:
        """Say how a step went; of a terminal, by what is on the screen."""
        if self.scenario.interface != "cli" or why or look.failed:
            super().account(number, step, look, why)
            return
        screen = read_screen(look.text)
        wrong = faults(step, screen)
        self.results.append(
            StepResult(
                step=number,
                did=(step.type or "nothing").splitlines()[-1][:200],
                satisfied=not wrong,
                screen_quote=screen.quote(*step.see),
                remark="; ".join(wrong)[:500],
            )
        )
