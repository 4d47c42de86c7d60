"""The page on models says what is so: its files are read, its commands are understood."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from support.builds import TINY, record
from support.commands import ROOT

from macrohard.configuration import resolve
from macrohard.configuration.file import BuildTable, CapsTable, read_file
from macrohard.errors import BudgetError
from macrohard.llm.endpoint import find_preset, shipped_presets

PAGES = [ROOT / "docs" / name for name in ("models.md", "cli.md")]
PAGE = PAGES[0].read_text()


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", [b for page in PAGES for b in blocks(page.read_text(), "toml")])
def test_each_file_that_is_shown_is_one(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("macrohard.toml").write_text(text)
    found = read_file(Path("macrohard.toml"))
    assert found is not None
    assert {key[0] for key in found.values} == set(tomllib.loads(text))
    assert resolve(environment={}).settings.models


def test_the_tables_name_every_key() -> None:
    told = PAGES[1].read_text().split("`[build]` takes ")[1].split("`[models]`, `[roles]`")[0]
    names = set(re.findall(r"`(\w+)`", told))
    assert names == set(BuildTable.model_fields) | set(CapsTable.model_fields)


def test_every_provider_is_told_with_its_key_or_address() -> None:
    presets = shipped_presets()
    rows = [row for row in PAGE.splitlines() if row.startswith("| `")]
    told = {}
    for row in rows:
        names, *rest = row.strip("| ").split(" | ")
        told |= {n: " ".join(rest) for n in re.findall(r"`([\w-]+):NAME`", names)}
    assert set(told) == set(presets)
    for name, preset in presets.items():
        wanted = preset.key if preset.key_needed and preset.key else preset.url
        assert f"`{wanted}`" in told[name], name


def test_the_commands_name_models_that_can_be_asked() -> None:
    named = []
    for block in blocks(PAGE, "sh"):
        for line in block.splitlines():
            words = shlex.split(line)
            named += [words[n + 1] for n, word in enumerate(words) if word == "--model"]
    assert len(named) >= 4
    for name in named:
        assert find_preset(name, shipped_presets(), {})[1]


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to a lower cap than it has: whole builds from Python are shown elsewhere."""
    monkeypatch.chdir(tmp_path)
    Path("tea.md").write_text(TINY)
    (example,) = blocks(PAGE, "python")
    assert "400" in example
    with pytest.raises(BudgetError, match="over the cap of 2"):
        exec(example.replace("400", "2"), {})  # noqa: S102 - our own page
    assert record(tmp_path / "runs" / "tea")["cost"]["calls"] == 2
