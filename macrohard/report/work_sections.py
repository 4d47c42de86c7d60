"""Parts of the report about the work: traceability, items, defects, stages, team."""

from collections.abc import Iterable, Mapping
from typing import Any

from macrohard.journal import Event
from macrohard.report.markup import Markup, anchor, join, scrolling, table, tag
from macrohard.report.sections import Record, badge
from macrohard.report.timeline import stage_rows
from macrohard.report.words import duration, money, plural, seconds_between, tokens, worst_first

_FEW = 3
"""Names shown at once in a cell; more are folded away."""


def traceability(record: Record) -> Markup | None:
    """One row a criterion, from the lines of the spec to commits and cost."""
    rows = record["traceability"]
    if not rows:
        return None
    verdicts = {trial["id"]: trial["satisfied"] for trial in record["trials"]}
    uncovered = [row["criterion"] for row in rows if not row["tests"] and not row["scenarios"]]
    said = f"{plural(len(rows), 'acceptance criterion', 'acceptance criteria')}; " + (
        f"without a test or scenario: {', '.join(uncovered)}."
        if uncovered
        else "each has a test or a scenario."
    )
    commits = {item["id"]: item["commit"] for item in record["items"]}
    stories: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        stories.setdefault(row["story"], []).append(row)
    heads = ("Criterion", "Tests", "Scenarios", "Trials")
    whole = tag(
        "table",
        tag(
            "caption",
            "Traceability: stories with the lines of the spec they come from, the work "
            "items that serve them and what these used; under each its criteria",
        ),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        *(
            tag(
                "tbody",
                _story(mine[0], commits, len(heads)),
                *(_criterion(row, verdicts) for row in mine),
            )
            for mine in stories.values()
        ),
    )
    return join([tag("p", said), scrolling(whole, "Traceability")])


def _story(row: Mapping[str, Any], commits: Mapping[str, str], columns: int) -> Markup:
    """The line above a story's criteria."""
    lines = ", ".join(str(line) for line in row["lines"]) or "none"
    facts = [tag("span", f"Spec lines {lines}")]
    if row["items"]:
        links = [
            join([_item_link(item), tag("code", commits.get(item, "")[:8])], between=" ")
            for item in row["items"]
        ]
        facts.append(tag("span", "Items ", join(links, between=", ")))
    facts.append(tag("span", f"{tokens(row['tokens'])} tokens, {money(row['usd'])}"))
    head = tag(
        "th",
        f"{row['story']} {row['want']}",
        tag("p", join(facts, between=" · "), class_="soft"),
        colspan=columns,
        scope="rowgroup",
    )
    return tag("tr", head, class_="story")


def _criterion(row: Mapping[str, Any], verdicts: Mapping[str, bool]) -> Markup:
    said = ", ".join(f"{word} {row[word]}" for word in ("given", "when", "then") if row.get(word))
    return tag(
        "tr",
        tag("td", tag("strong", row["criterion"]), f" {said}", class_="wide"),
        tag("td", _folded(row["tests"], "test"), class_="names"),
        tag("td", ", ".join(row["scenarios"])),
        tag("td", _trials(row["trials"], verdicts)),
    )


def items(record: Record) -> Markup | None:
    """Every work item, in order of the plan."""
    if not record["items"]:
        return None
    costs = record["cost"].get("by_item") or {}
    rows = []
    for item in record["items"]:
        used = costs.get(item["id"], {})
        rows.append(
            [
                tag("td", tag("strong", item["id"]), id=anchor("item", item["id"])),
                join([item["title"], _reason(item)]),
                item["kind"],
                item["role"],
                item["round"],
                ", ".join(item["depends_on"]),
                ", ".join([*item["stories"], *item["defects"]]),
                badge(item["outcome"]),
                tag("code", item["commit"][:8]) if item["commit"] else "",
                tokens(used.get("input_tokens", 0) + used.get("output_tokens", 0)),
            ]
        )
    head = (
        "Id", "Title", "Kind", "Role", "Round", "After", "For", "Outcome", "Commit", "Tokens",
    )  # fmt: skip
    return table("Work items", head, rows, numbers=[4, 9])


def defects(record: Record, events: Iterable[Event]) -> Markup | None:
    """What triage accepted, with its evidence, and what was decided each round."""
    decisions = {e["round"]: e for e in events if e["type"] == "decision"}
    if not record["defects"] and not decisions:
        return None
    parts: list[Markup] = []
    if decisions:
        rows = [
            (round_, event["decision"], event["reason"])
            for round_, event in sorted(decisions.items())
        ]
        parts.append(table("Decisions", ("Round", "Decision", "Reason"), rows))
    found = worst_first(record["defects"])
    parts += [_defect(defect) for defect in found if defect.get("open")]
    closed = [_defect(defect) for defect in found if not defect.get("open")]
    if closed:
        parts.append(tag("details", tag("summary", f"Closed: {len(closed)}"), *closed))
    if not found:
        parts.append(tag("p", "No defects were found."))
    return join(parts)


def _defect(defect: Mapping[str, Any]) -> Markup:
    files = ", ".join(defect.get("files") or [])
    return tag(
        "details",
        tag(
            "summary",
            f"{defect['id']} {defect['title']} ",
            badge("open" if defect.get("open") else "closed"),
            " ",
            badge(defect["severity"]),
        ),
        tag(
            "p",
            f"Round {defect.get('round', 1)}, seen by {defect['source']}, criteria "
            f"{', '.join(defect.get('criteria') or []) or 'none'}, files {files or 'unknown'}.",
        ),
        tag("pre", defect["evidence"]),
    )


def stages(record: Record, events: Iterable[Event]) -> Markup | None:
    """When each stage worked, as times and as a bar over the whole run."""
    rows = stage_rows(record, events)
    if not rows:
        return None
    start = min(row["started"] for row in rows)
    end = max(row["finished"] or row["started"] for row in rows)
    whole = seconds_between(start, end) or 1.0
    body = []
    for row in rows:
        took = seconds_between(row["started"], row["finished"])
        offset = seconds_between(start, row["started"]) or 0.0
        left, width = 100 * offset / whole, 100 * (took or 0.0) / whole
        bar = tag("span", style=f"left:{min(left, 99.5):.1f}%;width:{width:.1f}%")
        body.append(
            [
                row["stage"],
                row["round"],
                duration(offset),
                duration(took) if took is not None else "not finished",
                tag("span", bar, class_="lane", aria_hidden="true"),
            ]
        )
    head = ("Stage", "Round", "Began after", "Took", "When")
    return table("Stages, in order of their start", head, body, numbers=[1, 2, 3])


def team(record: Record) -> Markup | None:
    """Who was chosen, and why."""
    rows = [(member["role"], member["reason"]) for member in record.get("team") or []]
    return table("Chosen by the staffing manager", ("Role", "Why"), rows) if rows else None


def _folded(names: list[str], noun: str) -> Markup:
    # A name may be broken where its words end. Escaped text holds underscores only as such.
    shown = join(
        [tag("code", Markup(join([name]).replace("_", "_<wbr>"))) for name in names], between=" "
    )
    if len(names) <= _FEW:
        return shown
    return tag("details", tag("summary", plural(len(names), noun)), shown)


def _trials(ids: list[str], verdicts: Mapping[str, bool]) -> Markup:
    if not ids:
        return Markup("")
    happy = sum(1 for one in ids if verdicts.get(one))
    link = tag("a", f"{happy} of {len(ids)} satisfied", href=f"#{anchor('trial', ids[0])}")
    return tag("span", link, class_="badge good" if happy == len(ids) else "badge bad")


def _item_link(item: str) -> Markup:
    return tag("a", item, href=f"#{anchor('item', item)}")


def _reason(item: Mapping[str, Any]) -> Markup | None:
    """Why an item did not make it; a merged one needs no excuse."""
    if item["outcome"] in {"merged", "ready", "waiting"} or not item.get("reason"):
        return None
    return tag("details", tag("summary", "why"), tag("pre", item["reason"]))
