"""What people see on a terminal and in a log: progress, closing summary, `show`."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.records import EVENTS, RECORD, record_with, trial, write_run

from macrohard.record import read_record
from macrohard.report.live import Progress
from macrohard.report.show import runs_table, show_run, show_stage, stage_record
from macrohard.report.summary import print_summary

HOSTILE = "\x1b[2J[red]gone[/red]\x07"


def printed(width: int = 100, *, terminal: bool = False, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(file=file, width=width, height=20, force_terminal=terminal, color_system=None)


def text_of(console: Console) -> str:
    file: Any = console.file
    data: bytes = file.buffer.getvalue()
    return data.decode(file.encoding)


# -- plain lines ---------------------------------------------------------------------------------


def test_without_a_terminal_each_event_worth_telling_is_a_line() -> None:
    console = printed()
    with Progress(console, "spec.md") as progress:
        for event in EVENTS:
            progress.take(event)
    lines = [line[11:] for line in text_of(console).splitlines()]
    assert lines == [
        "run tools-20240305 starts",
        "stage intake, round 1",
        "  W1 data-engineer: Storage",
        "  W2 cli-engineer: Commands",
        "  W1 ready",
        "  unit tests: 40 passed, 1 failed",
        "  novice with X1: not satisfied (2.5 s): step 2: 17.50 was not shown",
        "  defect D1 (major): The total counts drafts",
        "decision after round 1: another round. One defect is open.",
    ]


def test_plain_lines_are_never_wrapped_styled_or_steered() -> None:
    console = printed(width=20)
    with Progress(console, "spec.md") as progress:
        progress.take({**EVENTS[4], "title": HOSTILE + " a long title" * 9})
    (line,) = text_of(console).splitlines()
    assert "\x1b" not in line
    assert "[2J[red]gone[/red]" in line
    assert line.count("a long title") == 9


def test_minor_remarks_are_no_lines_of_a_log() -> None:
    console = printed()
    with Progress(console, "spec.md") as progress:
        progress.take({**EVENTS[11], "severity": "minor"})
    assert text_of(console) == ""


def test_plain_lines_go_to_ascii_logs(tmp_path: Path) -> None:
    console = printed(encoding="ascii")
    with Progress(console, "spec.md") as progress:
        for event in EVENTS:
            progress.take(event)
    print_summary(console, record_with(), tmp_path)
    assert "1 of 2 satisfied" in text_of(console)


# -- live view -----------------------------------------------------------------------------------


def test_the_live_view_shows_stages_work_tests_users_and_cost() -> None:
    console = printed(terminal=True)
    with Progress(console, "spec.md") as progress:
        for event in EVENTS:
            progress.take(event)
    shown = text_of(console)
    for said in (
        "spec.md", "round 1", "intake", "release", "W2", "cli-engineer", "Commands", "at work",
        "unit tests 40 of 41", "users satisfied 0 of 1", "1 defect so far", "1 call", "400 tokens",
        "$0.2500", "1 agent at work", "last answer from intake-analyst",
    ):  # fmt: skip
        assert said in shown, said


def test_the_live_view_fits_a_low_window_and_says_what_it_hides() -> None:
    console = printed(terminal=True)
    with Progress(console, "spec.md") as progress:
        for number in range(60):
            progress.take({**EVENTS[4], "item": f"W{number}"})
    last = text_of(console).split("round 1")[-1]
    assert "and 49 more" in last
    assert len(last.splitlines()) <= 20


def test_all_are_shown_where_there_is_room() -> None:
    console = printed(terminal=True)
    with Progress(console, "spec.md") as progress:
        for number in range(8):
            progress.take({**EVENTS[6], "item": f"W{number}"})
    last = text_of(console).split("round 1")[-1]
    assert all(f"W{number} " in last for number in range(8))
    assert " more" not in last


def test_a_narrow_window_cuts_titles_and_nothing_else() -> None:
    console = printed(width=70, terminal=True)
    long = {**EVENTS[10], "trial": "r1-X10-accountant", "persona": "accountant"}
    with Progress(console, "spec.md") as progress:
        progress.take({**EVENTS[4], "title": "a very long title " * 9})
        progress.take(long)
    last = text_of(console).split("round 1")[-1]
    assert all(len(line) <= 70 for line in last.splitlines() if "\x1b" not in line)
    for whole in ("W1", "data-engineer", "at work", "r1-X10-accountant", "not satisfied"):
        assert whole in last
    assert "a very long" in last
    assert "…" in last


def test_nothing_of_the_totals_is_cut_in_a_narrow_window() -> None:
    console = printed(width=60, terminal=True)
    role = "acceptance-test-author"
    with Progress(console, "spec.md", earlier=EVENTS) as progress:
        progress.take({**EVENTS[2], "role": role})
    shown = text_of(console)
    assert f"last answer from {role}" in shown
    assert "at work" in shown


def test_a_stage_and_its_mark_stay_on_one_line() -> None:
    for width in (30, 50, 80, 120):
        console = printed(width=width, terminal=True)
        with Progress(console, "spec.md"):
            pass
        for line in text_of(console).splitlines():
            assert not line.rstrip().endswith("·"), line


def test_the_live_view_is_ascii_where_the_terminal_is() -> None:
    console = printed(terminal=True, encoding="ascii")
    with Progress(console, "spec.md") as progress:
        progress.take(EVENTS[1])
        progress.take(EVENTS[4])
    assert "> W1" in text_of(console)


def test_the_live_view_cannot_be_steered_by_titles() -> None:
    console = printed(terminal=True)
    with Progress(console, HOSTILE) as progress:
        progress.take({**EVENTS[4], "title": HOSTILE})
    shown = text_of(console)
    assert "\x1b[2J[red]" not in shown
    assert "[2J[red]gone[/red]" in shown
    assert "\x07" not in shown


def test_a_resumed_run_goes_on_counting() -> None:
    console = printed(terminal=True)
    with Progress(console, "spec.md", earlier=EVENTS) as progress:
        progress.take({**EVENTS[2], "usd": 0.5})
    assert "2 calls" in text_of(console)
    assert "$0.7500" in text_of(console)


# -- closing summary -----------------------------------------------------------------------------


def summary(tmp_path: Path, **changes: Any) -> str:
    console = printed()
    print_summary(console, record_with(**changes), tmp_path / "my run")
    return text_of(console)


def test_the_summary_says_what_how_who_and_at_what_cost(tmp_path: Path) -> None:
    said = summary(tmp_path)
    assert said.startswith("Released: shop\n")
    folder = str(tmp_path / "my run" / "app")
    assert f"cd '{folder}' && python -m shop --help" in said
    assert "python -m unittest" in said
    assert "unit 41 passed, 0 failed; acceptance 58 passed, 2 failed" in said
    assert "1 of 2 satisfied (hostile 0/1, novice 1/1)" in said
    assert "$0.3100, 12 calls, 8.0 k tokens, 1 min 29 s" in said
    assert "- r2-X2-hostile: a traceback appeared" in said
    assert "- D2 (blocker): An empty name ends in a traceback" in said
    assert "D1" not in said


def test_the_summary_says_how_pages_and_windows_are_opened(tmp_path: Path) -> None:
    plain = summary(tmp_path)
    assert "Open it" not in plain
    assert "Its window" not in plain
    opened = {
        "serve": ["python", "-m", "shop", "serve", "--port", "{port}"],
        "window": ["python", "-m", "shop", "window"],
    }
    said = summary(tmp_path, app={**RECORD["app"], **opened})
    assert "python -m shop serve --port 8000" in said
    assert "&& python -m shop window" in said


def test_the_summary_tells_known_issues_that_are_no_open_defects(tmp_path: Path) -> None:
    assert "Known issues" not in summary(tmp_path)
    again = f"Open: {RECORD['defects'][1]['title']} (blocker)"
    said = summary(tmp_path, known_issues=["No example wug was found.", again])
    assert "Known issues\n- No example wug was found." in said
    assert again not in said


def test_the_summary_of_a_stopped_run_says_how_to_go_on(tmp_path: Path) -> None:
    said = summary(tmp_path, status="interrupted", error="Stopped before the end.")
    assert "Interrupted: shop\nStopped before the end." in said
    assert f"macrohard resume '{tmp_path / 'my run'}'" in said
    assert "python -m shop" not in said


def test_the_summary_of_a_run_that_a_cap_stopped_has_the_best_so_far(tmp_path: Path) -> None:
    said = summary(tmp_path, status="stopped", error="A cap.", best={"said": "round 1: fine"})
    assert "Best so far round 1: fine; not accepted" in said
    assert "python -m shop --help" in said
    assert "macrohard resume" in said


def test_the_summary_names_the_first_of_many(tmp_path: Path) -> None:
    trials = [trial(f"r2-X{n}-novice", 2, "novice", satisfied=False, why="no") for n in range(9)]
    said = summary(tmp_path, trials=trials, satisfied=0, scenarios=9)
    assert said.count("-novice: no") == 5
    assert "- and 4 more" in said


def test_the_worst_defect_is_told_first(tmp_path: Path) -> None:
    kinds = ("minor", "major", "blocker", "minor")
    defects = [
        {**RECORD["defects"][1], "id": f"D{number}", "severity": kind}
        for number, kind in enumerate(kinds)
    ]
    said = summary(tmp_path, defects=defects)
    assert re.findall(r"- (D\d)", said) == ["D2", "D1", "D0", "D3"]


def test_the_summary_shows_hostile_texts_as_texts(tmp_path: Path) -> None:
    said = summary(tmp_path, error=HOSTILE, app=None, id=HOSTILE)
    assert "\x1b" not in said
    assert "[red]gone[/red]" in said


# -- show ----------------------------------------------------------------------------------------


def test_show_lists_stages_items_and_trials(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    console = printed(width=160)
    show_run(console, read_record(run), run)
    said = text_of(console)
    for wanted in (
        "Released: shop",
        "requirements",
        "W3",
        "repair-engineer",
        "r2-X2-hostile",
        "no",
        "Cost by model",
        "Cost by role",
        "Cost by work item or trial",
    ):
        assert wanted in said
    row = next(line for line in said.splitlines() if line.startswith("data-engineer"))
    assert row.split()[1:6] == ["11", "5,700", "1,900", "1,900", "$0.3100"]


def test_show_of_a_stage_has_its_times_events_and_cost(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    console = printed()
    show_stage(console, read_record(run), run, "intake")
    assert "Round 1: began 2024-03-05T10:00:00.000+00:00, took 1.5 s." in text_of(console)
    assert "1 call, 400 tokens, $0.00" in text_of(console)


@pytest.mark.parametrize(
    ("stage", "types"),
    [
        ("coding", ["item_started", "item_started", "item_finished"]),
        ("users", ["trial_started", "trial_finished"]),
        ("triage", ["defect", "decision"]),
        ("integrate", ["commit"]),
        ("verify", ["tests_finished"]),
        ("release", []),
    ],
)
def test_each_event_belongs_to_its_stage(tmp_path: Path, stage: str, types: list[str]) -> None:
    run = write_run(tmp_path)
    part = stage_record(read_record(run), run, stage)
    assert [event["type"] for event in part["events"]] == types
    assert part["stage"] == stage


def test_a_stage_that_has_not_begun_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    console = printed()
    show_stage(console, read_record(run), run, "release")
    assert "Stage release has not begun" in text_of(console)


def test_runs_are_lines_of_a_table(tmp_path: Path) -> None:
    run = write_run(tmp_path / "one")
    console = printed(width=160)
    console.print(runs_table([(run, read_record(run))]))
    assert "released" in text_of(console).splitlines()[1]
    assert "1/2" in text_of(console)
