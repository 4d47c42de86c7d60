"""A user without a browser, at a small site that behaves, and at the same one with a defect."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from macrohard.users.base import (
    Action,
    Attach,
    Back,
    Choose,
    Click,
    Fill,
    Observation,
    Open,
    Press,
    UserActionError,
)
from macrohard.users.forms import FormDriver

FORM = """<form method="post" action="/add"><input type="hidden" name="t" value="7">
<label for="n">Name</label><input id="n" name="n"><label for="k">Kind</label>
<select id="k" name="k"><option value="">(nothing)<option value="1">1 garden<option value="2">2 wood
</select><button>Add a thing</button></form><button type="button">Help</button>"""


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
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Standing:
    """Stands for a server in a box."""

    def __init__(self, base: str) -> None:
        self.base = base

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


@asynccontextmanager
async def visitor(
    broken: str = "",
) -> AsyncIterator[tuple[Callable[..., object], type[Shed], FormDriver]]:
    with shed(broken) as (base, handler):
        async with FormDriver(Standing(base)) as driver:  # type: ignore[arg-type]

            async def do(*actions: Action) -> Observation:
                seen = await driver.observe()
                for action in actions:
                    seen = await driver.act(action)
                return seen

            yield do, handler, driver


async def test_a_form_is_filled_in_by_its_labels_and_its_hidden_fields_go_along() -> None:
    async with visitor() as (do, handler, _):
        seen = await do(
            Fill(label="name", text="Rake & <b>"),
            Choose(label="Kind", option="2"),
            Click(name="Add a thing"),
        )
        assert handler.sent == [{"t": ["7"], "n": ["Rake & <b>"], "k": ["2"]}]
        assert seen.state.http_status == 200
        assert "cookie seen=yes" in seen.text


async def test_a_double_click_sends_twice_and_going_back_finds_what_was_typed() -> None:
    async with visitor() as (do, handler, _):
        await do(Fill(label="Name", text="Saw"), Click(name="Add a thing", twice=True))
        assert len(handler.sent) == 2
        seen = await do(Back())
        assert '- textbox "Name": Saw' in seen.screen
        await do(Click(name="Add a thing"))
        assert handler.sent[2] == handler.sent[0]


async def test_a_file_is_uploaded_with_its_content() -> None:
    async with visitor() as (do, handler, _):
        await do(
            Open(address="/upload"),
            Attach(label="CSV file", file="a.csv", content="id\n1\n"),
            Click(name="Add a thing"),
        )
        assert 'filename="a.csv"' in handler.bodies[0]
        assert "\r\n\r\nid\n1\n\r\n" in handler.bodies[0]


async def test_redirects_are_followed_and_lost_pages_are_pages() -> None:
    async with visitor() as (do, _, _driver):
        assert "at /, status 200" in (await do(Open(address="/old"))).screen
        seen = await do(Open(address="/nowhere"))
        assert (seen.state.http_status, seen.problems) == (404, ())


async def test_what_cannot_be_done_is_said_with_what_can() -> None:
    async with visitor() as (do, _, _driver):
        for action, told in (
            (Click(name="Save"), "'Add a thing'"),
            (Fill(label="Colour", text="x"), "'Name'"),
            (Choose(label="Kind", option="stone"), "'1 garden'"),
            (Fill(label="Kind", text="x"), "choose one"),
            (Open(address="http://example.org/"), "another site"),
            (Press(keys="Tab"), "no keyboard"),
        ):
            with pytest.raises(UserActionError, match=told):
                await do(action)


@pytest.mark.parametrize(
    ("broken", "actions", "kind", "told"),
    [
        ("", (Open(address="/crash"),), "error", "status 500"),
        ("", (Click(name="Help"),), "error", "does nothing"),
        ("label", (), "accessibility", "no label"),
    ],
)
async def test_defects_are_noticed_by_themselves(
    broken: str, actions: tuple[Action, ...], kind: str, told: str
) -> None:
    async with visitor(broken) as (do, _, _driver):
        (problem,) = (await do(*actions)).problems
        assert problem.kind == kind
        assert told in problem.text


async def test_a_site_that_behaves_has_no_problems() -> None:
    async with visitor() as (do, _, _driver):
        assert (await do(Fill(label="Name", text="x"), Click(name="Add a thing"))).problems == ()
