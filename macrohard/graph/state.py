"""State of the graph: ids and hashes of artifacts, never payloads, plain types only.

Plain types keep the checkpoint small and let it be read back without importing anything.
"""

import operator
from typing import Annotated, NotRequired, Required, TypedDict


class ItemResult(TypedDict):
    """How one attempt at a work item ended.

    ``outcome``: ``ready`` (a commit waits to be integrated), ``merged``, ``conflict``, ``failed``
    (the agent could not do it), or ``blocked`` (something it depends on has no commit).
    """

    item: str
    round: int
    wave: int
    outcome: str
    commit: str
    reason: str


class TrialResult(TypedDict):
    """How one simulated user fared; ``result`` is the hash of the judged trial."""

    trial: str
    round: int
    satisfied: bool
    result: str


class RoundResult(TypedDict):
    """What a round led to, for choosing the best one when none is accepted.

    ``mutation`` is the hash of the score of its unit tests, where it was fit for release.
    """

    round: int
    commit: str
    unit_failed: int
    unit_passed: int
    acceptance_failed: int
    acceptance_passed: int
    satisfied: int
    trials: int
    mutation: NotRequired[str]


class State(TypedDict, total=False):
    """One run. Keys that end in a noun's name hold the hash of that noun."""

    round: Required[int]
    wave: int
    spec: Required[str]
    brief: str
    requirements: str
    scenarios: str
    acceptance: str
    design: str
    lock: str
    assets: str
    staffing: str
    plan: str
    todo: list[str]
    results: Annotated[list[ItemResult], operator.add]
    reviews: list[str]
    failures: str
    mutation: str
    trials: Annotated[list[TrialResult], operator.add]
    triage: list[str]
    rounds: list[RoundResult]
    decision: str
    notes: str
    status: str


class ItemTask(TypedDict):
    """What one coding branch is sent."""

    item: str
    round: int
    wave: int
    requirements: str
    design: str
    plan: str
    triage: list[str]
    todo: list[str]
    results: list[ItemResult]


class TrialTask(TypedDict):
    """What one trial branch is sent."""

    trial: str
    persona: str
    scenario: str
    round: int
    scenarios: str
    design: str
