"""A user without a task at a program with windows: reads, presses, types, and comes back.

Only what holds of any program is told: it crashes or ends by itself, a window does not fit the
screen, a button does nothing whatever was done before, what was entered and shown is gone after a
restart, a text runs into the window's edge. Which frames are buttons and which are fields is seen
from the picture; programs that draw neither with straight borders are only read.
"""

import re

from macrohard.exploring.coverage import Coverage
from macrohard.exploring.findings import Explorer
from macrohard.lookalikes import alike
from macrohard.users.base import Click, ComeBack, Observation, Point, Press, Write
from macrohard.users.desk.desktop import DesktopDriver
from macrohard.users.desk.lettering import Box
from macrohard.users.desk.reading import Text
from macrohard.users.desk.windows import HEIGHT, WIDTH

_MOST_BUTTONS, _MOST_FORMS, _MOST_FIELDS = 16, 5, 8
_BUTTON = range(17, 54)
"""Heights of buttons, in pixels."""
_WIDEST_BUTTON = 280
_LIST, _WHOLE = 60, 0.9
"""Least height of a list in pixels, and most of its share of the window."""
_ENDS = re.compile(r"(?:quit|exit|close|end|beenden|schliessen)\b", re.IGNORECASE)
_LEAVES = re.compile(
    r"(?:cancel|back|no|abort|abbrechen|zuruck|browse|help|about)\b", re.IGNORECASE
)
_SAMPLE = "Zimt"
_ODD = ("<b>x</b> %s {0} \\ ' \"", "long " * 80, "-1", "99999999999999999999")
_WINDOW = re.compile(r'^window "(.*)" at (-?\d+),(-?\d+), (\d+) by (\d+)$', re.MULTILINE)
_ENDED = "the program has ended"
_EDGE = 2


class WindowExplorer(Explorer):
    """Looks around in windows.

    Args:
        driver: Eyes and hands.
        name: Names the tape.
    """

    driver: DesktopDriver

    def __init__(self, driver: DesktopDriver, name: str) -> None:
        super().__init__(driver, name)
        self.pressed: dict[str, bool] = {}
        """Buttons by name, and whether anything ever came of pressing them."""
        self.entered = 0
        self._typed = 0

    @property
    def buttons(self) -> list[Text]:
        """What looks like a button: a text by itself in the middle of a small frame."""
        page = self.driver.page
        found = []
        for text in page.texts:
            frames = [
                frame
                for frame in page.frames
                if frame.height in _BUTTON
                and frame.width <= _WIDEST_BUTTON
                and frame.holds(text.box)
                and sum(frame.holds(other.box) for other in page.texts) == 1
            ]
            if any(_is_amid(text.box, frame) for frame in frames):
                found.append(text)
        return found

    @property
    def fields(self) -> list[Box]:
        """What looks like a field, once each."""
        found: list[Box] = []
        for field in self.driver.page.fields:
            if not any(other.holds(field) or field.holds(other) for other in found):
                found.append(field)
        return found[:_MOST_FIELDS]

    async def press(self, name: str) -> Observation | None:
        """Press a button, and keep whether anything came of it."""
        before = _shown(self.last)
        seen = await self.tries(Click(name=name))
        if seen is not None:
            something = _shown(seen) != before or bool(seen.problems)
            self.pressed[name] = self.pressed.get(name, False) or something
        return seen

    async def fill(self, places: list[Box], rest: str = "", *, first: str = "") -> str:
        """Fill in fields anew, the first with words of our own, the others with them or a text.

        Args:
            places: The fields.
            rest: For all but the first.
            first: For the first, instead of words of our own.

        Returns:
            What the first was given.
        """
        self._typed += 1
        own = f"{_SAMPLE} {self._typed}"
        for number, field in enumerate(places):
            x, y = field.centre
            text = (rest or own) if number else (first or own)
            await self.tries(Point(x=x, y=y), Press(keys="End Shift-Home"), Write(text=text))
        return first or own

    async def start_again(self) -> Observation | None:
        """Close the program and open it again."""
        return await self.tries(ComeBack())


async def explore_windows(user: WindowExplorer) -> Coverage:
    """Look round.

    Raises:
        SandboxError: The box failed.
    """
    seen = await user.start_again()
    if seen is None or not _WINDOW.search(seen.text):
        user.find("start", "no window comes up", seen=seen.text if seen else "")
        return Coverage("buttons")
    _check_place(user, seen)
    names = list(dict.fromkeys(text.words for text in user.buttons))[:_MOST_BUTTONS]
    names.sort(key=lambda name: bool(_ENDS.match(alike(name))))
    forms = 0
    if user.fields:
        await _enter(user, [name for name in names if not _ENDS.match(alike(name))])
    for name in names:
        seen = await user.press(name)
        if seen is None:
            continue
        _check_end(user, name, seen)
        there = [text.words for text in user.buttons]
        new = [other for other in there if other not in names or other == name]
        if forms < _MOST_FORMS and user.fields and new and there != names:
            forms += 1
            await _enter(user, new)
        await user.start_again()
    await _press_again(user, names)
    _tell_idle(user)
    left = () if names or user.fields else ("nothing that looks like a button or a field was seen",)
    return Coverage("buttons", len(user.pressed), sum(user.pressed.values()), left)


async def _enter(user: WindowExplorer, names: list[str]) -> None:
    """Fill in what is there, send it, and look for it today and tomorrow; then enter odd things."""
    sends = [name for name in names if not _LEAVES.match(alike(name))][:1]
    for rest in ("", "12", "2026-03-14"):
        words = await user.fill(user.fields, rest)
        if not await _send(user, sends):
            return
        if _stands_in_a_list(user, words):
            user.entered += 1
            seen = await user.start_again()
            if seen is not None and not await _is_found_again(user, words, names):
                user.find("restart", f"what was entered ({words}) is gone after a restart")
            break
        if len(user.fields) <= 1:
            break
    for odd in _ODD:
        if user.fields:
            await user.fill(user.fields, odd, first=odd)
            if not await _send(user, sends):
                return


async def _send(user: WindowExplorer, sends: list[str]) -> bool:
    """Press what sends a form, or Enter; whether the program lives on."""
    seen = await (user.press(sends[0]) if sends else user.tries(Press(keys="Enter")))
    return seen is not None and not _check_end(user, sends[0] if sends else "Enter", seen)


async def _is_found_again(user: WindowExplorer, words: str, names: list[str]) -> bool:
    """Whether words are shown after a restart, at once or behind one of the first buttons."""
    if _is_shown(user, words):
        return True
    tabs = [text.words for text in user.driver.page.texts][:_MOST_FIELDS]
    for name in tabs:
        if name not in names and await user.tries(Click(name=name)) and _is_shown(user, words):
            return True
    return False


async def _press_again(user: WindowExplorer, names: list[str]) -> None:
    """Buttons that did nothing are pressed once more, with things entered and something marked."""
    for name in [each for each in names if user.pressed.get(each) is False]:
        await user.fill(user.fields)
        line = _first_line(user)
        if line is not None:
            await user.tries(Point(x=line[0], y=line[1]))
        if await user.press(name) is not None:
            await user.start_again()


def _tell_idle(user: WindowExplorer) -> None:
    for name, something in user.pressed.items():
        if not something:
            told = f"the button {name} does nothing, whatever was done before"
            user.find("buttons", told, severity="major" if user.entered else "minor")


def _check_place(user: WindowExplorer, seen: Observation) -> None:
    """Windows are on the screen, whole, and nothing in them runs into their edge."""
    for title, *place in _WINDOW.findall(seen.text):
        x, y, width, height = map(int, place)
        if x < 0 or y < 0 or x + width > WIDTH or y + height > HEIGHT:
            told = f"the window {title!r}, {width} by {height}, does not fit a screen of "
            user.find("layout", f"{told}{WIDTH} by {HEIGHT}", severity="minor")
        for text in user.driver.page.texts:
            inside = x <= text.box.left and y <= text.box.top <= y + height
            if inside and x + width - _EDGE <= text.box.right <= x + width:
                told = f"the text {text.words!r} runs into the edge of the window {title!r}"
                user.find("layout", told, severity="minor")


def _check_end(user: WindowExplorer, name: str, seen: Observation) -> bool:
    """Whether the program has ended; told where nobody asked for that."""
    if _ENDED not in seen.text:
        return False
    if not _ENDS.match(alike(name)) and not seen.problems:
        user.find("crash", f"the program ended after {name}")
    return True


def _is_amid(text: Box, frame: Box) -> bool:
    """Whether a text has about as much room on its left as on its right."""
    left, right = text.left - frame.left, frame.right - text.right
    return min(left, right) >= 4 and abs(left - right) <= max(6, (left + right) // 4)


def _is_shown(user: WindowExplorer, words: str) -> bool:
    return any(alike(words) in alike(text.words) for text in user.driver.page.texts)


def _stands_in_a_list(user: WindowExplorer, words: str) -> bool:
    """Whether words are shown in a line of a list; a message that quotes them is none."""
    lists = _lists(user)
    return any(
        alike(words) == alike(text.words) and any(frame.holds(text.box) for frame in lists)
        for text in user.driver.page.texts
    )


def _lists(user: WindowExplorer) -> list[Box]:
    """What looks like a list: a frame that is higher than a field, and not the whole window."""
    frames = user.driver.page.frames
    whole = max((frame.width * frame.height for frame in frames), default=0)
    return [
        frame
        for frame in frames
        if frame.height >= _LIST and frame.width * frame.height < _WHOLE * whole
    ]


def _first_line(user: WindowExplorer) -> tuple[int, int] | None:
    """The first text in a large frame, headings aside: most likely the first line of a list."""
    page = user.driver.page
    small = [frame for frame in page.frames if frame.height in _BUTTON]
    large = _lists(user)
    free = [
        text
        for text in page.texts
        if any(frame.holds(text.box) for frame in large)
        and not any(frame.holds(text.box) for frame in small)
    ]
    return min(free, key=lambda text: text.box.top).box.centre if free else None


def _shown(seen: Observation | None) -> str:
    return seen.text if seen is not None else ""
