"""Demos: what can be shown is shown as it was, captions fit, and what is missing is told."""

import asyncio
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageColor
from support.scripted import says

from macrohard.artwork.drawing import icon_svg
from macrohard.artwork.palettes import PALETTES
from macrohard.artwork.type import mono_font
from macrohard.cli.main import main
from macrohard.config import Settings
from macrohard.demo import make_demo
from macrohard.errors import ReplyError, UsageError
from macrohard.film.cut import LONGEST_S, Strip, check_tools, vtt
from macrohard.film.icon import own_icon
from macrohard.film.material import Trial, complaint, read_trials, shortcomings, told
from macrohard.film.screens import SIZE, draw_terminal, film
from macrohard.llm.base import Reply, Request
from macrohard.llm.offline.parts.film import cut
from macrohard.record import read_record, write_record
from macrohard.run import create_run
from macrohard.spec import Spec
from macrohard.users.base import Observation, Open, State, Tape, Taped, TypeLine
from macrohard.users.cast import Cast
from macrohard.users.film import make_film
from macrohard.users.judging.evidence import write_evidence
from macrohard.users.reel import Look, Reel
from macrohard.users.terminals.screen import Window
from macrohard.users.terminals.tokens import Tokenizer
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


def record_web_trial(folder: Path, name: str, *, film: bool = True) -> dict[str, Any]:
    """A trial at a browser: red, and after the second action blue, by way of lime."""
    place = folder / "trials" / f"r1-{name}"
    place.mkdir(parents=True)
    entries = []
    with Reel(place) as reel:
        for number, colour in enumerate(("red", "blue"), start=1):
            picture = io.BytesIO()
            Image.new("RGB", (640, 480), colour).save(picture, "PNG")
            (place / f"{number:03}.png").write_bytes(picture.getvalue())
            if number == 2:
                green = io.BytesIO()
                Image.new("RGB", (640, 480), "lime").save(green, "PNG")
                reel.frame(green.getvalue(), 1.5)
            reel.look(Look(f"{number:03}.png", number - 0.9, number), picture.getvalue())
            seen = Observation(
                text=f"{colour} page", screen=f"{colour} page",
                state=State(at="page", http_status=200), picture=f"{number:03}.png",
            )  # fmt: skip
            step = number - 1  # the first is on the way to the only step
            entries.append(Taped(number=number, step=step, action=Open(address="/"), seen=seen))
        if film:
            asyncio.run(make_film(reel, place, (640, 480)))
    steps = (ScenarioStep(intent="See blue", expect="it", see=("blue",)),)
    scenario = Scenario(
        id=name, title="Web", goal="g", interface="web", criteria=("S1.C1",), steps=steps
    )
    done = (StepResult(step=1, did="it", satisfied=True),)
    verdict = Verdict(satisfied=True, summary="s", steps=done)
    tape = Tape(scenario=name, persona="careful", entries=tuple(entries))
    result = write_evidence(place, scenario, verdict, tape)
    return {
        "id": f"r1-{name}", "round": 1, "scenario": name, "persona": "careful",
        "satisfied": result.satisfied,
    }  # fmt: skip


def trials_of(run: Path) -> list[Trial]:
    return read_trials(sorted((run / "trials").iterdir()))


def offline_cuts(run: Path) -> CutList:
    from support.workbench import scene

    trials = trials_of(run)
    documents = {"notes": (run / "RELEASE.md").read_text(), "trials": told(trials, "Corner shop")}
    return cut(scene(documents, stage="release", role="video-editor", output="CutList"))


def test_the_offline_editor_shows_a_satisfied_trial_without_its_help_text(run: Path) -> None:
    cuts = offline_cuts(run)
    assert cuts == offline_cuts(run)
    assert {shot.trial for shot in cuts.shots} == {"r1-X2"}
    assert [shot.step for shot in cuts.shots] == [1, 2, 3, 4], "in order, the help not first"
    assert (cuts.title, cuts.subtitle) == ("Corner shop", "Keeps the stock")
    assert complaint(cuts, trials_of(run)) == ""


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
    assert said in complaint(CutList(title="T", shots=named), trials_of(run))


@films
def test_a_terminal_is_filmed_as_it_looked_letter_by_letter(run: Path) -> None:
    trial = trials_of(run)[1]
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
    assert (run / "demo.mp4").read_bytes() == target.read_bytes(), "the same run, the same film"
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
    write_record(run, {**read_record(run), "trials": []})
    with pytest.raises(UsageError, match="macrohard resume"):
        asyncio.run(make_demo(run, run / "a.mp4"))


def test_captions_have_the_form_of_webvtt() -> None:
    text = vtt([(0.0, 3.0, "a --> b"), (3661.25, 3662.0, "two\nlines")])
    assert "00:00:00.000 --> 00:00:03.000\na → b\n" in text
    assert "2\n01:01:01.250 --> 01:01:02.000\ntwo lines\n" in text


# -- films -----------------------------------------------------------------------------------------


def add_web(run: Path, *, film: bool) -> None:
    """A web trial beside those at the terminal, and an icon of the application's own."""
    row = record_web_trial(run, "X7", film=film)
    record = read_record(run)
    write_record(run, {**record, "trials": [*record["trials"], row]})
    static = run / "app" / "shop" / "static"
    static.mkdir(parents=True)
    (static / "icon.svg").write_text(icon_svg("paw", PALETTES[3]))
    (static / "pictures.json").write_text('{"icon": {"file": "icon.svg"}}')


def middles(video: Path) -> list[tuple[int, int, int]]:
    """The middle of a film's pictures, those that differ."""
    command = [
        "ffmpeg", "-v", "error", "-i", str(video), "-vf", "crop=64:64:608:250,scale=1:1",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    ]  # fmt: skip
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return [tuple(data[at : at + 3]) for at in range(0, len(data), 3)]  # type: ignore[misc]


@films
def test_a_web_app_is_shown_at_a_browser_first_and_in_motion_then_at_the_terminal(
    run: Path, tmp_path: Path
) -> None:
    add_web(run, film=True)
    made = asyncio.run(make_demo(run, tmp_path / "a.mp4", model="offline"))
    assert made.cuts.shots[0].trial == "r1-X7"
    assert '"film": "640x480"' in told(trials_of(run), "Shop")
    assert {shot.trial for shot in made.cuts.shots[1:]} == {"r1-X2"}
    assert made.shortcomings == ()
    pixels = middles(tmp_path / "a.mp4")
    red, lime, blue = (
        next(number for number, pixel in enumerate(pixels) if near(pixel, colour))
        for colour in ("red", "lime", "blue")
    )
    assert 36 <= red < lime < blue, "what was between two looks is seen"
    with Image.open(tmp_path / "a.png") as poster:
        # The icon's own colour, not one by the title; the poster has 64 colours.
        assert near(poster.convert("RGB").getpixel((95, 360)), PALETTES[3].main)
    said = made.film.captions.read_text().rstrip()
    assert said.endswith("Satisfied: 2 of 3 simulated users. python -m shop")
    assert made.film.seconds < 60


def near(pixel: tuple[int, ...], colour: str) -> bool:
    wanted = ImageColor.getrgb(colour)
    return all(abs(a - b) < 24 for a, b in zip(pixel, wanted, strict=True))


def test_without_a_browser_pages_are_text_and_that_is_told_with_the_reason(run: Path) -> None:
    add_web(run, film=False)
    cuts = offline_cuts(run)
    assert cuts.shots[0].trial == "r1-X7"
    (said,) = shortcomings(cuts, trials_of(run))
    assert said.startswith("Stills instead of a film: of r1-X7 there are only pictures, since no")
    tape = run / "trials" / "r1-X7" / "tape.json"
    tape.write_text(re.sub(r'"00\d.png"', '""', tape.read_text()))
    (said,) = shortcomings(cuts, trials_of(run))
    assert said.startswith("Text instead of a film: in r1-X7 the user had no browser")
    assert "--browser" in said


def test_a_demo_is_pressed_under_a_minute_and_its_cards_stay_as_long(tmp_path: Path) -> None:
    strip = Strip(tmp_path)
    picture = Image.new("RGB", (8, 8), "teal")
    strip.add(picture, 3.0, "Shop")
    for step in range(1, 11):
        for _ in range(8):
            strip.add(picture, 1.25, Shot(trial="T", step=step, caption=f"step {step}"))
    strip.add(picture, 3.0, "end")
    strip.press(LONGEST_S)
    assert strip.seconds == pytest.approx(LONGEST_S)
    said = strip.said()
    assert len(said) == 12
    assert said[0] == (0.0, 3.0, "Shop")
    assert said[1] == (3.0, pytest.approx(8.2), "step 1")
    assert len(list(tmp_path.iterdir())) == 1, "a picture lies there once"


@films
def test_a_desk_is_shown_rather_than_a_telephone(run: Path) -> None:
    add_web(run, film=True)
    shutil.copytree(run / "trials" / "r1-X7", run / "trials" / "r1-X6")
    sizes = {"X6": 360, "X7": 1280}
    for name, width in sizes.items():
        notes = run / "trials" / f"r1-{name}" / "film.json"
        notes.write_text(notes.read_text().replace('"width": 640', f'"width": {width}'))
    assert offline_cuts(run).shots[0].trial == "r1-X7"
    (run / "trials" / "r1-X7" / "film.webm").unlink()
    assert offline_cuts(run).shots[0].trial == "r1-X6"


@films
def test_what_a_try_left_can_be_shown_too(run: Path, tmp_path: Path) -> None:
    tried = tmp_path / "tried"
    tried.mkdir()
    (run / "trials").rename(tried / "trials")
    rows = [
        {"trial": name, "scenario": "s", "persona": "careful", "satisfied": True}
        for name in ("r1-X1", "r1-X2")
    ]
    (tried / "try.json").write_text(json.dumps({"app": "Shop", "out": "", "trials": rows}))
    assert main(["demo", str(tried)]) == 0
    assert json.loads((tried / "demo.json").read_text())["title"] == "Shop"
    (tried / "try.json").write_text('{"app": "Shop", "out": ""}')
    with pytest.raises(UsageError, match="--scenario FILE"):
        asyncio.run(make_demo(tried, tmp_path / "a.mp4"))


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_an_icon_that_somebody_else_drew_is_the_one_that_is_shown(
    tmp_path: Path, kind: str
) -> None:
    static = tmp_path / "static"
    static.mkdir()
    if kind == "png":
        Image.new("RGBA", (40, 40), "teal").save(static / "i.png")
    else:
        if (
            "librsvg"
            not in subprocess.run(
                ["ffmpeg", "-v", "quiet", "-decoders"], capture_output=True, text=True, check=True
            ).stdout
        ):
            pytest.skip("this ffmpeg draws no SVG")
        square = '<rect width="9" height="9" fill="teal"/>'
        (static / "i.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{square}</svg>'
        )
    (static / "pictures.json").write_text(json.dumps({"icon": {"file": f"../x/i.{kind}"}}))
    icon = own_icon(tmp_path, 30)
    assert icon is not None
    assert (icon.picture.size, near(icon.picture.getpixel((15, 15)), "teal")) == ((30, 30), True)
    for wrong in ("[]", "{", '{"icon": {"file": "none.png"}}', '{"icon": 5}'):
        (static / "pictures.json").write_text(wrong)
        assert own_icon(tmp_path, 30) is None
