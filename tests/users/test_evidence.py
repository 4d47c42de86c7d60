"""What a trial leaves on disk, judged again from there; the recording."""

import json
import re
from pathlib import Path

import pytest

from macrohard.llm.base import ToolCall
from macrohard.sandbox import Sandbox
from macrohard.users import (
    TerminalDriver,
    UserTools,
    how_to_run,
    judge,
    judge_again,
    write_evidence,
)
from macrohard.users.cast import Cast
from macrohard.users.furnish import furnish
from macrohard.work import Scenario, ScenarioStep, StepResult, Verdict

SCENARIO = Scenario(
    id="X1",
    title="Greeting",
    goal="be greeted",
    criteria=("S1.C1",),
    steps=(
        ScenarioStep(intent="be greeted", expect="hello", see=("héllo",), exit_code=0),
        ScenarioStep(intent="look at the colour", expect="it is red"),
    ),
)
VERDICT = Verdict(
    satisfied=True,
    summary="fine",
    steps=(
        StepResult(step=1, did="typed", satisfied=True, screen_quote="héllo"),
        StepResult(step=2, did="typed", satisfied=True, screen_quote="red"),
    ),
)


async def play(driver: TerminalDriver) -> UserTools:
    tools = UserTools(driver, "X1", "novice")
    lines = [("echo héllo", 1), (r"printf '\033[31mred\033[0m \377\n'", 2), ("exit 1", 0)]
    for text, step in lines:
        arguments = json.dumps({"text": text, "step": step})
        await tools.run(ToolCall(id="c", name="type_line", arguments=arguments))
    return tools


async def test_judging_again_from_the_folder_gives_the_same_result(
    terminal: TerminalDriver, tmp_path: Path
) -> None:
    tape = (await play(terminal)).tape()
    result = write_evidence(tmp_path / "t1", SCENARIO, VERDICT, tape, terminal.cast)
    assert result.satisfied
    assert result == judge(SCENARIO, VERDICT, tape)
    assert judge_again(tmp_path / "t1") == result
    assert json.loads((tmp_path / "t1" / "result.json").read_text())["satisfied"] is True


async def test_a_trial_without_a_verdict_is_judged_again_too(
    terminal: TerminalDriver, tmp_path: Path
) -> None:
    tape = (await play(terminal)).tape()
    result = write_evidence(tmp_path, SCENARIO, None, tape)
    assert not result.satisfied
    assert judge_again(tmp_path) == result
    assert not (tmp_path / "trial.cast").exists()
    assert "No verdict" in (tmp_path / "transcript.txt").read_text()


async def test_the_transcript_can_be_read(terminal: TerminalDriver, tmp_path: Path) -> None:
    tape = (await play(terminal)).tape()
    write_evidence(tmp_path, SCENARIO, VERDICT, tape, terminal.cast)
    text = (tmp_path / "transcript.txt").read_text()
    assert "X1 Greeting" in text
    assert re.search(
        r"--- 1 \(step 1, \d+\.\d s\) typed: echo héllo\nhéllo\n\(exit status 0\)", text
    )
    assert "=== SATISFIED after 3 actions" in text


async def test_the_recording_is_valid_and_holds_nothing_of_the_harness(
    terminal: TerminalDriver,
) -> None:
    await play(terminal)
    header, *events = [json.loads(line) for line in terminal.cast.text().splitlines()]
    assert header["version"] == 2
    assert (header["width"], header["height"]) == (60, 20)
    times = [event[0] for event in events]
    assert times == sorted(times)
    assert times[0] >= 0
    assert {event[1] for event in events} == {"o", "i", "m"}
    assert events[-1][1:] == ["m", "acted"], "each action ends with a marker"
    shown = "".join(data for _, code, data in events if code == "o")
    assert shown.startswith("[0] $ echo héllo\r\nhéllo\r\n[0] $ ")
    assert "\x1b[31mred\x1b[0m \ufffd" in shown
    assert "7717" not in shown
    assert "stty" not in shown
    typed = "".join(data for _, code, data in events if code == "i")
    assert typed.startswith("echo héllo\r")


def test_a_recording_is_bounded_and_survives_half_characters() -> None:
    cast = Cast(24, 80, limit=100)
    cast.output("\ud800" + "x" * 60)
    cast.output("y" * 60)
    cast.output("z" * 60)
    cast.resized(10, 20)
    events = [json.loads(line) for line in cast.text().splitlines()[1:]]
    shown = "".join(data for _, code, data in events if code == "o")
    assert shown.count("x") == 60
    assert shown.count("y") == 39
    assert "z" not in shown
    assert "not recorded" in shown
    assert events[-1][1:] == ["r", "20x10"]


def test_how_to_run_quotes_what_a_shell_would_split() -> None:
    text = how_to_run(("python", "-m", "my app"), "expenses")
    assert text.startswith("The program expenses is started with: python -m 'my app'\n")
    assert "python -m 'my app' --help" in text


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    for name in ("tool/__main__.py", "tool/part/x.py", "data/seed.csv", ".git/config"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("print('runs')\n")
    (root / "README.md").write_text("readme")
    (root / "tool.db").write_text("left behind by a test")
    (root / "link").symlink_to("/etc/hostname")
    return root


async def test_an_app_is_laid_out_with_its_code_read_only_and_its_data_fresh(
    box: Sandbox, app: Path
) -> None:
    await furnish(box, app)
    async with TerminalDriver(box, cwd="app") as driver:
        tools = UserTools(driver, "X", "p")

        async def line(text: str) -> str:
            arguments = json.dumps({"text": text})
            return await tools.run(ToolCall(id="c", name="type_line", arguments=arguments))

        assert await line("ls -A") == "README.md  data  tool\n[0] $ "
        assert await line("python -m tool") == "runs\n[0] $ "
        assert (await line("echo x > tool/__main__.py")).endswith("[2] $ ")
        assert await line("echo x > tool.db; echo y > data/new; cat tool.db data/new") == (
            "x\ny\n[0] $ "
        )


async def test_where_nothing_was_built_the_user_sits_in_an_empty_folder(
    box: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    await furnish(box, tmp_path)
    listed = await box.exec(["ls", "-A"], timeout_s=20, cwd="app")
    assert (listed.returncode, listed.stdout) == (0, "")
