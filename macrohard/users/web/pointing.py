"""How a user at a browser gets at things: with a mouse, a finger, or the keyboard alone.

Everything is found by the name that people read or hear. With the keyboard, Tab is pressed until
what was named has the focus; a page on which it never gets there keeps people out, and says so.
"""

import re
from collections.abc import Callable
from typing import Any, Literal, Protocol

from macrohard.users.base import UserActionError

_MOST_TABS = 400
_IN_PARTS = frozenset({"date", "time", "month", "week", "datetime-local"})
_MOST_PARTS = 9
_WHERE = """() => {
 const all = [...document.querySelectorAll("*")];
 return all.indexOf(document.activeElement === document.body ? null : document.activeElement); }"""
_REACHED = """() => [...document.querySelectorAll(
 'a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex],[contenteditable]')]
 .filter(e => e.tabIndex >= 0 && !e.disabled && e.getClientRects().length
 && getComputedStyle(e).visibility !== "hidden"
 && !(e.type === "radio" && e.name && document.querySelector(
   `input[type=radio][name="${CSS.escape(e.name)}"]:checked`) && !e.checked)).length"""
_MOVED = """([e, step]) => { const all = [...document.querySelectorAll(
 `input[type=radio][name="${CSS.escape(e.name)}"]`)]; return all.indexOf(e) - all.findIndex(
 r => r === document.activeElement); }"""

Notice = Callable[[Literal["accessibility"], str], None]
"""Told what keeps people out."""


class Pointing(Protocol):
    """One way of getting at things on a page."""

    async def click(self, found: Any, name: str, *, twice: bool) -> None:
        """Use a link, a button or a box."""
        ...

    async def fill(self, found: Any, label: str, text: str) -> None:
        """Replace what stands in a field."""
        ...

    async def choose(self, found: Any, label: str, option: str) -> None:
        """Choose an option of a list by its text."""
        ...

    async def reach(self, found: Any, name: str) -> None:
        """Get to something, and do nothing with it yet."""
        ...


_HOLDS = """(field, text) => {
    if (field.tagName !== 'INPUT' || text === '') return '';
    const other = field.cloneNode();
    other.value = text;
    if (other.value === '') field.type = 'text';
    return field.type;
}"""


async def make_hold(found: Any, text: str) -> str:
    """Make a field hold a text; as it has to be written there.

    Fields of dates and numbers hold nothing else. What is none is typed as it can be in a browser
    that knows no such fields, and shows fields of texts: forms are sent by these, too.
    """
    of_days = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2})", text.strip())
    as_browsers = f"{of_days[1]}T{of_days[2]}" if of_days else text
    kind = await found.evaluate(_HOLDS, as_browsers)
    return as_browsers if kind == "datetime-local" else text


class Mouse:
    """A mouse."""

    async def click(self, found: Any, name: str, *, twice: bool) -> None:  # noqa: ARG002
        """Click it."""
        await (found.dblclick() if twice else found.click())

    async def fill(self, found: Any, label: str, text: str) -> None:  # noqa: ARG002
        """Put a text there."""
        await found.fill(await make_hold(found, text))

    async def choose(self, found: Any, label: str, option: str) -> None:  # noqa: ARG002
        """Choose it."""
        await found.select_option(label=option)

    async def reach(self, found: Any, name: str) -> None:
        """Nothing is in the way."""


class Finger(Mouse):
    """A finger on a screen."""

    async def click(self, found: Any, name: str, *, twice: bool) -> None:  # noqa: ARG002
        """Tap it."""
        await found.tap()
        if twice:
            await found.tap()


class Keys:
    """The keyboard alone.

    Args:
        page: Gives the page that is shown.
        notice: Told what cannot be reached.
    """

    def __init__(self, page: Callable[[], Any], notice: Notice) -> None:
        self._page = page
        self._notice = notice

    async def click(self, found: Any, name: str, *, twice: bool) -> None:
        """Go there, and press what it is used with."""
        kind = await found.evaluate("e => e.type || ''")
        await self.reach(found, name)
        key = "Space" if kind in {"checkbox", "radio"} else "Enter"
        for _ in range(2 if twice else 1):
            await self._page().keyboard.press(key)

    async def fill(self, found: Any, label: str, text: str) -> None:
        """Go there, and type over what stands there."""
        await self.reach(found, label)
        text = await make_hold(found, text)
        kind = await found.evaluate("e => e.tagName === 'INPUT' ? e.type : ''")
        if kind in _IN_PARTS | {"color", "range"}:
            await found.fill(text)  # which keys these take is a matter of the browser
            return
        await self._page().keyboard.press("Control+A")
        await self._page().keyboard.press("Delete")
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if number:
                await self._page().keyboard.press("Enter")
            await self._page().keyboard.insert_text(line)

    async def choose(self, found: Any, label: str, option: str) -> None:
        """Go there, and move up or down to it."""
        texts = [" ".join(t.split()) for t in await found.locator("option").all_inner_texts()]
        await self.reach(found, label)
        here = await found.evaluate("e => e.selectedIndex")
        moves = texts.index(" ".join(option.split())) - here
        for _ in range(abs(moves)):
            await self._page().keyboard.press("ArrowDown" if moves > 0 else "ArrowUp")

    async def reach(self, found: Any, name: str) -> None:
        """Press Tab until it has the focus.

        Raises:
            UserActionError: It never gets it.
        """
        seen: list[int] = []
        parts = 0
        for _ in range(_MOST_TABS):
            if await found.evaluate("e => e === document.activeElement"):
                return
            await self._page().keyboard.press("Tab")
            here = await self._page().evaluate(_WHERE)
            if await found.evaluate("e => e === document.activeElement"):
                return
            if await self._among_its_radios(found):
                return
            if seen[-1:] == [here] and await self._is_inside_a_date(parts := parts + 1):
                continue
            if seen.count(here) > 1:
                break
            seen.append(here)
            parts = 0
        await self._explain(name, {place for place in seen if place >= 0})

    async def _is_inside_a_date(self, parts: int) -> bool:
        """Whether Tab goes from part to part of one field: day, month, year, hour, and so on."""
        kind = await self._page().evaluate("() => document.activeElement.type || ''")
        return kind in _IN_PARTS and parts < _MOST_PARTS

    async def _among_its_radios(self, found: Any) -> bool:
        """Of radio buttons one has the focus at most; arrows lead to the others."""
        page = self._page()
        same = """e => e.type === 'radio' && document.activeElement.type === 'radio'
         && e.name === document.activeElement.name"""
        if not await found.evaluate(same):
            return False
        moves = await found.evaluate("e => (" + _MOVED + ")([e, 0])")
        for _ in range(abs(moves)):
            await page.keyboard.press("ArrowDown" if moves > 0 else "ArrowUp")
        return bool(await found.evaluate("e => e === document.activeElement"))

    async def _explain(self, name: str, reached: set[int]) -> None:
        there = await self._page().evaluate(_REACHED)
        if len(reached) < there:
            text = (
                f"the keyboard is trapped: Tab goes round among {len(reached)} of {there} things, "
                f"and {name!r} is not one of them"
            )
        else:
            text = f"{name!r} cannot be reached with the keyboard"
        self._notice("accessibility", text)
        raise UserActionError(f"{text}; Tab went round without coming to it.")
