"""What all pages share: the frame around them, tables, and what was just done."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

from macrohard.llm.offline.appgen.fixed import output, values
from macrohard.llm.offline.appgen.fixed.web import pictures
from macrohard.llm.offline.appgen.fixed.web.guard import SESSION, Guard, cookies, set_cookie
from macrohard.llm.offline.appgen.fixed.web.html import Content, Html, link, tag, unseen
from macrohard.llm.offline.appgen.fixed.web.messages import Request, Response
from macrohard.llm.offline.appgen.fixed.web.resource import Resource, Site

TOLD = "told"
POLICY = (
    "Content-Security-Policy",
    (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
)


@dataclass(frozen=True)
class Visit:
    """One request of somebody who looks at pages.

    Attributes:
        site: The application.
        path: The database file.
        guard: Tells forms of ours from others.
        request: What is asked for.
        session: Names the browser; its forms carry a token made of it.
    """

    site: Site
    path: str
    guard: Guard
    request: Request
    session: str

    @property
    def told(self) -> str:
        """What was done just now, to be said once."""
        return unquote(cookies(self.request).get(TOLD, ""))[:500]


def page(visit: Visit, title: str, *content: Content, status: int = 200) -> Response:
    """Answer with a page.

    Args:
        visit: Who asks.
        title: Its main heading.
        content: What stands below it.
        status: HTTP status.
    """
    told = visit.told
    icon = pictures.image("icon", alt="", width=32, class_="icon")
    body = tag(
        "body",
        link("Skip to content", "#content", class_="skip"),
        tag("header", tag("strong", icon, visit.site.title), navigation(visit)),
        tag(
            "main",
            tag("h1", title),
            tag("p", told, class_="told", role="status") if told else None,
            *content,
            id="content",
            tabindex="-1",
        ),
        tag("footer", tag("p", link(f"About {visit.site.title}", "/"))),
    )
    name = title if title == visit.site.title else f"{title} - {visit.site.title}"
    if status >= 400:
        name = f"Problem: {name}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", name),
        tag("link", rel="stylesheet", href="/style.css"),
        pictures.head(visit.site.title, visit.site.about, visit.request.headers.get("host", "")),
    )
    headers = [POLICY]
    if cookies(visit.request).get(SESSION) != visit.session:
        headers.append(set_cookie(SESSION, visit.session))
    if told:
        headers.append(set_cookie(TOLD, "", seconds=0))
    text = "<!DOCTYPE html>\n" + tag("html", head, body, lang="en") + "\n"
    return Response(status, text, headers=tuple(headers))


def navigation(visit: Visit) -> Html:
    """Lead to every kind of record."""
    here = visit.request.parts[:1]
    start = link("Start", "/", aria_current="page" if not here else None)
    items = [
        tag(
            "li",
            link(
                capital(each.plural),
                f"/{each.path}",
                aria_current="page" if here == (each.path,) else None,
            ),
        )
        for each in visit.site.resources
    ]
    return tag("nav", tag("ul", tag("li", start), items), aria_label="Main")


def moved(place: str, told: str = "") -> Response:
    """Lead on to another page, which says what was done."""
    headers = [("Location", place)]
    if told:
        headers.append(set_cookie(TOLD, quote(told)))
    return Response(303, "", headers=tuple(headers))


def capital(text: str) -> str:
    """Write a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def an(noun: str) -> str:
    """Say ``an expense``, ``a booking``."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def address(path: str, **parameters: str) -> str:
    """Write an address with parameters."""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def actions(links: Iterable[Html | None], label: str) -> Html | None:
    """List what can be done here."""
    items = [tag("li", each) for each in links if each is not None]
    return tag("nav", tag("ul", items, class_="actions"), aria_label=label) if items else None


def records_table(
    site: Site, resource: Resource, rows: Sequence[dict[str, object]], caption: str
) -> Html:
    """Show records in a table, each with links to what can be done with it.

    On a phone each row becomes a card; the roles keep it a table for those who hear it.
    """
    numeric = {
        column: any(output.is_number(row[column]) for row in rows) for column in resource.columns
    }
    doable = bool(resource.offers & {"show", "edit", "delete"})
    heads = [
        tag("th", heading, scope="col", role="columnheader", class_=number(numeric[column]))
        for column, heading in zip(resource.columns, resource.headings, strict=True)
    ]
    if doable:
        heads.append(tag("th", "actions", scope="col", role="columnheader"))
    lines = []
    for row in rows:
        cells = [
            tag(
                "td",
                leading(site, resource, column, row[column]),
                role="cell",
                class_=looks(row[column], numeric=numeric[column]),
                data_heading=heading,
            )
            for column, heading in zip(resource.columns, resource.headings, strict=True)
        ]
        if doable:
            cells.append(tag("td", doings(resource, str(row["id"])), role="cell"))
        lines.append(tag("tr", cells, role="row"))
    return framed(caption, heads, lines)


def looks(value: object, *, numeric: bool) -> str | None:
    """Name the class of a cell: numbers stand at the right, days are not broken."""
    return "day" if isinstance(value, dt.date) else number(numeric)


def number(is_one: bool) -> str | None:
    """Name the class of cells that hold numbers."""
    return "number" if is_one else None


def doings(resource: Resource, number: str) -> list[Content]:
    """Lead to what can be done with a record."""
    known = (("Open", "show", ""), ("Edit", "edit", "/edit"), ("Delete", "delete", "/delete"))
    return [
        (
            link(
                [word, unseen(f" {resource.singular} {number}")],
                f"/{resource.path}/{number}{end}",
            ),
            " ",
        )
        for word, verb, end in known
        if verb in resource.offers
    ]


def framed(caption: str, heads: Sequence[Html], lines: Sequence[Html]) -> Html:
    """Put rows into a table with its caption."""
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", heads, role="row"), role="rowgroup"),
            tag("tbody", lines, role="rowgroup"),
            role="table",
        ),
        class_="table",
    )


def described(site: Site, resource: Resource, row: dict[str, object]) -> Html:
    """Show one record, each value below its name."""
    parts = [
        (tag("dt", heading), tag("dd", leading(site, resource, column, value)))
        for heading, (column, value) in zip(resource.headings, row.items(), strict=True)
    ]
    return tag("dl", parts)


def leading(site: Site, resource: Resource, column: str, value: object) -> Content:
    """Show a value; a reference leads to the record that it names, where that can be shown."""
    text = values.shown(value)
    path = next((each.target for each in resource.fields if each.slug == column), "")
    target = site.find(path)
    if target is None or "show" not in target.offers or not isinstance(value, values.Link):
        return text
    return link(text, f"/{path}/{value.id}")
