"""A user at a real browser, where there is one."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.shed import Standing, shed

from macrohard.habits import Habits
from macrohard.llm.offline.personas.pages import Look
from macrohard.users.base import Back, Choose, Click, Fill, Open, OtherTab, Press, UserActionError
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.chromium import Beside, find_browser

PROGRAM = find_browser()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Playwright, or no Chromium on the path")


async def test_a_form_is_filled_in_sent_and_found_again_by_going_back(tmp_path: Path) -> None:
    with shed() as (base, handler):
        driver = BrowserDriver(Standing(base), Beside(), tmp_path)  # type: ignore[arg-type]
        async with driver:
            await driver.act(Fill(label="Name", text="<b>Rake</b>"))
            await driver.act(Choose(label="Kind", option="2"))
            seen = await driver.act(Click(name="Add a thing"))
            assert handler.sent == [{"t": ["7"], "n": ["<b>Rake</b>"], "k": ["2"]}]
            assert seen.state.http_status == 200
            assert (tmp_path / seen.picture).stat().st_size > 1000
            seen = await driver.act(Back())
            assert '- textbox "Name"' in seen.screen
            seen = await driver.act(Press(keys="Tab"))
            assert "focus: input" in seen.screen
            with pytest.raises(UserActionError, match="Add a thing"):
                await driver.act(Click(name="Save"))
            with pytest.raises(UserActionError, match="another site"):
                await driver.act(Open(address="http://example.org/"))


async def test_a_number_that_stands_in_a_field_is_read_as_such(tmp_path: Path) -> None:
    with shed() as (base, _):
        driver = BrowserDriver(Standing(base), Beside(), tmp_path)  # type: ignore[arg-type]
        async with driver:
            for text in ("0", "1.50", "yes: 'no'", '"'):
                look = Look((await driver.act(Fill(label="Name", text=text))).screen)
                assert look.holds("Name", text), look.text
                assert not look.holds("Name", "7")


@pytest.mark.parametrize("habits", [Habits(), Habits(input="keyboard")], ids=lambda h: h.input)
async def test_fields_of_dates_and_numbers_are_filled_in_rightly_and_wrongly(
    tmp_path: Path, habits: Habits
) -> None:
    right = {"Day": "2026-03-01", "At": "2026-03-01 10:30", "Quantity": "12.50"}
    wrong = {"Day": "2026-02-30", "At": "tomorrow", "Quantity": "three"}
    with shed() as (base, handler):
        driver = BrowserDriver(Standing(base), Beside(), tmp_path, habits)  # type: ignore[arg-type]
        async with driver:
            for texts in (right, wrong):
                await driver.act(Open(address="/when"))
                for label, text in texts.items():
                    look = Look((await driver.act(Fill(label=label, text=text))).screen)
                    assert look.holds(label, text), look.text
                await driver.act(Click(name="Add a time"))
    assert handler.sent == [
        {"d": ["2026-03-01"], "a": ["2026-03-01T10:30"], "q": ["12.50"]},
        {"d": ["2026-02-30"], "a": ["tomorrow"], "q": ["three"]},
    ]


async def test_what_a_browser_notices_is_a_problem(tmp_path: Path) -> None:
    with shed("label") as (base, _):
        driver = BrowserDriver(Standing(base), Beside(), tmp_path)  # type: ignore[arg-type]
        async with driver:
            seen = await driver.observe()
            grave = [p.text for p in seen.problems if p.severity == "major"]
            assert any("label" in text for text in grave)
            seen = await driver.act(Open(address="/notes.txt"))
            assert seen.problems == (), "a text or a picture is no page of the application's making"
            seen = await driver.act(Open(address="/crash"))
            assert any("status 500" in p.text for p in seen.problems)


async def test_an_attachment_is_saved_and_read_and_the_page_stays(tmp_path: Path) -> None:
    with shed() as (base, _):
        driver = BrowserDriver(Standing(base), Beside(), tmp_path)  # type: ignore[arg-type]
        async with driver:
            await driver.act(Open(address="/export"))
            seen = await driver.act(Click(name="Export"))
            assert seen.screen.startswith('page "Shed" at /export, status 200\n')
            assert seen.screen.endswith('saved file "things.csv":\nid,name\n1,Rake\n')
            assert "id,name\n1,Rake" in seen.text


async def test_with_the_keyboard_alone_a_form_is_sent_and_what_tab_never_meets_is_a_defect(
    tmp_path: Path,
) -> None:
    keys = Habits(input="keyboard")
    with shed() as (base, handler):
        async with BrowserDriver(Standing(base), Beside(), tmp_path, keys) as driver:  # type: ignore[arg-type]
            await driver.act(Fill(label="Name", text="Anna's rake"))
            await driver.act(Choose(label="Kind", option="2"))
            await driver.act(Click(name="Add a thing"))
            assert handler.sent == [{"t": ["7"], "n": ["Anna's rake"], "k": ["2"]}]
            await driver.ask("document.querySelector('main > button').tabIndex = -1")
            with pytest.raises(UserActionError, match="'Help' cannot be reached with the keyboard"):
                await driver.act(Click(name="Help"))
            await driver.ask(TRAP)
            with pytest.raises(UserActionError, match="trapped: Tab goes round among 1 of 3"):
                await driver.act(Click(name="Add a thing"))
            texts = [problem.text for problem in (await driver.observe()).problems]
            assert any("cannot be reached" in text for text in texts)
            assert any("trapped" in text for text in texts)


TRAP = """document.getElementById('n').focus(); document.getElementById('n').addEventListener(
 'keydown', e => { if (e.key === 'Tab') e.preventDefault(); });"""


async def test_habits_are_those_of_the_window(tmp_path: Path) -> None:
    habits = Habits(window="1280x1000", zoom=200, contrast="forced", language="is")
    with shed() as (base, _):
        async with BrowserDriver(Standing(base), Beside(), tmp_path, habits) as driver:  # type: ignore[arg-type]
            asked = await driver.ask(
                "[innerWidth, devicePixelRatio, matchMedia('(forced-colors: active)').matches, "
                "navigator.language]"
            )
            assert asked == [640, 2, True, "is"]
            seen = await driver.act(OtherTab())
            assert "Shed" in seen.screen
            await driver.act(Fill(label="Name", text="second tab"))
            assert "second tab" not in (await driver.act(OtherTab())).screen
            assert "second tab" in (await driver.act(OtherTab())).screen
    film = (tmp_path / "film.webm").read_bytes()
    assert film[:4] == b"\x1aE\xdf\xa3"  # EBML: a Matroska file, which WebM is
    assert b"webm" in film[:64]


HOLDS = """
import asyncio
from macrohard.users.web.chromium import Beside

class Server:
    base = inside = "http://127.0.0.1:9"

async def main():
    async with Beside().start(Server()) as address:
        print(address, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_user_who_is_killed_leaves_no_browser_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        place = urlsplit(user.stdout.readline())
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", place.port or 0)) == 0
        user.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", place.port or 0)) != 0:
                return
        time.sleep(0.1)
    pytest.fail("the browser's server still listens")


ASK_BY_UDP = """(async port => {
  const peer = new RTCPeerConnection({iceServers: [{urls: `stun:127.0.0.1:${port}`}]});
  peer.createDataChannel('x');
  const gathered = new Promise(done => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
  });
  await peer.setLocalDescription(await peer.createOffer());
  await Promise.race([gathered, new Promise(done => setTimeout(done, 1500))]);
  return peer.iceGatheringState;
})(%d)"""


async def test_no_datagram_of_a_page_reaches_another_server(tmp_path: Path) -> None:
    with shed() as (base, _), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.setblocking(False)
        async with BrowserDriver(Standing(base), Beside(), tmp_path) as driver:  # type: ignore[arg-type]
            assert await driver.ask(ASK_BY_UDP % other.getsockname()[1]) is not None
        with pytest.raises(BlockingIOError):
            other.recv(100)
