"""A simulated user at work: one who acts through a seat until a verdict."""

from dataclasses import dataclass
from pathlib import Path

from macrohard.artifacts import Artifacts
from macrohard.documents import write_task
from macrohard.errors import ReplyError
from macrohard.journal import Journal
from macrohard.llm.base import Asker, Model, ToolCall, sees
from macrohard.loop.agent import Assignment, Memory
from macrohard.loop.agent import work as run_agent
from macrohard.loop.bounds import LoopLimits
from macrohard.roles import Role
from macrohard.sitting.second_look import look_again
from macrohard.sitting.sight import Sight
from macrohard.users import HandIn, Patience, UserTools, write_evidence
from macrohard.users.base import Looked, TrialResult
from macrohard.users.seat import Seat
from macrohard.work import Scenario, Verdict

TASK = "Try this scenario."
MAX_TURNS = 80
"""Model calls in a trial; the user's own bound on actions is lower."""
MAX_REPEATS = 12
"""Times a user may do the same with the same result: people press a key again and again."""
THINKING_S = 6 * 3600.0
"""Wall time of a trial, most of it the model's: people who answer a mailbox are slow."""


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
    album: Artifacts | None = None,
    looker: Role | None = None,
) -> TrialResult:
    """Have a scenario played, and judge it by what the application did.

    Args:
        sitting: Who tries what.
        seat: Where the user sits.
        model: Answers for the role.
        folder: Gets the evidence.
        journal: Told where the role never hands in a verdict.
        memory: What tools answered in an earlier life of the run.
        album: Keeps the pictures that were shown, for the next life.
        looker: Who takes a second look at what the user complains of having seen.

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
    asker = _asker(sitting, seat, model)
    sight = Sight(tools, folder, memory=memory, album=album) if asker.looks else None
    run = await _played(sitting, seat, model, tools, asker, memory, sight)
    if isinstance(run, ReplyError):
        journal.write("trial_failed", trial=sitting.trial, reason=str(run))
    verdict = None if isinstance(run, ReplyError) else run
    looks: tuple[Looked, ...] = ()
    if verdict is not None and sight is not None and looker is not None:
        looks = await look_again(
            verdict, tools.tape(), shown=sight.shown, looker=looker, asker=asker, model=model
        )
    for call in sitting.closing:
        await tools.check(call)
    judged = sitting.judged or scenario
    tape = tools.tape().model_copy(update={"looks": looks})
    return write_evidence(folder, judged, verdict, tape, seat.cast)


def _asker(sitting: Sitting, seat: Seat, model: Model) -> Asker:
    """Who asks; one who looks where there are pictures and a model that sees."""
    asker = Asker(
        role=sitting.role.name,
        stage="users",
        item=sitting.trial,
        output=Verdict.__name__,
        round=sitting.round,
    )
    looking = asker.model_copy(update={"looks": True})
    return looking if seat.picture_note and sees(model, looking) else asker


async def _played(  # noqa: PLR0917 - made in one place
    sitting: Sitting,
    seat: Seat,
    model: Model,
    tools: UserTools,
    asker: Asker,
    memory: Memory | None,
    sight: Sight | None,
) -> Verdict | ReplyError:
    """Let the role act until it hands in a verdict; the reason when it never does."""
    role, scenario = sitting.role, sitting.scenario
    how = seat.how_to_run + (seat.picture_note if sight is not None else "")
    text = write_task(sitting.task, {"how-to-run": how, "scenario": scenario})
    try:
        return await run_agent(
            Assignment(role=role, asker=asker, task=text),
            model,
            Verdict,
            tools,
            memory=memory,
            limits=LoopLimits(turns=MAX_TURNS, repeats=MAX_REPEATS),
            accept=HandIn(scenario, tools.tape),
            eyes=sight,
        )
    except ReplyError as error:
        return error
