"""What refers to a record: shown on its page, with a way to all of it."""

from collections.abc import Iterator
from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed import console
from macrohard.llm.offline.appgen.fixed.web.html import Html, link, tag
from macrohard.llm.offline.appgen.fixed.web.layout import Visit, address, capital, records_table
from macrohard.llm.offline.appgen.fixed.web.resource import Field, Resource

MOST = 10
"""Records of a kind that are shown beside another one, the newest first."""


def sections(
    connection: Connection, visit: Visit, resource: Resource, number: int
) -> list[Html | None]:
    """Show the records that refer to one, kind by kind; kinds of which none does are left out.

    Args:
        connection: The database.
        visit: Who looks.
        resource: Kind of the record that is referred to.
        number: Its id.
    """
    return [
        section(connection, visit, (other, field), number)
        for other, field in referring(visit, resource)
    ]


def referring(visit: Visit, resource: Resource) -> Iterator[tuple[Resource, Field]]:
    """Find the kinds that can be looked at and refer to a kind, each with the field that does."""
    for other in visit.site.resources:
        if other.offers & {"list", "show"}:
            for field in other.fields:
                if field.target == resource.path:
                    yield other, field


def section(
    connection: Connection, visit: Visit, by: tuple[Resource, Field], number: int
) -> Html | None:
    """Show the records of a kind that refer to one by a field; None where none does."""
    other, field = by
    records = [each for each in other.every(connection) if getattr(each, field.slug) == number]
    if not records:
        return None
    rows = [other.row(connection, each) for each in records[: -MOST - 1 : -1]]
    told, leads = console.count_of(len(records), other.singular, other.plural), None
    if len(records) > MOST:
        if field.slug in other.filters:
            place = address(f"/{other.path}", **{field.slug: str(number)})
            leads = tag("p", link(f"All {told}", place))
        told = f"{told}, the last {MOST} of them"
    title = f"{capital(other.plural)} with this {field.heading}"
    table = records_table(visit.site, other, rows, told)
    return tag("section", tag("h2", title), table, leads, aria_label=title)
