"""The words a role file may use, and whether one file's values mean something to the graph."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

from macrohard.config import STAGES, TIERS
from macrohard.habits import wrong_habit
from macrohard.role_file import Problem, RoleFile

Duty = Literal["lead", "reviewer", "engineer", "user", "manager"]
ToolName = Literal[
    "bash", "read_file", "write_file", "edit_file", "terminal", "pages", "requests", "desktop"
]

LEADS: dict[tuple[str, str], str] = {
    ("intake", "Brief"): "lead",
    ("plan", "Staffing"): "manager",
    ("requirements", "Requirements"): "lead",
    ("scenarios", "Scenarios"): "lead",
    ("scenarios", "AcceptanceSuite"): "lead",
    ("design", "Design"): "lead",
    ("plan", "Plan"): "manager",
    ("assets", "ArtDirection"): "lead",
    ("assets", "Picture"): "lead",
    ("users", "SecondLook"): "lead",
    ("triage", "Triage"): "manager",
    ("release", "ReleaseNotes"): "manager",
    ("release", "CutList"): "lead",
}
"""What the graph asks of exactly one role, by (stage, output), and the duty that role has."""

CREWS: dict[tuple[str, str], str] = {
    ("requirements", "reviewer"): "Review",
    ("scenarios", "reviewer"): "Review",
    ("design", "reviewer"): "Review",
    ("coding", "engineer"): "Submission",
    ("integrate", "engineer"): "Submission",
    ("verify", "reviewer"): "Review",
    ("users", "user"): "Verdict",
}
"""Who else the graph calls, by (stage, duty), any number of roles each, and what they hand in."""

MIN_PROMPT_WORDS = 25
"""A prompt under this is a slip of the editor, not an instruction to work by."""

_KEYS = ("name", "stage", "duty", "description", "output", "tools", "tier")
_HABITS = "habits"  # of users, who may have none
_ALLOWED: dict[str, tuple[str, ...]] = {
    "stage": STAGES,
    "duty": get_args(Duty),
    "tier": TIERS,
    "output": tuple(sorted({output for _, output in LEADS} | set(CREWS.values()))),
}


def check_role_file(file: RoleFile, root: Path) -> list[Problem]:
    """What is wrong with a file whose form is sound; ``root`` is the folder of stages it is in."""
    wrong = [
        *_check_keys(file),
        *_check_values(file),
        *_check_tools(file),
        *_check_habits(file),
        *_check_place(file, root),
        *_check_prompt(file),
    ]
    # What a role is called for is only judged when each part is sound by itself.
    return wrong or list(_check_calling(file))


def _check_keys(file: RoleFile) -> Iterator[Problem]:
    for key, field in file.fields.items():
        if key not in (*_KEYS, _HABITS):
            near = difflib.get_close_matches(key, (*_KEYS, _HABITS), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"keys are {_join(_KEYS)}."
            yield file.problem(field.line, f"unknown key {key!r}; {hint}")
    missing = [key for key in _KEYS if key not in file.fields]
    if missing:
        yield file.problem(file.end_line, f"the front matter lacks {_join(missing)}")


def _check_values(file: RoleFile) -> Iterator[Problem]:
    for key in _KEYS:
        field = file.fields.get(key)
        if field is None or key == "tools":
            continue
        if not isinstance(field.value, str) or not field.value.strip():
            yield file.problem(field.line, f"{key!r} must be a text on one line")
        elif key in _ALLOWED and field.value not in _ALLOWED[key]:
            yield file.problem(
                field.line, f"unknown {key} {field.value!r}; it is one of {_join(_ALLOWED[key])}"
            )
        elif "\n" in field.value.strip():
            yield file.problem(field.line, f"{key!r} must be a text on one line")


def _check_tools(file: RoleFile) -> Iterator[Problem]:
    field = file.fields.get("tools")
    if field is None:
        return
    if not isinstance(field.value, tuple):
        yield file.problem(field.line, "'tools' must be a list, such as [bash, read_file] or []")
        return
    for tool, count in Counter(field.value).items():
        if tool not in get_args(ToolName):
            allowed = _join(get_args(ToolName))
            yield file.problem(field.line, f"unknown tool {tool!r}; it is one of {allowed}")
        elif count > 1:
            yield file.problem(field.line, f"tool {tool!r} is named {count} times")


def _check_habits(file: RoleFile) -> Iterator[Problem]:
    field = file.fields.get(_HABITS)
    if field is None:
        return
    duty = file.fields.get("duty")
    if duty is not None and duty.value != "user":
        yield file.problem(field.line, "'habits' are those of simulated users (duty: user)")
    if not isinstance(field.value, dict):
        yield file.problem(field.line, "'habits' must be 'key: value' lines, set further in")
        return
    for key, habit in field.value.items():
        if isinstance(habit.value, dict) or habit.value is None:
            yield file.problem(habit.line, f"habit {key!r} must be a text, a number or a list")
        elif wrong := wrong_habit(key, habit.value):
            yield file.problem(habit.line, wrong)


def _check_place(file: RoleFile, root: Path) -> Iterator[Problem]:
    """The file's name and folder agree with what it says."""
    name, stage = file.fields.get("name"), file.fields.get("stage")
    if name is not None and isinstance(name.value, str) and name.value != file.path.stem:
        yield file.problem(
            name.line, f"the name {name.value!r} is unlike the file's name {file.path.stem!r}"
        )
    folder = file.path.relative_to(root).parent.name
    if stage is not None and stage.value in STAGES and folder not in {"", stage.value}:
        yield file.problem(
            stage.line, f"stage {stage.value!r} in the folder {folder!r}; move it to {stage.value}/"
        )


def _check_calling(file: RoleFile) -> Iterator[Problem]:
    """The graph has a use for this stage, duty and output together."""
    fields = file.fields
    stage, duty, output = (str(fields[key].value) for key in ("stage", "duty", "output"))
    if duty in {"lead", "manager"}:
        fits = [out for (at, out), needed in LEADS.items() if at == stage and needed == duty]
    else:
        fits = [out for (at, who), out in CREWS.items() if at == stage and who == duty]
    if not fits:
        duties = {who for (at, _), who in LEADS.items() if at == stage}
        duties |= {who for at, who in CREWS if at == stage}
        yield file.problem(
            fields["duty"].line,
            f"stage {stage!r} calls no {duty}; its duties are {_join(sorted(duties))}",
        )
    elif output not in fits:
        yield file.problem(
            fields["output"].line,
            f"a {duty} of stage {stage!r} hands in {_join(fits)}, not {output}",
        )
    hands = {"terminal", "pages", "requests", "desktop"}
    if duty == "user" and not hands & set(fields["tools"].value or ()):
        yield file.problem(
            fields["tools"].line,
            "a user needs the tool 'terminal', 'pages', 'requests' or 'desktop' to try an app",
        )


def _check_prompt(file: RoleFile) -> Iterator[Problem]:
    words = len(file.prompt.split())
    if words < MIN_PROMPT_WORDS:
        said = f"has {words} words" if words else "is missing"
        yield file.problem(
            file.prompt_line,
            f"the prompt {said}; say below the front matter what the role gets, does and hands in",
        )


def _join(words: Iterable[str]) -> str:
    return ", ".join(words)
