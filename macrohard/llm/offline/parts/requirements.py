"""The part that writes requirements, and the way back from requirements to the app they mean."""

from collections.abc import Sequence

from macrohard.llm.offline.criteria.check import Case, Draft
from macrohard.llm.offline.criteria.drafts import draft_stories, unchecked_rules
from macrohard.llm.offline.criteria.subject import Subject
from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.dialect.ast import App
from macrohard.llm.offline.oracle.base import Base, build_base
from macrohard.llm.offline.parts.brief import listed
from macrohard.llm.offline.parts.conventions import conventions
from macrohard.llm.offline.parts.reading import read_text
from macrohard.llm.offline.scene import Scene
from macrohard.work import Criterion, Requirements, SourceLine, Story

NO_EXAMPLE = "No example"
"""How the assumption about a kind begins for which none was found; a known issue, too."""

OUT_OF_SCOPE = (
    "Several people at once with accounts and rights: whoever can open the file can do everything.",
    "Undo, and a history of changes.",
    "Translation: messages and help are in English.",
    "Time zones: dates and times are those of the machine's clock.",
)
"""What readers of a record-keeping spec might expect, and do not get."""


def write_requirements(scene: Scene) -> Requirements:
    """Write the requirements of the spec in a request.

    Raises:
        SpecError: A line is outside the dialect.
    """
    text = read_text(scene, "spec")
    return requirements_of(parse_spec(text), text)


def requirements_of(app: App, text: str) -> Requirements:
    """The requirements of an app and the text it was read from."""
    base = build_base(app)
    lines = text.split("\n")
    drafts = draft_stories(app, base)
    stories = tuple(
        _story(draft, f"S{number}", lines) for number, draft in enumerate(drafts, start=1)
    )
    used = {source.line for story in stories for source in story.sources}
    return Requirements(
        title=app.title,
        purpose=app.purpose or f"Keeps {listed([kind.plural.lower() for kind in app.kinds])}.",
        stories=stories,
        conventions=conventions(app, base),
        definitions=tuple(
            SourceLine(line=number, text=line)
            for number, line in enumerate(lines, start=1)
            if line.strip() and number not in used
        ),
        assumptions=(*app.assumptions, *_barren(app, base), *_unchecked(app, drafts)),
        out_of_scope=(_other_interfaces(app), *OUT_OF_SCOPE),
    )


def read_requirements(requirements: Requirements) -> App:
    """The app that requirements describe, read from the lines of the spec which they quote.

    Raises:
        SpecError: They quote a line outside the dialect, or too few lines for an app.
    """
    return parse_spec(quoted_text(requirements), source="requirements")


def criteria_by_case(
    drafts: Sequence[Draft], requirements: Requirements
) -> dict[str, tuple[str, ...]]:
    """For each case by name the ids of the criteria of these requirements which it checks."""
    return {
        case.name: _criteria(case, draft, requirements) for draft in drafts for case in draft.cases
    }


def _criteria(case: Case, draft: Draft, requirements: Requirements) -> tuple[str, ...]:
    """Ids of the criteria that a case checks.

    Requirements that somebody else wrote have other words: then it is every criterion of the
    stories which rest on the same lines.
    """
    same = [
        criterion.id
        for story in requirements.stories
        for criterion in story.criteria
        if (criterion.given, criterion.when, criterion.then) == (case.given, case.when, case.then)
    ]
    if same:
        return tuple(same[:1])
    near = [story for story in requirements.stories if _rests_on(story, draft)]
    return tuple(criterion.id for story in near for criterion in story.criteria)


def _rests_on(story: Story, draft: Draft) -> bool:
    return bool({source.line for source in story.sources} & set(draft.lines))


def quoted_text(requirements: Requirements) -> str:
    """The quoted lines at their line numbers; lines that nobody quotes are blank."""
    told = [source for story in requirements.stories for source in story.sources]
    lines = {quote.line: quote.text for quote in [*requirements.definitions, *told]}
    return "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))


def _story(draft: Draft, ident: str, lines: list[str]) -> Story:
    return Story(
        id=ident,
        as_a=draft.as_a,
        i_want=draft.i_want,
        so_that=draft.so_that,
        criteria=tuple(
            Criterion(id=f"{ident}.C{number}", given=case.given, when=case.when, then=case.then)
            for number, case in enumerate(draft.cases, start=1)
        ),
        sources=tuple(
            SourceLine(line=number, text=lines[number - 1])
            for number in draft.lines
            if 1 <= number <= len(lines)
        ),
    )


def _other_interfaces(app: App) -> str:
    known = {"cli": "the command line", "web": "web pages", "api": "the JSON API"}
    known["desktop"] = "a window on the desktop"
    return f"Interfaces other than {listed([known[name] for name in app.interfaces])}."


def _barren(app: App, base: Base) -> tuple[str, ...]:
    return tuple(
        f"{NO_EXAMPLE} {subject.name} was found that meets every bound and rule at once; what is "
        f"said about {subject.plural} can be checked in part only."
        for subject in (Subject(app, app.kind(slug), base) for slug in base.barren)
    )


def _unchecked(app: App, drafts: Sequence[Draft]) -> list[str]:
    return [
        f"The rule `{rule.text}` holds as it is quoted; no example was found that breaks it and "
        "nothing else, so no criterion shows it."
        for rule in unchecked_rules(app, drafts)
    ]
