"""Triage: a manager turns failures into defects and decides: another round, ship, or stop."""

import json
from typing import Any

from langgraph.types import Send

from macrohard import work
from macrohard.graph.coding import dispatch
from macrohard.graph.handins import check_triage
from macrohard.graph.office import Office
from macrohard.graph.state import State
from macrohard.graph.verify import Failures


async def triage(office: Office, state: State) -> dict[str, Any]:
    """Judge the round. The bounds on rounds are ours, whatever the manager decides."""
    round_ = state["round"]
    artifacts = office.artifacts
    async with office.stage("triage", round_):
        failures = artifacts.noun(state["failures"], Failures).failures
        taken = {item.id for item in artifacts.noun(state["plan"], work.Plan).items}
        earlier = [artifacts.noun(h, work.Triage) for h in state.get("triage", [])]
        noun = await office.think(
            office.roster.lead("triage", "Triage"),
            work.Triage,
            "Judge this round.",
            {
                "requirements": artifacts.noun(state["requirements"], work.Requirements),
                "design": artifacts.noun(state["design"], work.Design),
                "plan": artifacts.noun(state["plan"], work.Plan),
                "failures": json.dumps([f.model_dump(mode="json") for f in failures], indent=1),
                "history": json.dumps([t.model_dump(mode="json") for t in earlier], indent=1),
                "limits": f"round {round_} of {office.settings.rounds}; "
                f"budget left: {office.budget.left()}",
            },
            round_=round_,
            accept=check_triage(
                failures,
                lambda noun: _repairs(noun, taken, round_ + 1),
                office.roster,
                taken,
            ),
        )
        noun = _bounded(noun, failures, round_, office.settings.rounds)
        for defect in noun.defects:
            office.journal.write(
                "defect", id=defect.id, title=defect.title, severity=defect.severity, round=round_
            )
        office.journal.write("decision", round=round_, decision=noun.decision, reason=noun.reason)
        update: dict[str, Any] = {
            "triage": [*state.get("triage", []), artifacts.put(noun)],
            "decision": noun.decision.value,
        }
        if noun.decision is work.Decision.ANOTHER_ROUND:
            update |= _next_round(office, state, noun)
        return update


def after_triage(state: State) -> list[Send] | str:
    """Another round of coding, or the release."""
    another = state["decision"] == work.Decision.ANOTHER_ROUND.value
    return dispatch(state) if another else "release"


def holds(failure: work.Failure) -> bool:
    """Whether a failure holds a release: all do, except minor remarks of reviewers and users."""
    remarks = (work.FailureSource.REVIEW, work.FailureSource.USER)
    return failure.source not in remarks or failure.severity is not work.Severity.MINOR


def _bounded(
    noun: work.Triage, failures: tuple[work.Failure, ...], round_: int, rounds: int
) -> work.Triage:
    """A manager may neither wave failures through nor go on for ever."""
    decision, reason = noun.decision, noun.reason
    if decision is work.Decision.ANOTHER_ROUND and round_ >= rounds:
        decision, reason = work.Decision.STOP, f"{reason} (round {round_} was the last allowed)"
    elif decision is work.Decision.ANOTHER_ROUND and not noun.items:
        decision, reason = work.Decision.STOP, f"{reason} (no work items were given)"
    elif decision is work.Decision.SHIP and any(holds(f) for f in failures):
        dismissed = {a.role for a in noun.dismissed}
        if any(holds(f) and f.id not in dismissed for f in failures):
            decision, reason = work.Decision.STOP, f"{reason} (failures are open)"
    return noun.model_copy(update={"decision": decision, "reason": reason})


def _repairs(noun: work.Triage, taken: set[str], round_: int) -> work.Plan | None:
    """The items of a coming round with ids of their own; None when no round is to come."""
    if noun.decision is not work.Decision.ANOTHER_ROUND or not noun.items:
        return None
    renamed = {
        item.id: item.id if item.id not in taken else f"{item.id}-r{round_}" for item in noun.items
    }
    items = [
        item.model_copy(
            update={
                "id": renamed[item.id],
                "round": round_,
                "kind": work.ItemKind.REPAIR,
                "replaces": "",
                "depends_on": tuple(renamed[d] for d in item.depends_on if d in renamed),
            }
        )
        for item in noun.items
    ]
    return work.Plan(items=tuple(items))


def _next_round(office: Office, state: State, noun: work.Triage) -> dict[str, Any]:
    """The plan grown by the repair items."""
    round_ = state["round"] + 1
    plan = office.artifacts.noun(state["plan"], work.Plan)
    repairs = _repairs(noun, {item.id for item in plan.items}, round_)
    items = repairs.items if repairs is not None else ()
    grown = plan.model_copy(update={"items": (*plan.items, *items)})
    return {
        "plan": office.artifacts.put(grown),
        "todo": [item.id for item in items],
        "round": round_,
        "wave": 1,
    }
