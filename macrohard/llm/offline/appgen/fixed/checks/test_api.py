"""Tests of the JSON API as a whole, and of what it reads."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009, PT027

import json

from macrohard.llm.offline.appgen.fixed.checks.site import SiteTest
from macrohard.llm.offline.appgen.fixed.web import api, bodies, site
from macrohard.llm.offline.appgen.fixed.web.messages import (
    MAX_FIELDS,
    HttpError,
    Request,
    read_address,
)


class ApiTest(SiteTest):
    """The JSON API."""

    def test_overview(self) -> None:
        """The API says what there is."""
        found = self.ask_json("GET", f"/{api.ROOT}")
        self.assertEqual(found["title"], site.SITE.title)

    def test_description(self) -> None:
        """The OpenAPI document tells every address."""
        found = json.loads(self.ask("GET", "/openapi.json").body)
        self.assertEqual(found["openapi"], "3.1.0")
        for each in site.SITE.resources:
            self.assertTrue(any(path.startswith(f"/api/{each.path}") for path in found["paths"]))

    def test_nothing_there(self) -> None:
        """An address that leads nowhere says so in JSON."""
        found = self.ask_json("GET", "/api/no-such-thing", status=404)
        self.assertIsNone(found["errors"][0]["field"])
        self.ask_json("DELETE", f"/{api.ROOT}", status=405)


class BodyTest(SiteTest):
    """Bodies of requests."""

    def refuse(self, content_type: str, body: bytes, status: int) -> None:
        """Fail unless a body is refused as JSON."""
        request = Request("POST", "/", {}, {"content-type": content_type}, body)
        with self.assertRaises(HttpError) as caught:
            bodies.read_json(request)
        self.assertEqual(caught.exception.status, status)

    def test_bad_json(self) -> None:
        """What is no JSON object is refused."""
        self.refuse("text/plain", b"{}", 415)
        for body in (b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 100_000, b'{"a": 1, "a": 1}'):
            self.refuse("application/json", body, 400)

    def test_numbers(self) -> None:
        """Numbers stay as they are written."""
        request = Request("POST", "/", {}, {"content-type": "application/json"}, b'{"a": 0.10}')
        self.assertEqual(bodies.read_json(request), {"a": bodies.Number("0.10")})

    def test_values(self) -> None:
        """Values of JSON become what a person would type, where the field takes such values."""
        self.assertEqual(bodies.text_of("yes/no", True), "yes")
        self.assertEqual(bodies.text_of("text", None), "")
        self.assertEqual(bodies.text_of("decimal", bodies.Number("1.50")), "1.50")
        for kind, value in (("text", True), ("text", bodies.Number("1")), ("text", [])):
            self.assertIsNone(bodies.text_of(kind, value))

    def test_addresses(self) -> None:
        """Addresses are taken apart; too many parameters, or one of them twice, are refused."""
        self.assertEqual(read_address("//x/y?a=1&c=1&b="), ("/x/y", {"a": "1", "c": "1", "b": ""}))
        for parameters in ("&".join(f"a{n}=1" for n in range(MAX_FIELDS + 1)), "b=1&a=1&a=1"):
            with self.assertRaises(HttpError):
                read_address(f"/?{parameters}")
