"""Simulated users: who tries what, each in a box and with data of its own, and what came of it."""

from typing import Any

from langgraph.types import Send

from macrohard import work
from macrohard.grading.mutation import MutationScore, low_score
from macrohard.graph.asked import ask_at_random
from macrohard.graph.front import staffed
from macrohard.graph.office import Office
from macrohard.graph.state import State, TrialTask
from macrohard.graph.verify import Failures, fit_for_release
from macrohard.sandbox.base import Sandbox
from macrohard.sitting import Sitting, pair_up, second_looker, sit
from macrohard.users import write_evidence
from macrohard.users.base import TrialResult
from macrohard.users.furnish import furnish
from macrohard.users.seat import nothing_started, take_seat
from macrohard.users.web.served import ServerError


def invite(office: Office, state: State) -> list[Send | str]:
    """One trial a scenario, personas in turn; with more personas than scenarios, one a persona.

    Beside them the unit tests of an app that is fit for release are tried on mutants of it.
    """
    personas = staffed(office, state, "users", "user")
    scenarios = office.artifacts.noun(state["scenarios"], work.Scenarios).scenarios
    pairs = pair_up(scenarios, personas) if personas else []
    beside: list[Send | str] = ["mutants"] if fit_for_release(office, state) else []
    invited: list[Send | str] = [
        Send(
            "trial",
            TrialTask(
                trial=f"r{state['round']}-{scenario.id}-{persona.name}",
                persona=persona.name,
                scenario=scenario.id,
                round=state["round"],
                scenarios=state["scenarios"],
                design=state["design"],
            ),
        )
        for scenario, persona in pairs
    ]
    return [*beside, *invited] or ["users"]


async def trial(office: Office, task: TrialTask) -> dict[str, Any]:
    """One simulated user with one scenario."""
    async with office.slots:
        note = {"trial": task["trial"], "scenario": task["scenario"], "persona": task["persona"]}
        office.journal.write("trial_started", round=task["round"], **note)
        result = await _try_out(office, task)
        office.journal.write(
            "trial_finished",
            round=task["round"],
            satisfied=result.satisfied,
            seconds=result.seconds,
            reasons=list(result.reasons),
            **note,
        )
    return {
        "trials": [
            {
                "trial": task["trial"],
                "round": task["round"],
                "satisfied": result.satisfied,
                "result": office.artifacts.put(result),
            }
        ]
    }


async def users(office: Office, state: State) -> dict[str, Any]:
    """Count who was satisfied; what the others met joins the round's failures."""
    round_ = state["round"]
    async with office.stage("users", round_):
        mine = [t for t in state["trials"] if t["round"] == round_]
        results = [office.artifacts.noun(t["result"], TrialResult) for t in mine]
        known = office.artifacts.noun(state["failures"], Failures).failures
        met = [
            failure.model_copy(update={"id": f"R{round_}-X-{t['trial']}-{number}"})
            for t, result in zip(mine, results, strict=True)
            if not result.satisfied
            for number, failure in enumerate(result.failures, start=1)
        ]
        met += [
            work.Failure(
                id=f"R{round_}-X-{t['trial']}-remark",
                source=work.FailureSource.USER,
                title=f"{result.persona} was satisfied, and remarked on something",
                evidence="\n".join(result.reasons),
                severity=work.Severity.MINOR,
            )
            for t, result in zip(mine, results, strict=True)
            if result.satisfied and result.reasons
        ]
        rounds = [dict(row) for row in state["rounds"]]
        rounds[-1] |= {"satisfied": sum(r.satisfied for r in results), "trials": len(results)}
        unnoticed: list[work.Failure] = []
        if state["mutation"]:
            rounds[-1]["mutation"] = state["mutation"]
            score = office.artifacts.noun(state["mutation"], MutationScore)
            low = low_score(score, office.settings.min_caught, round_)
            unnoticed = [low] if low else []
        return {
            "failures": office.artifacts.put(Failures(failures=(*known, *unnoticed, *met))),
            "rounds": rounds,
        }


async def _try_out(office: Office, task: TrialTask) -> TrialResult:
    artifacts = office.artifacts
    scenario = next(
        s
        for s in artifacts.noun(task["scenarios"], work.Scenarios).scenarios
        if s.id == task["scenario"]
    )
    design = artifacts.noun(task["design"], work.Design)
    async with await office.boxes.create(label=task["trial"]) as box:
        await furnish(box, office.folders.app)
        return await _play(office, task, box, scenario, design)


async def _play(
    office: Office, task: TrialTask, box: Sandbox, scenario: work.Scenario, design: work.Design
) -> TrialResult:
    role = office.roster.get(task["persona"])
    folder = office.folders.trials / task["trial"]
    try:
        async with take_seat(
            box,
            scenario,
            design,
            label=task["trial"],
            persona=role,
            evidence=folder,
            browser=office.settings.browser,
        ) as seat:
            sitting = Sitting(task["trial"], role, scenario, task["round"])
            result = await sit(
                sitting,
                seat,
                office.model,
                folder,
                journal=office.journal,
                memory=office.memory,
                album=office.artifacts,
                looker=second_looker(office.roster),
            )
            if scenario.interface == "api" and "schema" in role.habits.needs:
                seed = office.settings.seed
                result = await ask_at_random(seat.driver, scenario, result, folder, seed)
            return result
    except ServerError as error:
        tape = nothing_started(scenario, role.name, str(error))
        return write_evidence(folder, scenario, None, tape)
