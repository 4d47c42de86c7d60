"""`macrohard init` writes a spec that builds as it stands, and never replaces anything."""

from pathlib import Path

import pytest
from support.commands import Command

from macrohard.config import Settings
from macrohard.llm import preflight
from macrohard.roles import load_roles
from macrohard.spec import read_spec


def test_the_spec_is_read_by_the_offline_model(macrohard: Command, tmp_path: Path) -> None:
    said = macrohard("init")
    assert (said.code, said.out) == (
        0,
        "Wrote spec.md. Change it, then: macrohard build spec.md\n",
    )
    spec = read_spec(tmp_path)
    preflight(Settings(), load_roles(), spec)
    assert spec.text.count("<!--") >= 4


def test_a_file_or_folder_may_be_named(macrohard: Command, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    assert macrohard("init", "there").code == 0
    assert macrohard("init", "new/deep/mine.md").code == 0
    assert (tmp_path / "there" / "spec.md").read_text() == (
        tmp_path / "new" / "deep" / "mine.md"
    ).read_text()


def test_nothing_is_ever_replaced(macrohard: Command, tmp_path: Path) -> None:
    (tmp_path / "spec.md").write_text("mine")
    said = macrohard("init")
    assert said.code == 2
    assert said.err == "error: spec.md exists; it was left untouched. Name another file.\n"
    assert (tmp_path / "spec.md").read_text() == "mine"


@pytest.mark.parametrize("target", ["/dev/null/spec.md", "file/spec.md"])
def test_a_place_that_cannot_be_written(macrohard: Command, tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("")
    said = macrohard("init", target)
    assert said.code == 2
    assert said.err.startswith(f"error: {target} ")
