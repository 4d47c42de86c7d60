"""The whole way through the command line: a spec to start from, a build, a look at it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from support.commands import ENVIRONMENT, Said

from macrohard.report.page import FILE


def run(folder: Path, *arguments: str, module: str = "macrohard.cli.main") -> Said:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=ENVIRONMENT,
        timeout=280,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_the_spec_to_start_from_is_built_released_shown_and_reported(tmp_path: Path) -> None:
    assert run(tmp_path, "init").code == 0
    built = run(tmp_path, "build", "spec.md", "--out", "r", "--json")
    assert built.code == 0, built.err
    record = json.loads(built.out)
    assert record["status"] == "released"
    assert record["satisfied"] == record["scenarios"] > 0
    assert "Released: tool_library" in built.err
    assert "stage release, round 1" in built.err

    shown = run(tmp_path, "show", "r")
    assert shown.code == 0
    assert all(item["id"] in shown.out for item in record["items"])
    again = run(tmp_path, "resume", "r", "--json", "--quiet")
    assert again.code == 0
    assert json.loads(again.out) == record

    page = (tmp_path / "r" / FILE).read_text()
    links = re.findall(r'href="([^"]+)"', page)
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert sum(link.startswith("trials/") for link in links) >= record["scenarios"]
    for link in links:
        known = link[1:] in anchors if link[0] == "#" else (tmp_path / "r" / unquote(link)).exists()
        assert known, link
    for row in record["traceability"]:
        assert row["criterion"] in page

    app = tmp_path / "r" / record["app"]["dir"]
    assert "loan" in run(app, "--help", module=record["app"]["name"]).out
    tests = subprocess.run(
        [sys.executable, *record["app"]["test"][1:]],
        capture_output=True, text=True, cwd=app, timeout=200, check=False,
    )  # fmt: skip
    assert tests.returncode == 0, tests.stderr
