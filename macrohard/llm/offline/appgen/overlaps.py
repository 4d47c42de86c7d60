"""Writes the body of an overlap check: one query for a record that is in the way."""
# For ruff: the identifiers come from our own schema, never from people.
# ruff: noqa: S608

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import indent, text_lines, tuple_of
from macrohard.llm.offline.dialect.ast import App, Kind, OverlapRule


def overlap_body(app: App, kind: Kind, rule: OverlapRule, refuse: str) -> str:
    """The statements that look for a record in the way and refuse the change.

    SQLite compares the dates as texts, which is right because they are kept in ISO form.
    """
    del app
    record = names.variable(kind)
    start, end = kind.field(rule.start), kind.field(rule.end)
    conditions = ['"id" <> ?', *(f'"{slug}" = ?' for slug in rule.same)]
    arguments = [f"{record}.id", *(f"{record}.{slug}" for slug in rule.same)]
    stored_start = f"values.stored({record}.{rule.start})"
    stored_end = f"values.stored({record}.{rule.end})"
    if not end.required:
        conditions += [
            f'(? IS NULL OR "{rule.start}" < ?)',
            f'("{rule.end}" IS NULL OR "{rule.end}" > ?)',
        ]
        arguments += [stored_end, stored_end, stored_start]
    else:
        conditions += [f'"{rule.start}" < ?', f'"{rule.end}" > ?']
        arguments += [stored_end, stored_start]
    lines: list[str] = []
    if not start.required:
        lines = [f"if {record}.{rule.start} is None:", "    return"]
    text = f'SELECT "id" FROM "{names.table(kind)}" WHERE {" AND ".join(conditions)} ORDER BY "id"'
    lines += text_lines("query", text)
    lines += [f"arguments = {tuple_of(arguments)}"]
    lines += ["other = connection.execute(query, arguments).fetchone()"]
    lines += ["if other is not None:", indent(refuse)]
    return "\n".join(lines)
