"""Tests of the pages: what all of them have, and what is behind them."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import json
from unittest import mock

from macrohard.llm.offline.appgen.fixed.checks.site import SiteTest
from macrohard.llm.offline.appgen.fixed.web import bodies, guard, html, pictures, site
from macrohard.llm.offline.appgen.fixed.web.messages import Request


class PageTest(SiteTest):
    """Pages."""

    def test_frame(self) -> None:
        """Every page has one main heading, a language, a title and a way past the menu."""
        addresses = ["/", *(f"/{each.path}" for each in site.SITE.resources)]
        for address in addresses:
            text = self.page(address)
            self.assertEqual(text.count("<h1>"), 1, address)
            self.assertIn('<html lang="en">', text)
            self.assertIn('href="#content"', text)
            self.assertIn("<title>", text)

    def test_nothing_there(self) -> None:
        """An address that leads nowhere says so; a method that is not known, too."""
        self.assertIn("Not found", self.page("/no-such-thing", 404))
        self.assertIn("Not found", self.page("/no-such-thing/1/edit", 404))
        response = self.ask("PUT", "/")
        self.assertEqual(response.status, 405)
        self.assertIn(("Allow", "GET, HEAD"), response.headers)

    def test_style_and_icon(self) -> None:
        """The style sheet and the icon are there."""
        self.assertIn("css", self.ask("GET", "/style.css").content_type)
        self.assertIn("svg", self.ask("GET", "/icon.svg").content_type)

    def test_pictures(self) -> None:
        """Pages show the pictures of the list, and serve them; what is gone is not there."""
        row = {"file": "a.svg", "type": "image/svg+xml", "width": 24, "height": 12, "alt": "A & B"}
        (self.folder / "a.svg").write_text("<svg/>")
        (self.folder / pictures.LIST).write_text(json.dumps({"icon": row, "card": row}))
        with mock.patch.object(pictures, "FOLDER", self.folder):
            shown = self.ask("GET", "/static/a.svg")
            self.assertEqual((shown.content_type, shown.data), ("image/svg+xml", b"<svg/>"))
            text = self.page("/")
            self.assertIn(
                '<img src="/static/a.svg" alt="" width="32" height="16" class="icon">', text
            )
            self.assertIn('rel="icon" href="/static/a.svg"', text)
            told = pictures.head("Title", "About", "here:1")
            self.assertIn('content="http://here:1/static/a.svg"', "".join(told))
            self.assertIn('content="A &amp; B"', "".join(told))
            self.assertEqual(len(pictures.head("Title", "About", "")), 1)
            (self.folder / "a.svg").unlink()
            self.assertEqual(self.ask("GET", "/static/a.svg").status, 404)
            self.assertEqual(self.ask("GET", "/static/pictures.json").status, 404)

    def test_no_pictures(self) -> None:
        """Without a list there are none, and pages do without."""
        with mock.patch.object(pictures, "FOLDER", self.folder):
            self.assertEqual(pictures.known(), {})
            self.assertIsNone(pictures.image("icon", width=32, class_="icon"))
            self.assertNotIn("<img", self.page("/"))

    def test_policy(self) -> None:
        """No page runs scripts, and none is shown inside another."""
        policy = dict(self.ask("GET", "/").headers)["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("frame-ancestors 'none'", policy)

    def test_broken_database(self) -> None:
        """A file that is no database is a problem to be told, not a crash."""
        (self.folder / "test.db").write_text("no database at all, " * 100)
        self.assertIn("Cannot use the database", self.page("/", 503))


class FormTest(SiteTest):
    """Forms as they are sent."""

    def test_form_with_a_file(self) -> None:
        """A form with a file is read."""
        body = (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nZo\xc3\xab\r\n'
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="b.csv"\r\n'
            b"Content-Type: text/csv\r\n\r\nid\n1\n\r\n--x--\r\n"
        )
        kind = {"content-type": "multipart/form-data; boundary=x"}
        form = bodies.read_form(Request("POST", "/", {}, kind, body))
        self.assertEqual(form.fields, {"a": "Zoë"})
        self.assertEqual(form.files, {"f": ("b.csv", b"id\n1\n")})


class GuardTest(SiteTest):
    """What keeps changes to those that were meant."""

    def test_forged_forms(self) -> None:
        """Only a token of the same session counts."""
        ours = guard.Guard()
        self.assertTrue(ours.is_ours("me", {guard.TOKEN: ours.token("me")}))
        self.assertFalse(ours.is_ours("me", {guard.TOKEN: ours.token("you")}))
        self.assertFalse(ours.is_ours("", {guard.TOKEN: ours.token("")}))
        self.assertFalse(ours.is_ours("me", {}))

    def test_sent_twice(self) -> None:
        """The same form counts once; changed and sent again, it is another."""
        ours, done = guard.Guard(), list[str]()

        def act() -> guard.Done:
            done.append("done")
            return f"/{len(done)}", "done"

        self.assertEqual(ours.first("form", "a", act)[0], "/1")
        self.assertEqual(ours.first("form", "a", act)[0], "/1")
        self.assertEqual(ours.first("form", "b", act)[0], "/2")
        self.assertEqual(guard.digest({"a": "1"}, {}), guard.digest({"a": "1"}, {}))
        self.assertNotEqual(guard.digest({"a": "1"}, {}), guard.digest({"a": "2"}, {}))


class HtmlTest(SiteTest):
    """HTML."""

    def test_escaping(self) -> None:
        """What people typed is never code."""
        self.assertEqual(
            html.tag("p", "<b>&", title='"x"'), '<p title="&quot;x&quot;">&lt;b&gt;&amp;</p>'
        )
        self.assertEqual(html.tag("p", html.tag("b", "x"), None), "<p><b>x</b></p>")
        self.assertEqual(html.tag("input", disabled=True, name="a"), '<input disabled name="a">')
