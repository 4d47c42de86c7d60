"""The pages that change something: each asks first, changes once, and leads on."""

from collections.abc import Callable

from macrohard.llm.offline.appgen.fixed import console, csv_files, database
from macrohard.llm.offline.appgen.fixed.errors import InputError
from macrohard.llm.offline.appgen.fixed.web import bodies, forms
from macrohard.llm.offline.appgen.fixed.web.guard import ONCE, digest
from macrohard.llm.offline.appgen.fixed.web.html import Content, link, tag
from macrohard.llm.offline.appgen.fixed.web.layout import Visit, an, capital, described, moved, page
from macrohard.llm.offline.appgen.fixed.web.messages import Response
from macrohard.llm.offline.appgen.fixed.web.resource import (
    Fault,
    Resource,
    Texts,
    find,
    looked_ahead,
    problems,
    written,
)

FORGED = Fault(
    "", "this page was open too long, or was not ours: nothing was changed; please send it again"
)


def sent(
    visit: Visit,
    act: Callable[[bodies.Form], tuple[str, str]],
    ask: Callable[[Texts, tuple[Fault, ...], int], Response],
    wrong_with: Callable[[Texts, str], tuple[Fault, ...]],
) -> Response:
    """Do what a form asks for, once, and lead on; where it is refused, ask again.

    Args:
        visit: Who sent it.
        act: Does it; returns where that leads to, and what was done.
        ask: Shows the form again, filled with texts, with what is wrong and a status.
        wrong_with: Says what is wrong with texts that were refused.
    """
    form = bodies.read_form(visit.request)
    if not visit.guard.is_ours(visit.session, form.fields):
        return ask(form.fields, (FORGED,), 403)
    content = digest(form.fields, form.files)
    try:
        place, told = visit.guard.first(form.fields.get(ONCE, ""), content, lambda: act(form))
    except InputError as error:
        return ask(form.fields, wrong_with(form.fields, str(error)), 400)
    return moved(place, told)


def page_of(resource: Resource, number: int) -> str:
    """Return where a record is shown, or else where all are."""
    shown = "show" in resource.offers
    return f"/{resource.path}/{number}" if shown else f"/{resource.path}"


def own(resource: Resource, texts: Texts) -> dict[str, str]:
    """Return the fields of a record among those of a form."""
    return {slug: texts[slug] for slug in resource.slugs if slug in texts}


def record_form(
    visit: Visit,
    resource: Resource,
    texts: Texts,
    wrong: tuple[Fault, ...],
    status: int,
    *,
    title: str,
    button: str,
) -> Response:
    """Show the fields of a record to fill in."""
    with database.reading(visit.path) as connection:
        fields = forms.fields(connection, visit, resource, texts, wrong)
    end = tag("p", tag("button", button, type="submit"), " ", link("Cancel", f"/{resource.path}"))
    form = forms.kept(visit, fields, end, action=visit.request.path)
    return page(visit, title, forms.summary(wrong), form, status=status)


def add(visit: Visit, resource: Resource) -> Response:
    """Add a record."""
    name = f"Add {an(resource.singular)}"

    def ask(texts: Texts, wrong: tuple[Fault, ...], status: int) -> Response:
        return record_form(visit, resource, texts, wrong, status, title=name, button=name)

    def act(form: bodies.Form) -> tuple[str, str]:
        with database.writing(visit.path) as connection:
            given = database.with_ids(connection, own(resource, form.fields), resource.named)
            number = resource.add(connection, resource.new(given)).id
        return page_of(resource, number), f"Added {resource.singular} {number}."

    if visit.request.method == "POST":
        return sent(visit, act, ask, lambda texts, why: problems(resource, texts, why))
    return ask({each.slug: each.initial for each in resource.fields}, (), 200)


def edit(visit: Visit, resource: Resource, number: int) -> Response:
    """Change a record."""
    with database.reading(visit.path) as connection:
        before = written(resource, find(connection, resource, number))

    def ask(texts: Texts, wrong: tuple[Fault, ...], status: int) -> Response:
        title = f"Edit {resource.singular} {number}"
        return record_form(visit, resource, texts, wrong, status, title=title, button="Save")

    def act(form: bodies.Form) -> tuple[str, str]:
        with database.writing(visit.path) as connection:
            given = database.with_ids(connection, own(resource, form.fields), resource.named)
            resource.edit(connection, number, given)
        return page_of(resource, number), f"Changed {resource.singular} {number}."

    if visit.request.method == "POST":
        return sent(visit, act, ask, lambda texts, why: problems(resource, texts, why))
    return ask(before, (), 200)


def delete(visit: Visit, resource: Resource, number: int) -> Response:
    """Delete a record, after asking."""
    name = f"{resource.singular} {number}"

    def ask(_: Texts, wrong: tuple[Fault, ...], status: int) -> Response:
        with database.reading(visit.path) as connection:
            row = resource.row(connection, find(connection, resource, number))
            goes = looked_ahead(connection, resource, number)
        button = tag("button", f"Delete {name}", type="submit", class_="danger")
        end = tag("p", button, " ", link("Cancel", page_of(resource, number)))
        content: list[Content] = [
            forms.summary(wrong),
            tag("p", goes),
            described(visit.site, resource, row),
            forms.kept(visit, end, action=visit.request.path),
        ]
        return page(visit, capital(f"delete {name}?"), *content, status=status)

    def act(_: bodies.Form) -> tuple[str, str]:
        with database.writing(visit.path) as connection:
            others = resource.delete(connection, number)
        return f"/{resource.path}", f"Deleted {name}{others}."

    if visit.request.method == "POST":
        return sent(visit, act, ask, lambda _, why: (Fault("", why),))
    return ask({}, (), 200)


def take_in(visit: Visit, resource: Resource) -> Response:
    """Add the rows of a CSV file, all or none."""

    def ask(_: Texts, wrong: tuple[Fault, ...], status: int) -> Response:
        columns = ", ".join(resource.slugs)
        hint = f"UTF-8, with a header row; columns: {columns}. All of its rows are added, or none."
        message = capital(wrong[0].message) if wrong else ""
        field = tag(
            "div",
            tag("label", "CSV file", for_="file"),
            tag("span", hint, id="file-hint", class_="hint"),
            tag("span", message, id="file-wrong", class_="wrong") if wrong else None,
            tag(
                "input",
                type="file",
                id="file",
                name="file",
                accept=".csv,text/csv",
                aria_describedby="file-wrong file-hint" if wrong else "file-hint",
                aria_invalid="true" if wrong else None,
            ),
            class_="field",
        )
        button = tag("p", tag("button", f"Import {resource.plural}", type="submit"))
        form = forms.kept(visit, field, button, action=visit.request.path, files=True)
        title = f"Import {resource.plural}"
        return page(visit, title, forms.summary(wrong), form, status=status)

    def act(form: bodies.Form) -> tuple[str, str]:
        name, content = form.files.get("file", ("", b""))
        if not name:
            raise InputError("no file was chosen")
        rows = csv_files.parsed(
            name, csv_files.decoded(name, content), resource.slugs, resource.required
        )
        with database.writing(visit.path) as connection:
            resource.import_rows(connection, name, rows)
        said = console.count_of(len(rows), resource.singular, resource.plural)
        return f"/{resource.path}", f"Imported {said}."

    if visit.request.method == "POST":
        return sent(visit, act, ask, lambda _, why: (Fault("file", why),))
    return ask({}, (), 200)
