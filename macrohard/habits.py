"""What a simulated user is like, as data that the machinery acts on.

The prompt of a persona says who it is. Its habits are what does not depend on how well a model
plays: the window, the zoom, keys instead of a mouse, and where its patience ends.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

Need = Literal["contrast", "focus", "schema", "targets"]
"""What a user's own browser looks for besides what every user's does.

``contrast``: text of 7:1 (WCAG 1.4.6; told, not held against the app). ``focus``: what has the
keyboard's focus can be seen (WCAG 2.4.7; told). ``targets``: what is tapped is 24 pixels wide and
high, or stands alone (WCAG 2.5.8; held against the app). ``schema``: an API does what its OpenAPI
document says, whatever it is sent; it is asked at random once the scenario is done.
"""

_WINDOW = re.compile(r"(\d{3,4})x(\d{3,4})")
_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
LEAST_WINDOW = 200
"""Pixels; nothing that shows pages is smaller."""


class Habits(BaseModel):
    """How a persona uses things.

    Attributes:
        skill: A ``novice`` is not sent to an API, as long as somebody else can be.
        needs: See :data:`Need`.
        input: ``keyboard``: links, buttons and fields are reached with Tab and used with keys
            alone. ``touch``: they are tapped.
        language: Language of the browser, as in ``Accept-Language``.
        window: Width and height of the window, in pixels of the screen.
        zoom: Of pages, in percent; a window zoomed to 200 shows half as many CSS pixels.
        contrast: ``more``: pages are told that more contrast is wanted. ``forced``: colours are the
            system's few, as in Windows' contrast themes.
        actions: Actions in one trial until patience ends; those of the interface when None.
        seconds: Seconds that the app may keep the user waiting in one trial, all together.
        tries: Refused actions in a row (nothing there by that name) until the user gives up.
        turn: ``every``: takes scenarios in turn with the others. ``once``: tries one scenario of
            a build besides.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    skill: Literal["novice", "usual", "expert"] = "usual"
    needs: tuple[Need, ...] = ()
    input: Literal["mouse", "keyboard", "touch"] = "mouse"
    language: Annotated[str, Field(pattern=_LANGUAGE)] = "en"
    window: str = "1280x900"
    zoom: Annotated[int, Field(ge=25, le=500)] = 100
    contrast: Literal["usual", "more", "forced"] = "usual"
    actions: Annotated[int, Field(ge=1, le=1000)] | None = None
    seconds: Annotated[float, Field(gt=0, le=36_000)] | None = None
    tries: Annotated[int, Field(ge=1, le=100)] | None = None
    turn: Literal["every", "once"] = "every"

    @field_validator("window")
    @classmethod
    def _check_window(cls, text: str) -> str:
        found = _WINDOW.fullmatch(text)
        if found is None or min(map(int, found.groups())) < LEAST_WINDOW:
            raise ValueError(f"give width and height in pixels, as in 360x740, not {text!r}")
        return text

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the window, in pixels of the screen."""
        width, _, height = self.window.partition("x")
        return int(width), int(height)

    @property
    def css_pixels(self) -> tuple[int, int]:
        """Width and height of the window as pages see it, zoomed."""
        width, height = self.pixels
        return width * 100 // self.zoom, height * 100 // self.zoom

    def told(self) -> str:
        """What is unlike everybody's, on one line."""
        given = self.model_dump(exclude_defaults=True)
        return ", ".join(f"{key} {_word(value)}" for key, value in given.items())


def wrong_habit(key: str, value: str | tuple[str, ...]) -> str:
    """What is wrong with one habit as a role file gives it; empty when nothing is."""
    if key not in Habits.model_fields:
        return f"unknown habit {key!r}; habits are {', '.join(Habits.model_fields)}"
    try:
        Habits.model_validate({key: value})
    except ValidationError as error:
        return f"habit {key!r}: {error.errors(include_url=False)[0]['msg']}"
    return ""


def read_habits(given: Mapping[str, str | tuple[str, ...]]) -> Habits:
    """Habits as a role file gives them: texts and lists of texts.

    Raises:
        ValidationError: One means nothing; :func:`wrong_habit` says which, beforehand.
    """
    return Habits.model_validate(dict(given))


def _word(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, tuple) else str(value)
