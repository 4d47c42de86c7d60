"""Looks a verdict over before it is taken: a user may have miscopied, or forgotten a step."""

from collections.abc import Callable

from macrohard.users.base import Tape
from macrohard.users.judging.screentext import appeared
from macrohard.work import Scenario, Verdict


class HandIn:
    """Sends a verdict back, a bounded number of times; for the agent loop's ``accept``.

    Args:
        scenario: What was to be tried.
        tape: Gives what happened so far.
        returns: How often a verdict is sent back at most; then it is taken, and judged, as it is.
    """

    def __init__(self, scenario: Scenario, tape: Callable[[], Tape], *, returns: int = 1) -> None:
        self._scenario = scenario
        self._tape = tape
        self._returns = returns

    def __call__(self, verdict: Verdict) -> str:
        """What the user should look at again; empty when the verdict is taken."""
        complaints = [*self._false_quotes(verdict), *self._forgotten(verdict)]
        if not complaints or self._returns <= 0:
            return ""
        self._returns -= 1
        return "\n".join([*complaints, "Put this right, or hand in the same again."])

    def _false_quotes(self, verdict: Verdict) -> list[str]:
        entries = self._tape().entries
        return [
            f"step {step.step}: the quote {step.screen_quote!r} was never on the screen; copy it "
            f"exactly, or leave it empty."
            for step in verdict.steps
            if step.screen_quote.strip() and not appeared(step.screen_quote, entries)
        ]

    def _forgotten(self, verdict: Verdict) -> list[str]:
        """Steps nobody tried, unless the user says that something went wrong on the way."""
        if not all(step.satisfied for step in verdict.steps):
            return []
        tried = {entry.step for entry in self._tape().entries}
        return [
            f"step {number} ({step.intent}): no action carries this number; do it now."
            for number, step in enumerate(self._scenario.steps, start=1)
            if number not in tried
        ]
