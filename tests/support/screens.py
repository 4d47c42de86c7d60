"""Users in front of a screen that only exists as pictures, to be shown to a scripted model."""

from pathlib import Path

from support.chat_server import plain_png

from macrohard.users.base import Action, Observation, State
from macrohard.users.hands import BROWSER
from macrohard.users.seat import Seat


class Screens:
    """A driver whose screen has a shade of its own after each action: one number each.

    Args:
        folder: Gets the pictures.
        shades: What the screen looks like after each action; None leaves no picture.
        texts: What the page says after each; ``a page`` where there are too few.
    """

    def __init__(self, folder: Path, *shades: int | None, texts: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._shades = shades
        self._texts = texts
        self.acts: list[Action] = []
        folder.mkdir(parents=True, exist_ok=True)

    async def observe(self) -> Observation:
        return self._seen(len(self.acts))

    async def act(self, action: Action) -> Observation:
        self.acts.append(action)
        return self._seen(len(self.acts))

    def _seen(self, number: int) -> Observation:
        shade = self._shades[number - 1]
        name = "" if shade is None else f"{number:03d}.png"
        if shade is not None:
            (self._folder / name).write_bytes(plain_png(30, (shade, shade, shade)))
        text = self._texts[number - 1] if number <= len(self._texts) else "a page"
        return Observation(text=text, screen=text, state=State(at="page"), picture=name)


def seat_at(driver: Screens) -> Seat:
    """A seat at a browser that shows these screens."""
    return Seat(driver, BROWSER, "It is open.\n", picture_note="You are shown pictures.\n")
