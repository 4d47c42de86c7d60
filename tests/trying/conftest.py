"""Small applications by another hand, to be tried."""

from pathlib import Path

import pytest

NOTES = """\
import http.server, json, pathlib, urllib.parse

STORE = pathlib.Path("notes.json")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        notes = json.loads(STORE.read_text()) if STORE.exists() else []
        if self.path == "/api":
            return self.say(json.dumps(notes), "application/json")
        items = "".join(f"<li>{note}</li>" for note in notes)
        self.say(
            '<!doctype html><html lang="en"><title>Notes</title><h1>Notes</h1><ul>' + items +
            '</ul><form method="post"><label for="n">Note</label><input id="n" name="n">'
            "<button>Add note</button></form></html>", "text/html")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        notes = json.loads(STORE.read_text()) if STORE.exists() else []
        STORE.write_text(json.dumps([*notes, urllib.parse.parse_qs(body)["n"][0]]))
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()

    def say(self, text, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())


import sys
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""Lets markup in, and falls over an empty form."""
CURSES = """\
import curses


def main(screen):
    count = 0
    while True:
        screen.erase()
        screen.addstr(0, 0, f"Counter {count}")
        key = screen.getkey()
        if key == "q":
            return
        count += key == "KEY_UP"


curses.wrapper(main)
print("Bye.")
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "notes.py").write_text(NOTES)
    (folder / "count.py").write_text(CURSES)
    return folder
