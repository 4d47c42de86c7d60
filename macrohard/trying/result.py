"""What came of trying an application, as data."""

from typing import Literal

from macrohard.exploring.findings import Finding
from macrohard.work import Noun

RESULT = "try.json"
"""The result, in the folder with the evidence."""
Surface = Literal["terminal", "pages", "api", "browser", "telephone", "windows"]


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
        what: What it counts, in the plural: forms, operations, commands; empty for nothing.
        met: How many of these there are.
        done: How many of these accepted something reasonable.
        skipped: What could not be looked at.
        actions: How many actions it took.
        seconds: Wall time.
    """

    surface: Surface
    findings: tuple[Finding, ...] = ()
    what: str = ""
    met: int = 0
    done: int = 0
    skipped: tuple[str, ...] = ()
    actions: int = 0
    seconds: float = 0.0

    @property
    def told(self) -> str:
        """It in a line: what was tried, what was not, and what was found in what was."""
        parts = [f"{self.actions} actions"]
        if self.met:
            parts.append(f"{self.done} of {self.met} {self.what} accepted something")
        if self.skipped:
            first = self.skipped[0].partition(" refused")[0].partition(": none of")[0]
            more = f" and {len(self.skipped) - 1} more" if len(self.skipped) > 1 else ""
            parts.append(f"not tried: {first}{more}")
        rest = " in the rest" if self.skipped else ""
        return ", ".join([*parts, f"{len(self.findings)} findings{rest}"])


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
