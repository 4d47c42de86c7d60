"""What every simulated user has: actions, observations, a driver, a tape, and a judged result.

A driver is the user's eyes and hands on one kind of interface. The terminal comes first; a browser,
a desktop or an API driver fits the same protocol: it takes the actions of :data:`Action` that it
knows, and tells in ``text`` what the last action brought and in ``screen`` all that is visible
(an accessibility tree, a response), with a picture where there is one.

Everything here is data, so that a trial can be judged again from what is on disk.
"""

from typing import Annotated, Literal, Protocol

from pydantic import Field

from macrohard.work import Failure, Noun

APP_FOLDER = "app"
"""Where the application lies in a user's box, relative to the workspace."""

MAX_WAIT_S = 10.0
"""Longest single wait, in seconds."""


class TypeLine(Noun):
    """Type a line and press Enter."""

    kind: Literal["type_line"] = "type_line"
    text: str


class Press(Noun):
    """Press keys: names such as ``Enter``, ``Ctrl-C``, ``Up``, ``Tab``, or text, space between."""

    kind: Literal["press"] = "press"
    keys: str


class Wait(Noun):
    """Do nothing for a while."""

    kind: Literal["wait"] = "wait"
    seconds: Annotated[float, Field(ge=0, le=MAX_WAIT_S)]


class Resize(Noun):
    """Change the size of the window."""

    kind: Literal["resize"] = "resize"
    rows: Annotated[int, Field(ge=2, le=200)]
    columns: Annotated[int, Field(ge=10, le=400)]


Action = Annotated[TypeLine | Press | Wait | Resize, Field(discriminator="kind")]
"""One thing a user does. Drivers of other interfaces add their own kinds to the union."""


class State(Noun):
    """What the interface is doing after an action.

    Attributes:
        at: ``prompt``: the shell waits for a command. ``more``: the shell waits for the rest of a
            command. ``running``: a program runs. ``full-screen``: a program owns the screen.
            ``ended``: the shell itself ended and was started again.
        exit_status: Exit status shown in the standing prompt; None unless ``prompt``.
    """

    at: Literal["prompt", "more", "running", "full-screen", "ended"]
    exit_status: int | None = None


class Problem(Noun):
    """Something a driver noticed by itself, that is wrong whatever the scenario says."""

    kind: Literal["hang", "error"]
    text: str


class Observation(Noun):
    """What an action brought.

    Attributes:
        text: What the action put on the screen, without the user's own typing and without the
            prompt; line wrapping by the window is undone, nothing that scrolled away is missing.
            Of a full-screen program: the screen.
        screen: All that is visible now, row by row.
        state: What the interface is doing.
        problems: What the driver noticed.
        picture: File name of a picture in the evidence folder; empty without one.
    """

    text: str
    screen: str
    state: State
    problems: tuple[Problem, ...] = ()
    picture: str = ""


class Driver(Protocol):
    """Eyes and hands of one simulated user."""

    async def observe(self) -> Observation:
        """What is visible now, without doing anything."""
        ...

    async def act(self, action: Action) -> Observation:
        """Do one thing, wait until it has had its effect, and look.

        Raises:
            UserActionError: The action cannot be done; says why.
            SandboxError: The box failed.
        """
        ...


class UserActionError(ValueError):
    """An action that this driver cannot do. The message is for the user who tried."""


class Taped(Noun):
    """One action of a trial and what it brought. ``step`` is 0 while the user explores."""

    number: Annotated[int, Field(ge=1)]
    step: Annotated[int, Field(ge=0)] = 0
    action: Action
    seen: Observation
    seconds: float = 0.0


Ending = Literal["submitted", "actions", "time", "failed"]
"""Why a trial ended: a verdict was handed in; too many actions; out of patience; the user broke."""


class Tape(Noun):
    """All that happened in one trial."""

    scenario: str
    persona: str
    entries: tuple[Taped, ...] = ()
    ending: Ending = "submitted"
    seconds: float = 0.0


class StepJudgement(Noun):
    """What the harness found for one step of the scenario."""

    step: int
    holds: bool
    tried: bool
    basis: Literal["checks", "claim"]
    reason: str = ""


class TrialResult(Noun):
    """A trial, judged by what the application did.

    Attributes:
        scenario: Id of the scenario.
        persona: Name of the role that played the user.
        satisfied: All steps hold, nothing crashed or hung, no backed complaint, verdict handed in.
        void: The verdict quoted text that was never on the screen, so its claims were left out.
        steps: One judgement for each step of the scenario.
        reasons: Why it was not satisfied, and what was noted without counting, one sentence each.
        failures: Evidence for triage; at least one when not satisfied.
        actions: How many actions the user took.
        seconds: Wall time of the trial.
    """

    scenario: str
    persona: str
    satisfied: bool
    void: bool = False
    steps: tuple[StepJudgement, ...] = ()
    reasons: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    actions: int = 0
    seconds: float = 0.0
