"""What exploring users found: each finding with what shows it, and where on the tape that is."""

from collections.abc import Sequence
from typing import Literal

from macrohard.users.base import Action, Observation, Tape, Taped, UserActionError
from macrohard.users.base import Driver as UserDriver
from macrohard.users.judging.crash import find_crash
from macrohard.users.judging.reports import describe, trim
from macrohard.work import Noun

Severity = Literal["major", "minor"]
_BEFORE = 6
"""Actions that are told before the one that shows a finding."""
_SEEN = 700
_TITLE = 160


class Finding(Noun):
    """Something that is wrong whatever the application is for.

    Attributes:
        check: Kind of check that found it; ``docs/trying.md`` lists them.
        severity: ``major`` findings keep an application from being accepted; ``minor`` ones are
            told.
        title: What is wrong, in a sentence.
        evidence: What was done, and what was seen.
        action: Number of the action on the tape that shows it; 0 where none was needed.
    """

    check: str
    severity: Severity = "major"
    title: str
    evidence: str
    action: int = 0


class Explorer:
    """A user who looks around: every action goes on the tape, every finding is kept once.

    Args:
        driver: Eyes and hands.
        name: Names the tape.
    """

    def __init__(self, driver: UserDriver, name: str) -> None:
        self.driver = driver
        self._name = name
        self._entries: list[Taped] = []
        self._found: dict[str, Finding] = {}

    @property
    def tape(self) -> Tape:
        """All that was done."""
        return Tape(scenario=self._name, persona="explorer", entries=tuple(self._entries))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, in this order."""
        return tuple(self._found.values())

    @property
    def last(self) -> Observation | None:
        """What the last action brought."""
        return self._entries[-1].seen if self._entries else None

    async def act(self, action: Action) -> Observation:
        """Do one thing; what is wrong by itself (a crash, a hang, a barrier) is found at once.

        Raises:
            UserActionError: It cannot be done here.
            SandboxError: The box failed.
        """
        seen = await self.driver.act(action)
        self.note(action, seen)
        return seen

    async def tries(self, *actions: Action) -> Observation | None:
        """Do some things; None when one of them cannot be done."""
        seen = None
        for action in actions:
            try:
                seen = await self.act(action)
            except UserActionError:
                return None
        return seen

    def note(self, action: Action, seen: Observation) -> None:
        """Put an action on the tape, and find what its effect shows by itself."""
        entry = Taped(number=len(self._entries) + 1, action=action, seen=seen)
        before = self._entries[-1] if self._entries else None
        self._entries.append(entry)
        crash = find_crash(entry, before)
        if crash is not None:
            self.find("crash", crash.title, seen=crash.text)
        for problem in seen.problems:
            if crash is None or problem.kind != "error":
                self.find(problem.kind, problem.text, severity=problem.severity)

    def find(
        self,
        check: str,
        title: str,
        *,
        seen: str | None = None,
        severity: Severity = "major",
    ) -> None:
        """Something is wrong; the last action shows it.

        Args:
            check: Kind of check.
            title: What is wrong. The same title again is the same finding.
            seen: What shows it; what the last action brought by default.
            severity: Whether it keeps an application from being accepted.
        """
        title = " ".join(title.split())
        if len(title) > _TITLE:
            title = f"{title[: _TITLE - 40]} … {title[-30:]}"
        if title in self._found:
            return
        last = self._entries[-1] if self._entries else None
        shown = seen if seen is not None else (last.seen.text if last else "")
        self._found[title] = Finding(
            check=check,
            severity=severity,
            title=title,
            evidence=_evidence(self._entries, shown),
            action=last.number if last else 0,
        )


def _evidence(entries: Sequence[Taped], shown: str) -> str:
    told = [f"{entry.number}. {trim(describe(entry), 200)}" for entry in entries[-_BEFORE:]]
    return "\n".join([*told, "Seen:", trim(shown, _SEEN) or "(nothing)"])
