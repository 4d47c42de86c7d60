"""At a browser: traps for the keyboard, a back button that is broken, buttons without effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from support.shed import Standing

from macrohard.exploring.drawn import DrawnExplorer, explore_drawn
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.chromium import Beside, find_browser

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="no Playwright, or no Chromium on the path"
)

START = '<p><a href="/next">Next</a> <button id="b" type="button">More</button></p>'
WORKS = "b.onclick = () => b.textContent = 'Less';"
TRAP = "x.onkeydown = e => { if (e.key === 'Tab') e.preventDefault(); };"
NO_WAY_BACK = (
    "const stay = () => history.pushState(null, '', location.href); stay(); onpopstate = stay;"
)


@contextmanager
def served(start_script: str, next_script: str) -> Iterator[str]:
    """Two pages with scripts."""
    fields = (
        '<p><label for="x">X</label> <input id="x"> <label for="d">Day</label> '
        '<input id="d" type="date"> <label for="y">Y</label> <input id="y">'
    )
    bodies = {"/": (START, start_script), "/next": (fields, next_script)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, script = bodies.get(self.path, ("", ""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(
                f'<!doctype html><html lang="en"><title>T</title><main><h1>T</h1>{body}</main>'
                f"<script>{script}</script></html>".encode()
            )

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("start_script", "next_script", "told"),
    [
        (WORKS, "", []),
        (
            "",
            TRAP + NO_WAY_BACK,
            [
                ("keyboard", "the focus is trapped at 'X'"),
                ("back", "the back button does not lead back from /next"),
                ("buttons", "the button 'More' does nothing"),
            ],
        ),
    ],
)
async def test_what_a_browser_shows(
    start_script: str, next_script: str, told: list[tuple[str, str]], tmp_path: Path
) -> None:
    with served(start_script, next_script) as base:
        driver = BrowserDriver(Standing(base), Beside(), tmp_path)  # type: ignore[arg-type]
        async with driver:
            user = DrawnExplorer(driver, "test")
            await explore_drawn(user)
    grave = [(f.check, f.title) for f in user.findings if f.severity == "major"]
    assert grave == told
