"""A user without a browser, at a small site that behaves, and at the same one with a defect."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from support.shed import Shed, Standing, shed

from macrohard.users.base import (
    Action,
    Attach,
    Back,
    Choose,
    Click,
    Fill,
    Observation,
    Open,
    Press,
    UserActionError,
)
from macrohard.users.web.forms import FormDriver


@asynccontextmanager
async def visitor(
    broken: str = "",
) -> AsyncIterator[tuple[Callable[..., object], type[Shed], FormDriver]]:
    with shed(broken) as (base, handler):
        async with FormDriver(Standing(base)) as driver:  # type: ignore[arg-type]

            async def do(*actions: Action) -> Observation:
                seen = await driver.observe()
                for action in actions:
                    seen = await driver.act(action)
                return seen

            yield do, handler, driver


async def test_a_form_is_filled_in_by_its_labels_and_its_hidden_fields_go_along() -> None:
    async with visitor() as (do, handler, _):
        seen = await do(
            Fill(label="name", text="Rake & <b>"),
            Choose(label="Kind", option="2"),
            Click(name="Add a thing"),
        )
        assert handler.sent == [{"t": ["7"], "n": ["Rake & <b>"], "k": ["2"]}]
        assert seen.state.http_status == 200
        assert "cookie seen=yes" in seen.text


async def test_a_double_click_sends_twice_and_going_back_finds_what_was_typed() -> None:
    async with visitor() as (do, handler, _):
        await do(Fill(label="Name", text="Saw"), Click(name="Add a thing", twice=True))
        assert len(handler.sent) == 2
        seen = await do(Back())
        assert '- textbox "Name": Saw' in seen.screen
        await do(Click(name="Add a thing"))
        assert handler.sent[2] == handler.sent[0]


async def test_a_file_is_uploaded_with_its_content() -> None:
    async with visitor() as (do, handler, _):
        await do(
            Open(address="/upload"),
            Attach(label="CSV file", file="a.csv", content="id\n1\n"),
            Click(name="Add a thing"),
        )
        assert 'filename="a.csv"' in handler.bodies[0]
        assert "\r\n\r\nid\n1\n\r\n" in handler.bodies[0]


async def test_an_attachment_is_saved_and_read_and_the_page_stays() -> None:
    async with visitor() as (do, _, _driver):
        seen = await do(Open(address="/export"), Click(name="Export"))
        assert seen.screen.startswith('page "Shed" at /export, status 200\n')
        assert seen.screen.endswith('saved file "things.csv":\nid,name\n1,Rake\n')
        assert "id,name\n1,Rake" in seen.text
        again = await do(Click(name="Export"), Back())
        assert "at /, status 200" in again.screen
        assert "saved file" not in again.screen


async def test_redirects_are_followed_and_lost_pages_are_pages() -> None:
    async with visitor() as (do, _, _driver):
        assert "at /, status 200" in (await do(Open(address="/old"))).screen
        seen = await do(Open(address="/nowhere"))
        assert (seen.state.http_status, seen.problems) == (404, ())


async def test_what_cannot_be_done_is_said_with_what_can() -> None:
    async with visitor() as (do, _, _driver):
        for action, told in (
            (Click(name="Save"), "'Add a thing'"),
            (Fill(label="Colour", text="x"), "'Name'"),
            (Choose(label="Kind", option="stone"), "'1 garden'"),
            (Fill(label="Kind", text="x"), "choose one"),
            (Open(address="http://example.org/"), "another site"),
            (Press(keys="Tab"), "no keyboard"),
        ):
            with pytest.raises(UserActionError, match=told):
                await do(action)


@pytest.mark.parametrize(
    ("broken", "actions", "kind", "told"),
    [
        ("", (Open(address="/crash"),), "error", "status 500"),
        ("", (Click(name="Help"),), "error", "does nothing"),
        ("label", (), "accessibility", "no label"),
    ],
)
async def test_defects_are_noticed_by_themselves(
    broken: str, actions: tuple[Action, ...], kind: str, told: str
) -> None:
    async with visitor(broken) as (do, _, _driver):
        (problem,) = (await do(*actions)).problems
        assert problem.kind == kind
        assert told in problem.text


async def test_a_site_that_behaves_has_no_problems() -> None:
    async with visitor() as (do, _, _driver):
        assert (await do(Fill(label="Name", text="x"), Click(name="Add a thing"))).problems == ()
