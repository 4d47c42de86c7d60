"""Figures over records, as pages and the JSON API ask for them."""

from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed import summaries
from macrohard.llm.offline.appgen.fixed.web.resource import Resource, Texts, select


def work_out(
    connection: Connection, resource: Resource, verb: str, field: str | None, wanted: Texts
) -> dict[str, object] | list[dict[str, object]]:
    """Work out a figure, or one for each group.

    Args:
        connection: The database.
        resource: What it is about.
        verb: ``total``, ``count`` and their like.
        field: The field that is added up; None where there is only one.
        wanted: Filters by slug, and ``by`` for groups.
    """
    known = resource.figures[verb]
    summary = known[summaries.choose_field(field, known)]
    filters = {slug: wanted[slug] for slug in resource.filters if slug in wanted}
    records = select(connection, resource, filters)
    if "by" not in wanted:
        return {verb: summary.figure(connection, records)}
    group = summary.groups[summaries.choose_group(wanted["by"], summary.groups)]
    return summaries.by_group(connection, verb, summary, group, records)
