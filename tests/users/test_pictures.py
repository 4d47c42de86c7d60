"""Pictures are what a user is shown: one that is missing or broken is found, with its page."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.shed import Standing

from macrohard.artwork import drawing
from macrohard.artwork.palettes import PALETTES
from macrohard.graph.assets import _files
from macrohard.llm.offline.appgen.assembly import generate
from macrohard.llm.offline.dialect import parse_spec
from macrohard.users.base import Click, Observation, Open
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.chromium import Beside, find_browser
from macrohard.users.web.forms import FormDriver
from macrohard.users.web.pictures import Gallery, named_pictures
from macrohard.webpage import Page
from macrohard.work import ArtDirection, Drawing

SPEC = """# Tool shed

Lends tools.

## Data

### Tool

- name: text, required

## Features

- Add and list everything.

## Interface

- Web pages
"""
LOOK = ArtDirection(
    motif="hammer",
    icon=Drawing(prompt="p", alt="Tool shed"),
    empty=Drawing(prompt="p", alt="A hammer & an empty place"),
    card=Drawing(prompt="p", alt="Tool shed"),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("app")
    files = {path: text.encode() for path, text in generate(parse_spec(SPEC)).items()}
    made = {
        "icon": drawing.icon_svg("hammer", PALETTES[0]).encode(),
        "empty": drawing.empty_svg("hammer", PALETTES[0]).encode(),
        "card": drawing.card_png("hammer", PALETTES[0], "Tool shed", "Lends tools."),
    }
    for path, data in (files | _files("tool_shed/static", LOOK, made)).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@contextmanager
def served(app: Path, copy: Path) -> Iterator[tuple[str, Path]]:
    shutil.copytree(app, copy)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tool_shed", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=copy, stdout=subprocess.DEVNULL) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(200):
                try:
                    urllib.request.urlopen(base, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield base, copy / "tool_shed" / "static"
        finally:
            process.terminate()


async def look_around(base: str) -> list[Observation]:
    async with FormDriver(Standing(base)) as driver:  # type: ignore[arg-type]
        return [await driver.observe(), await driver.act(Click(name="Tools"))]


def told(seen: list[Observation]) -> list[str]:
    return [problem.text for each in seen for problem in each.problems]


async def test_the_pictures_of_an_app_are_shown_and_sound(app: Path, tmp_path: Path) -> None:
    with served(app, tmp_path / "a") as (base, _):
        seen = await look_around(base)
    assert told(seen) == []
    assert '- img "A hammer & an empty place"' in seen[1].screen
    assert '- img "Tool shed"' not in seen[1].screen, "the icon is decoration beside the title"
    assert "No tools." in seen[1].text


async def test_a_picture_that_is_broken_or_gone_is_a_defect(app: Path, tmp_path: Path) -> None:
    with served(app, tmp_path / "a") as (base, static):
        (static / "card.png").write_bytes((static / "card.png").read_bytes()[:-20])
        (static / "empty.svg").unlink()
        (static / "icon.svg").write_text("<html>Not found</html>")
        seen = await look_around(base)
    problems = {p.text: p.severity for each in seen for p in each.problems}
    assert set(problems.values()) == {"major"}
    texts = sorted(problems)
    assert [text.partition(": it")[0] for text in texts] == [
        f"the card for shared links {base}/static/card.png of /",
        "the icon /static/icon.svg of /",
        "the picture /static/empty.svg of /tools",
    ]
    assert ["broken" in text for text in texts] == [True, True, False]
    assert texts[2].endswith("it cannot be had: status 404")


async def test_a_picture_is_what_it_is_said_to_be_and_not_too_large(
    app: Path, tmp_path: Path
) -> None:
    with served(app, tmp_path / "a") as (base, static):
        rows = json.loads((static / "pictures.json").read_text())
        rows["icon"]["type"] = "image/png"
        (static / "pictures.json").write_text(json.dumps(rows))
        (static / "empty.svg").write_text(f"<svg><!--{'x' * 1_200_000}--><path/></svg>")
        seen = await look_around(base)
    problems = [p for each in seen for p in each.problems]
    assert [(p.severity, p.text.rpartition(": ")[2]) for p in problems] == [
        ("major", "it is served as image/png, but is image/svg+xml"),
        ("minor", "it is 1.2 MB large"),
    ]


@pytest.mark.skipif(find_browser() is None, reason="no Playwright, or no Chromium on the path")
async def test_a_browser_sees_that_a_picture_is_not_drawn_or_has_no_place(
    app: Path, tmp_path: Path
) -> None:
    with served(app, tmp_path / "a") as (base, static):
        standing = Standing(base)
        async with BrowserDriver(standing, Beside(), tmp_path / "1") as driver:  # type: ignore[arg-type]
            seen = [await driver.observe(), await driver.act(Open(address="/tools"))]
        assert told(seen) == []
        (static / "empty.svg").write_text('<svg width="0" height="0">')
        rows = json.loads((static / "pictures.json").read_text())
        rows["icon"]["height"] = 1
        (static / "pictures.json").write_text(json.dumps(rows))
        async with BrowserDriver(standing, Beside(), tmp_path / "2") as driver:  # type: ignore[arg-type]
            seen = [await driver.observe(), await driver.act(Open(address="/tools"))]
    texts = told(seen)
    assert any("/static/empty.svg of /tools: nothing of it is shown" in text for text in texts)
    assert any("/static/icon.svg of /: it takes 32 by" in text for text in texts)


async def test_pictures_are_looked_at_by_the_address_in_the_box_too(
    app: Path, tmp_path: Path
) -> None:
    page = Page(
        '<meta property="og:image" content="http://127.0.0.1:8000/static/card.png">'
        '<img src="http://elsewhere.example/a.png" alt="">'
    )
    with served(app, tmp_path / "a") as (base, _):
        gallery = Gallery(Standing(base, "http://127.0.0.1:8000"))  # type: ignore[arg-type]
        problems = await gallery.look(page, "/")
    assert [(p.text.split()[2], p.severity) for p in problems] == [
        ("http://elsewhere.example/a.png", "minor")
    ]


def test_what_a_page_names_as_pictures() -> None:
    page = Page(
        '<link rel="shortcut icon" href="/f.ico"><meta property="og:image" content="http://x/c.png">'
        '<img src="a.png" alt=""><img src="a.png" alt=""><input type="image" src="b.png"><img>'
    )
    assert [address for _, address in named_pictures(page)] == [
        "/f.ico", "http://x/c.png", "a.png", "b.png",
    ]  # fmt: skip
