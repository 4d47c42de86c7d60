"""The part that triages: failures become defects, defects become repairs, and a round is judged."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from macrohard.llm.offline.parts.defects import CodeMap, defects_of, keys_of
from macrohard.llm.offline.parts.reading import read_noun, read_nouns
from macrohard.llm.offline.parts.repairs import repair_items
from macrohard.llm.offline.scene import Scene
from macrohard.work import (
    Assignment,
    Decision,
    Defect,
    Design,
    Failure,
    FailureSource,
    ItemKind,
    Plan,
    Requirements,
    Severity,
    Triage,
)

_ROUND = re.compile(r"round\s+(\d+)\s+of\s+(\d+)", re.IGNORECASE)
_SPENT = re.compile(r"budget left:(?:[^\n]*,)?\s*(?:-\S+|0(?:\.0+)?) \w+", re.IGNORECASE)
_PATIENCE = 2
"""Repairs of one defect that may change nothing: the second one looks further around."""


@dataclass(frozen=True)
class Limits:
    """How far a build may still go."""

    round: int
    rounds: int
    spent: bool

    @property
    def over(self) -> bool:
        """Whether no round is left."""
        return self.spent or self.round >= self.rounds


@dataclass(frozen=True)
class Situation:
    """What a manager knows beside the failures."""

    code: CodeMap
    plan: Plan
    history: tuple[Triage, ...]
    limits: Limits


def judge(scene: Scene) -> Triage:
    """Judge a round."""
    requirements = read_noun(scene, "requirements", Requirements)
    design = read_noun(scene, "design", Design)
    plan = read_noun(scene, "plan", Plan)
    failures = read_nouns(scene, "failures", Failure)
    history = read_nouns(scene, "history", Triage)
    limits = read_limits(scene.documents.get("limits", ""), scene.request.asker.round)
    real, dismissed = dismiss(failures, plan, history)
    code = CodeMap.of(requirements, design, plan)
    first = 1 + max((number(d.id) for t in history for d in t.defects), default=0)
    defects = defects_of(real, code, first=first, round_=limits.round)
    return _decide(defects, dismissed, Situation(code, plan, history, limits))


def read_limits(text: str, round_: int) -> Limits:
    """The limits as the graph words them; without words, one more round than this one."""
    match = _ROUND.search(text)
    now, last = (int(match[1]), int(match[2])) if match else (round_, round_ + 1)
    return Limits(now, last, spent=_SPENT.search(text) is not None)


def dismiss(
    failures: Sequence[Failure], plan: Plan, history: Sequence[Triage]
) -> tuple[tuple[Failure, ...], tuple[Assignment, ...]]:
    """Take out the failures that are no defects of their own.

    A repair that was given back says nothing new: the failure it was about shows again by itself,
    or is gone.
    """
    items = {item.id: item for item in (*plan.items, *(i for t in history for i in t.items))}
    real: list[Failure] = []
    dismissed: list[Assignment] = []
    for failure in failures:
        item = next((items[word] for word in _words(failure) if word in items), None)
        if failure.source is FailureSource.ITEM and item and item.kind is ItemKind.REPAIR:
            reason = "A repair given back is judged by whether its defects still show."
            dismissed.append(Assignment(role=failure.id, reason=reason))
        else:
            real.append(failure)
    return tuple(real), tuple(dismissed)


def number(identifier: str) -> int:
    """The number in an id such as ``D12``; 0 without one."""
    digits = re.search(r"\d+", identifier)
    return int(digits[0]) if digits else 0


def _decide(
    defects: tuple[Defect, ...], dismissed: tuple[Assignment, ...], situation: Situation
) -> Triage:
    holding = [defect for defect in defects if holds(defect)]
    seen = {d.id: times_seen(d, situation.history, situation.code) for d in holding}
    stuck = [defect for defect in holding if seen[defect.id] >= _PATIENCE]
    again = [defect for defect in holding if seen[defect.id]]
    judgement = _end(defects, holding, again, stuck, situation.limits)
    if judgement is not None:
        decision, reason = judgement
        return Triage(decision=decision, reason=reason, defects=defects, dismissed=dismissed)
    items = repair_items(
        holding,
        situation.code,
        situation.plan,
        widened=again,
        history=situation.history,
        round_=situation.limits.round + 1,
    )
    reason = f"{_count(holding)} to repair in {len(items)} work items that touch different files."
    if again:
        ids = ", ".join(defect.id for defect in again)
        reason += f" Seen before, so looked for further around: {ids}."
    return Triage(
        decision=Decision.ANOTHER_ROUND,
        reason=reason,
        defects=defects,
        items=items,
        dismissed=dismissed,
    )


def _end(
    defects: Sequence[Defect],
    holding: Sequence[Defect],
    again: Sequence[Defect],
    stuck: Sequence[Defect],
    limits: Limits,
) -> tuple[Decision, str] | None:
    """How the build ends now, and why; None when another round may help."""
    if not defects:
        return Decision.SHIP, "No failure is left: tests pass and simulated users are satisfied."
    minor = all(defect.severity is Severity.MINOR for defect in holding)
    # What a user who was satisfied remarked is looked into once.
    tried = minor and len(again) == len(holding)
    if not holding or tried or (minor and limits.over):
        return Decision.SHIP, f"{_count(defects)} of minor weight: known, and no reason to wait."
    if limits.over:
        why = "the budget is spent" if limits.spent else f"round {limits.round} was the last"
        return Decision.STOP, f"{_count(holding)} would hold a release, and {why}."
    if len(stuck) == len(holding):
        return Decision.STOP, (
            f"{_count(stuck)} did not change in {_PATIENCE} repairs, the last of them with more "
            "files in view: another round would spend money on the same result."
        )
    return None


def holds(defect: Defect) -> bool:
    """Whether a defect is worth another round: all are, except minor remarks of reviewers."""
    return defect.severity is not Severity.MINOR or defect.source is not FailureSource.REVIEW


def times_seen(defect: Defect, history: Sequence[Triage], code: CodeMap) -> int:
    """In how many earlier rounds the same thing was wrong."""
    keys = keys_of(defect, code)
    return sum(
        1 for earlier in history if any(keys & keys_of(other, code) for other in earlier.defects)
    )


def _count(defects: Sequence[Defect]) -> str:
    return f"{len(defects)} defect{'' if len(defects) == 1 else 's'}"


def _words(failure: Failure) -> list[str]:
    return re.findall(r"\bW\d+\b", f"{failure.title}\n{failure.evidence}")
