"""Users in Docker boxes, at each interface: nothing of the machine beside the engine is used.

The images with a browser and with a screen are built once a run; that takes a minute each.
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commands import ROOT

from macrohard.cli.main import main
from macrohard.sandbox.docker import DockerProvider, Engine
from macrohard.users.base import (
    APP_FOLDER,
    Attach,
    Click,
    ComeBack,
    Fill,
    Open,
    OtherTab,
    UserActionError,
)
from macrohard.users.web import chromium
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.served import Served

SITE = '''\
import http.server, pathlib, sys

KEPT = pathlib.Path("kept.txt")
FORM = """<form method="post" enctype="multipart/form-data" action="/">
<label for="n">Name</label><input id="n" name="n"><label for="f">List</label>
<input id="f" name="f" type="file"><button>Keep</button></form><a href="/list.csv">Download</a>"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kept = KEPT.read_text() if KEPT.exists() else ""
        if self.path == "/list.csv":
            return self.say("text/csv", kept, Content_Disposition='attachment; filename="list.csv"')
        more = '<input name="lost">' if self.path == "/barrier" else ""
        self.say("text/html; charset=utf-8", '<!doctype html><html lang="en"><title>Box</title>'
                 f"<main><h1>Box</h1><pre>{kept}</pre>{FORM}{more}</main></html>")

    def do_POST(self):
        parts = self.rfile.read(int(self.headers["Content-Length"])).decode().split("\\r\\n\\r\\n")
        KEPT.write_text("; ".join(part.partition("\\r\\n--")[0] for part in parts[1:]))
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()

    def say(self, kind, text, **headers):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
'''
Try = Callable[..., tuple[int, dict[str, Any], Path]]


@pytest.fixture
def tried(
    engine_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, dict[str, Any], Path]]:
    """``macrohard try`` over the engine of the tests: exit status, result, evidence."""
    monkeypatch.setenv("DOCKER_HOST", engine_address)

    def run(*line: str) -> tuple[int, dict[str, Any], Path]:
        out = tmp_path / "out"
        code = main(["try", *line, "--sandbox", "docker", "--quiet", "--out", str(out)])
        return code, json.loads((out / "try.json").read_text()), out

    return run


def scenarios(folder: Path, text: str) -> str:
    path = folder / "scenarios.md"
    path.write_text(text)
    return str(path)


async def test_a_browser_in_the_box_sees_the_application_and_nothing_else(
    web_engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "program", lambda: None)  # there is none on this machine
    provider = DockerProvider(Engine.find(web_engine), "web")
    async with await provider.create(label="browser") as box:
        await box.write(f"{APP_FOLDER}/site.py", SITE.encode())
        browser = await chromium.find_inside(box)
        assert browser is not None
        async with Served(box, ["python", "site.py", "{port}"], label="browser") as served:
            async with BrowserDriver(served, browser, tmp_path) as driver:
                assert await driver.ask("location.origin") == served.inside
                await driver.act(Fill(label="Name", text="<b>山田</b>"))
                await driver.act(Attach(label="List", file="a.csv", content="a;1\n"))
                seen = await driver.act(Click(name="Keep"))
                assert "<b>山田</b>; a;1" not in seen.text, "markup that is not escaped is drawn"
                assert "山田; a;1" in seen.text
                assert (tmp_path / seen.picture).stat().st_size > 1000
                await driver.act(OtherTab())
                seen = await driver.act(Click(name="Download"))
                assert 'saved file "list.csv":\n<b>山田</b>; a;1' in seen.screen
                seen = await driver.act(ComeBack())
                assert "山田; a;1" in seen.text
                assert not [p for p in seen.problems if p.severity == "major"]
                seen = await driver.act(Open(address="/barrier"))
                assert any(p.text.startswith("label (critical)") for p in seen.problems)
                with pytest.raises(UserActionError, match="another site"):
                    await driver.act(Open(address="http://192.0.2.1/"))
            got = "import urllib.request as u; print(u.urlopen('http://192.0.2.1', timeout=5))"
            away = await box.exec(["python", "-c", got], timeout_s=20)
            assert "Network is unreachable" in away.stderr
    await provider.close()
    assert (tmp_path / "film.webm").read_bytes()[:4] == b"\x1aE\xdf\xa3"


def test_pages_at_a_browser_and_an_api(
    app: Path, tried: Try, web_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del web_engine
    monkeypatch.setattr(chromium, "program", lambda: None)
    path = scenarios(
        app.parent,
        '# A note\n\n1. Write it\n   - open "/"\n   - fill "Note" with "Milk"\n'
        '   - click "Add note"\n   - see "Milk"\n\nAt the end:\n- come back\n- see "Milk"\n\n'
        '# A request\n\n1. GET /api\n   - see "[]"\n',
    )
    code, result, out = tried(
        str(app), "--serve", "python notes.py {port}", "--browser", "--scenario", path,
        "--persona", "keyboard-only", "--persona", "expert", "--no-explore",
    )  # fmt: skip
    rows = {row["trial"]: (row["satisfied"], row["actions"]) for row in result["trials"]}
    assert (code, rows) == (0, {"T1-keyboard-only": (True, 4), "T2-expert": (True, 1)})
    tape = json.loads((out / "trials" / "T1-keyboard-only" / "tape.json").read_text())
    assert all(entry["seen"]["picture"] for entry in tape["entries"])


def test_a_window(tried: Try, desktop_engine: str) -> None:
    del desktop_engine
    example = ROOT / "examples" / "desktop"
    code, result, out = tried(
        str(example), "--run", "python shopping.py", "--persona", "careful",
        "--scenario", str(example / "shopping.md"),
    )  # fmt: skip
    (trial,) = result["trials"]
    (looked,) = result["explorations"]
    assert (code, trial["reasons"]) == (0, [])
    assert (looked["surface"], looked["findings"]) == ("windows", [])
    assert list((out / "trials" / trial["trial"]).glob("*.png"))


def test_commands_and_a_program_that_owns_the_screen(app: Path, tried: Try) -> None:
    (app / "tell.py").write_text("import sys\nprint(input('Who? '))\nsys.exit(3)\n")
    path = scenarios(
        app.parent,
        '# Counting\n\n1. Count\n   - type `python count.py`\n   - press "Up Up"\n'
        '   - see "Counter 2"\n   - press "q"\n   - see "Bye."\n   - exit 0\n\n'
        '# Telling\n\n1. Say it\n   - type `python tell.py`\n   - type "Zoë"\n'
        '   - see "Zoë"\n   - exit 3\n',
    )
    code, result, out = tried(
        str(app), "--run", "python count.py", "--scenario", path, "--persona", "novice",
        "--no-explore",
    )  # fmt: skip
    assert (code, [row["reasons"] for row in result["trials"]]) == (0, [[], []])
    assert (out / "trials" / "T1-novice" / "trial.cast").stat().st_size > 500


def test_a_package_of_the_index(
    tried: Try, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "macrohard" / "wheels"
    folder.mkdir(parents=True)
    program = (
        "import argparse\ndef main():\n    p = argparse.ArgumentParser()\n"
        "    p.add_argument('grains', type=int)\n    print(2 * p.parse_args().grains)\n"
    )
    with zipfile.ZipFile(folder / "mh_salt-2.1-py3-none-any.whl", "w") as archive:
        info = "mh_salt-2.1.dist-info"
        archive.writestr("mh_salt.py", program)
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\nsalt = mh_salt:main\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: mh_salt\nVersion: 2.1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    path = scenarios(tmp_path, '# Salt\n\n1. Double it\n   - type "salt 21"\n   - see "42"\n')
    code, result, _ = tried(
        "--package", "mh-salt", "--run", "salt", "--scenario", path, "--persona", "hurried",
        "--offline-packages",
    )  # fmt: skip
    assert (code, result["trials"][0]["satisfied"]) == (0, True)
    (looked,) = result["explorations"]
    assert (looked["surface"], looked["findings"]) == ("terminal", [])
    assert looked["actions"] > 3
