"""The stage that makes pictures: painted where a model of images is named, otherwise by rule."""

import asyncio
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.chat_server import ChatServer, chat_server, plain_png

from macrohard import work
from macrohard.artwork.check import look_at
from macrohard.cli.main import main
from macrohard.config import Caps, Routing, Settings
from macrohard.errors import BudgetError
from macrohard.graph import assets as stage
from macrohard.graph.assets import Pictures, assets, folder_of, has_face
from macrohard.graph.office import Office
from macrohard.llm.store import stored_calls
from macrohard.opening import open_office
from macrohard.record import read_record
from macrohard.run import create_run
from macrohard.spec import Spec

BRIEF = work.Brief(title="Tool shed", purpose="A street shares tools.", interfaces=("cli", "web"))
WANTED = work.Requirements.model_validate(
    {
        "title": "Tool shed", "purpose": "A street shares tools.",
        "stories": [
            {"id": "S1", "as_a": "neighbour", "i_want": "to see tools", "so_that": "I can borrow",
             "criteria": [{"id": "S1.C1", "given": "-", "when": "-", "then": "-"}]},
        ],
    }
)  # fmt: skip
DESIGN = work.Design.model_validate(
    {
        "app": "tool_shed", "summary": "s", "interfaces": ["web"], "run": ["x"], "test": ["x"],
        "modules": [{"path": "tool_shed/__init__.py", "responsibility": "r"}],
    }
)  # fmt: skip


def make(
    folder: Path, settings: Settings, again: bool = False
) -> tuple[Pictures, dict[str, bytes], list[dict[str, Any]]]:
    """Run the stage in a run directory; what it made, the files on main, and the calls."""

    async def go() -> Pictures:
        spec = Spec(text="# Tool shed\n", source="tools.md")
        run = folder if again else create_run(spec, settings, folder)
        async with open_office(run, read_record(run)) as office:
            state = {
                "brief": office.artifacts.put(BRIEF),
                "requirements": office.artifacts.put(WANTED),
                "design": office.artifacts.put(DESIGN),
            }
            made = (await assets(office, state))["assets"]  # type: ignore[arg-type]
            return office.artifacts.noun(made, Pictures)

    pictures = asyncio.run(go())
    static = folder / "app" / "tool_shed" / "static"
    files = {path.name: path.read_bytes() for path in static.iterdir()}
    return pictures, files, list(stored_calls(folder / "calls"))


def commits(folder: Path) -> list[str]:
    done = subprocess.run(
        ["git", "log", "--format=%s"], cwd=folder / "app", capture_output=True, check=True
    )
    return done.stdout.decode().splitlines()


def test_without_a_model_of_images_all_are_drawn_by_rule(tmp_path: Path) -> None:
    pictures, files, calls = make(tmp_path / "run", Settings(sandbox="process"))
    assert pictures == Pictures(
        motif="hammer", folder="tool_shed/static", drawn=("icon", "empty", "card")
    )
    assert sorted(files) == ["card.png", "empty.svg", "icon.svg", "pictures.json"]
    rows = json.loads(files["pictures.json"])
    for row in rows.values():
        seen = look_at(files[row["file"]])
        assert (seen.media, seen.width, seen.height) == (row["type"], row["width"], row["height"])
        assert row["alt"]
    assert [call["request"]["asker"]["output"] for call in calls] == ["ArtDirection"]
    other, again, _ = make(tmp_path / "other", Settings(sandbox="process"))
    assert (other, again) == (pictures, files), "the same words give the same pictures"


def painting(server: ChatServer, **caps: float) -> Settings:
    name = f"{server.url}#gpt-image-1"
    prices = {name: {"input": 5.0, "output": 40.0}}
    routing = Routing(tiers={"image": (name,)}, prices=prices)
    return Settings(sandbox="process", routing=routing, caps=Caps(**caps))  # type: ignore[arg-type]


def test_a_model_of_images_paints_what_the_artist_says_and_no_call_is_made_twice(
    tmp_path: Path,
) -> None:
    with chat_server() as server:
        server.picture = plain_png(64, (200, 30, 60))
        settings = painting(server, usd=2.0)
        pictures, files, calls = make(tmp_path / "run", settings)
        assert len(server.prompts) == 3
        assert make(tmp_path / "run", settings, again=True)[:2] == (pictures, files)
        assert len(server.prompts) == 3
    assert pictures.painted == ("icon", "empty", "card")
    assert all("Flat vector style" in text and "hammer" in text for text in server.prompts)
    for name, size in (("icon", (128, 128)), ("empty", (320, 320)), ("card", (1200, 630))):
        with Image.open(io.BytesIO(files[f"{name}.png"])) as picture:
            assert picture.size == size
            place = (150, 300) if name == "card" else (64, 64)
            assert picture.convert("RGB").getpixel(place) == (200, 30, 60)
        assert len(files[f"{name}.png"]) < 60_000
    painted = [call for call in calls if call["request"]["asker"]["role"] == "illustrator"]
    assert [call["usd"] for call in painted] == pytest.approx([(50 * 5 + 1056 * 40) / 1e6] * 3)
    assert commits(tmp_path / "run")[0] == "Make the pictures of the application"


def test_a_cap_is_not_passed_for_a_picture(tmp_path: Path) -> None:
    with chat_server() as server:
        server.picture = plain_png(64, (200, 30, 60))
        with pytest.raises(BudgetError):
            make(tmp_path / "run", painting(server, usd=0.1))
    assert server.prompts == []


def test_where_no_picture_comes_it_is_drawn_and_told(tmp_path: Path) -> None:
    with chat_server() as server:
        server.status = 401
        pictures, files, _ = make(tmp_path / "run", painting(server))
    assert pictures.painted == ()
    assert "icon.svg" in files
    events = (tmp_path / "run" / "events.jsonl").read_text()
    assert "drawn by rule; no picture came" in events


def test_without_pillow_there_is_no_card_and_the_run_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "has_pillow", lambda: False)
    with chat_server() as server:
        pictures, files, _ = make(tmp_path / "run", painting(server))
        assert server.prompts == [], "nothing is paid for that could not be used"
    assert pictures.left_out == ("card",)
    assert sorted(files) == ["empty.svg", "icon.svg", "pictures.json"]
    events = (tmp_path / "run" / "events.jsonl").read_text()
    assert "card for shared links was left out: a bitmap needs Pillow" in events


@pytest.mark.parametrize(
    ("interfaces", "looks"),
    [(("cli",), False), (("tui",), False), (("api", "cli"), False), (("web",), True),
     (("cli", "desktop"), True)],
)  # fmt: skip
def test_only_what_people_look_at_gets_pictures(
    tmp_path: Path, interfaces: tuple[str, ...], looks: bool
) -> None:
    async def ask(check: Callable[[Office, Any], bool]) -> bool:
        spec = Spec(text="# Tool shed\n", source="tools.md")
        run = create_run(spec, Settings(sandbox="process"), tmp_path / "run")
        async with open_office(run, read_record(run)) as office:
            brief = BRIEF.model_copy(update={"interfaces": interfaces})
            return check(office, {"brief": office.artifacts.put(brief)})

    assert asyncio.run(ask(has_face)) is looks


def test_pictures_lie_in_the_package_where_there_is_one() -> None:
    assert folder_of(DESIGN) == "tool_shed/static"
    loose = DESIGN.modules[0].model_copy(update={"path": "server.js"})
    assert folder_of(DESIGN.model_copy(update={"modules": (loose,)})) == "static"
    assert replace(Settings(), routing=Routing(tiers={"image": ("offline",)})).models


WEB = """# Tool shed

Lends tools.

## Data

### Tool

- name: text, required

## Features

- Add everything.

## Interface

- Web pages
"""


@pytest.mark.parametrize("held", ["plan", "assets"])
def test_a_person_is_asked_about_each_of_two_stages_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], held: str
) -> None:
    (tmp_path / "shed.md").write_text(WEB)
    run = tmp_path / "run"
    command = ["build", str(tmp_path / "shed.md"), "--out", str(run), "--approve", held]
    assert main([*command, "--sandbox", "process"]) == 1
    assert f"Stage {held} was not approved" in capsys.readouterr().err
    record = read_record(run)
    assert {row["stage"] for row in record["stages"]} >= {"plan", "assets"}
    assert record["pictures"]["drawn"] == ["icon", "empty", "card"]
    assert {item["outcome"] for item in record["items"]} == {"waiting"}, "no coder has begun"
