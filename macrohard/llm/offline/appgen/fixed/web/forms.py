"""Forms: every field with its label and its hint, and what is wrong with it beside it."""

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed.web import inputs
from macrohard.llm.offline.appgen.fixed.web.guard import ONCE, TOKEN, new_secret
from macrohard.llm.offline.appgen.fixed.web.html import Content, Html, link, tag
from macrohard.llm.offline.appgen.fixed.web.layout import Visit, capital
from macrohard.llm.offline.appgen.fixed.web.resource import (
    MOST_CHOICES,
    Fault,
    Field,
    Options,
    Resource,
    Texts,
    options_of,
)

NOTHING = "(nothing)"
ANY = "(any)"
NONE = "_none"
"""Stands in a filter for records without a value; nothing that is kept is called so."""


def kept(visit: Visit, *content: Content, action: str, files: bool = False) -> Html:
    """Write a form that changes something: it carries what proves that a page of ours sent it."""
    return tag(
        "form",
        tag("input", type="hidden", name=TOKEN, value=visit.guard.token(visit.session)),
        tag("input", type="hidden", name=ONCE, value=new_secret()),
        *content,
        method="post",
        action=action,
        novalidate=True,
        enctype="multipart/form-data" if files else None,
    )


def summary(wrong: Sequence[Fault]) -> Html | None:
    """Say at the top what is wrong, with links to the fields."""
    if not wrong:
        return None
    items = [
        tag("li", link(each.message, f"#{each.field}") if each.field else each.message)
        for each in wrong
    ]
    head = tag("h2", "There is a problem")
    return tag("div", head, tag("ul", items), class_="problem", role="alert")


def fields(
    connection: Connection,
    visit: Visit,
    resource: Resource,
    texts: Texts,
    wrong: Sequence[Fault] = (),
) -> list[Html]:
    """Write all fields of a record, filled with texts."""
    messages: dict[str, str] = {}
    for fault in wrong:
        messages.setdefault(fault.field, fault.message)
    return [
        control(
            each,
            texts.get(each.slug, ""),
            options_of(connection, visit.site, each),
            messages.get(each.slug, ""),
        )
        for each in resource.fields
    ]


def control(
    field: Field, text: str, options: Options, wrong: str = "", empty: str = NOTHING
) -> Html:
    """Write a field: label, hint, what is wrong with it, and where it is filled in."""
    slug = field.slug
    about = [
        tag("span", field.hint, id=f"{slug}-hint", class_="hint") if field.hint else None,
        tag("span", capital(wrong), id=f"{slug}-wrong", class_="wrong") if wrong else None,
    ]
    names = [f"{slug}-wrong"] * bool(wrong) + [f"{slug}-hint"] * bool(field.hint)
    shared: Mapping[str, str | bool | None] = {
        "id": slug,
        "name": slug,
        "aria_describedby": " ".join(names) or None,
        "aria_invalid": "true" if wrong else None,
        "aria_required": "true" if field.required else None,
    }
    if (options or field.target) and len(options) <= MOST_CHOICES:
        place = select(text, options, shared, empty)
    else:
        place = tag("input", **inputs.attributes(field, text), autocomplete="off", **shared)
        if field.target:
            about.insert(0, tag("span", "its number", class_="hint"))
    label = tag("label", capital(field.heading), for_=slug)
    return tag("div", label, about, place, class_="field")


def select(
    text: str, options: Options, shared: Mapping[str, str | bool | None], empty: str
) -> Html:
    """Write a list to choose from; a text that is no choice stays in it, as it was sent."""
    known = [("", empty), *options]
    chosen = next((value for value, _ in known if value.casefold() == text.casefold()), None)
    if chosen is None:
        known.append((text, text))
        chosen = text
    items = [tag("option", label, value=value, selected=value == chosen) for value, label in known]
    return tag("select", items, **shared)


def narrowing(
    connection: Connection, visit: Visit, resource: Resource, wanted: Texts, action: str
) -> Html | None:
    """Write the form that narrows and orders a list."""
    parts: list[Content] = filter_controls(connection, visit, resource, wanted)
    if resource.searched:
        hint = f"in {', '.join(resource.searched)}"
        searched = Field("search", "search", "text", str, hint)
        parts.append(control(searched, wanted.get("search", ""), ()))
    if resource.sorts:
        orders = [
            (f"{sign}{name}", f"{name.replace('-', ' ')}{end}")
            for name in resource.sorts
            for sign, end in (("", ""), ("-", ", last first"))
        ]
        sorts = Field("sort", "sort by", "one of", str)
        parts.append(control(sorts, wanted.get("sort", ""), orders, empty="id"))
    if not parts:
        return None
    buttons = [tag("button", "Show", type="submit"), " ", link("Show all", action)]
    form = tag("form", parts, *buttons, method="get", action=action)
    return tag("section", form, class_="narrowing", aria_label="Narrow and sort")


def filter_controls(
    connection: Connection, visit: Visit, resource: Resource, wanted: Texts
) -> list[Content]:
    """Write a field for each filter."""
    found: list[Content] = []
    for slug in resource.filters:
        field = resource.field(slug)
        options = list(options_of(connection, visit.site, field))
        if options and not field.required:
            options.append((NONE, NOTHING))
        plain = Field(slug, field.heading, field.type, str, places=field.places)
        text = wanted.get(slug, "")
        if slug in wanted and not text:
            text = NONE
        found.append(control(plain, text, options, empty=ANY))
    return found


def chosen(query: Texts) -> dict[str, str]:
    """Read what a narrowing form sent: what was left open is left out."""
    given = {name: text for name, text in query.items() if text.strip()}
    return {name: "" if text == NONE else text for name, text in given.items()}
