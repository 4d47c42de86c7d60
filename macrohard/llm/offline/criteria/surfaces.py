"""Stories about the ways to reach an app: what holds of all pages, and of the whole JSON API."""

from collections.abc import Iterator

from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.criteria.check import Case, Draft, Probe
from macrohard.llm.offline.criteria.subject import Subject, article
from macrohard.llm.offline.dialect.ast import App, Field, FieldType
from macrohard.llm.offline.oracle.base import Base
from macrohard.llm.offline.oracle.pools import takes
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.world import stored_fields

SCRIPT = "<script>alert(1)</script>"
"""Shown as it stands, or else it runs."""


def surface_stories(app: App, base: Base) -> Iterator[Draft]:
    """One story about the pages and one about the JSON API, where the app has them."""
    subjects = [Subject(app, kind, base) for kind in app.kinds]
    # Before a story of its own each is told by the kind with most to show.
    telling = [s for s in subjects if s.kind.features.add and s.fresh is not None]
    if "web" in app.interfaces:
        yield Draft(
            key="pages",
            as_a=f"person who opens {app.title} in a browser",
            i_want="pages that everybody can use, and that forgive a second click",
            so_that="neither a telephone, nor a keyboard, nor a screen reader, nor haste stops me",
            lines=(app.kinds[0].line,),
            cases=tuple(_pages(app, telling)),
        )
    if "api" in app.interfaces:
        yield Draft(
            key="api",
            as_a=f"author of a program that talks to {app.title}",
            i_want="a JSON API which describes itself and refuses what it cannot read",
            so_that="my program and theirs find each other's mistakes early",
            lines=(app.kinds[0].line,),
            cases=tuple(_api(app, telling)),
        )


def label(field: Field) -> str:
    """What a field is called on pages."""
    name = field.name.lower()
    return name[:1].upper() + name[1:]


def labelled(subject: Subject, typed: Typed) -> dict[str, str]:
    """What is typed, by label."""
    return {label(subject.kind.field(slug)): text for slug, text in typed.items()}


def _listings(app: App) -> list[str]:
    return [f"/{path_of(app, kind)}" for kind in app.kinds if kind.features.list]


def _pages(app: App, telling: list[Subject]) -> Iterator[Case]:
    listings = _listings(app)
    adding = [f"/{path_of(app, subject.kind)}/add" for subject in telling]
    yield Case(
        name="pages_can_be_heard",
        given="the example records",
        when="the start page, the lists and the forms are opened",
        then="each has a language, a title, one main heading, landmarks, a way past the menu, a "
        "name at every link and button, a label at every field, and needs no script",
        checks=(Probe("web", "can_be_heard", (("/", *listings, *adding),)),),
    )
    yield Case(
        name="pages_remember",
        given="the example records",
        when="the server is told to end (SIGTERM) and started again",
        then="it ends in a few seconds with exit code 0, and the pages show the same as before",
        checks=(Probe("web", "remembers", (tuple(listings),)),),
    )
    for subject in telling[:1]:
        yield from _forms(subject)
    for subject in telling:
        yield from _escaping(subject)
        yield from _deleting(subject)


def _forms(subject: Subject) -> Iterator[Case]:
    path = f"/{path_of(subject.app, subject.kind)}"
    fresh = labelled(subject, subject.fresh or {})
    named = article(subject.name)
    if subject.kind.features.list:
        yield Case(
            name="pages_count_a_form_once",
            given="the example records",
            when=f"the form of {named} is sent three times, as by a double click and by going back",
            then=f"one {subject.name} is added",
            checks=(Probe("web", "counts_once", (f"{path}/add", fresh, path)),),
        )
    yield Case(
        name="pages_refuse_forged_forms",
        given="the example records",
        when=f"the fields of {named} are sent without what the form carries besides them",
        then="it is refused, and nothing is written",
        checks=(Probe("web", "refuses_forgery", (f"{path}/add", fresh)),),
    )
    for field in subject.required[:1]:
        yield Case(
            name="pages_tie_errors_to_fields",
            given="the example records",
            when=f"the form of {named} is sent without {subject.label(field)}",
            then="the field is marked as invalid, and described by what is wrong with it",
            checks=(Probe("web", "ties_errors", (f"{path}/add", label(field))),),
        )


def _escaping(subject: Subject) -> Iterator[Case]:
    for field in stored_fields(subject.kind):
        if field.type is FieldType.TEXT and takes(field, SCRIPT) and subject.kind.features.list:
            typed = subject.with_value(field, SCRIPT)
            if typed is not None:
                path = f"/{path_of(subject.app, subject.kind)}"
                filled = labelled(subject, typed)
                yield Case(
                    name=f"pages_show_{subject.kind.slug}_letter_by_letter",
                    given="the example records",
                    when=f"{article(subject.name)} is added whose {subject.label(field)} is "
                    f"{SCRIPT}",
                    then="it is shown letter by letter, and runs nowhere",
                    checks=(Probe("web", "escapes", (f"{path}/add", filled, SCRIPT, path)),),
                )
                return


def _deleting(subject: Subject) -> Iterator[Case]:
    if subject.kind.features.delete and subject.examples:
        path = f"/{path_of(subject.app, subject.kind)}/{subject.examples[-1].number}/delete"
        yield Case(
            name=f"pages_ask_before_{subject.kind.slug}_goes",
            given="the example records",
            when=f"the page that deletes {subject.name} {subject.examples[-1].number} is opened",
            then="it asks, and nothing is deleted yet",
            checks=(Probe("web", "asks_first", (path,)),),
        )


def _api(app: App, telling: list[Subject]) -> Iterator[Case]:
    paths = [f"/api{path}" for path in _listings(app)]
    yield Case(
        name="api_describes_itself",
        given="nothing",
        when="/openapi.json is asked for",
        then="it is an OpenAPI document that tells of every kind",
        checks=(Probe("api", "describes_itself", (tuple(paths),)),),
        base=False,
    )
    for subject in telling[:1]:
        place = f"/api/{path_of(app, subject.kind)}"
        slug = stored_fields(subject.kind)[0].slug
        yield Case(
            name="api_refuses_what_it_cannot_read",
            given="the example records",
            when="bodies come that are no JSON object, too large, of another type, or hold unknown "
            "fields, and addresses and methods that do not exist",
            then="each is refused with its status (400, 404, 405, 413, 415); nothing is written",
            checks=(Probe("api", "reads_only_json", (place, slug)),),
        )
