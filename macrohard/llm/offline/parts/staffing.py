"""The part that staffs a build: whom this work needs, of those whom the offline model can play."""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from macrohard.errors import ModelError
from macrohard.llm.offline.dialect.ast import App, BoundRule, OverlapRule, RelatedAggregate
from macrohard.llm.offline.parts.compiled import Compiled, compile_scene
from macrohard.llm.offline.parts.reading import read_text
from macrohard.llm.offline.scene import Scene
from macrohard.work import Assignment, Staffing


class Candidate(BaseModel):
    """A role of the roster."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    stage: str
    duty: str
    description: str = ""


_ROSTER = TypeAdapter(tuple[Candidate, ...])

_ALWAYS = {
    "requirements-reviewer": "Every line of the spec has to be found again in the requirements.",
    "test-reviewer": "Nobody sees the acceptance tests later; a criterion without a test is lost.",
    "code-reviewer": "What several engineers write has to fit together and stay readable.",
    "test-auditor": "Unit tests that assert nothing would pass on any program.",
    "repair-engineer": "What tests and users report has to be repaired by somebody.",
    "integration-engineer": "Items that are written side by side may touch the same lines.",
}
_USERS = {
    "novice": "Somebody will use it for the first time, with nothing but its help.",
    "hurried": "Records are typed in between other things: repeated and half-typed commands.",
    "careful": "Every figure is looked at after each change.",
    "hostile": "It keeps data: bad input must leave no trace.",
}
_USERS_OF_PAGES = {
    "keyboard-only": "Pages have to be reached without a mouse.",
    "small-screen": "Pages have to fit on a telephone.",
    "low-vision": "Pages have to hold when they are enlarged and stripped of their colours.",
    "expert": "Addresses of lists and records are passed on and opened directly.",
    "returning": "What is entered on one day is used on the next.",
    "international": "Names in every script come back as they were typed.",
}
_NO_CHECKS = "The offline model has no checks of this trade; its verdict would be empty."


def write_staffing(scene: Scene) -> Staffing:
    """Choose from the roster of a request.

    Raises:
        ModelError: The request carries no roster that can be read.
        SpecError: The requirements quote a line outside the dialect.
    """
    text = read_text(scene, "roster")
    try:
        roster = _ROSTER.validate_json(text)
    except ValidationError as error:
        raise ModelError(f"The roster is no list of roles: {error}") from error
    compiled = compile_scene(scene) if "requirements" in scene.documents else None
    choices = [(role, *_judge(role, compiled)) for role in roster]
    return Staffing(
        team=tuple(Assignment(role=r.name, reason=why) for r, chosen, why in choices if chosen),
        not_needed=tuple(
            Assignment(role=r.name, reason=why) for r, chosen, why in choices if not chosen
        ),
    )


def _judge(role: Candidate, compiled: Compiled | None) -> tuple[bool, str]:
    """Whether a role is needed, and why."""
    if role.name in _ALWAYS:
        return True, _ALWAYS[role.name]
    if role.duty == "user":
        return _judge_user(role, compiled)
    if role.duty == "engineer":
        return _judge_engineer(role, compiled)
    if compiled is not None and role.name in _BY_APP:
        return _BY_APP[role.name](compiled.app)
    return False, _NO_CHECKS


def _judge_user(role: Candidate, compiled: Compiled | None) -> tuple[bool, str]:
    if role.name in _USERS_OF_PAGES:
        wanted = compiled is not None and "web" in compiled.app.interfaces
        return wanted, _USERS_OF_PAGES[role.name] if wanted else "There are no pages to look at."
    if role.name == "at-the-desk":
        wanted = compiled is not None and compiled.app.has_window
        why = "The window is used by somebody who does nothing else all day."
        return wanted, why if wanted else "There are no windows to use."
    return True, _USERS.get(role.name, f"Plays the scenarios carefully: {role.description}")


def _judge_engineer(role: Candidate, compiled: Compiled | None) -> tuple[bool, str]:
    parts = [part for part in compiled.parts if part.role == role.name] if compiled else []
    if parts:
        return True, "The design has work of this trade: " + ", ".join(p.title for p in parts) + "."
    return False, "No module of the design is of this trade."


def _security(app: App) -> tuple[bool, str]:
    importing = [kind.plural.lower() for kind in app.kinds if kind.features.import_csv]
    if importing:
        return True, f"Files from elsewhere are read into {', '.join(importing)}."
    searched = [kind.plural.lower() for kind in app.kinds if kind.features.searches]
    if searched:
        return True, f"Typed text reaches queries when {', '.join(searched)} are searched."
    return False, "One person types into a terminal of their own; no file or search comes in."


def _performance(app: App) -> tuple[bool, str]:
    across = [rule.text for rule in app.rules if isinstance(rule, BoundRule | OverlapRule)]
    if across:
        return True, f"A rule looks across many records: {across[0]}"
    related = [
        field.name
        for kind in app.kinds
        for field in kind.fields
        if isinstance(field.computed, RelatedAggregate)
    ]
    if related:
        return True, f"{', '.join(related)}: worked out over other records for each one listed."
    return False, "Nothing here is worked out over many records at once."


_BY_APP: dict[str, Callable[[App], tuple[bool, str]]] = {
    "security-reviewer": _security,
    "performance-reviewer": _performance,
}
