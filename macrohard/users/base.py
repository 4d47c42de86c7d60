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


class Click(Noun):
    """Click a link or a button, by the name that people hear or read."""

    kind: Literal["click"] = "click"
    name: str
    twice: bool = False
    """Double-click: what is sent, is sent twice."""


class Point(Noun):
    """Click a place of the screen, in pixels from its upper left corner."""

    kind: Literal["point"] = "point"
    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    twice: bool = False


class Write(Noun):
    """Type text where the keyboard is, without Enter."""

    kind: Literal["write"] = "write"
    text: str


class Fill(Noun):
    """Replace what stands in a field."""

    kind: Literal["fill"] = "fill"
    label: str
    text: str


class Choose(Noun):
    """Choose from a list."""

    kind: Literal["choose"] = "choose"
    label: str
    option: str


class Attach(Noun):
    """Choose a file, which holds this text, for an upload."""

    kind: Literal["attach"] = "attach"
    label: str
    file: str
    content: str


class Open(Noun):
    """Go to an address of the application."""

    kind: Literal["open"] = "open"
    address: str


class Back(Noun):
    """Use the browser's back button."""

    kind: Literal["back"] = "back"


class OtherTab(Noun):
    """Change to the other tab of the browser; the first time it opens, at the same page."""

    kind: Literal["other_tab"] = "other_tab"


class ComeBack(Noun):
    """Come back another day: the server was ended and started again, the browser is a fresh one."""

    kind: Literal["come_back"] = "come_back"


class Ask(Noun):
    """Send a request to an API."""

    kind: Literal["ask"] = "ask"
    method: str
    path: str
    body: str = ""
    content_type: str = "application/json"


Action = Annotated[
    TypeLine
    | Press
    | Wait
    | Resize
    | Click
    | Fill
    | Choose
    | Attach
    | Open
    | Back
    | OtherTab
    | ComeBack
    | Point
    | Write
    | Ask,
    Field(discriminator="kind"),
]
"""One thing a user does. A driver does those of its interface, and refuses the others."""


class State(Noun):
    """What the interface is doing after an action.

    Attributes:
        at: ``prompt``: the shell waits for a command. ``more``: the shell waits for the rest of a
            command. ``running``: a program runs. ``full-screen``: a program owns the screen.
            ``ended``: the shell itself ended and was started again. ``page``: a page is shown.
            ``answer``: an API has answered. ``window``: a screen with windows is shown.
        exit_status: Exit status shown in the standing prompt; None unless ``prompt``.
        http_status: Status of the page or the answer; None where there is none.
        content_type: What an API's answer is said to be, without parameters; empty elsewhere.
    """

    at: Literal["prompt", "more", "running", "full-screen", "ended", "page", "answer", "window"]
    exit_status: int | None = None
    http_status: int | None = None
    content_type: str = ""


class Problem(Noun):
    """Something a driver noticed by itself, that is wrong whatever the scenario says.

    Those of severity ``minor`` are told, and hold nobody up.
    """

    kind: Literal["hang", "error", "accessibility", "layout"]
    text: str
    severity: Literal["major", "minor"] = "major"


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


Ending = Literal["submitted", "actions", "time", "tries", "failed"]
"""Why a trial ended: a verdict was handed in; too many actions; out of patience with waiting, or
with refusals; the user broke."""


class Looked(Noun):
    """What somebody else saw in a picture that a complaint rests on.

    Attributes:
        complaint: As the user wrote it.
        picture: File name of the picture in the evidence folder.
        seen: What is in that place of it.
        holds: Whether the complaint is true of the picture.
    """

    complaint: str
    picture: str
    seen: str
    holds: bool


class Tape(Noun):
    """All that happened in one trial.

    Attributes:
        scenario: Id of the scenario.
        persona: Name of the role that played the user.
        entries: What was done.
        ending: Why it ended.
        gave_up: Where and why, when patience ended it.
        seconds: Wall time.
        shown: Pictures that the user was shown, by file name; none of users who do not see.
        unseen: Why a user who was to see did not; empty for all others.
        looks: What second looks found in the pictures.
    """

    scenario: str
    persona: str
    entries: tuple[Taped, ...] = ()
    ending: Ending = "submitted"
    gave_up: str = ""
    seconds: float = 0.0
    shown: tuple[str, ...] = ()
    unseen: str = ""
    looks: tuple[Looked, ...] = ()


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
