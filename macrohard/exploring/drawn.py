"""What needs a browser: the keyboard alone, the back button, buttons of scripts, a telephone."""

import asyncio
import re
from typing import Any, Protocol

from macrohard.exploring.sending import FIRST, LONG_WORD, enter_some
from macrohard.exploring.sight import PageDriver, Sight, pattern
from macrohard.exploring.visiting import PageExplorer, Site
from macrohard.habits import Habits
from macrohard.users.base import Back, Click, Open, Press, UserActionError
from macrohard.webpage import is_hidden

TELEPHONE = Habits(window="360x740", input="touch")
"""A small telephone in somebody's hand."""
PAGES = 16
"""Pages that are drawn at most before there are entries."""
MORE_PAGES = 30
"""Likewise, once there are."""
_STOPS = 60
"""Stops of the Tab key that are walked on one page."""
_MOST_PARTS = 8
"""Stops within one field for a date and a time: day, month, year, hour, minute, half of the day,
and what opens a calendar."""
_WALKED = 10
_BACKS = 12
_PRESSED = 6
_UNSEEN = re.compile(r"\b(?:copy|print|share|play|download|theme|mute)\b", re.IGNORECASE)
"""Buttons whose effect is not on the page."""
_BLINK_S = 0.3

_TABBABLE = """() => { const found = []; const groups = new Set();
 const all = document.querySelectorAll(
   'a[href],button,input,select,textarea,summary,[tabindex],[contenteditable=true]');
 for (const e of all) {
  const style = getComputedStyle(e);
  if (e.disabled || e.tabIndex < 0 || e.type === 'hidden' || !e.getClientRects().length ||
      style.visibility !== 'visible' || e.closest('[inert]')) continue;
  if (e.type === 'radio') { const g = e.name || e; if (groups.has(g)) continue; groups.add(g); }
  e.dataset.stop = found.length;
  found.push(((e.labels && e.labels[0] || e).innerText || e.getAttribute('aria-label') ||
   e.name || e.tagName).trim().slice(0, 60)); }
 document.activeElement && document.activeElement.blur(); window.scrollTo(0, 0);
 return found; }"""
"""Marks what the Tab key should reach, and says its names; a group of radio buttons is one."""
_PARTED = """() => [...document.querySelectorAll("input")].filter(e => e.dataset.stop !== undefined
 && ["date", "time", "datetime-local", "month", "week"].includes(e.type)).length"""
_FOCUSED = """() => { const e = document.activeElement;
 return !e || e === document.body ? -1 :
  e.dataset.stop !== undefined ? Number(e.dataset.stop) :
  e.type !== 'radio' ? -2 : Number((document.querySelector(
   `input[type=radio][name="${e.name}"][data-stop]`) || {dataset: {stop: -2}}).dataset.stop); }"""


class DrawnDriver(PageDriver, Protocol):
    """A driver at a real browser."""

    async def ask(self, script: str) -> Any:
        """What a script says of the page that is open."""
        ...

    async def tap(self, key: str) -> None:
        """Press one key without looking."""
        ...


class DrawnExplorer(PageExplorer):
    """Looks around at a browser."""

    driver: DrawnDriver
    runs_scripts = True


async def explore_drawn(user: DrawnExplorer) -> None:
    """Look around at a browser.

    Args:
        user: Sits at the start page of a fresh application.

    Raises:
        SandboxError: The box failed.
    """
    site = await user.tour(PAGES)
    site = await enter_some(user, site, FIRST, MORE_PAGES)
    kinds: dict[str, Sight] = {}
    for path, sight in site.sights.items():
        kinds.setdefault(pattern(path), sight)
    with_forms = sorted(kinds.values(), key=lambda s: (not s.scripted, -len(s.forms)))
    for sight in with_forms[:_WALKED]:
        await walk_with_tab(user, sight)
    await go_back(user, site)
    for sight in kinds.values():
        await press_buttons(user, sight)


async def walk_with_tab(user: DrawnExplorer, sight: Sight) -> None:
    """Go through a page with the Tab key: it reaches everything, and comes out again."""
    if await user.open(sight.path) is None:
        return
    names = [str(name) for name in await user.driver.ask(_TABBABLE)]
    if len(names) < 2 or len(names) > _STOPS:
        return
    walked: list[int] = []
    parts = int(await user.driver.ask(_PARTED)) * _MOST_PARTS
    for _ in range(len(names) + parts + 2):
        if set(range(len(names))) <= set(walked):
            return
        await user.driver.tap("Tab")
        walked.append(int(await user.driver.ask(_FOCUSED)))
    missed = [name for number, name in enumerate(names) if number not in walked]
    if not missed:
        return
    told = ", ".join(repr(name) for name in missed[:5])
    where = f"on {sight.path}: never reached: {told}"
    at = walked[-1]
    stuck = len(set(walked[-3 - parts :])) <= 2 and at >= 0
    await user.tries(Press(keys="Tab"))
    if stuck:
        user.find("keyboard", f"the focus is trapped at {names[at]!r}", seen=where)
    else:
        user.find("keyboard", f"the Tab key does not reach {missed[0]!r}", seen=where)


async def go_back(user: PageExplorer, site: Site) -> None:
    """Follow a link, use the back button: one is where one came from."""
    tried: set[tuple[str, str]] = set()
    for sight, name, address in _ways(site):
        way = (pattern(sight.path), pattern(address))
        if way not in tried and len(tried) < _BACKS:
            tried.add(way)
            await _there_and_back(user, sight.path, name)


def _ways(site: Site) -> list[tuple[Sight, str, str]]:
    """Links between pages that were seen; those to pages with scripts first."""
    found = []
    for sight in site.sights.values():
        names = [name for name, _ in sight.links]
        for name, address in sight.links:
            known = address in site.sights and address != sight.path
            if name and known and names.count(name) == 1:
                found.append((sight, name, address))
    return sorted(found, key=lambda way: not site.sights[way[2]].scripted)


async def _there_and_back(user: PageExplorer, path: str, name: str) -> None:
    if await user.open(path) is None:
        return
    there = await user.tries(Click(name=name))
    if there is None or _place(there.screen) == _place_of(path):
        return
    await asyncio.sleep(_BLINK_S)  # scripts that meddle with the history need a moment, too
    back = await user.tries(Back())
    if back is None or _place(back.screen) != _place_of(path):
        where = _place(back.screen) if back is not None else "nowhere"
        title = f"the back button does not lead back from {pattern(_place(there.screen))}"
        user.find("back", title, seen=f"{path} -> {name!r} -> {_place(there.screen)} -> {where}")


async def press_buttons(user: PageExplorer, sight: Sight) -> None:
    """Press what only a script gives a meaning to: something has to change."""
    if not sight.scripted:
        return
    for name in _script_buttons(sight)[:_PRESSED]:
        if await user.open(sight.path) is None:
            return
        before = await user.driver.html()
        at = user.last.screen if user.last else ""
        try:
            seen = await user.act(Click(name=name))
        except UserActionError:
            continue
        await asyncio.sleep(_BLINK_S)
        after = await user.driver.html()
        moved = _place(seen.screen) != _place(at) or _states(seen.screen) != _states(at)
        if before == after and not moved:
            user.find("buttons", f"the button {name!r} does nothing", seen=f"on {sight.path}")


def _script_buttons(sight: Sight) -> list[str]:
    found = []
    for node in sight.page.nodes:
        kind = node.get("type").lower()
        form = node.inside("form")
        plain = node.tag == "button" and (kind == "button" or form is None)
        if plain and not is_hidden(node) and not node.has("disabled"):
            name = sight.page.name(node)
            if name and not _UNSEEN.search(name):
                found.append(name)
    return found


def _place(screen: str) -> str:
    found = re.search(r'^page ".*" at (\S+), status', screen)
    return found[1] if found else ""


def _place_of(path: str) -> str:
    return path or "/"


def _states(screen: str) -> str:
    """What stands on a page, without what has the focus."""
    return re.sub(r"^focus: .*$| \[active\]", "", screen, flags=re.MULTILINE)


async def explore_small(user: PageExplorer) -> None:
    """Look at the pages on a telephone; what is wider than the window is found by the driver."""
    site = await user.tour(PAGES)
    await enter_some(user, site, LONG_WORD, MORE_PAGES)
    await user.tries(Open(address="/"))
