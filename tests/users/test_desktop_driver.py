"""A user at a window: the example is driven and judged by what it saved, and a fault is found."""

import importlib.util
import itertools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.commands import ROOT

from macrohard.cli.main import main
from macrohard.users.desk.windows import NEEDED, missing_for_desktop
from macrohard.users.film import FilmNotes, find_ffmpeg

EXAMPLE = ROOT / "examples" / "desktop"
PROGRAMS = ("Xvfb", "xdotool", "import", "tesseract", "ffmpeg")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
MISSING += [] if importlib.util.find_spec("_tkinter") else ["tkinter"]
windows = pytest.mark.skipif(
    bool(MISSING),
    reason=f"no {', '.join(MISSING)} "
    "(apt-get install xvfb xdotool imagemagick tesseract-ocr ffmpeg)",
)


def try_out(app: Path, out: Path) -> tuple[int, dict[str, Any], Path]:
    code = main(
        ["try", str(app), "--run", "python shopping.py", "--persona", "careful",
         "--scenario", str(EXAMPLE / "shopping.md"), "--no-explore", "--out", str(out),
         "--sandbox", "process", "--allow-process-sandbox"]
    )  # fmt: skip
    (trial,) = (out / "trials").iterdir()
    return code, json.loads((out / "try.json").read_text()), trial


def states(film: Path) -> list[bytes]:
    """What a film shows one after the other."""
    command = [str(find_ffmpeg()), "-v", "error", "-i", str(film), "-vf", "scale=256:-1",
               "-f", "framemd5", "-"]  # fmt: skip
    said = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    sums = [line.split(b",")[-1] for line in said if not line.startswith(b"#")]
    return [now for last, now in itertools.pairwise([b"", *sums]) if now != last]


@windows
def test_the_example_is_driven_and_judged_by_what_it_saved(tmp_path: Path) -> None:
    code, result, trial = try_out(EXAMPLE, tmp_path / "out")
    assert (code, result["trials"][0]["reasons"]) == (0, [])
    tape = json.loads((trial / "tape.json").read_text())
    shown = tape["entries"][9]["seen"]["screen"]
    assert ("2 to buy" in shown, "Bread" in shown) == (True, False), "the window itself is read"
    assert 'saved items.json:\n["Milk", "Pears"]' in tape["entries"][9]["seen"]["text"]
    with Image.open(trial / tape["entries"][3]["seen"]["picture"]) as picture:
        assert picture.size == (1024, 768)
        window = picture.convert("RGB").crop((40, 40, 400, 340))
        assert len(window.getcolors(1 << 20) or []) > 5, "something is drawn in the window"
        assert picture.convert("RGB").getpixel((900, 700)) == (0, 0, 0)
    notes = FilmNotes.model_validate_json((trial / "film.json").read_bytes())
    pictures = [entry["seen"]["picture"] for entry in tape["entries"]]
    assert [cue.picture for cue in notes.actions if cue.picture in pictures] == pictures
    assert len(states(trial / "film.webm")) > len(pictures) + 5, "typing is seen, letter by letter"


@windows
def test_a_window_that_forgets_and_one_that_crashes_are_found(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    text = (EXAMPLE / "shopping.py").read_text()
    broken = text.replace("self.items.append(name)", "self.items.append(name or 1 / 0)").replace(
        "for index in reversed(self.shown.curselection()):", "for index in [self.items.index('x')]:"
    )
    (app / "shopping.py").write_text(broken)
    code, result, _ = try_out(app, tmp_path / "out")
    assert code == 1
    reasons = " ".join(result["trials"][0]["reasons"])
    assert "Traceback" in reasons or "traceback" in reasons
    assert "Bread is not needed" in reasons, "the step that failed is named"


def test_a_box_without_a_screen_says_what_to_install() -> None:
    assert missing_for_desktop("\n".join(f"/usr/bin/{name}" for name in NEEDED)) == ""
    said = missing_for_desktop("/usr/bin/xdotool\n")
    assert said.startswith("the box has no Xvfb, import, tesseract,")
    assert "macrohard sandbox build desktop" in said
    assert "apt-get install xvfb xdotool imagemagick tesseract-ocr" in said
