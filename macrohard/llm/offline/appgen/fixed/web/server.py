"""The HTTP server: one thread a request, bounds on what comes in, an orderly end."""
# For ruff: this is a program, it prints.
# ruff: noqa: T201

import contextlib
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from macrohard.llm.offline.appgen.fixed.errors import StorageError
from macrohard.llm.offline.appgen.fixed.web.messages import (
    HttpError,
    Request,
    Response,
    read_address,
)

MAX_BODY = 5_000_000
"""Most bytes of a body: an imported file of some ten thousand rows."""
QUIET_S = 20
"""Seconds after which a client that sends nothing is hung up on."""
LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""Names under which this machine reaches itself."""
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
)
Answer = Callable[[Request], Response]


class Server(ThreadingHTTPServer):
    """Listens, and answers each request in a thread of its own."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        """Listen on a port of this machine; port 0 is any free one."""
        self.answer = answer
        self.checks_host = host in LOCAL
        super().__init__((host, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; what else goes wrong is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads one request and sends its answer."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "app"
    sys_version = ""
    timeout = QUIET_S

    def answer(self) -> None:
        """Answer a request of any method."""
        try:
            response = self.server.answer(self.read())
        except Exception:  # noqa: BLE001 (whatever it is, the server goes on and the person is told)
            traceback.print_exc()
            text = "something went wrong here; nothing was written\n"
            response = Response(500, text, "text/plain; charset=utf-8")
        self.write(response)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Answer whatever the method is: where it is not possible, that is said in our words."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def read(self) -> Request:
        """Read the request whole, or as far as the fault that keeps it from being answered."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        path, query = self.path.partition("?")[0], dict[str, str]()
        try:
            self.check_host(headers)
            path, query = read_address(self.path)
            return Request(self.command, path, query, headers, self.read_body(headers))
        except HttpError as fault:
            return Request(self.command, path, query, headers, fault=fault)

    def check_host(self, headers: dict[str, str]) -> None:
        """Refuse a page elsewhere whose name leads here: it must not read what is here."""
        host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
        if self.server.checks_host and host not in LOCAL:
            raise HttpError(400, "this server answers to localhost only")

    def read_body(self, headers: dict[str, str]) -> bytes:
        """Read the body, if it is said how long it is and that is not too much."""
        if "transfer-encoding" in headers:
            raise HttpError(411, "say how long the body is: send Content-Length")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise HttpError(400, "Content-Length is no number")
        if int(length[:20]) > MAX_BODY:
            raise HttpError(413, f"the body is larger than {MAX_BODY} bytes")
        return self.rfile.read(int(length))

    def write(self, response: Response) -> None:
        """Send an answer and hang up."""
        body = response.data or response.body.encode()
        self.close_connection = True
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (*HEADERS, *response.headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet: requests hold what people typed."""


def serve(answer: Answer, host: str, port: int) -> str:
    """Serve until the program is interrupted or told to end.

    Requests under way are answered first.

    Raises:
        StorageError: when the port cannot be had.
    """
    try:
        server = Server(host, port, answer)
    except OSError as error:
        raise StorageError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    with server, ending(server):
        print(f"Serving on http://{host}:{server.server_port}/ (Ctrl-C ends it)", flush=True)
        server.serve_forever(poll_interval=0.1)
    return "Stopped."


@contextlib.contextmanager
def ending(server: Server) -> Iterator[None]:
    """End a server on SIGTERM and Ctrl-C."""

    def stop(*_: object) -> None:
        # From another thread: it waits for the loop that this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
