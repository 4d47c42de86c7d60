"""Stages over time, parallel work included."""

from typing import Any

from macrohard.report.timeline import stage_rows


def at(second: int) -> str:
    return f"2024-03-05T10:00:{second:02d}.000+00:00"


def event(kind: str, second: int, round_: int = 1) -> dict[str, Any]:
    return {"type": kind, "at": at(second), "round": round_}


def row(stage: str, start: int, end: int | None, round_: int = 1) -> dict[str, Any]:
    finished = None if end is None else at(end)
    return {"stage": stage, "round": round_, "started": at(start), "finished": finished}


def test_coding_lasts_from_its_first_item_to_its_last() -> None:
    events = [
        event("item_started", 5), event("item_started", 6), event("item_finished", 9),
        event("item_finished", 8), event("item_started", 20, 2),
    ]  # fmt: skip
    record = {"stages": [row("plan", 1, 4), row("integrate", 10, 11)]}
    assert stage_rows(record, events) == [
        row("plan", 1, 4),
        row("coding", 5, 9),
        row("integrate", 10, 11),
        row("coding", 20, None, 2),
    ]


def test_the_users_begin_with_the_first_trial_and_end_with_the_count() -> None:
    events = [event("trial_started", 12), event("trial_finished", 18), event("commit", 3)]
    record = {"stages": [row("users", 19, 20)]}
    assert stage_rows(record, events) == [row("users", 12, 20)]


def test_events_of_other_kinds_change_nothing() -> None:
    assert stage_rows({"stages": []}, [{"type": "trial_failed", "at": at(1), "trial": "x"}]) == []
