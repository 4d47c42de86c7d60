"""Demos: what can be shown is shown as it was, captions fit, and what is missing is told."""

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.scripted import says

from macrohard.artwork.type import mono_font
from macrohard.cli.main import main
from macrohard.config import Settings
from macrohard.demo import make_demo
from macrohard.errors import ReplyError, UsageError
from macrohard.film.cut import check_tools, vtt
from macrohard.film.material import complaint, read_trials, told
from macrohard.film.screens import SIZE, draw_terminal, film
from macrohard.llm.base import Reply, Request
from macrohard.llm.offline.parts.film import cut
from macrohard.record import read_record, write_record
from macrohard.run import create_run
from macrohard.spec import Spec
from macrohard.users.base import Observation, State, Tape, Taped, TypeLine
from macrohard.users.cast import Cast
from macrohard.users.evidence import write_evidence
from macrohard.users.screen import Window
from macrohard.users.tokens import Tokenizer
from macrohard.work import CutList, Scenario, ScenarioStep, Shot, StepResult, Verdict

CAN_FILM = shutil.which("ffmpeg") is not None and mono_font(12) is not None
films = pytest.mark.skipif(
    not CAN_FILM, reason="no ffmpeg or no DejaVu (apt-get install ffmpeg fonts-dejavu-core)"
)
LINES = (
    ("app --help", "usage: app KIND VERB\n" + "words\n" * 9, 0, "usage"),
    ("app add Milk", "Added 1.", 0, "Added"),
    ("app list", "id name\n1 \x1b[31mMilk\x1b[0m", 0, "Milk"),
    ("app add", "error: a name is needed", 2, "error"),
)


def record_trial(folder: Path, name: str, *, happy: bool = True) -> dict[str, Any]:
    """A trial with a recording, as a terminal driver leaves it."""
    cast = Cast(24, 80)
    cast.output("[0] $ ")
    entries, steps = [], []
    for number, (line, answer, status, see) in enumerate(LINES, start=1):
        cast.typed(f"{line}\r")
        shown = answer.replace("\n", "\r\n")
        cast.output(f"{line}\r\n{shown}\r\n[{status}] $ ")
        cast.marker("acted")
        plain = re.sub(r"\x1b\[\d+m", "", answer)
        seen = Observation(text=plain, screen=plain, state=State(at="prompt", exit_status=status))
        entries.append(
            Taped(number=number, step=number, action=TypeLine(text=line), seen=seen, seconds=0.1)
        )
        steps.append(ScenarioStep(intent=f"Do {line}", expect="it", see=(see,) if see else ()))
    scenario = Scenario(id=name, title="First", goal="g", criteria=("S1.C1",), steps=tuple(steps))
    done = tuple(StepResult(step=n, did="it", satisfied=happy) for n in range(1, 5))
    verdict = Verdict(satisfied=happy, summary="s", steps=done) if happy else None
    tape = Tape(scenario=name, persona="careful", entries=tuple(entries))
    result = write_evidence(folder / "trials" / f"r1-{name}", scenario, verdict, tape, cast)
    return {
        "id": f"r1-{name}", "round": 1, "scenario": name, "persona": "careful",
        "satisfied": result.satisfied,
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    spec = Spec(text="# Corner shop\n", source="shop.md")
    folder = create_run(spec, Settings(sandbox="process"), tmp_path / "run")
    rows = [record_trial(folder, "X1", happy=False), record_trial(folder, "X2")]
    app = {"dir": "app", "name": "shop", "run": ["python", "-m", "shop"], "test": ["x"]}
    record = {**read_record(folder), "status": "released", "trials": rows, "app": app, "round": 1}
    write_record(folder, record)
    (folder / "RELEASE.md").write_text("# Corner shop: Keeps the stock. Nothing else.\n")
    return folder


def offline_cuts(run: Path) -> CutList:
    from support.workbench import scene

    trials = read_trials(run, read_record(run))
    documents = {"notes": (run / "RELEASE.md").read_text(), "trials": told(trials, "Corner shop")}
    return cut(scene(documents, stage="release", role="video-editor", output="CutList"))


def test_the_offline_editor_shows_a_satisfied_trial_without_its_help_text(run: Path) -> None:
    cuts = offline_cuts(run)
    assert cuts == offline_cuts(run)
    assert {shot.trial for shot in cuts.shots} == {"r1-X2"}
    assert [shot.step for shot in cuts.shots] == [1, 2, 3, 4], "in order, the help not first"
    assert (cuts.title, cuts.subtitle) == ("Corner shop", "Keeps the stock")
    assert cuts.ending == "1 of 2 simulated users were satisfied"
    assert complaint(cuts, read_trials(run, read_record(run))) == ""


@pytest.mark.parametrize(
    ("shots", "said"),
    [
        ([("r1-X9", 1)], "no trial 'r1-X9'; there are: r1-X1, r1-X2"),
        ([("r1-X1", 7)], "nothing was done for step 7"),
        ([("r1-X1", 3), ("r1-X2", 1), ("r1-X1", 2)], "comes after a later one"),
    ],
)
def test_what_did_not_happen_cannot_be_shown(
    run: Path, shots: list[tuple[str, int]], said: str
) -> None:
    named = tuple(Shot(trial=trial, step=step, caption="c") for trial, step in shots)
    assert said in complaint(CutList(title="T", shots=named), read_trials(run, read_record(run)))


@films
def test_a_terminal_is_filmed_as_it_looked_letter_by_letter(run: Path) -> None:
    trial = read_trials(run, read_record(run))[1]
    frames = film(trial, 3)
    assert len(frames) == len(range(0, len("app list"), 3)) + 1
    assert all(frame.picture.size == SIZE for frame in frames)
    colours = {colour for _, colour in frames[-1].picture.getcolors(1 << 20)}
    assert (0xFF, 0x7B, 0x72) in colours, "what was red is red"
    assert (0xFF, 0x7B, 0x72) not in {c for _, c in frames[-2].picture.getcolors(1 << 20)}
    # The same trial from a time when recordings had no markers: from the tape.
    cast = trial.folder / "trial.cast"
    cast.write_text("\n".join(x for x in cast.read_text().splitlines() if '"m"' not in x))
    assert len(film(trial, 3)) == 1


@films
def test_of_a_high_window_the_part_around_the_cursor_is_large_enough_to_read() -> None:
    window, tokens = Window(60, 80), Tokenizer()
    for token in tokens.feed("\r\n" * 55 + "\x1b[32mhere"):
        window.feed(token)
    colours = {colour for _, colour in draw_terminal(window).getcolors(1 << 20)}
    assert (0x7E, 0xE7, 0x87) in colours


@films
def test_a_demo_is_a_film_with_poster_and_captions(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out" / "shop.mp4"
    assert main(["demo", str(run), "--out", str(target), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    shown = "stream=width,height,codec_name:format=duration"
    probe = ["ffprobe", "-v", "error", "-show_entries", shown, "-of", "json", str(target)]
    found = json.loads(subprocess.run(probe, capture_output=True, check=True).stdout)
    (stream,) = found["streams"]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 1280, 720)
    assert float(found["format"]["duration"]) == pytest.approx(said["seconds"], abs=0.5)
    assert target.stat().st_size < 300_000
    captions = target.with_suffix(".vtt").read_text()
    assert captions.startswith("WEBVTT\n\n1\n00:00:00.000 --> 00:00:03.000\nCorner shop.")
    assert "Do app list" in captions
    assert target.with_suffix(".png").stat().st_size > 2_000
    record = read_record(run)
    assert record["cost"]["calls"] == 1, "the editor's call is in the accounts"
    assert main(["demo", str(run)]) == 0
    assert 'Demo: <a href="demo.mp4">demo.mp4</a>' in (run / "report.html").read_text()
    assert read_record(run)["cost"]["calls"] == 1, "and is not made twice"


class Editor:
    """A model that hands in one cut list after another."""

    name = "editor"

    def __init__(self, *answers: CutList) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        return says(self.answers[min(len(self.asked), len(self.answers)) - 1].model_dump_json())


@films
def test_an_editor_that_shows_what_was_not_is_told_and_asked_again(
    run: Path, tmp_path: Path
) -> None:
    wrong = CutList(title="Shop", shots=(Shot(trial="r1-X2", step=9, caption="c"),))
    right = CutList(title="Shop", shots=(Shot(trial="r1-X2", step=2, caption="Milk & <more>"),))
    editor = Editor(wrong, right)
    made = asyncio.run(make_demo(run, tmp_path / "a.mp4", model=editor))
    assert made.cuts == right
    assert "nothing was done for step 9" in editor.asked[1].messages[-1].content
    assert "Milk &amp; &lt;more>" in made.film.captions.read_text()
    shutil.rmtree(run / "calls")
    (run / "calls").mkdir()
    with pytest.raises(ReplyError):
        asyncio.run(make_demo(run, tmp_path / "b.mp4", model=Editor(wrong, wrong)))


def test_what_is_missing_is_told_with_what_to_install(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(run))
    monkeypatch.setattr("macrohard.artwork.type._FOLDERS", ())
    assert main(["demo", str(run)]) == 2
    said = capsys.readouterr().err
    assert "ffmpeg (on Debian: apt-get install ffmpeg)" in said
    assert "apt-get install fonts-dejavu-core" in said
    with pytest.raises(UsageError, match=r"\.mp4 or \.webm"):
        check_tools(Path("a.avi"))


def test_a_run_without_trials_says_how_to_get_them(run: Path) -> None:
    record = read_record(run)
    with pytest.raises(UsageError, match="macrohard resume"):
        read_trials(run, {**record, "trials": []})


def test_captions_have_the_form_of_webvtt() -> None:
    text = vtt([(0.0, 3.0, "a --> b"), (3661.25, 3662.0, "two\nlines")])
    assert "00:00:00.000 --> 00:00:03.000\na → b\n" in text
    assert "2\n01:01:01.250 --> 01:01:02.000\ntwo lines\n" in text
