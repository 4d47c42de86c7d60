"""A browser without scripts and style: reads pages, fills in forms by their labels, sends them."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from macrohard.llm.offline.parts.suite.acceptance_harness import _is_now
from macrohard.llm.offline.parts.suite.acceptance_http import Client, Seen
from macrohard.webpage import Node, Page, collapsed, content, plain_text, value_of

FIELDS = ("input", "select", "textarea")


def shown_in(node: Node) -> str:
    """What a person reads in a field; a time is told there with a T, and typed without."""
    shown = collapsed(value_of(node))
    return shown.replace("T", " ", 1) if node.get("type") == "datetime-local" else shown


class Web(Client):
    """Somebody at a browser."""

    jar: dict[str, str]

    def make(self, path: str, given: Any) -> None:
        """Make one example record."""
        if isinstance(given, str):
            self.uploads(f"{path}/import", "made.csv", given, "Imported")
        else:
            self.sends(f"{path}/add", given, "Added")

    def begin(self, criterion: str, when: str, *, examples: bool) -> None:
        """As for all clients, with no cookies yet."""
        self.jar = {}
        super().begin(criterion, when, examples=examples)
        self.jar = {}

    # -- going about -----------------------------------------------------------------------------

    def go(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Seen:
        """Send one request with the cookies, and follow where it leads."""
        for _ in range(5):
            headers = {"Content_Type": kind} if kind else {}
            if self.jar:
                headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.jar.items())
            seen = self.ask(method, path, body, **headers)
            for line in self.cookies:
                for name, morsel in SimpleCookie(line).items():
                    self.jar[name] = morsel.coded_value
                    if morsel["max-age"] == "0":
                        del self.jar[name]
            if seen.status not in {301, 302, 303, 307, 308}:
                return seen
            where = urlsplit(urljoin(path, seen.headers.get("location", "/")))
            method, path, body, kind = (
                "GET",
                where._replace(scheme="", netloc="").geturl(),
                None,
                "",
            )
        return self.fail(seen, "an end of being led on")

    def form(self, path: str) -> tuple[Seen, Page, Node]:
        """The page of a form that changes something."""
        seen = self.go("GET", path)
        page = Page(seen.text)
        forms = [n for n in page.nodes if n.tag == "form" and n.get("method").lower() == "post"]
        if seen.status != 200 or not forms:
            self.fail(seen, "status 200 and a form to send by POST")
        return seen, page, forms[0]

    def filled(self, path: str, typed: Mapping[str, str]) -> tuple[str, list[tuple[str, str]]]:
        """Where a form is sent, and what it holds once these fields are filled in by label."""
        seen, page, form = self.form(path)
        nodes = [node for node in form.walk() if node.tag in FIELDS and node.get("name")]
        labels = {page.label(node).casefold(): node for node in nodes}
        texts = {id(node): value_of(node) for node in nodes}
        for label, text in typed.items():
            node = labels.get(label.casefold())
            if node is None:
                self.fail(seen, f"a field that is labelled {label}")
            texts[id(node)] = text
        action = urljoin(path, form.get("action") or path)
        return action, [(node.get("name"), texts[id(node)]) for node in nodes]

    def post(self, action: str, fields: Sequence[tuple[str, str]]) -> Seen:
        """Send a form."""
        body = urlencode(fields, errors="surrogatepass").encode()
        return self.go("POST", action, body, "application/x-www-form-urlencoded")

    # -- checks ----------------------------------------------------------------------------------

    def sends(self, path: str, typed: Mapping[str, str], line: str) -> None:
        """The form can be filled in so, and sending it leads to a page which says this."""
        action, fields = self.filled(path, typed)
        seen = self.post(action, fields)
        self.told(seen, path, typed, line)

    def told(self, seen: Seen, path: str, typed: Mapping[str, str], line: str) -> None:
        """A page says this."""
        seen.asked = f"the form of {path} with {dict(typed)}"
        if seen.status != 200 or line not in plain_text(Page(seen.text)):
            seen.text = plain_text(Page(seen.text))
            self.fail(seen, f"a page that says: {line}")
        self.done.append(f"> {seen.asked}")

    def uploads(self, path: str, name: str, text: str, line: str) -> None:
        """The file is taken, and a page says this."""
        self.told(self.upload(path, name, text), path, {"file": name}, line)

    def upload(self, path: str, name: str, text: str) -> Seen:
        """Send a file through the form that has a place for one."""
        _, page, form = self.form(path)
        mark, parts = "acceptanceboundary", []
        for node in (n for n in form.walk() if n.tag in FIELDS and n.get("name")):
            head = f'--{mark}\r\nContent-Disposition: form-data; name="{node.get("name")}"'
            if node.get("type") == "file":
                if not page.label(node):
                    self.fail(Seen(path, 200, {}, ""), "a label at the field for the file")
                head += f'; filename="{name}"\r\nContent-Type: text/csv'
                parts.append(f"{head}\r\n\r\n{text}\r\n")
            else:
                parts.append(f"{head}\r\n\r\n{value_of(node)}\r\n")
        body = ("".join(parts) + f"--{mark}--\r\n").encode()
        action = urljoin(path, form.get("action") or path)
        return self.go("POST", action, body, f"multipart/form-data; boundary={mark}")

    def refuses(self, path: str, typed: Mapping[str, str]) -> None:
        """What is typed is refused: said on a page that keeps it; nothing is written."""
        before = (self._data(), self._all())
        first = self.go("GET", path)
        if 400 <= first.status < 500:
            self.unchanged(first, before)
            return
        action, fields = self.filled(path, typed)
        seen = self.post(action, fields)
        seen.asked = f"the form of {path} with {dict(typed)}"
        page = Page(seen.text)
        if not 400 <= seen.status < 500 or not any(n.get("role") == "alert" for n in page.nodes):
            self.fail(seen, "status 4xx, and a page that says in an alert what is wrong")
        for label, text in typed.items():
            nodes = [n for n in page.nodes if n.tag in FIELDS and page.label(n) == label]
            if nodes and shown_in(nodes[0]) != collapsed(text):
                self.fail(seen, f"what was typed stays: {label} is {text!r}")
        self.unchanged(seen, before)

    def refuses_file(self, path: str, name: str, text: str) -> None:
        """The file is refused whole."""
        before = (self._data(), self._all())
        seen = self.upload(path, name, text)
        if not 400 <= seen.status < 500:
            self.fail(seen, "status 4xx")
        self.unchanged(seen, before)

    def refuses_page(self, path: str) -> None:
        """There is no such page; it is said on one."""
        seen = self.go("GET", path)
        page = Page(seen.text)
        if not 400 <= seen.status < 500 or not any(n.tag == "h1" for n in page.nodes):
            self.fail(seen, "status 4xx and a page that says so")

    def shows(
        self,
        path: str,
        value: Mapping[str, Any],
        names: Mapping[str, str],
        loose: Sequence[str] = (),
        today: Sequence[str] = (),
    ) -> None:
        """The page of a record shows each value below its name."""
        start = datetime.now()  # noqa: DTZ005 (the program has no zones)
        seen = self.go("GET", path)
        page = Page(seen.text)
        terms = [n for n in page.nodes if n.tag == "dt"]
        values = [n for n in page.nodes if n.tag == "dd"]
        shown = {
            collapsed(content(one)): collapsed(content(other))
            for one, other in zip(terms, values, strict=False)
        }
        if seen.status != 200:
            self.fail(seen, "status 200")
        for key, name in names.items():
            if key in today and _is_now(shown.get(name, ""), start):
                continue
            if key in loose or key not in value:
                continue
            if key in today or not is_shown(value[key], shown.get(name, "")):
                seen.text = plain_text(page)
                self.fail(seen, f"{name}: {spoken(value[key])}", f"it is {shown.get(name)!r}")

    def lists(
        self,
        path: str,
        values: Sequence[Mapping[str, Any]],
        names: Mapping[str, str],
        nothing: str,
        loose: Sequence[str] = (),
    ) -> None:
        """The page lists exactly these, in this order."""
        seen = self.go("GET", path)
        page = Page(seen.text)
        rows = table_of(page)
        seen.text = plain_text(page)
        if seen.status != 200 or len(rows) != len(values):
            self.fail(seen, f"status 200 and a table of {len(values)} rows")
        if not values and nothing not in seen.text:
            self.fail(seen, f"a page that says: {nothing}")
        for place, (row, value) in enumerate(zip(rows, values, strict=True), start=1):
            for key, name in names.items():
                if key in loose or key not in value:
                    continue
                if not is_shown(value[key], row.get(name, "")):
                    wanted = f"in row {place}, {name}: {spoken(value[key])}"
                    self.fail(seen, wanted, f"it is {row.get(name)!r}")

    def figures(self, path: str, verb: str, value: Any) -> None:
        """The page shows a figure, or one for each group."""
        seen = self.go("GET", path)
        page = Page(seen.text)
        text = plain_text(page)
        if isinstance(value, list):
            rows = [list(row.values()) for row in table_of(page)]
            wanted = [[part for key, part in row.items()] for row in value]
            same = len(rows) == len(wanted) and all(
                is_shown(one, shown)
                for row, want in zip(rows, wanted, strict=True)
                for one, shown in zip(want, row, strict=False)
            )
        else:
            figure = spoken(value[verb])
            same = any(line.endswith(f": {figure}") for line in text.splitlines())
        if seen.status != 200 or not same:
            seen.text = text
            self.fail(seen, f"the {verb}: {value}")

    # -- what every such application must stand ---------------------------------------------------

    def can_be_heard(self, paths: Sequence[str]) -> None:
        """Pages have a language, a title, one main heading, landmarks, and labels at all fields."""
        for path in paths:
            seen = self.go("GET", path)
            page = Page(seen.text)
            tags = [node.tag for node in page.nodes]
            html = next((node for node in page.nodes if node.tag == "html"), None)
            wanted = {
                "status 200": seen.status == 200,
                "a language": html is not None and bool(html.get("lang")),
                "a title": bool(page.title),
                "exactly one main heading": tags.count("h1") == 1,
                "a main part and a menu": {"main", "nav"} <= set(tags),
                "no scripts": "script" not in tags,
                "a link past the menu": any(
                    n.tag == "a" and n.get("href").startswith("#") for n in page.nodes[:20]
                ),
                "a name at every link and button": all(
                    page.name(n) for n in page.nodes if page.role(n) in {"link", "button"}
                ),
                "a label at every field": all(
                    page.label(n)
                    for n in page.nodes
                    if n.tag in FIELDS and n.get("type") not in {"hidden", "submit"}
                ),
            }
            for what, there in wanted.items():
                if not there:
                    self.fail(seen, f"{path} has {what}")

    def ties_errors(self, path: str, label: str) -> None:
        """What is wrong with a field is said beside it, tied to it, and at the top."""
        action, fields = self.filled(path, {label: ""})
        seen = self.post(action, fields)
        page = Page(seen.text)
        nodes = [n for n in page.nodes if n.tag in FIELDS and page.label(n) == label]
        said = page.described(nodes[0]) if nodes else ""
        if seen.status != 400 or "required" not in said or nodes[0].get("aria-invalid") != "true":
            self.fail(seen, f"{label} is marked as invalid and described by what is wrong with it")

    def counts_once(self, path: str, typed: Mapping[str, str], listing: str) -> None:
        """A form that is sent twice counts once, also after going back to it."""
        before = len(table_of(Page(self.go("GET", listing).text)))
        action, fields = self.filled(path, typed)
        for _ in range(3):
            seen = self.post(action, fields)
            if seen.status >= 400:
                self.fail(seen, "the same answer as the first time, as nothing else was sent")
        after = len(table_of(Page(self.go("GET", listing).text)))
        if after != before + 1:
            seen.asked = f"the form of {path}, sent three times"
            self.fail(seen, "one record more", f"{after - before} records more")

    def refuses_forgery(self, path: str, typed: Mapping[str, str]) -> None:
        """A form from elsewhere, with the cookies but without what ours carries, is refused."""
        before = (self._data(), self._all())
        action, fields = self.filled(path, typed)
        _, _, form = self.form(path)
        hidden = {n.get("name") for n in form.walk() if n.get("type") == "hidden"}
        forged = [(name, text) for name, text in fields if name not in hidden]
        seen = self.post(action, forged)
        if not 400 <= seen.status < 500:
            self.fail(seen, "status 4xx for a form that is not ours")
        self.unchanged(seen, before)

    def escapes(self, path: str, typed: Mapping[str, str], text: str, listing: str) -> None:
        """What looks like HTML is shown letter by letter, on every page."""
        self.sends(path, typed, "Added")
        seen = self.go("GET", listing)
        if text not in plain_text(Page(seen.text)) or "<script>alert" in seen.text:
            self.fail(seen, f"the page shows {text} as text")

    def asks_first(self, path: str) -> None:
        """Looking at the page that deletes deletes nothing."""
        before = (self._data(), self._all())
        seen, _, _ = self.form(path)
        self.unchanged(seen, before)

    def remembers(self, paths: Sequence[str]) -> None:
        """Everything is there after the server was ended and started again, in time."""
        before = [plain_text(Page(self.go("GET", path).text)) for path in paths]
        start = time.monotonic()
        code = self.server.stop()
        took = time.monotonic() - start
        self.server.start()
        after = [plain_text(Page(self.go("GET", path).text)) for path in paths]
        seen = Seen("SIGTERM to the server, and a new start", 0, {}, "\n".join(after))
        if code != 0 or took > 10:
            self.fail(seen, "an end with exit code 0 in a few seconds", f"{code}, {took:.0f} s")
        if after != before:
            self.fail(seen, "the same pages as before")


def table_of(page: Page) -> list[dict[str, str]]:
    """The rows of the first table by their headings."""
    table = next((node for node in page.nodes if node.tag == "table"), None)
    if table is None:
        return []
    heads = [collapsed(content(node)) for node in table.walk() if node.tag == "th"]
    rows = [node for node in table.walk() if node.tag == "tr"]
    cells = [[collapsed(content(n)) for n in row.walk() if n.tag == "td"] for row in rows]
    return [dict(zip(heads, row, strict=False)) for row in cells if row]


def spoken(value: Any) -> str:
    """A value of JSON as people read it."""
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def is_shown(value: Any, text: str) -> bool:
    """Whether a cell shows a value; references show what they lead to behind their number."""
    wanted = collapsed(spoken(value))
    linked = isinstance(value, int) and not isinstance(value, bool)
    return text == wanted or (linked and text.startswith(f"{wanted} "))
