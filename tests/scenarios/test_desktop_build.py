"""A whole build of an application with a window, which users read and use."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from macrohard import build

MISSING = [n for n in ("Xvfb", "xdotool", "import", "tesseract") if shutil.which(n) is None]
MISSING += [] if importlib.util.find_spec("_tkinter") else ["tkinter"]
SPEC = """\
# Jars

What stands in the cellar.

## Data

### Jar

- content: text, required, up to 30 characters
- grams: integer, at least 1

## Features

- Add, list, edit and delete jars.

## Interface

- Desktop
"""


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}")
def test_the_cellar_is_built_and_used_at_its_window(tmp_path: Path) -> None:
    (tmp_path / "jars.md").write_text(SPEC)
    result = build(tmp_path / "jars.md", out=tmp_path / "run", sandbox="process", mutants=0)
    assert result.status == "released", result
    assert result.satisfied == result.scenarios
    manifest = json.loads((result.app_dir / "macrohard.json").read_text())
    assert manifest["interfaces"] == ["cli", "desktop"]
    assert manifest["window"] == ["python", "-m", "jars", "window"]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["options"]["desktop"] is True
    at_windows = [
        path.parent
        for path in (tmp_path / "run" / "trials").glob("*/scenario.json")
        if json.loads(path.read_text()).get("interface") == "desktop"
    ]
    assert at_windows
    tape = json.loads((at_windows[0] / "tape.json").read_text())
    assert any("Added jar 1." in entry["seen"]["screen"] for entry in tape["entries"])
    assert "`python -m jars window` opens its window." in (tmp_path / "run/RELEASE.md").read_text()
