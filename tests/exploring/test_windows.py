"""A user without a task at windows: nothing is found in a good one, all faults in a bad one."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.commands import ROOT

from macrohard.cli.main import main

EXAMPLE = ROOT / "examples" / "desktop" / "shopping.py"
MISSING = [n for n in ("Xvfb", "xdotool", "import", "tesseract") if shutil.which(n) is None]
MISSING += [] if importlib.util.find_spec("_tkinter") else ["tkinter"]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}")


def look_round(tmp_path: Path, *changes: tuple[str, str]) -> tuple[int, dict[str, Any]]:
    text = EXAMPLE.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "shopping.py").write_text(text)
    code = main(
        ["try", str(tmp_path / "app"), "--run", "python shopping.py", "--desktop",
         "--out", str(tmp_path / "out"), "--sandbox", "process", "--allow-process-sandbox"]
    )  # fmt: skip
    (looked,) = json.loads((tmp_path / "out" / "try.json").read_text())["explorations"]
    return code, looked


def test_a_good_window_is_used_and_nothing_is_found(tmp_path: Path) -> None:
    code, looked = look_round(tmp_path)
    assert (code, looked["surface"], looked["findings"]) == (0, "windows", [])
    assert (looked["met"], looked["done"]) == (2, 2), "Add and Remove were pressed to some effect"


def test_what_is_lost_and_what_does_nothing_is_found(tmp_path: Path) -> None:
    code, looked = look_round(
        tmp_path,
        ("FILE.write_text(json.dumps(self.items))", "FILE.touch()"),
        ("json.loads(FILE.read_text()) if FILE.exists() else []", "[]"),
        ('text="Remove", command=self.remove', 'text="Remove"'),
    )
    assert code == 1
    assert [found["title"] for found in looked["findings"]] == [
        "what was entered (Zimt 1) is gone after a restart",
        "the button Remove does nothing, whatever was done before",
    ]
