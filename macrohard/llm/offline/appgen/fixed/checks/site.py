"""Test cases that ask the site for pages and JSON, without a network between."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import urlencode

from macrohard.llm.offline.appgen.fixed.checks.program import StoredExamplesTest
from macrohard.llm.offline.appgen.fixed.web import site
from macrohard.llm.offline.appgen.fixed.web.messages import Request, Response, read_address


class SiteTest(StoredExamplesTest):
    """A test case of the site with the examples in its database file."""

    def setUp(self) -> None:
        """Store the examples, and open the site."""
        super().setUp()
        self.answer = site.answering(self.database)
        self.cookie = ""

    def ask(self, method: str, address: str, body: bytes = b"", content_type: str = "") -> Response:
        """Send a request, with the cookie that pages gave."""
        path, query = read_address(address)
        headers = {"cookie": self.cookie, "content-type": content_type}
        response = self.answer(Request(method, path, query, headers, body))
        for name, value in response.headers:
            if name == "Set-Cookie" and value.startswith("session="):
                self.cookie = value.split(";")[0]
        return response

    def ask_json(self, method: str, address: str, content: object = None, status: int = 200) -> Any:
        """Send JSON and return the JSON of the answer, which must have this status."""
        body = b"" if content is None else json.dumps(content).encode()
        response = self.ask(method, address, body, "application/json")
        self.assertEqual(response.status, status, response.body)
        return json.loads(response.body)

    def page(self, address: str, status: int = 200) -> str:
        """Return the HTML of a page, which must have this status."""
        response = self.ask("GET", address)
        self.assertEqual(response.status, status, response.body)
        return response.body

    def form(self, address: str) -> dict[str, str]:
        """Return what the form of a page holds before anybody types."""
        text = self.page(address)
        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))
        typed = re.findall(r'<input type="[a-z-]+" value="([^"]*)"[^>]* name="(\w+)"', text)
        chosen = re.findall(r'name="(\w+)"[^>]*>(?:(?!</select>).)*?value="([^"]*)" selected', text)
        found |= {name: unescape(value) for value, name in typed}
        return found | {name: unescape(value) for name, value in chosen}

    def send(self, address: str, fields: Mapping[str, str]) -> Response:
        """Send a form."""
        body = urlencode(fields).encode()
        return self.ask("POST", address, body, "application/x-www-form-urlencoded")
