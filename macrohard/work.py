"""The nouns that agents hand to each other.

Each class below that a role can hand in is named in that role's front matter (``output:``); its
JSON schema goes to the model and its validation is ours. Ids are short and stable (``S1``,
``S1.C2``, ``X3``, ``W4``, ``D5``) because the traceability table is made of them.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

Text = Annotated[str, Field(min_length=1)]
PackageSpec = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]+\])?[ 0-9A-Za-z.,<>=!~*+]*$(?!\n)"
    ),
]
"""``name[extra] >=1,<2``: no address, no option, no marker."""
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$(?!\n)")]
"""Names files, branches and lines of commit messages, so nothing that could mean more there."""
RelativePath = Annotated[str, Field(pattern=r"^(?!/)(?!.*(?:^|/)\.\.(?:/|$))[^\0\n\\]+$(?!\n)")]


class Noun(BaseModel):
    """Base of all nouns: immutable, and nothing unknown slips in."""

    # Rust's regular expressions, pydantic's default, cannot look ahead, as RelativePath does.
    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")


class Severity(StrEnum):
    """How much a finding or a defect matters. ``BLOCKER`` and ``MAJOR`` hold a release."""

    BLOCKER = "blocker"
    MAJOR = "major"
    MINOR = "minor"


# -- intake and requirements -------------------------------------------------------------------


class Brief(Noun):
    """Intake: what is asked for, in the reader's words, before any analysis."""

    title: Text
    purpose: Text
    users: tuple[str, ...] = ()
    interfaces: tuple[Literal["cli", "tui", "web", "api", "desktop", "library"], ...]
    unclear: tuple[str, ...] = ()
    """Questions the spec leaves open, each with the assumption made."""


class Criterion(Noun):
    """One acceptance criterion, checkable from outside the application."""

    id: Id
    given: Text
    when: Text
    then: Text


class SourceLine(Noun):
    """A line of the spec, quoted as it stands, which a story rests on."""

    line: Annotated[int, Field(ge=1)]
    text: str


class Story(Noun):
    """A user story with its acceptance criteria and the lines of the spec it comes from."""

    id: Id
    as_a: Text
    i_want: Text
    so_that: Text
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    sources: tuple[SourceLine, ...] = ()


class Requirements(Noun):
    """What the application must do, and nothing of how."""

    title: Text
    purpose: Text
    stories: Annotated[tuple[Story, ...], Field(min_length=1)]
    conventions: tuple[str, ...] = ()
    """How every interface behaves: command shape, exit codes, formats. Testers rely on these."""
    definitions: tuple[SourceLine, ...] = ()
    """Lines of the spec which define data and belong to no single story."""
    assumptions: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()


# -- held out from coders: scenarios and acceptance tests ----------------------------------------


class ScenarioStep(Noun):
    """One thing a simulated user does, and what must then be true.

    ``type`` is a suggestion for users of a terminal; ``see``, ``not_see`` and ``exit_code`` are
    what a judge can check without an opinion. They are matched against what this step put on the
    screen: runs of white space count as one space, and line wrapping is undone.
    """

    intent: Text
    type: str | None = None
    expect: Text
    see: tuple[str, ...] = ()
    not_see: tuple[str, ...] = ()
    exit_code: int | None = None


# Not asked of language models yet, hence outside of the schemas that they are sent.
Interface = SkipJsonSchema[Literal["cli", "web", "api", "desktop"]]
Words = SkipJsonSchema[tuple[str, ...]]


class Scenario(Noun):
    """A journey through the application, never shown to those who write it."""

    id: Id
    title: Text
    goal: Text
    interface: Annotated[Interface, Field(exclude_if=lambda value: value == "cli")] = "cli"
    """How the user reaches the application: a shell, its pages, or requests to its API."""
    criteria: tuple[str, ...]
    steps: Annotated[tuple[ScenarioStep, ...], Field(min_length=1)]


class Scenarios(Noun):
    """Everything simulated users are asked to try."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]


class SourceFile(Noun):
    """A file by its path and its whole content."""

    path: RelativePath
    content: str


class AcceptanceSuite(Noun):
    """Acceptance tests (pytest), written from the requirements alone.

    ``covers`` maps a test's function name to the ids of the criteria it checks.
    """

    files: Annotated[tuple[SourceFile, ...], Field(min_length=1)]
    covers: dict[str, tuple[str, ...]]


# -- design and plan -----------------------------------------------------------------------------


class Module(Noun):
    """One file of the application: its duty, its public names, what it imports of ours."""

    path: RelativePath
    responsibility: Text
    interface: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()


class Entity(Noun):
    """A thing the application keeps."""

    name: Text
    fields: tuple[str, ...]


class Design(Noun):
    """How the application is cut, how its parts talk, how it is run and tested."""

    app: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=60)]
    """Name of the Python package (or of the program, for other languages)."""
    summary: Text
    modules: Annotated[tuple[Module, ...], Field(min_length=1)]
    data_model: tuple[Entity, ...] = ()
    interfaces: tuple[str, ...]
    run: Annotated[tuple[str, ...], Field(min_length=1)]
    """Argument list that starts it, from the root of the app."""
    serve: Annotated[Words, Field(exclude_if=lambda value: not value)] = ()
    """Argument list that starts its server, where it has one; ``{port}`` stands for the port."""
    window: Annotated[Words, Field(exclude_if=lambda value: not value)] = ()
    """Argument list that opens its window, where ``run`` does not."""
    test: Annotated[tuple[str, ...], Field(min_length=1)]
    """Argument list that runs its unit tests, from the root of the app."""
    packages: tuple[PackageSpec, ...] = ()
    """Packages of the index it needs, each a name with versions; what they require comes along."""
    decisions: tuple[str, ...] = ()


class ItemKind(StrEnum):
    """Why a work item exists."""

    BUILD = "build"
    REPAIR = "repair"
    CONFLICT = "conflict"


class WorkItem(Noun):
    """One agent's piece of work: small enough to review, with the files it may touch."""

    id: Id
    title: Text
    kind: ItemKind = ItemKind.BUILD
    role: Text
    description: Text
    stories: tuple[Id, ...] = ()
    files: tuple[RelativePath, ...] = ()
    """Files the item creates or changes. Other files are read-only for it by agreement."""
    depends_on: tuple[Id, ...] = ()
    defects: tuple[Id, ...] = ()
    """Ids of the defects a repair item is about."""
    replaces: str = ""
    """For a conflict item: id of the item whose change did not fit."""
    budget_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    round: int = 1


class Plan(Noun):
    """The work items of a round, a DAG."""

    items: Annotated[tuple[WorkItem, ...], Field(min_length=1)]
    rationale: str = ""


class Assignment(Noun):
    """A role the build needs, and why."""

    role: Text
    reason: Text


class Staffing(Noun):
    """Which roles a build needs. How many instances run follows from the work."""

    team: tuple[Assignment, ...]
    not_needed: tuple[Assignment, ...] = ()


# -- pictures ------------------------------------------------------------------------------------


class Drawing(Noun):
    """One picture to be made: what it shows, and what it says to those who do not see it."""

    prompt: Text
    alt: Annotated[str, Field(min_length=1, max_length=200)]


class ArtDirection(Noun):
    """How an application looks: one motif, carried through all of its pictures."""

    motif: Annotated[str, Field(min_length=1, max_length=60)]
    """One thing, in a word or two: a hammer, an open book."""
    icon: Drawing
    empty: Drawing
    """Shown where a list holds nothing yet."""
    card: Drawing
    """Shown where a link to the application is shared."""


class Picture(Noun):
    """A picture as a model of images hands it in."""

    media: Literal["image/png", "image/jpeg", "image/webp"]
    data: Text
    """The file, in base64."""


# -- coding, review, test ------------------------------------------------------------------------


class Submission(Noun):
    """What a coder hands in: the work itself is in the worktree."""

    summary: Text
    files: tuple[RelativePath, ...]
    tests_run: Text
    """The command that was run last and what it said."""
    done: bool = True
    """False when the item could not be done; ``summary`` then says why."""


class Finding(Noun):
    """One remark of a reviewer."""

    severity: Severity
    message: Text
    file: str = ""
    line: int | None = None
    criterion: str = ""


class Review(Noun):
    """A reviewer's answer. ``approved`` is false only with a blocker or a major finding."""

    approved: bool
    findings: tuple[Finding, ...] = ()
    summary: str = ""


class FailureSource(StrEnum):
    """Who saw a failure."""

    UNIT = "unit"
    ACCEPTANCE = "acceptance"
    USER = "user"
    REVIEW = "review"
    INTEGRATION = "integration"
    ITEM = "item"


class Failure(Noun):
    """Something that went wrong, as the machine saw it, before a manager has judged it."""

    id: Text
    source: FailureSource
    title: Text
    evidence: Text
    """What was run, what was expected, what was seen. Never the text of a held-out test."""
    criteria: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    severity: Severity = Severity.MAJOR


# -- simulated users -----------------------------------------------------------------------------


class StepResult(Noun):
    """What a simulated user did for one step of its scenario.

    ``screen_quote`` is copied from the screen; a quote that was never on it voids the verdict.
    """

    step: Annotated[int, Field(ge=1)]
    did: str
    satisfied: bool
    screen_quote: str = ""
    remark: str = ""


class Verdict(Noun):
    """How a trial ended, as the simulated user tells it. The harness checks it against the tape."""

    satisfied: bool
    summary: Text
    steps: tuple[StepResult, ...]
    complaints: tuple[str, ...] = ()


class SecondLook(Noun):
    """What somebody else sees in a picture that a simulated user complained of."""

    seen: Text
    """What is in the place that the complaint speaks of."""
    holds: bool
    """Whether the complaint is true of the picture."""


# -- management ----------------------------------------------------------------------------------


class Defect(Noun):
    """A failure a manager has accepted: named once, with its evidence and where to look."""

    id: Id
    title: Text
    severity: Severity
    source: FailureSource
    evidence: Text
    criteria: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    failures: tuple[str, ...]
    """Ids of the failures it stands for; the others among them were duplicates."""
    round: int = 1


class Decision(StrEnum):
    """What a manager does with a round."""

    ANOTHER_ROUND = "another round"
    SHIP = "ship"
    STOP = "stop"


class Triage(Noun):
    """A manager's judgement of a round: defects, and what happens next."""

    decision: Decision
    reason: Text
    defects: tuple[Defect, ...] = ()
    items: tuple[WorkItem, ...] = ()
    """Repair items for the next round; each names its defects."""
    dismissed: tuple[Assignment, ...] = ()
    """Failures that are no defect (``role`` holds the failure's id), each with the reason."""


class Shot(Noun):
    """One piece of a demo: a part of a trial, and the words under it."""

    trial: Id
    step: Annotated[int, Field(ge=1)]
    """Step of the scenario whose actions are shown."""
    caption: Annotated[str, Field(min_length=1, max_length=120)]


class CutList(Noun):
    """A demo: a title, pieces of trials in order, an end."""

    title: Annotated[str, Field(min_length=1, max_length=60)]
    subtitle: Annotated[str, Field(max_length=140)] = ""
    shots: Annotated[tuple[Shot, ...], Field(min_length=1, max_length=12)]
    ending: Annotated[str, Field(max_length=140)] = ""


class ReleaseNotes(Noun):
    """What is told to those who get the application."""

    headline: Text
    what_it_does: tuple[str, ...]
    how_to_run: tuple[str, ...]
    known_issues: tuple[str, ...] = ()
