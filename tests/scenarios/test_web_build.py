"""A whole build of an application with a command line, pages and a JSON API."""

import json
from pathlib import Path

import pytest

from macrohard import build
from macrohard.roles import load_roles

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_tool_shed_is_built_and_used_in_all_three_ways(tmp_path: Path) -> None:
    result = build(ROOT / "examples/specs/tools.md", out=tmp_path / "run")
    assert result.status == "released", result
    assert result.satisfied == result.scenarios
    manifest = json.loads((result.app_dir / "macrohard.json").read_text())
    assert manifest["interfaces"] == ["cli", "web", "api"]
    assert manifest["serve"][-2:] == ["--port", "{port}"]
    assert "without a browser" in (tmp_path / "run/RELEASE.md").read_text()
    used = {
        json.loads(path.read_text()).get("interface", "cli"): path.parent
        for path in (tmp_path / "run/trials").glob("*/scenario.json")
    }
    assert set(used) == {"cli", "web", "api"}
    names = {path.name.split("-", 2)[2] for path in (tmp_path / "run/trials").iterdir()}
    assert names == {role.name for role in load_roles().of(duty="user")} - {"at-the-desk"}
    assert "clicked: Add a" in (used["web"] / "transcript.txt").read_text()
    assert "sent: POST /api/" in (used["api"] / "transcript.txt").read_text()
