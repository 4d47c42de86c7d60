"""Profiles of sandboxes, and what is said of broken ones."""

from pathlib import Path

import pytest

from macrohard.errors import ConfigError
from macrohard.sandbox import Limits
from macrohard.sandbox.profile import load_profile


def test_the_profile_that_ships_is_the_documented_default() -> None:
    profile = load_profile("python")

    assert profile.limits == Limits()
    assert profile.packages == ("pytest",)


def test_what_a_profile_leaves_out_is_the_default(tmp_path: Path) -> None:
    write(tmp_path, "[limits]\npids = 7\n")

    assert load_profile("x", tmp_path).limits == Limits(pids=7)
    assert load_profile("x", tmp_path).packages == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits = 3", "must be a table"),
        ("[limits]\nmemory = 3", "memory_mb"),
        ("[limits]\npids = 0", "limits.pids = 0"),
        ("[limits]\npids = true", "limits.pids = True"),
        ("[limits]\npids = '9'", "limits.pids = '9'"),
        ("packages = 'pytest'", "list of names"),
        ("colour = 'red'", "colour"),
        ("packages = oops", "line 1"),
    ],
)
def test_a_broken_profile_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as caught:
        load_profile("x", tmp_path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.*no such sandbox profile"):
        load_profile("absent", tmp_path)


def write(folder: Path, text: str) -> Path:
    path = folder / "x" / "profile.toml"
    path.parent.mkdir()
    path.write_text(text)
    return path
