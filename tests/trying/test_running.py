"""``macrohard try --url``: users at a server that runs already, and is not ours to start or end."""

import contextlib
import json
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.shed import Standing, shed

from benchmarks import planted
from macrohard import try_app
from macrohard.cli.main import main
from macrohard.config import Settings
from macrohard.errors import SpecError, UsageError
from macrohard.users.base import Click, Open, UserActionError
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.chromium import Beside, find_browser
from macrohard.users.web.forms import FormDriver
from macrohard.users.web.running import Running, read_address
from macrohard.users.web.served import ServerError, belongs

AT_URL = """\
# A note is kept

1. Write it
   - open "/"
   - fill "Note" with "Milk"
   - click "Add note"
   - see "Milk"

At the end:
- come back
- see "Milk"

# It is told

1. GET /api
   - see "Milk"
"""


@contextmanager
def running(folder: Path, line: str) -> Iterator[str]:
    """A server of somebody's own, in a folder; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, *line.replace("{port}", str(port)).split()[1:]]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, cwd=folder, **quiet) as server:  # type: ignore[call-overload]
        try:
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
            assert server.poll() is None, "users leave the server alone"
        finally:
            server.terminate()


def written(folder: Path, text: str) -> Path:
    path = folder / "scenarios.md"
    path.write_text(text)
    return path


@pytest.mark.parametrize("browser", [False, True])
def test_users_try_a_server_that_runs_and_say_what_cannot_be_done(
    app: Path, tmp_path: Path, browser: bool
) -> None:
    if browser and find_browser() is None:
        pytest.skip("no Playwright, or no Chromium on the path")
    (app / "notes.json").write_text('["Old"]')
    path = written(tmp_path, AT_URL)
    with running(app, "python notes.py {port}") as url:
        result = try_app(
            url=url, scenarios=path, personas=["careful"], explore=False,
            out=tmp_path / "out", settings=Settings(browser=browser),
        )  # fmt: skip
    assert [trial.satisfied for trial in result.trials] == [True, True]
    assert json.loads((app / "notes.json").read_text()) == ["Old", "Milk"]
    kept, asked = result.trials
    assert kept.skipped == ("come back: the server was not started again: it is not ours to end",)
    assert asked.skipped == ()
    tape = (tmp_path / "out" / "trials" / kept.trial / "tape.json").read_text()
    assert "not ours to end" in tape
    pictures = list((tmp_path / "out" / "trials" / kept.trial).glob("*.png"))
    assert bool(pictures) == browser


def test_looking_round_again_finds_the_same_in_what_it_left_behind(
    app: Path, tmp_path: Path
) -> None:
    base = planted.BASES["ledger"]
    planted.lay_out(base, tmp_path / "ledger")
    with running(tmp_path / "ledger", base.serve) as url:
        first = try_app(url=url, out=tmp_path / "a")
        with sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite3") as data:  # of one broken off
            left = ("Probe Birch", "Probe Birch", 21100)
            data.execute("INSERT INTO payment (who, what, cents) VALUES (?, ?, ?)", left)
        data.close()
        second = try_app(url=url, out=tmp_path / "b")
    assert (first.findings, second.findings) == ((), ())
    assert first.explorations[0].surface == "pages"
    assert "after a restart" in " ".join(first.explorations[0].skipped)
    with running(app, "python notes.py {port}") as url:
        broken = try_app(url=url, out=tmp_path / "c")
    assert "markup" in {finding.check for finding in broken.findings}
    assert not broken.accepted


def test_the_command_line_asks_before_it_changes_a_server(
    app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(tmp_path, AT_URL))
    with running(app, "python notes.py {port}") as url:
        line = ["try", "--url", url, "--scenario", path, "--no-explore", "--persona", "novice"]
        assert main([*line, "--out", str(tmp_path / "a")]) == 2
        said = capsys.readouterr().err
        assert "leave some of it behind" in said
        assert "say --yes" in said
        assert not (app / "notes.json").exists()
        assert main([*line, "--yes", "--out", str(tmp_path / "b")]) == 0
        assert "not tried: T1-novice: come back" in capsys.readouterr().err
        path = written(tmp_path, AT_URL.replace('see "Milk"', 'see "Tea"')).name
        line[4] = str(tmp_path / path)
        assert main([*line, "--yes", "--quiet", "--out", str(tmp_path / "c")]) == 1
    assert main([*line, "--yes", "--out", str(tmp_path / "d")]) == 2
    assert "Start it first" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_what_cannot_be_tried_at_an_address_is_refused(app: Path, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1"
    with pytest.raises(UsageError, match="leave out APP"):
        try_app(app, url=url)
    terminal = written(tmp_path, '# Count\n\n1. Start\n   - type "x"\n   - see "y"\n')
    with pytest.raises(SpecError, match="not for pages or an API"):
        try_app(url=url, scenarios=terminal)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://[::1]:80", "http://[::1]"),
        ("127.0.0.1:8000", "no address"),
        ("ftp://host", "no address"),
        ("http://", "no address"),
        ("http://host:99999", "out of range"),
        ("http://host/shop", "one page"),
        ("http://ann:secret@host", "name and password"),
    ],
)
def test_an_address_has_scheme_host_and_port(text: str, read: str) -> None:
    if read.startswith("http"):
        assert read_address(text) == read
    else:
        with pytest.raises(UsageError, match=read) as refused:
            read_address(text)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("netloc", "own"),
    [("", True), ("localhost:80", True), ("127.0.0.1:80", True), ("[::1]:80", True),
     ("127.0.0.1:81", False), ("127.0.0.1", False), ("127.0.0.1:80@evil.example", False)],
)  # fmt: skip
def test_an_address_of_the_server_is_told_from_others(netloc: str, own: bool) -> None:
    assert belongs(netloc, Standing("http://127.0.0.1:80")) is own


@contextmanager
def serving(
    answer: Callable[[BaseHTTPRequestHandler], None], tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    methods = dict.fromkeys(("do_GET", "do_POST"), answer)
    handler = type("H", (BaseHTTPRequestHandler,), {**methods, "log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def certified(folder: Path) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    proof, key = folder / "proof.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
            str(key), "-out", str(proof), "-subj", "/CN=shop",
            "-addext", "subjectAltName=IP:127.0.0.1"]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    return proof, key


async def test_a_certificate_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proof, key = certified(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(proof, key)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(204)
        handler.end_headers()

    with serving(answer, context) as url:
        with pytest.raises(ServerError, match="certificate verify failed"):
            await Running(url).__aenter__()
        monkeypatch.setenv("SSL_CERT_FILE", str(proof))
        async with Running(url) as running:
            assert running.base == url


@contextmanager
def leading_away() -> Iterator[tuple[str, list[str]]]:
    """A server whose pages lead to another one in every way; what that one was asked."""
    asked: list[str] = []

    def other(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        handler.send_response(200)
        handler.end_headers()

    with serving(other) as far:

        def own(handler: BaseHTTPRequestHandler) -> None:
            away = handler.path == "/away"
            handler.send_response(302 if away else 200)
            handler.send_header("Location" if away else "Content-Type",
                                f"{far}/by-redirect" if away else "text/html")  # fmt: skip
            handler.end_headers()
            if not away:
                form = f'<form method="post" action="{far}/form"><button>Send</button></form>'
                page = f'<a href="{far}/link">Link</a> <a href="/away">Away</a>'
                picture = f'<img alt="" src="{far}/picture"><img alt="" src="/away">'
                handler.wfile.write(f'<html lang="en">{page}{form}{picture}'.encode())

        with serving(own) as near:
            yield near, asked


async def test_other_servers_are_not_asked_by_reading_pages() -> None:
    with leading_away() as (near, asked):
        async with FormDriver(Standing(near)) as driver:
            for name in ("Link", "Send"):
                with pytest.raises(UserActionError, match="another site"):
                    await driver.act(Click(name=name))
            seen = await driver.act(Click(name="Away"))
            assert any("leads to another site" in p.text for p in seen.problems)
    assert asked == []


@pytest.mark.skipif(find_browser() is None, reason="no Playwright, or no Chromium on the path")
async def test_other_servers_are_not_asked_at_a_browser(tmp_path: Path) -> None:
    with leading_away() as (near, asked):
        async with BrowserDriver(Standing(near), Beside(), tmp_path) as driver:
            for name in ("Link", "Send", "Away"):
                with contextlib.suppress(UserActionError):  # or an empty page comes
                    await driver.act(Open(address="/"))
                    await driver.act(Click(name=name))
    assert asked == []


async def test_forms_say_where_they_come_from() -> None:
    with shed() as (base, handler):
        seen: list[str | None] = []
        keep = handler.do_POST

        def noting(self: BaseHTTPRequestHandler) -> None:
            seen.append(self.headers["Origin"])
            keep(self)  # type: ignore[arg-type]

        handler.do_POST = noting  # type: ignore[method-assign,assignment]
        async with FormDriver(Standing(base)) as driver:
            await driver.act(Click(name="Add a thing"))
    assert seen == [base]
