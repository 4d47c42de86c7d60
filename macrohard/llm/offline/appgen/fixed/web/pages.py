"""The pages: lists, single records and figures, for people with any browser."""

import math
from collections.abc import Callable
from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed import console, csv_files, database, summaries, values
from macrohard.llm.offline.appgen.fixed.errors import InputError, StorageError
from macrohard.llm.offline.appgen.fixed.web import changes, figures, forms, pictures, related, style
from macrohard.llm.offline.appgen.fixed.web.guard import SESSION, Guard, cookies, new_secret
from macrohard.llm.offline.appgen.fixed.web.html import Content, Html, link, tag
from macrohard.llm.offline.appgen.fixed.web.layout import (
    Visit,
    actions,
    address,
    an,
    capital,
    described,
    framed,
    page,
    records_table,
)
from macrohard.llm.offline.appgen.fixed.web.messages import (
    HttpError,
    Request,
    Response,
    allow,
    not_found,
    readable,
)
from macrohard.llm.offline.appgen.fixed.web.resource import (
    Fault,
    Field,
    Resource,
    Site,
    find,
    known_only,
    queries,
    select,
)

PAGE = 50
"""Records on a page."""
FILES = {"/style.css": ("text/css", style.CSS), "/icon.svg": ("image/svg+xml", style.ICON)}
"""What pages are made of besides their own text."""


def answer(site: Site, path: str, guard: Guard, request: Request) -> Response:
    """Answer a request with a page; whatever is wrong with it is told in one.

    Args:
        site: The application.
        path: The database file.
        guard: Tells forms of ours from others.
        request: What is asked for.
    """
    session = cookies(request).get(SESSION) or new_secret()
    visit = Visit(site, path, guard, request, session)
    try:
        readable(request)
        return route(visit)
    except HttpError as error:
        return problem(visit, error.status, str(error), error.headers)
    except StorageError as error:
        return problem(visit, 503, str(error))
    except InputError as error:
        return problem(visit, 400, str(error))


def problem(
    visit: Visit, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Say that something could not be shown, and lead back."""
    titles = {404: "Not found", 413: "Too large", 503: "Not available"}
    told = page(
        visit,
        titles.get(status, "Not possible"),
        tag("p", capital(message), class_="problem", role="alert"),
        tag("p", link("Go to the start", "/")),
        status=status,
    )
    return Response(told.status, told.body, told.content_type, (*told.headers, *headers))


def route(visit: Visit) -> Response:
    """Find what a request is about."""
    parts = visit.request.parts
    if visit.request.path in FILES:
        allow(visit.request, "GET")
        kind, text = FILES[visit.request.path]
        return Response(200, text, f"{kind}; charset=utf-8")
    picture = pictures.find(visit.request.path)
    if picture:
        allow(visit.request, "GET")
        return Response(200, "", picture[0], data=picture[1])
    if not parts:
        allow(visit.request, "GET")
        return home(visit)
    resource = visit.site.find(parts[0])
    act = changing(resource, parts[1:]) if resource else None
    look = looking(resource, parts[1:]) if resource else None
    if act is not None:
        allow(visit.request, "GET", "POST")
        return act(visit)
    if look is None:
        raise not_found(visit.request.path)
    allow(visit.request, "GET")
    return look(visit)


def looking(resource: Resource, parts: tuple[str, ...]) -> Callable[[Visit], Response] | None:
    """Find the page that shows something; None where there is none."""
    match parts:
        case []:
            return lambda visit: listed(visit, resource)
        case [name] if is_number(name) and "show" in resource.offers:
            return lambda visit: shown(visit, resource, int(name[:20]))
        case ["export"] if "export" in resource.offers:
            return lambda visit: give_out(visit, resource)
        case [name] if name in resource.figures:
            return lambda visit: figure(visit, resource, name)
        case [name] if name in resource.conditions:
            return lambda visit: listed(visit, resource, name)
    return None


def changing(resource: Resource, parts: tuple[str, ...]) -> Callable[[Visit], Response] | None:
    """Find the page that changes something; None where there is none."""
    if not parts or parts[-1] not in resource.offers:
        return None
    match parts:
        case ["add"]:
            return lambda visit: changes.add(visit, resource)
        case ["import"]:
            return lambda visit: changes.take_in(visit, resource)
        case [name, "edit"] if is_number(name):
            return lambda visit: changes.edit(visit, resource, int(name[:20]))
        case [name, "delete"] if is_number(name):
            return lambda visit: changes.delete(visit, resource, int(name[:20]))
    return None


def is_number(text: str) -> bool:
    """Say whether a piece of a path is a number."""
    return text.isascii() and text.isdigit()


def home(visit: Visit) -> Response:
    """Show what there is."""
    with database.reading(visit.path) as connection:
        items = [
            tag(
                "li",
                link(capital(each.plural), f"/{each.path}"),
                f": {console.count_of(len(each.every(connection)), each.singular, each.plural)}",
            )
            for each in visit.site.resources
        ]
    return page(visit, visit.site.title, tag("p", visit.site.about), tag("ul", items))


def listed(visit: Visit, resource: Resource, condition: str = "") -> Response:
    """Show a list of records, page by page."""
    base = f"/{resource.path}" + (f"/{condition}" if condition else "")
    doable = doings(resource)
    name = condition.replace("-", " ")
    title = capital(f"{name} {resource.plural}" if condition else resource.plural)
    if "list" not in resource.offers and not condition:
        return page(visit, title, doable)
    known_only(visit.request.query, (*queries(resource), "_page"))
    wanted = forms.chosen(visit.request.query)
    number = values.parse_integer("page", wanted.pop("_page", "1")) or 1
    wrong: tuple[Fault, ...] = ()
    with database.reading(visit.path) as connection:
        try:
            found = select(connection, resource, wanted, condition)
        except InputError as error:
            found, wrong = [], (Fault("", str(error)),)
        last = max(1, math.ceil(len(found) / PAGE))
        number = min(max(number, 1), last)
        part = found[(number - 1) * PAGE : number * PAGE]
        rows = [resource.row(connection, each) for each in part]
        narrow = forms.narrowing(connection, visit, resource, wanted, base)
    table: Content = tag("p", f"No {resource.plural}.")
    if not (rows or wanted or condition):
        table = [pictures.image("empty", width=240, class_="empty"), table]
    if rows:
        count = console.count_of(len(found), resource.singular, resource.plural)
        table = records_table(visit.site, resource, rows, count)
    turn = pagination(base, wanted, number, last)
    return page(
        visit,
        title,
        doable,
        kinds_of_list(resource, condition),
        forms.summary(wrong),
        narrow,
        None if wrong else table,
        turn,
        status=400 if wrong else 200,
    )


def doings(resource: Resource) -> Html | None:
    """Lead to what can be done with records of a kind."""
    known = (("add", f"Add {an(resource.singular)}"), ("import", "Import"), ("export", "Export"))
    links = [
        link(text, f"/{resource.path}/{verb}") for verb, text in known if verb in resource.offers
    ]
    links += [link(capital(verb), f"/{resource.path}/{verb}") for verb in resource.figures]
    return actions(links, capital(resource.plural))


def kinds_of_list(resource: Resource, current: str) -> Html | None:
    """Lead to the lists of records that meet a condition, and to that of all."""
    if not resource.conditions:
        return None
    names = ["", *resource.conditions] if "list" in resource.offers else [*resource.conditions]
    links = [
        link(
            capital(f"{name.replace('-', ' ') or 'all'} {resource.plural}"),
            f"/{resource.path}" + (f"/{name}" if name else ""),
            aria_current="page" if name == current else None,
        )
        for name in names
    ]
    return actions(links, "Lists")


def pagination(base: str, wanted: dict[str, str], number: int, last: int) -> Html | None:
    """Lead to the pages before and after."""
    if last == 1:
        return None
    query = {name: text or forms.NONE for name, text in wanted.items()}
    places = (("Previous page", number - 1), ("Next page", number + 1))
    links = [
        link(text, address(base, **query, _page=str(place)))
        for text, place in places
        if 1 <= place <= last
    ]
    return actions([tag("span", f"Page {number} of {last}"), *links], "Pages")


def shown(visit: Visit, resource: Resource, number: int) -> Response:
    """Show one record."""
    with database.reading(visit.path) as connection:
        row = resource.row(connection, find(connection, resource, number))
        others = related.sections(connection, visit, resource, number)
    known = (("edit", "Edit"), ("delete", "Delete"))
    links = [
        link([text, f" {resource.singular} {number}"], f"/{resource.path}/{number}/{verb}")
        for verb, text in known
        if verb in resource.offers
    ]
    title = capital(f"{resource.singular} {number}")
    links.append(link(f"All {resource.plural}", f"/{resource.path}"))
    record = described(visit.site, resource, row)
    return page(visit, title, record, actions(links, title), others)


def give_out(visit: Visit, resource: Resource) -> Response:
    """Send all records as a CSV file."""
    with database.reading(visit.path) as connection:
        rows = resource.export_rows(connection)
    name = f'attachment; filename="{resource.path}.csv"'
    text = csv_files.text_of(("id", *resource.slugs), rows)
    return Response(200, text, "text/csv; charset=utf-8", (("Content-Disposition", name),))


def figure(visit: Visit, resource: Resource, verb: str) -> Response:
    """Show a figure, or one for each group."""
    known_only(visit.request.query, (*resource.filters, "_field", "by"))
    wanted = forms.chosen(visit.request.query)
    fields = resource.figures[verb]
    field = wanted.pop("_field", None) or next(iter(fields))
    wrong: tuple[Fault, ...] = ()
    shown_figure: Content = None
    with database.reading(visit.path) as connection:
        try:
            shown_figure = worked_out(connection, resource, verb, field, wanted)
        except InputError as error:
            wrong = (Fault("", str(error)),)
        asked = asking(connection, visit, resource, verb, {**wanted, "_field": field})
    title = capital(f"{verb} of {resource.plural}")
    parts = (doings(resource), forms.summary(wrong), asked, shown_figure)
    return page(visit, title, *parts, status=400 if wrong else 200)


def worked_out(
    connection: Connection, resource: Resource, verb: str, field: str, wanted: dict[str, str]
) -> Html:
    """Show what a figure comes to."""
    found = figures.work_out(connection, resource, verb, field or None, wanted)
    name = f"{verb} of {field}" if field else verb
    if isinstance(found, dict):
        value = tag("span", values.shown(found[verb]), class_="figure")
        return tag("p", capital(name), ": ", value, role="status")
    if not found:
        return tag("p", f"No {resource.plural}.")
    known = resource.figures[verb][field].groups
    group = known[summaries.choose_group(wanted["by"], known)]
    heads = [
        tag("th", text, scope="col", role="columnheader", class_=kind)
        for text, kind in ((group.heading, None), (verb, "number"))
    ]
    lines = [
        tag(
            "tr",
            tag("td", values.shown(row[group.column]), role="cell", data_heading=group.heading),
            tag("td", values.shown(row[verb]), role="cell", class_="number", data_heading=verb),
            role="row",
        )
        for row in found
    ]
    return framed(capital(f"{name} by {wanted['by'].replace(':', ', ')}"), heads, lines)


def asking(
    connection: Connection, visit: Visit, resource: Resource, verb: str, wanted: dict[str, str]
) -> Html | None:
    """Write the form that asks for a figure."""
    known: dict[str, summaries.Summary] = dict(resource.figures[verb])
    parts: list[Content] = []
    if len(known) > 1:
        choice = Field("_field", "of", "one of", str)
        options = [(name, name.replace("-", " ")) for name in known]
        parts.append(forms.control(choice, wanted["_field"], options, empty="(choose)"))
    groups = dict.fromkeys(name for each in known.values() for name in each.groups)
    if groups:
        by = Field("by", "for each", "one of", str)
        options = [(name, name.replace("-", " ").replace(":", ", ")) for name in groups]
        parts.append(forms.control(by, wanted.get("by", ""), options, empty="(all together)"))
    parts += forms.filter_controls(connection, visit, resource, wanted)
    if not parts:
        return None
    base = f"/{resource.path}/{verb}"
    buttons = [tag("button", "Show", type="submit"), " ", link("Show all", base)]
    form = tag("form", parts, *buttons, method="get", action=base)
    return tag("section", form, class_="narrowing", aria_label="What to work out")
