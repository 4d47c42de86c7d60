"""Films of trials: what was on the screen, in order and in time, whatever ends the trial."""

import asyncio
import contextlib
import io
import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shed import Standing, shed

from macrohard.habits import Habits
from macrohard.journal import Journal
from macrohard.trying.plan import Plan, Room
from macrohard.trying.target import Target
from macrohard.trying.tryout import try_target
from macrohard.users.base import Open, OtherTab, Wait
from macrohard.users.film import FILM, NO_FFMPEG, FilmNotes, find_ffmpeg, make_film
from macrohard.users.reel import LONGEST_S, LONGEST_STILL_S, SLOT_S, Look, Reel, Timeline
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.chromium import Beside, find_browser
from macrohard.users.web.screencast import Screencast

FFMPEG = find_ffmpeg()
films = pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg")
browsers = pytest.mark.skipif(
    FFMPEG is None or find_browser() is None, reason="no Playwright, Chromium or ffmpeg"
)
COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def colours(film: Path) -> list[tuple[str, float]]:
    """The colours that the middle of a film has one after the other, and for how long each."""
    command = [
        str(FFMPEG), "-v", "error", "-i", str(film), "-vf",
        "fps=25,crop=iw/4:ih/4,scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    ]  # fmt: skip
    data = subprocess.run(command, capture_output=True, check=True).stdout
    names = [_nearest(data[at : at + 3]) for at in range(0, len(data), 3)]
    return [(name, len(list(group)) / 25) for name, group in itertools.groupby(names)]


def _nearest(pixel: bytes) -> str:
    def far(name: str) -> int:
        return sum(abs(a - b) for a, b in zip(COLOURS[name], pixel, strict=True))

    return min(COLOURS, key=far)


def picture(colour: str, kind: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(data, kind)
    return data.getvalue()


# -- reels -----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0.01, 90), st.booleans()), max_size=30))
def test_time_in_a_film_goes_on_and_stands_still_for_two_seconds_at_most(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[float, bool]]
) -> None:
    now = 100.0
    with Reel(tmp_path_factory.getbasetemp()) as reel:
        for number, (gap, looked) in enumerate(given):
            now += gap
            if looked:
                reel.look(Look(f"{number}.png", now, now), b"%d" % number)
            else:
                reel.frame(b"%d" % number, now)
        frames = reel.frames()
        timeline = Timeline(frames) if frames else None
        for look in reel.looks:
            assert timeline is not None
            shown = zip(frames, timeline.begins, strict=True)
            last = [frame for frame, begin in shown if begin == timeline.of(look.ended)][-1]
            assert last.path.read_bytes() == look.picture.removesuffix(".png").encode()
    begins = timeline.begins if timeline else []
    assert all(0 <= b - a <= LONGEST_STILL_S for a, b in itertools.pairwise(begins))
    assert len(frames) <= len(given)


def test_of_a_flurry_the_last_frame_of_each_slot_stays_and_late_ones_are_dropped(
    tmp_path: Path,
) -> None:
    with Reel(tmp_path) as reel:
        for number in range(100):
            reel.frame(b"%d" % number, number * SLOT_S / 10)
        reel.frame(b"late", 0.5)
        frames = reel.frames()
        assert len(frames) == 10
        assert frames[0].path.read_bytes() == b"9"
        assert frames[-1].path.read_bytes() == b"99"


def test_a_reel_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Reel(tmp_path) as reel:
        for number in range(1000):
            reel.frame(b"%d" % number, float(number))
        assert Timeline(reel.frames()).begins[-1] <= LONGEST_S
        assert not reel.whole
    monkeypatch.setattr("macrohard.users.reel.MOST_BYTES", 10)
    with Reel(tmp_path) as reel:
        reel.frame(b"x" * 8, 1.0)
        reel.frame(b"y" * 8, 2.0)
        assert len(reel.frames()) == 1
        assert not reel.whole
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_trial_left_is_deleted_by_the_next(tmp_path: Path) -> None:
    with Reel(tmp_path) as reel:
        left = reel.folder.with_name(f"{reel.folder.name}-old")
        left.mkdir()
        (left / "000000.png").touch()
    with Reel(tmp_path) as reel:
        assert list(tmp_path.iterdir()) == [reel.folder]


@films
def test_a_film_is_made_of_pictures_of_two_kinds_and_sizes_with_an_hour_left_out(
    tmp_path: Path,
) -> None:
    with Reel(tmp_path) as reel:
        reel.frame(picture("red"), 0.0)
        reel.look(Look("001.png", 0.0, 0.4), picture("lime", "PNG", (128, 96)))
        reel.frame(picture("blue", size=(30, 48)), 3600.0)
        film = asyncio.run(make_film(reel, tmp_path, (65, 49)))
    assert film is not None
    assert film.read_bytes()[:4] == b"\x1aE\xdf\xa3"  # EBML: a Matroska file, which WebM is
    assert [name for name, _ in colours(film)] == ["red", "lime", "blue"]
    assert [seconds for _, seconds in colours(film)] == pytest.approx([0.4, 2.0, 1.0], abs=0.09)
    notes = FilmNotes.model_validate_json((tmp_path / "film.json").read_bytes())
    assert (notes.seconds, notes.recorded_s, notes.whole) == (3.4, 3600.0, True)
    assert [(cue.picture, cue.begin, cue.end) for cue in notes.actions] == [("001.png", 0.0, 0.4)]


async def test_where_no_ffmpeg_is_that_is_told_once_and_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("macrohard.users.film.find_ffmpeg", lambda: None)
    monkeypatch.setattr("macrohard.users.web.screencast.find_ffmpeg", lambda: None)
    monkeypatch.setattr("macrohard.trying.tryout.find_ffmpeg", lambda: None)
    cast = Screencast(tmp_path, Habits())
    await cast.turn_to(object())
    cast.look("001.png", picture("red"))
    await cast.close()
    told: list[Any] = []
    with contextlib.closing(Journal(tmp_path / "events.jsonl", told.append)) as journal:
        room = Room(object(), object(), journal, tmp_path, asyncio.Semaphore(1))  # type: ignore[arg-type]
        await try_target(Target("none"), Plan(browser=True), room)
    assert [event["text"] for event in told if event["type"] == "notice"] == [NO_FFMPEG]
    assert not (tmp_path / FILM).exists()


# -- browsers --------------------------------------------------------------------------------------

SHOW = "document.documentElement.style.background = %r"
CHANGE = """(() => { const r = document.documentElement.style;
 setTimeout(() => r.background = 'lime', 300); setTimeout(() => r.background = 'blue', 600); })()"""


@browsers
async def test_what_moves_between_two_looks_is_in_the_film_and_so_is_the_tab_in_front(
    tmp_path: Path,
) -> None:
    with shed() as (base, _):
        async with BrowserDriver(Standing(base), Beside(), tmp_path) as driver:  # type: ignore[arg-type]
            await driver.ask(SHOW % "red")
            await driver.observe()
            await driver.ask(CHANGE)
            await driver.act(Wait(seconds=1))
            await driver.act(OtherTab())
            await driver.ask(SHOW % "lime")
            await driver.act(Wait(seconds=0))
            await driver.act(OtherTab())
    seen = colours(tmp_path / "film.webm")
    names = [name for name, _ in seen]
    assert [name for name in names if name != "white"] == ["red", "lime", "blue", "lime", "blue"]
    assert 0.2 < dict(seen[names.index("red") + 1 :][:1])["lime"] < 0.45
    notes = json.loads((tmp_path / "film.json").read_text())
    assert [cue["picture"] for cue in notes["actions"]] == [f"{n:03}.png" for n in range(1, 6)]
    wait = notes["actions"][1]
    assert 1 <= wait["end"] - wait["begin"] < 3


@browsers
async def test_when_a_browser_crashes_the_film_goes_up_to_there(tmp_path: Path) -> None:
    with shed() as (base, _):
        async with BrowserDriver(Standing(base), Beside(), tmp_path) as driver:  # type: ignore[arg-type]
            await driver.ask(SHOW % "red")
            await driver.act(Wait(seconds=0))
            session = await driver._page.context.new_cdp_session(driver._page)
            with contextlib.suppress(Exception):  # nobody is left to answer
                await asyncio.wait_for(session.send("Browser.crash"), 1)
            with pytest.raises(Exception, match=r"crashed|closed"):
                await driver.act(Open(address="/"))
    assert "red" in dict(colours(tmp_path / "film.webm"))
