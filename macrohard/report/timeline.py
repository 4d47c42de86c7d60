"""When each stage of each round worked, as its events tell."""

from collections.abc import Iterable, Mapping
from typing import Any

from macrohard.journal import Event

_PARALLEL = {"item": "coding", "trial": "users"}
"""Work that runs side by side in branches of the graph, and the stage it belongs to."""


def stage_rows(record: Mapping[str, Any], events: Iterable[Event]) -> list[dict[str, Any]]:
    """Stages by start: ``stage``, ``round``, ``started``, ``finished`` (None: not yet).

    The record knows the stages that announce themselves. Coding is its items, and the users' stage
    begins with the first trial; both are taken from the events.
    """
    rows = {(row["stage"], row["round"]): dict(row) for row in record["stages"]}
    for event in events:
        group, _, what = event["type"].partition("_")
        stage = _PARALLEL.get(group)
        if stage is None or what not in {"started", "finished"} or "round" not in event:
            continue
        at = event["at"]
        row = rows.setdefault(
            (stage, event["round"]),
            {"stage": stage, "round": event["round"], "started": at, "finished": None},
        )
        row["started"] = min(row["started"], at)
        if what == "finished":
            row["finished"] = max(row["finished"] or at, at)
    return sorted(rows.values(), key=lambda row: str(row["started"]))
