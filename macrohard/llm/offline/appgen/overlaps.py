"""Writes the body of an overlap check: one query for a record that is in the way."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.expressions import may_be_empty
from macrohard.llm.offline.appgen.pysource import exploded, indent, joined
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
    if may_be_empty(end):
        conditions += [
            f'(? IS NULL OR "{rule.start}" < ?)',
            f'("{rule.end}" IS NULL OR "{rule.end}" > ?)',
        ]
        arguments += [stored_end, stored_end, stored_start]
    else:
        conditions += [f'"{rule.start}" < ?', f'"{rule.end}" > ?']
        arguments += [stored_end, stored_start]
    lines: list[str] = []
    if may_be_empty(start):
        lines = [f"if {record}.{rule.start} is None:", "    return"]
    text = [f'\'SELECT "id" FROM "{names.table(kind)}" WHERE {conditions[0]}\'']
    text += [f"' AND {condition}'" for condition in conditions[1:]]
    text += ["' ORDER BY \"id\"'"]
    lines += ["query = (", indent("\n".join(text)), ")"]
    lines += [exploded("arguments = (", arguments, ")")]
    lines += ["other = connection.execute(query, arguments).fetchone()"]
    lines += [joined(["other is not None"], "and", head="if ") + ":", indent(refuse)]
    return "\n".join(lines)
