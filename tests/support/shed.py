"""A small site for users of pages: one form, one list; behaves, or has a defect."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

FORM = """<form method="post" action="/add"><input type="hidden" name="t" value="7">
<label for="n">Name</label><input id="n" name="n"><label for="k">Kind</label>
<select id="k" name="k"><option value="">(nothing)<option value="1">1 garden<option value="2">2 wood
</select><button>Add a thing</button></form><button type="button">Help</button>"""


WHEN = """<form method="post" action="/add"><label for="d">Day</label>
<input type="date" id="d" name="d"><label for="a">At</label>
<input type="datetime-local" id="a" name="a"><label for="q">Quantity</label>
<input type="number" id="q" name="q" step="0.01"><button>Add a time</button></form>"""


def page(body: str) -> str:
    head = '<html lang="en"><head><title>Shed</title></head><body><main><h1>Shed</h1>'
    return f"<!DOCTYPE html>{head}{body}</main></body></html>"


class Shed(BaseHTTPRequestHandler):
    """Remembers what it is sent."""

    sent: list[dict[str, list[str]]]
    bodies: list[str]
    broken = ""

    def do_GET(self) -> None:
        if self.path == "/old":
            self.answer(303, "", Location="/")
        elif self.path == "/crash":
            self.answer(500, page("<p>Oops</p>"))
        elif self.path == "/upload":
            form = FORM.replace('method="post"', 'method="post" enctype="multipart/form-data"')
            file = '<label for="f">CSV file</label><input type="file" id="f" name="f">'
            self.answer(200, page(form.replace("<button>", file + "<button>", 1)))
        elif self.path == "/things.csv":
            told = 'attachment; filename="things.csv"'
            self.answer(200, "id,name\n1,Rake\n", Content_Disposition=told)
        elif self.path == "/when":
            self.answer(200, page(WHEN))
        elif self.path == "/notes.txt":
            self.answer(200, "wide " * 500, Content_Type="text/plain")
        elif self.path == "/export":
            self.answer(200, page('<a href="/things.csv">Export</a>'))
        elif self.path == "/":
            seen = "".join(f"<li>{each['n'][0]}" for each in self.sent if "n" in each)
            form = FORM.replace('for="n"', 'for="m"') if self.broken == "label" else FORM
            cookie = self.headers.get("Cookie", "none")
            self.answer(200, page(f"<p>cookie {cookie}</p><ul>{seen}</ul>{form}"))
        else:
            self.answer(404, page("<p>Nothing here</p>"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.bodies.append(body)
        self.sent.append(parse_qs(body, keep_blank_values=True))
        self.answer(303, "", Location="/", Set_Cookie="seen=yes; Path=/")

    def answer(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", headers.pop("Content_Type", "text/html"))
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Standing:
    """Stands for a server in a box."""

    def __init__(self, base: str, inside: str = "") -> None:
        self.base, self.inside = base, inside or base

    async def restart(self) -> bool:
        return True

    async def printed(self) -> str:
        return ""


@contextmanager
def shed(broken: str = "") -> Iterator[tuple[str, type[Shed]]]:
    handler = type("Mine", (Shed,), {"sent": [], "bodies": [], "broken": broken})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()
