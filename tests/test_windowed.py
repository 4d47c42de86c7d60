"""Whether a build has windows: the person, the spec and the box decide, in this order."""

import pytest

from macrohard import windowed
from macrohard.config import Settings
from macrohard.errors import ConfigError, SandboxError
from macrohard.spec import Spec
from macrohard.windowed import check_windows, settle_windows

THINGS = "# Things\n\n## Data\n\n### Thing\n- x: text\n\n## Interface\n- {}\n"


def spec(text: str) -> Spec:
    return Spec(text=text, source="things.md")


def test_the_offline_model_builds_the_windows_that_a_spec_asks_for() -> None:
    assert settle_windows(Settings(), spec(THINGS.format("Desktop"))).desktop is True
    settled = settle_windows(Settings(), spec(THINGS.format("Command line")))
    assert (settled.desktop, settled.profile) == (False, "python")
    with pytest.raises(ConfigError, match=r"things\.md asks for a window"):
        settle_windows(Settings(desktop=False), spec(THINGS.format("Desktop")))


@pytest.mark.parametrize(
    ("asked", "text", "wanted"),
    [
        (None, "A stopwatch in a window.", True),
        (None, "Notes on the desktop, with tkinter", True),
        (None, "A mine sweeper for the terminal.", False),
        (True, "A mine sweeper.", True),
        (False, "A stopwatch in a window.", False),
    ],
)
def test_language_models_are_offered_windows_where_the_spec_speaks_of_them(
    asked: bool | None, text: str, wanted: bool
) -> None:
    settings = Settings(model="openai:any", desktop=asked)
    assert settle_windows(settings, spec(text)).desktop is wanted


def test_a_box_without_a_screen_is_told_at_once_or_does_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windowed, "missing_here", lambda: "the box has no Xvfb")
    ours = Settings(desktop=True)
    with pytest.raises(SandboxError, match="no Xvfb"):
        check_windows(ours, None, in_box=False)
    assert check_windows(ours, None, in_box=True).profile == "desktop"
    theirs = Settings(model="openai:any", desktop=True)
    with pytest.raises(SandboxError, match="no Xvfb"):
        check_windows(theirs, True, in_box=False)
    assert check_windows(theirs, None, in_box=False).desktop is False
