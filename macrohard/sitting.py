"""Simulated users at work: who tries what, and one who acts through a seat until a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from macrohard.documents import write_task
from macrohard.errors import ReplyError
from macrohard.journal import Journal
from macrohard.llm.base import Asker, Model, ToolCall
from macrohard.loop.agent import Assignment, Memory
from macrohard.loop.agent import work as run_agent
from macrohard.loop.bounds import LoopLimits
from macrohard.roles import Role
from macrohard.users import HandIn, Patience, UserTools, write_evidence
from macrohard.users.base import TrialResult
from macrohard.users.seat import Seat
from macrohard.work import Scenario, Verdict

TASK = "Try this scenario."
MAX_TURNS = 80
"""Model calls in a trial; the user's own bound on actions is lower."""
MAX_REPEATS = 12
"""Times a user may do the same with the same result: people press a key again and again."""
THINKING_S = 6 * 3600.0
"""Wall time of a trial, most of it the model's: people who answer a mailbox are slow."""


_HANDS = {"cli": "terminal", "web": "pages", "api": "requests", "desktop": "desktop"}
"""The tool that a user needs for each interface; who can use a terminal can use them all."""


def pair_up(scenarios: Sequence[Scenario], personas: Sequence[Role]) -> list[tuple[Scenario, Role]]:
    """Who tries what: those who can use the scenario's interface, in turn; nobody is left out.

    Personas whose habits say ``turn: once`` come in beside the others, with one scenario each, on
    pages where there are any.
    """
    pairs: list[tuple[Scenario, Role]] = []
    turns = dict.fromkeys(_HANDS, 0)
    for scenario in scenarios:
        able = _in_turn(scenario.interface, personas)
        if able:
            pairs.append((scenario, able[turns[scenario.interface] % len(able)]))
            turns[scenario.interface] += 1
    for number, persona in enumerate(personas):
        fit = [scenario for scenario in scenarios if _can_use(scenario.interface, persona)]
        fit = [scenario for scenario in fit if scenario.interface == "web"] or fit
        if fit and not any(persona is other for _, other in pairs):
            pairs.append((fit[number % len(fit)], persona))
    return pairs


def _in_turn(interface: str, personas: Sequence[Role]) -> list[Role]:
    """Who takes the scenarios of an interface in turn."""
    able = [persona for persona in personas if _can_use(interface, persona)]
    able = [persona for persona in able if persona.habits.turn == "every"] or able
    if interface == "api":
        able = [persona for persona in able if persona.habits.skill != "novice"] or able
    return able


def _can_use(interface: str, persona: Role) -> bool:
    return bool({_HANDS[interface], "terminal"} & set(persona.tools))


@dataclass(frozen=True)
class Sitting:
    """Who tries what.

    Attributes:
        trial: Names the trial.
        role: Who plays the user.
        scenario: What the user is asked to do.
        round: Round of a build; 1 outside of one.
        closing: What is done for the user at the end, so that what must be true then is seen
            whatever the user did last; each call names its step of ``judged``.
        task: What the user is told.
        judged: The scenario with the steps of ``closing``; None where there are none.
    """

    trial: str
    role: Role
    scenario: Scenario
    round: int = 1
    closing: tuple[ToolCall, ...] = ()
    judged: Scenario | None = None
    task: str = TASK


async def sit(
    sitting: Sitting,
    seat: Seat,
    model: Model,
    folder: Path,
    *,
    journal: Journal,
    memory: Memory | None = None,
) -> TrialResult:
    """Have a scenario played, and judge it by what the application did.

    Args:
        sitting: Who tries what.
        seat: Where the user sits.
        model: Answers for the role.
        folder: Gets the evidence.
        journal: Told where the role never hands in a verdict.
        memory: What tools answered in an earlier life of the run.

    Raises:
        SandboxError: The box failed.
    """
    scenario = sitting.scenario
    tools = UserTools(
        seat.driver,
        scenario.id,
        sitting.role.name,
        Patience.of(sitting.role.habits, seat.hands, thinking_s=THINKING_S),
        hands=seat.hands,
    )
    run = await _played(sitting, seat, model, tools, memory)
    if isinstance(run, ReplyError):
        journal.write("trial_failed", trial=sitting.trial, reason=str(run))
    verdict = None if isinstance(run, ReplyError) else run
    for call in sitting.closing:
        await tools.check(call)
    judged = sitting.judged or scenario
    return write_evidence(folder, judged, verdict, tools.tape(), seat.cast)


async def _played(
    sitting: Sitting, seat: Seat, model: Model, tools: UserTools, memory: Memory | None
) -> Verdict | ReplyError:
    """Let the role act until it hands in a verdict; the reason when it never does."""
    role, scenario = sitting.role, sitting.scenario
    asker = Asker(
        role=role.name,
        stage="users",
        item=sitting.trial,
        output=Verdict.__name__,
        round=sitting.round,
    )
    text = write_task(sitting.task, {"how-to-run": seat.how_to_run, "scenario": scenario})
    try:
        return await run_agent(
            Assignment(role=role, asker=asker, task=text),
            model,
            Verdict,
            tools,
            memory=memory,
            limits=LoopLimits(turns=MAX_TURNS, repeats=MAX_REPEATS),
            accept=HandIn(scenario, tools.tape),
        )
    except ReplyError as error:
        return error
