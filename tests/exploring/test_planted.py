"""Users who look round find planted defects, and nothing in the same application without them.

``benchmarks/bench_users.py`` has the whole table; here are those that take a second or two.
"""

from pathlib import Path

import pytest

from benchmarks import planted, planted_elsewhere
from macrohard import try_app
from macrohard.config import Settings
from macrohard.exploring.findings import Finding

BOXES = Settings(sandbox="process", allow_process_sandbox=True)
QUICK = ("ledger", "hours")
"""Applications by hand, which no generator of ours has written."""
DRAWN = frozenset({"back", "keyboard", "layout"})
"""Kinds of findings that need a browser."""


def look_round(base: planted.Base, folder: Path, defect: planted.Defect | None) -> list[Finding]:
    run, serve = planted.lay_out(base, folder / "app", defect)
    result = try_app(folder / "app", run=run, serve=serve, settings=BOXES, out=folder / "out")
    return list(result.findings)


@pytest.mark.parametrize("name", QUICK)
def test_no_false_alarm(name: str, tmp_path: Path) -> None:
    assert look_round(planted.BASES[name], tmp_path, None) == []


@pytest.mark.parametrize(
    "defect",
    [
        each
        for each in (*planted.PAGES, *planted.COMMANDS)
        if each.base in QUICK and not each.checks & DRAWN
    ],
    ids=lambda each: each.title.replace(" ", "-"),
)
def test_a_planted_defect_is_found(defect: planted.Defect, tmp_path: Path) -> None:
    found = look_round(planted.BASES[defect.base], tmp_path, defect)
    assert {finding.check for finding in found} & defect.checks


PLANTED = (
    *planted.PAGES, *planted.COMMANDS, *planted_elsewhere.PAGES, *planted_elsewhere.COMMANDS,
)  # fmt: skip
BASES = {**planted.BASES, **planted_elsewhere.BASES}


@pytest.mark.parametrize("defect", PLANTED, ids=lambda d: f"{d.title} ({d.base})")
def test_every_defect_can_be_planted(defect: planted.Defect, tmp_path: Path) -> None:
    clean, broken = tmp_path / "clean", tmp_path / "broken"
    planted.lay_out(BASES[defect.base], clean)
    planted.lay_out(BASES[defect.base], broken, defect)
    changed = [
        path
        for path in clean.rglob("*.py")
        if path.read_text() != (broken / path.relative_to(clean)).read_text()
    ]
    assert changed
    for path in changed:
        compile(path.read_text(), str(path), "exec")
