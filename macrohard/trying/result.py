"""What came of trying an application, as data."""

from typing import Literal

from macrohard.exploring.findings import Finding
from macrohard.work import Noun

RESULT = "try.json"
"""The result, in the folder with the evidence."""
Surface = Literal["terminal", "pages", "api", "browser", "telephone"]


class TrialRow(Noun):
    """One trial.

    Attributes:
        trial: Names it, and its folder below ``trials``.
        scenario: Title of the scenario.
        persona: Who tried.
        satisfied: Whether the user got what the scenario promises.
        reasons: Why not, and what was noted.
        actions: How many actions it took.
        seconds: Wall time.
        skipped: What of the scenario could not be done.
    """

    trial: str
    scenario: str
    persona: str
    satisfied: bool
    reasons: tuple[str, ...] = ()
    actions: int = 0
    seconds: float = 0.0
    skipped: tuple[str, ...] = ()


class Exploration(Noun):
    """A look round without a scenario.

    Attributes:
        surface: Where.
        findings: What is wrong.
        skipped: What could not be looked at.
        actions: How many actions it took.
        seconds: Wall time.
    """

    surface: Surface
    findings: tuple[Finding, ...] = ()
    skipped: tuple[str, ...] = ()
    actions: int = 0
    seconds: float = 0.0


class TryResult(Noun):
    """How an application fared with simulated users.

    Attributes:
        app: Its name.
        out: Folder with the evidence.
        trials: Users with a scenario, in order.
        explorations: Users without one.
    """

    app: str
    out: str
    trials: tuple[TrialRow, ...] = ()
    explorations: tuple[Exploration, ...] = ()

    @property
    def satisfied(self) -> int:
        """How many users with a scenario were satisfied."""
        return sum(trial.satisfied for trial in self.trials)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What users without a scenario found, the grave ones first, each once."""
        every = [finding for each in self.explorations for finding in each.findings]
        once = {(finding.check, finding.title): finding for finding in every}
        return tuple(sorted(once.values(), key=lambda finding: finding.severity != "major"))

    @property
    def accepted(self) -> bool:
        """Whether everybody was satisfied, and nothing grave was found."""
        grave = any(finding.severity == "major" for finding in self.findings)
        return self.satisfied == len(self.trials) and not grave
