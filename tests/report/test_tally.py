"""The live view's sums."""

from typing import Any

from support.records import EVENTS

from macrohard.report.tally import Tally


def tally_of(*events: dict[str, Any]) -> Tally:
    tally = Tally()
    for event in events:
        tally.take(event)
    return tally


def test_the_events_of_a_round_are_added_up() -> None:
    tally = tally_of(*EVENTS)
    assert (tally.calls, tally.tokens, tally.usd, tally.reused) == (1, 400, 0.25, 0)
    assert tally.tests == {"unit": (40, 1)}
    assert tally.defects == 1
    assert [one.name for one in tally.at_work] == ["W2"]
    assert tally.trials["r1-X1-novice"].outcome == "not satisfied"
    assert tally.items["W1", 1].outcome == "merged"


def test_stages_follow_each_other() -> None:
    tally = tally_of(*EVENTS[:2])
    assert (tally.stages["intake"], tally.stages["requirements"]) == ("working", "waiting")
    tally.take({"type": "stage_finished", "stage": "intake", "round": 1})
    tally.take({"type": "stage_started", "stage": "requirements", "round": 1})
    assert (tally.stages["intake"], tally.stages["requirements"]) == ("done", "working")


def test_coding_has_no_events_of_its_own_but_ends_when_integration_begins() -> None:
    tally = tally_of(EVENTS[4])
    assert tally.stages["coding"] == "working"
    tally.take({"type": "stage_started", "stage": "integrate", "round": 1})
    assert tally.stages["coding"] == "done"
    assert tally.stages["integrate"] == "working"


def test_a_new_round_begins_with_coding() -> None:
    tally = tally_of(
        {"type": "stage_started", "stage": "triage", "round": 1}, {**EVENTS[4], "round": 2}
    )
    assert tally.round == 2
    assert tally.stages["plan"] == "done"
    assert tally.stages["coding"] == "working"
    assert tally.stages["triage"] == "waiting"
    assert ("W1", 2) in tally.items
    assert tally.trials_of_round == []


def test_an_answer_from_the_disk_costs_nothing_again() -> None:
    call = EVENTS[2]
    tally = tally_of(call, {**call, "reused": True})
    assert (tally.calls, tally.reused, tally.tokens, tally.usd) == (1, 1, 400, 0.25)


def test_who_was_at_work_when_the_run_was_killed_is_at_work_no_more() -> None:
    tally = tally_of(*EVENTS, {"type": "run_started", "id": "again", "resumed": True})
    assert tally.at_work == []
    assert tally.items["W2", 1].outcome == "interrupted"
    tally.take(EVENTS[5])
    assert [one.name for one in tally.at_work] == ["W2"]


def test_ends_are_numbered_in_their_order() -> None:
    tally = tally_of(*EVENTS)
    assert tally.trials["r1-X1-novice"].ended > tally.items["W1", 1].ended > 0
    assert tally.items["W2", 1].ended == 0
    tally.take({"type": "commit", "item": "W9", "sha": "b" * 40})


def test_the_end_is_noted_and_the_unknown_is_left_alone() -> None:
    tally = tally_of({"type": "weather", "rain": True}, {"type": "run_finished", "status": "stop"})
    assert tally.status == "stop"
    tally.take({"type": "trial_failed", "trial": "r1-X9-novice", "reason": "no verdict"})
    assert tally.trials["r1-X9-novice"].outcome == ""


def test_suites_and_reviewers_are_at_work_until_they_are_done() -> None:
    started = {"type": "check_started", "check": "unit", "title": "tests", "round": 1}
    tally = tally_of(started, {**started, "check": "code-reviewer", "title": "review"})
    assert [one.name for one in tally.at_work] == ["unit", "code-reviewer"]
    assert tally.stages["verify"] == "working"
    ended = {"type": "check_finished", "check": "unit", "round": 1, "outcome": "passed"}
    tally.take(ended)
    assert [one.name for one in tally.at_work] == ["code-reviewer"]
    assert [one.outcome for one in tally.checks_of_round] == ["passed", ""]
