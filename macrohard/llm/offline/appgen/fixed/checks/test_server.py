"""Tests of the server: a real one, on a free port of this machine."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009, PT027

import contextlib
import http.client
import io
import threading

from macrohard.llm.offline.appgen.fixed.checks.site import SiteTest
from macrohard.llm.offline.appgen.fixed.errors import StorageError
from macrohard.llm.offline.appgen.fixed.web import resource, server
from macrohard.llm.offline.appgen.fixed.web.messages import Request, Response


class ServerTest(SiteTest):
    """A server that answers from a thread."""

    def setUp(self) -> None:
        """Start it."""
        super().setUp()
        self.server = server.Server("127.0.0.1", 0, self.answer)
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def fetch(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """Send a request over the network of this machine."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse()

    def test_answers(self) -> None:
        """Requests are answered; a head has no body."""
        self.assertIn(self.fetch("GET", "/").status, (200, 404))
        self.assertEqual(self.fetch("HEAD", "/").read(), b"")
        self.assertEqual(self.fetch("GET", "/").getheader("X-Content-Type-Options"), "nosniff")

    def test_bounds(self) -> None:
        """What is too large, or not said how large, is refused."""
        size = str(server.MAX_BODY + 1)
        self.assertEqual(self.fetch("POST", "/", b"", Content_Length=size).status, 413)
        self.assertEqual(self.fetch("POST", "/", b"", Content_Length="-1").status, 400)
        self.assertEqual(self.fetch("POST", "/", b"", Transfer_Encoding="chunked").status, 411)

    def test_other_names(self) -> None:
        """A page elsewhere, whose name leads here, reads nothing."""
        self.assertEqual(self.fetch("GET", "/", Host="evil.example").status, 400)
        self.assertNotEqual(self.fetch("GET", "/", Host="localhost:1").status, 400)

    def test_trouble(self) -> None:
        """What goes wrong inside is said without the inside of it."""

        def fails(_: Request) -> Response:
            raise KeyError("inside")

        self.server.answer = fails
        with contextlib.redirect_stderr(io.StringIO()) as told:
            response = self.fetch("GET", "/")
            seen = response.read()
        self.assertEqual(response.status, 500)
        self.assertNotIn(b"inside", seen)
        self.assertIn("inside", told.getvalue())

    def test_what_is_not_offered(self) -> None:
        """What a kind does not offer is not there to be called."""
        with self.assertRaises(NotImplementedError):
            resource.not_offered()

    def test_port_that_is_taken(self) -> None:
        """A port that is in use is said in one line."""
        with self.assertRaises(StorageError):
            server.serve(self.answer, "127.0.0.1", self.server.server_port)
