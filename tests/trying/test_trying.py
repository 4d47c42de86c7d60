"""``macrohard try``: users with written scenarios, and users who look round, on any application."""

import json
from pathlib import Path

import pytest

from macrohard import try_app
from macrohard.cli.main import main
from macrohard.config import Settings
from macrohard.errors import SandboxError, SpecError, UsageError
from macrohard.trying import TryResult
from macrohard.users import judge_again

BOXES = Settings(sandbox="process", allow_process_sandbox=True)
FLAGS = ("--sandbox", "process", "--allow-process-sandbox", "--quiet")
SCENARIOS = """\
# A note is kept

1. Write it
   - open "/"
   - fill "Note" with "Milk"
   - click "Add note"
   - see "{seen}"

At the end:
- come back
- open "/"
- see "{kept}"

# A request

1. GET /api
   - see "[]"
"""
COUNTING = """\
# Counting

1. Start it, and count to two
   - type `python count.py`
   - see "Counter 0"
   - press "Up Up"
   - see "Counter 2"
   - not see "Counter 3"
2. Leave
   - press "q"
   - see "Bye."
   - exit 0
"""


def tried(app: Path, text: str, **options: object) -> TryResult:
    path = app.parent / "scenarios.md"
    path.write_text(text)
    given = {"settings": BOXES, "scenarios": path, "out": app.parent / "out", "explore": False}
    return try_app(app, **(given | options))


SERVE = "python notes.py {port}"


@pytest.mark.parametrize(
    ("seen", "kept", "said"),
    [("Milk", "Milk", ""), ("Tea", "Milk", "'Tea' was not shown"), ("Milk", "Tea", "At the end")],
)
def test_users_are_judged_by_what_the_application_did(
    app: Path, seen: str, kept: str, said: str
) -> None:
    text = SCENARIOS.format(seen=seen, kept=kept)
    result = tried(app, text, serve=SERVE, trials=2, personas=["hostile"])
    assert [trial.scenario for trial in result.trials] == ["A note is kept", "A request"]
    first, second = result.trials
    assert second.satisfied
    assert (first.satisfied, result.accepted) == (not said, not said)
    assert said in "\n".join(first.reasons)
    again = judge_again(app.parent / "out" / "trials" / first.trial)
    assert (again.satisfied, again.reasons) == (first.satisfied, first.reasons)


@pytest.mark.parametrize("wanted", [2, 4])
def test_a_full_screen_program(app: Path, wanted: int) -> None:
    text = COUNTING.replace('see "Counter 2"', f'see "Counter {wanted}"')
    result = tried(app, text, run="python count.py", personas=["novice"])
    assert result.accepted == (wanted == 2)
    assert (app.parent / "out" / "trials" / "T1-novice" / "trial.cast").exists()


def test_looking_round_finds_what_no_scenario_is_about(app: Path) -> None:
    result = try_app(app, serve=SERVE, settings=BOXES, out=app.parent / "out")
    told = {finding.check for finding in result.findings if finding.severity == "major"}
    assert {"markup", "crash"} <= told
    assert not result.accepted
    tape = json.loads((app.parent / "out" / "exploration" / "pages" / "tape.json").read_text())
    markup = next(finding for finding in result.findings if finding.check == "markup")
    assert tape["entries"][markup.action - 1]["number"] == markup.action


def test_the_command_line_ends_as_it_says(
    app: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "s.md"
    path.write_text(COUNTING)
    run = ("try", str(app), "--run", "python count.py", "--scenario", str(path), "--n", "1")
    assert main([*run, "--no-explore", *FLAGS, "--out", str(tmp_path / "a"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["accepted"], told["satisfied"], len(told["trials"])) == (True, 1, 1)
    path.write_text(COUNTING.replace("Counter 2", "Counter 5"))
    assert main([*run, "--no-explore", *FLAGS, "--out", str(tmp_path / "b")]) == 1
    assert main([*run, "--no-explore", *FLAGS, "--out", str(tmp_path / "b")]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_what_cannot_be_tried_is_told_before_anything_is_written(app: Path) -> None:
    with pytest.raises(SpecError, match=r"scenarios.md:1: .*takes a language model"):
        tried(app, "# Count\n\nCount to two.\n", run="python count.py")
    with pytest.raises(UsageError, match="not known how it is started"):
        try_app(app)
    with pytest.raises(UsageError, match="no such folder"):
        try_app("no-such-folder")
    with pytest.raises(UsageError, match="say what to try"):
        try_app()
    with pytest.raises(UsageError, match="where the port goes"):
        try_app(app, serve="python notes.py")
    with pytest.raises(UsageError, match="plays no user"):
        try_app(app, run="python count.py", personas=["architect"])
    with pytest.raises(UsageError, match="nothing to try"):
        try_app(app, run="python count.py", explore=False)
    with pytest.raises(UsageError, match=r"nobody tries “A request” .*uses interface api"):
        tried(app, SCENARIOS, serve=SERVE, personas=["keyboard-only"])
    assert sorted(path.name for path in app.parent.iterdir()) == ["app", "scenarios.md"]


def test_code_of_others_needs_more_than_the_process_sandbox(app: Path) -> None:
    with pytest.raises(SandboxError, match="an application that the offline model did not build"):
        try_app(
            app,
            run="python count.py",
            settings=Settings(sandbox="process"),
            out=app.parent / "out",
        )


def test_a_program_that_is_not_there_is_a_finding_and_a_filter_may_wait(app: Path) -> None:
    result = try_app(app, run="no-such-program", settings=BOXES, out=app.parent / "a")
    assert [(f.check, f.severity) for f in result.findings] == [("start", "major")]
    assert try_app(app, run="python -m json.tool", settings=BOXES, out=app.parent / "b").accepted


@pytest.mark.parametrize(
    ("source", "check", "words"),
    [
        (None, "start", "cannot be started"),
        ("import os\nos.kill(os.getppid(), 9)\n", "crash", "took the whole terminal down"),
        ("import tkinter\ntkinter.Tk()\n", "start", "add --desktop"),
    ],
)
def test_a_program_that_never_runs_is_not_accepted(
    app: Path, source: str | None, check: str, words: str
) -> None:
    if source is not None:
        (app / "odd.py").write_text(source)
    result = try_app(app, run="python odd.py", settings=BOXES, out=app.parent / "out")
    assert not result.accepted
    assert words in next(f.title for f in result.findings if f.check == check)


def test_a_server_that_does_not_start_is_a_finding(app: Path) -> None:
    result = try_app(app, serve="python no.py {port}", settings=BOXES, out=app.parent / "out")
    (finding,) = result.findings
    assert (finding.check, finding.severity) == ("start", "major")
    assert "no.py" in finding.evidence
