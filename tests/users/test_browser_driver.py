"""A user at a real browser, where there is one."""

from pathlib import Path

import pytest
from support.shed import Standing, shed

from macrohard.llm.offline.personas.pages import Look
from macrohard.users.base import Back, Choose, Click, Fill, Open, Press, UserActionError
from macrohard.users.browser import BrowserDriver
from macrohard.users.chromium import Beside, find_browser

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


async def test_what_a_browser_notices_is_a_problem(tmp_path: Path) -> None:
    with shed("label") as (base, _):
        driver = BrowserDriver(Standing(base), Beside(), tmp_path)  # type: ignore[arg-type]
        async with driver:
            seen = await driver.observe()
            grave = [p.text for p in seen.problems if p.severity == "major"]
            assert any("label" in text for text in grave)
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
