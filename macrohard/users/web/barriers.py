"""Looks for what keeps people out of a page: axe-core, what does not fit, a focus nobody sees."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from macrohard.habits import Habits
from macrohard.users.base import Problem
from macrohard.users.web.pictures import Gallery
from macrohard.webpage import Page

_GRAVE = frozenset({"serious", "critical"})
_NEEDED_RULES = {"contrast": "color-contrast-enhanced", "targets": "target-size"}
"""Rules of axe-core that are off unless a user needs what they look for."""
_TOLD_ONLY = frozenset({"color-contrast-enhanced"})
"""WCAG AAA: worth knowing, no defect."""
_RANDOM = re.compile(r'="[\w-]{16,}"')
_PICTURES = """() => [...document.images]
 .filter(e => e.complete && e.currentSrc && e.checkVisibility())
 .map(e => [e.currentSrc, e.naturalWidth, Math.round(e.getBoundingClientRect().width),
            Math.round(e.getBoundingClientRect().height)])"""
_LEAST_PIXELS = 4
"""A side under this is no place: the picture is there, and nobody sees it."""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_FOCUS_HIDDEN = """() => { const e = document.activeElement;
 if (!e || e === document.body || !e.matches(":focus-visible")) return "";
 const look = () => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth,
  s.boxShadow, s.borderColor, s.backgroundColor, s.textDecoration, s.color].join("|"); };
 const s = getComputedStyle(e);
 if (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) return "";
 const focused = look(); e.blur(); const without = look(); e.focus({preventScroll: true});
 return focused === without ? e.tagName.toLowerCase() : ""; }"""


@dataclass(frozen=True)
class Violation:
    """What axe-core found.

    Attributes:
        rule: Its name.
        impact: ``minor``, ``moderate``, ``serious`` or ``critical``.
        places: Where, as CSS selectors; three at most.
    """

    rule: str
    impact: str
    places: tuple[str, ...]

    @property
    def problem(self) -> Problem:
        """As a problem: serious and critical ones hold a release up."""
        grave = self.impact in _GRAVE and self.rule not in _TOLD_ONLY
        severity: Literal["major", "minor"] = "major" if grave else "minor"
        text = f"{self.rule} ({self.impact}): {', '.join(self.places)}"
        return Problem(kind="accessibility", text=text, severity=severity)


class Barriers:
    """Looks at the pages of one trial, each once.

    Args:
        gallery: Knows the pictures that pages name.
        habits: Whose window, and whose needs.
    """

    def __init__(self, gallery: Gallery, habits: Habits) -> None:
        self._gallery = gallery
        self._habits = habits
        self._examined: set[str] = set()

    async def look(self, page: Any) -> list[Problem]:
        """What is wrong with the page that is shown.

        Args:
            page: Of Playwright.
        """
        if "html" not in await page.evaluate("document.contentType"):
            return []  # a picture, or a text: what surrounds it is the browser's
        path = urlsplit(page.url).path
        found: list[Problem] = []
        if "focus" in self._habits.needs and (tag := await page.evaluate(_FOCUS_HIDDEN)):
            text = f"it cannot be seen that a {tag} on {path} has the focus"
            found.append(Problem(kind="accessibility", text=text, severity="minor"))
        # The same page again has the same barriers; what is random in it (tokens) is left out.
        source = _RANDOM.sub("", await page.content())
        if source in self._examined:
            return found
        self._examined.add(source)
        found += [violation.problem for violation in await _violations(page, self._habits)]
        found += await self._look_at_pictures(page, path)
        wide = await page.evaluate(_WIDER)
        if wide > 1:
            text = f"{path} is {wide} pixels wider than the window"
            found.append(Problem(kind="layout", text=text))
        return found

    async def _look_at_pictures(self, page: Any, path: str) -> list[Problem]:
        """Each picture is drawn and takes its place; what the head names is sound."""
        found: list[Problem] = []
        for address, pixels, width, height in await page.evaluate(_PICTURES):
            where = f"the picture {urlsplit(address).path} of {path}"
            if not pixels:
                found.append(Problem(kind="error", text=f"{where}: nothing of it is shown"))
            elif min(width, height) < _LEAST_PIXELS:
                text = f"{where}: it takes {width} by {height} pixels of the page"
                found.append(Problem(kind="layout", text=text))
        return [*found, *await self._gallery.look(Page(await page.content()), path)]


async def _violations(page: Any, habits: Habits) -> Iterator[Violation]:
    from axe_playwright_python.async_playwright import Axe  # noqa: PLC0415 - an extra

    needed = [_NEEDED_RULES[need] for need in habits.needs if need in _NEEDED_RULES]
    rules = {rule: {"enabled": True} for rule in needed}
    answer = await Axe().run(page, options={"rules": rules} if rules else None)
    return (
        Violation(
            each["id"],
            each["impact"] or "minor",
            tuple(str(node["target"][0]) for node in each["nodes"][:3]),
        )
        for each in answer.response["violations"]
    )
