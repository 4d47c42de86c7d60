"""`macrohard build` and `resume` against the real engine, stopped early wherever that is enough."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from support.commands import ENVIRONMENT, Command

from macrohard.users.web import chromium

SPEC = """# Jam cellar

Keeps the jars of a jam cellar.

## Data

### Jar
- fruit: text, required
- filled: date
- price: decimal, at least 0

## Features

- Add, list, show, edit and delete jars
- Total price of jars

## Interface

- command line
"""

Browser = Callable[[str, str], None]
"""Makes a browser need this package and this program, and nothing else."""

ALL_OPTIONS = (
    "--sandbox", "process", "--allow-process-sandbox", "--rounds", "2", "--min-satisfied", "3",
    "--mutants", "5", "--min-caught", "0.75", "--browser",
        "--offline-packages",
    "--faults", "0.5", "--seed", "11", "--concurrency", "2", "--approve", "design", "--approve",
    "users", "--max-usd", "1.5", "--max-tokens", "9", "--max-calls", "0", "--max-minutes", "7",
    "--cluster", "gb200-nvl72", "--model", "offline", "--model", "mailbox:b",
    "--tier", "fast=mailbox:c", "--role", "novice=strong", "--role", "careful=offline",
)  # fmt: skip


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.md"
    path.write_text(SPEC)
    return path


@pytest.fixture
def browser_of(monkeypatch: pytest.MonkeyPatch) -> Browser:
    def need(package: str, program: str) -> None:
        monkeypatch.setattr(chromium, "_PACKAGES", (package,))
        monkeypatch.setattr(chromium, "PROGRAMS", (program,))

    return need


@pytest.fixture
def stopped(spec: Path, tmp_path: Path, process: Command) -> Path:
    """A real run that no call was allowed for."""
    assert process("build", str(spec), "--out", "r", "--max-calls", "0", "--quiet").code == 5
    return tmp_path / "r"


def test_a_cap_stops_the_run_with_its_code_and_says_where_it_is_kept(
    macrohard: Command, spec: Path
) -> None:
    said = macrohard("build", spec.name, "--out", "my run", "--max-calls", "0")
    assert (said.code, said.out) == (5, "")
    lines = said.err.splitlines()
    assert lines[0].endswith("s  run my run starts") or "starts" in lines[0]
    assert "The run is kept in my run. Go on with: macrohard resume 'my run'" in lines
    assert lines[-1].startswith("error: ")
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        (("no_such_package", "sh"), "pip install -e '.[browser]'"),
        (("json", "no-such-program"), "apt-get install chromium-headless-shell"),
    ],
)
def test_a_browser_that_cannot_be_driven_is_refused_before_anything_is_built(
    macrohard: Command, spec: Path, browser_of: Browser, needs: tuple[str, str], told: str
) -> None:
    browser_of(*needs)
    said = macrohard("build", spec.name, "--out", "r", "--max-calls", "0", "--browser")
    assert said.code == 4
    flat = " ".join(said.err.split())
    assert told in flat
    assert flat.count(" install ") == 1  # of the one that is there nothing is said
    assert not (spec.parent / "r").exists()
    assert told in " ".join(macrohard("doctor").out.split())


def test_every_option_reaches_the_run(
    macrohard: Command, spec: Path, tmp_path: Path, browser_of: Browser
) -> None:
    browser_of("json", "sh")  # nobody comes to sit at it
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own-reviewer.md").write_text(
        "---\nname: own-reviewer\nstage: verify\nduty: reviewer\ndescription: Reads.\n"
        "output: Review\ntools: [bash]\ntier: fast\n---\n" + "Read it well. " * 20
    )
    arguments = (*ALL_OPTIONS, "--agents", "mine", "--record", "tape.json", "--out", "r", "--quiet")
    assert macrohard("build", spec.name, *arguments).code == 5
    options = json.loads((tmp_path / "r" / "run.json").read_text())["options"]
    assert options == {
        "model": "offline",
        "sandbox": "process",
        "sandbox_runtime": "",
        "allow_process_sandbox": True,
        "rounds": 2,
        "min_satisfied": 3,
        "mutants": 5,
        "min_caught": 0.75,
        "browser": True,
        "desktop": False,
        "offline_packages": True,
        "faults": 0.5,
        "seed": 11,
        "agents": str(tmp_path / "mine"),
        "concurrency": 2,
        "record": str(tmp_path / "tape.json"),
        "cluster": "gb200-nvl72",
        "approve": ["design", "users"],
        "caps": {"usd": 1.5, "tokens": 9, "calls": 0, "minutes": 7.0},
        "routing": {
            "fallbacks": ["mailbox:b"],
            "tiers": {"fast": ["mailbox:c"]},
            "roles": {"novice": ["strong"], "careful": ["offline"]},
            "endpoints": {},
            "prices": {},
        },
    }


def test_quiet_says_nothing_but_the_error(macrohard: Command, spec: Path) -> None:
    said = macrohard("build", spec.name, "--max-calls", "0", "--quiet")
    assert said.out == ""
    assert said.err.count("\n") == 1


def test_json_is_one_document_whatever_happens(
    macrohard: Command, spec: Path, tmp_path: Path
) -> None:
    said = macrohard("build", spec.name, "--out", "r", "--max-calls", "0", "--json")
    told = json.loads(said.out)
    assert (told["status"], told["exit_code"], told["run_dir"]) == ("error", 5, "r")
    assert told["error"]["type"] == "BudgetError"
    (tmp_path / "broken.md").write_text("# Nothing\n")
    told = json.loads(macrohard("build", "broken.md", "--out", "q", "--json").out)
    assert (told["exit_code"], told["run_dir"]) == (2, None)
    assert not (tmp_path / "q").exists()
    told = json.loads(macrohard("build", spec.name, "--rounds", "0", "--json").out)
    assert (told["exit_code"], told["error"]["type"]) == (2, "ConfigError")
    (tmp_path / "macrohard.toml").write_text("[build]\nraunds = 1\n")
    told = json.loads(macrohard("build", spec.name, "--json").out)
    assert told["error"]["message"].startswith("macrohard.toml:2: unknown key build.raunds")


def test_a_run_without_a_place_goes_below_runs_and_is_found_there(
    macrohard: Command, spec: Path, tmp_path: Path
) -> None:
    said = macrohard("build", spec.name, "--max-calls", "0")
    (folder,) = (tmp_path / "runs").iterdir()
    assert f"The run is kept in runs/{folder.name}." in said.err
    assert folder.name in macrohard("runs").out
    assert macrohard("show", folder.name[:4]).code == 0
    assert (folder / "report.html").is_file()


def test_the_spec_may_come_from_standard_input(process: Command, tmp_path: Path) -> None:
    said = process("build", "-", "--out", "r", "--max-calls", "0", stdin=SPEC)
    assert said.code == 5
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert record["spec"]["source"] == "<stdin>"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.md",), "missing.md: no such file. `macrohard init` writes"),
        (("spec.md", "--approve", "testing"), "There is no stage 'testing'. The stages are: "),
        (("spec.md", "--rounds", "0"), "--rounds 0: must be between 1 and 100."),
        (("spec.md", "--faults", "2"), "--faults 2.0: must be between 0.0 and 1.0."),
        (("spec.md", "--sandbox", "cloud"), "--sandbox cloud: choose auto, docker or process"),
        (("spec.md", "--agents", "missing"), "missing: no such folder"),
        (("spec.md", "--max-usd", "-1"), "--max-usd -1.0: must be a number, 0 or more"),
        (("spec.md", "--out", "spec.md"), "spec.md exists and is no folder"),
        (("spec.md", "--out", "full"), "is not a run of macrohard; it was left untouched"),
    ],
)
@pytest.mark.usefixtures("spec")
def test_what_cannot_be_built_is_refused_and_leaves_nothing(
    macrohard: Command, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    result = macrohard("build", *arguments)
    assert result.code == 2
    assert said in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_an_unreadable_line_is_told_by_file_and_line(
    macrohard: Command, spec: Path, tmp_path: Path
) -> None:
    spec.write_text(SPEC.replace("price: decimal", "price: colour"))
    said = macrohard("build", spec.name)
    assert said.code == 2
    assert said.err.startswith("error: spec.md:10: ")
    assert not (tmp_path / "runs").exists()


def test_advice_about_models_stands_once_on_a_line_of_its_own(
    macrohard: Command, tmp_path: Path
) -> None:
    (tmp_path / "pong.md").write_text("# Pong\n\nA game.\n\n## Play\n\n- Bounce.\n")
    said = macrohard("build", "pong.md")
    assert said.code == 2
    first, second, advice = said.err.strip().splitlines()
    assert "the embedded model builds record-keeping applications only" in first
    assert second.startswith("pong.md:5: ")
    assert advice.startswith("A language model may read it")


def test_a_cassette_is_recorded_and_played(macrohard: Command, spec: Path, tmp_path: Path) -> None:
    recorded = macrohard(
        "build", spec.name, "--out", "a", "--record", "tape", "--max-calls", "3", "-q"
    )
    assert recorded.code == 5
    played = macrohard(
        "build", spec.name, "--out", "b", "--replay", "tape", "--max-calls", "3", "-q"
    )
    assert played.code == 5
    runs = [json.loads((tmp_path / run / "run.json").read_text()) for run in ("a", "b")]
    assert [run["cost"]["calls"] for run in runs] == [3, 3]
    assert runs[1]["options"]["model"] == "replay:tape"
    said = macrohard("build", spec.name, "--replay", "tape", "--model", "openai:x")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "leave out --model" in said.err


def test_resume_of_what_is_no_run(macrohard: Command) -> None:
    said = macrohard("resume", "nothing")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "there is no run 'nothing'" in said.err


def test_resume_checks_the_approved_stage(macrohard: Command, stopped: Path) -> None:
    said = macrohard("resume", str(stopped), "--approved", "testing")
    assert said.code == 2
    assert "There is no stage 'testing'" in said.err


def test_a_run_that_a_cap_stopped_goes_on_with_a_higher_one(
    macrohard: Command, stopped: Path
) -> None:
    assert macrohard("resume", str(stopped), "--quiet").code == 5
    said = macrohard("resume", str(stopped), "--max-calls", "2", "--quiet")
    assert said.code == 5
    assert "over the cap of 2" in said.err
    record = json.loads((stopped / "run.json").read_text())
    assert record["options"]["caps"]["calls"] == 2
    assert record["cost"]["calls"] == 2
    refused = macrohard("resume", str(stopped), "--max-calls", "-1")
    assert (refused.code, refused.err) == (
        2,
        "error: --max-calls -1: must be a number, 0 or more.\n",
    )


def test_without_a_person_an_approval_is_never_given(process: Command, spec: Path) -> None:
    said = process("build", str(spec), "--out", "r", "--approve", "intake")
    assert said.code == 1
    assert "macrohard resume r --approved intake" in said.err
    assert process("show", "r").out.startswith("Stopped: r")


def start(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "macrohard.cli.main", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=ENVIRONMENT,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_resumably(
    spec: Path, tmp_path: Path, number: signal.Signals
) -> None:
    running = start("build", spec.name, "--out", "r", folder=tmp_path)
    wait_for(tmp_path / "r" / "events.jsonl", "call_finished")
    running.send_signal(number)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 130
    assert err.splitlines()[-1] == "error: Stopped. Go on with: macrohard resume r"
    assert "Traceback" not in err
    assert json.loads((tmp_path / "r" / "run.json").read_text())["status"] == "interrupted"


def test_two_processes_on_one_run_are_one_too_many(
    spec: Path, tmp_path: Path, process: Command
) -> None:
    running = start("build", spec.name, "--out", "r", folder=tmp_path)
    try:
        wait_for(tmp_path / "r" / "events.jsonl", "stage_started")
        # Held, so that it cannot be over before the other one asks.
        running.send_signal(signal.SIGSTOP)
        said = process("resume", "r")
    finally:
        running.send_signal(signal.SIGCONT)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=120)
    assert said.code == 2
    assert f"is being worked on by another process (pid {running.pid})" in said.err


def wait_for(path: Path, text: str, seconds: float = 60.0) -> None:
    """Wait until a text is in a file."""
    end = time.monotonic() + seconds
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < end, f"{text} never came"
        time.sleep(0.05)


# -- on a terminal -------------------------------------------------------------------------------


def on_terminal(
    *arguments: str, folder: Path, term: str = "xterm-256color"
) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        sys.executable,
        ["-m", "macrohard.cli.main", *arguments],
        cwd=str(folder),
        env={**ENVIRONMENT, "TERM": term},
        dimensions=(30, 100),
        encoding="utf-8",
        timeout=120,
    )


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_person_at_a_terminal_is_asked_and_no_stops_the_run(spec: Path, tmp_path: Path) -> None:
    child = on_terminal("build", spec.name, "--out", "r", "--approve", "intake", folder=tmp_path)
    child.expect_exact("Stage intake is done. Go on? [y/N] ")
    assert "intake" in plain(child.before or "")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert "error: Stage intake was not approved." in plain(child.before or "")


def test_yes_goes_on_with_the_next_stage(spec: Path, tmp_path: Path) -> None:
    child = on_terminal("build", spec.name, "--out", "r", "--approve", "intake", folder=tmp_path)
    child.expect_exact("Go on? [y/N] ")
    child.sendline("y")
    wait_for(tmp_path / "r" / "events.jsonl", '"requirements"')
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


def test_ctrl_c_at_the_question_is_a_no(spec: Path, tmp_path: Path) -> None:
    child = on_terminal("build", spec.name, "--out", "r", "--approve", "intake", folder=tmp_path)
    child.expect_exact("Go on? [y/N] ")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus in {1, 130}
    assert "Traceback" not in plain(child.before or "")
    status = json.loads((tmp_path / "r" / "run.json").read_text())["status"]
    assert status in {"stopped", "interrupted"}


def test_ctrl_c_on_a_terminal_leaves_it_as_it_was(spec: Path, tmp_path: Path) -> None:
    child = on_terminal("build", spec.name, "--out", "r", folder=tmp_path)
    wait_for(tmp_path / "r" / "events.jsonl", "call_finished")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    shown = child.before or ""
    assert child.exitstatus == 130
    assert "Go on with: macrohard resume r" in plain(shown)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_a_dumb_terminal_gets_plain_lines(spec: Path, tmp_path: Path) -> None:
    child = on_terminal(
        "build", spec.name, "--out", "r", "--max-calls", "0", folder=tmp_path, term="dumb"
    )
    child.expect(pexpect.EOF)
    child.close()
    shown = child.before or ""
    assert "stage intake, round 1" in shown
    assert "\x1b" not in shown


def test_a_place_that_cannot_be_written_is_a_usage_error(macrohard: Command, spec: Path) -> None:
    said = macrohard("build", spec.name, "--out", "/proc/r")
    assert said.code == 2
    assert said.err.startswith("error: /proc/r cannot be ")
