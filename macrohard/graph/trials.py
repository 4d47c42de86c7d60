"""Simulated users: who tries what, each in a box and with data of its own, and what came of it."""

from collections.abc import Sequence
from typing import Any

from langgraph.types import Send

from macrohard import work
from macrohard.agent import Assignment
from macrohard.agent import work as run_agent
from macrohard.bounds import LoopLimits
from macrohard.documents import write_task
from macrohard.errors import ReplyError
from macrohard.graph.front import staffed
from macrohard.graph.office import Office
from macrohard.graph.state import State, TrialTask
from macrohard.graph.verify import Failures
from macrohard.llm.base import Asker
from macrohard.roles import Role
from macrohard.sandbox.base import Sandbox
from macrohard.users import HandIn, Patience, UserTools, write_evidence
from macrohard.users.base import TrialResult
from macrohard.users.furnish import furnish
from macrohard.users.seat import Seat, nothing_started, take_seat
from macrohard.users.served import ServerError

MAX_TURNS = 80
"""Model calls in a trial; the user's own bound on actions is lower."""
MAX_REPEATS = 12
"""Times a user may do the same with the same result: people press a key again and again."""
THINKING_S = 6 * 3600.0
"""Wall time of a trial, most of it the model's: people who answer a mailbox are slow."""


def invite(office: Office, state: State) -> list[Send] | str:
    """One trial a scenario, personas in turn; with more personas than scenarios, one a persona."""
    personas = staffed(office, state, "users", "user")
    scenarios = office.artifacts.noun(state["scenarios"], work.Scenarios).scenarios
    if not personas:
        return "users"
    pairs = pair_up(scenarios, personas)
    return [
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


_HANDS = {"cli": "terminal", "web": "pages", "api": "requests"}
"""The tool that a user needs for each interface; who can use a terminal can use them all."""


def pair_up(
    scenarios: Sequence[work.Scenario], personas: Sequence[Role]
) -> list[tuple[work.Scenario, Role]]:
    """Who tries what: those who can use the scenario's interface, in turn; nobody is left out."""
    pairs: list[tuple[work.Scenario, Role]] = []
    turns = dict.fromkeys(_HANDS, 0)
    for scenario in scenarios:
        able = [persona for persona in personas if _can_use(scenario.interface, persona)]
        if able:
            pairs.append((scenario, able[turns[scenario.interface] % len(able)]))
            turns[scenario.interface] += 1
    for number, persona in enumerate(personas):
        fit = [scenario for scenario in scenarios if _can_use(scenario.interface, persona)]
        if fit and not any(persona is other for _, other in pairs):
            pairs.append((fit[number % len(fit)], persona))
    return pairs


def _can_use(interface: str, persona: Role) -> bool:
    return bool({_HANDS[interface], "terminal"} & set(persona.tools))


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
        return {
            "failures": office.artifacts.put(Failures(failures=(*known, *met))),
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
    verdict: work.Verdict | None = None
    try:
        async with take_seat(
            box,
            scenario,
            design,
            label=task["trial"],
            persona=role.name,
            browser=folder if office.settings.browser else None,
        ) as seat:
            tools = UserTools(
                seat.driver,
                scenario.id,
                role.name,
                Patience(actions=seat.hands.actions, seconds=THINKING_S),
                hands=seat.hands,
            )
            verdict = await _have_it_played(office, task, scenario, seat, tools)
            return write_evidence(folder, scenario, verdict, tools.tape(), seat.cast)
    except ServerError as error:
        tape = nothing_started(scenario, role.name, str(error))
        return write_evidence(folder, scenario, None, tape)


async def _have_it_played(
    office: Office, task: TrialTask, scenario: work.Scenario, seat: Seat, tools: UserTools
) -> work.Verdict | None:
    """Let the role act until it hands in a verdict; None when it never does."""
    role = office.roster.get(task["persona"])
    asker = Asker(
        role=role.name,
        stage="users",
        item=task["trial"],
        output=work.Verdict.__name__,
        round=task["round"],
    )
    text = write_task("Try this scenario.", {"how-to-run": seat.how_to_run, "scenario": scenario})
    try:
        return await run_agent(
            Assignment(role=role, asker=asker, task=text),
            office.model,
            work.Verdict,
            tools,
            memory=office.memory,
            limits=LoopLimits(turns=MAX_TURNS, repeats=MAX_REPEATS),
            accept=HandIn(scenario, tools.tape),
        )
    except ReplyError as error:
        office.journal.write("trial_failed", trial=task["trial"], reason=str(error))
        return None
