"""A page as an exploring user takes it in: links, forms with their fields, buttons, figures."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from macrohard.users.base import Driver
from macrohard.webpage import Node, Page, collapsed, content, is_hidden, plain_text, value_of

_HEAD = re.compile(r'^page "(?P<title>.*)" at (?P<path>\S+), status (?P<status>\d+)')
_SKIPPED = frozenset({"hidden", "submit", "button", "reset", "image"})
_REFUSED = re.compile(
    r"\b(?:error|invalid|required|must|problem|please|cannot|can't|not allowed|refused|fehler)\b",
    re.IGNORECASE,
)


class PageDriver(Driver, Protocol):
    """A driver of pages that shows their source, too."""

    async def html(self) -> str:
        """Source of the page that is open; empty without one."""
        ...


@dataclass(frozen=True)
class Field:
    """A field of a form, as people meet it.

    Attributes:
        label: What it is called.
        kind: ``select``, ``textarea``, or the type of an input.
        value: What stands in it.
        options: What can be chosen, by what is read; those that mean something.
        required: Whether the page says that it must be filled in.
        hint: What else is said of it: description, placeholder, name.
        low: Least number, where one is told.
        high: Greatest number, where one is told.
        most: Most characters; 0 where none is told.
        invalid: Whether the page marks it as wrong.
    """

    label: str
    kind: str
    value: str = ""
    options: tuple[str, ...] = ()
    required: bool = False
    hint: str = ""
    low: str = ""
    high: str = ""
    most: int = 0
    invalid: bool = False


@dataclass(frozen=True)
class Form:
    """A form.

    Attributes:
        path: Address of the page it is on.
        action: Where it goes.
        method: ``get`` or ``post``.
        button: Name of its first button.
        fields: What can be filled in.
        around: Text of what it stands in, for forms that belong to a row or an item.
    """

    path: str
    action: str
    method: str
    button: str
    fields: tuple[Field, ...]
    around: str = ""

    @property
    def key(self) -> str:
        """The same for forms of the same making, whichever record they are about."""
        labels = ",".join(field.label for field in self.fields)
        return f"{pattern(self.action)} {re.sub(r'[0-9]+', 'N', self.button)} {labels}"


@dataclass(frozen=True)
class Sight:
    """A page that was seen.

    Attributes:
        path: Its address.
        status: HTTP status.
        page: Its source, read.
    """

    path: str
    status: int
    page: Page

    @cached_property
    def text(self) -> str:
        """What is to be read."""
        return plain_text(self.page)

    @cached_property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Links to other pages of the site: name and address."""
        found: dict[str, str] = {}
        for node in self.page.nodes:
            href = node.get("href")
            if node.tag != "a" or not href or href.startswith("#") or is_hidden(node):
                continue
            split = urlsplit(urljoin(self.path, href))
            if split.scheme not in {"", "http", "https"} or split.netloc:
                continue
            address = split._replace(fragment="").geturl() or "/"
            found.setdefault(address, self.page.name(node))
        return tuple((name, address) for address, name in found.items())

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """Its forms that have a button."""
        return tuple(_forms(self))

    @property
    def scripted(self) -> bool:
        """Whether scripts may give buttons a meaning."""
        return any(node.tag == "script" for node in self.page.nodes)

    def refuses(self, form: Form) -> bool:
        """Whether the page says that what was sent with a form is not accepted."""
        alerts = [n for n in self.page.nodes if n.get("role") == "alert" or _is_message(n)]
        told = any(_REFUSED.search(content(node)) for node in alerts)
        invalid = any(node.get("aria-invalid") == "true" for node in self.page.nodes)
        again = any(each.key == form.key for each in self.forms)
        return self.status >= 400 or invalid or (told and again) or (again and self._complains)

    @property
    def _complains(self) -> bool:
        return bool(_REFUSED.search(self.text)) and not any(
            node.get("role") == "status" for node in self.page.nodes
        )


async def look(driver: PageDriver) -> Sight:
    """The page that is open."""
    seen = await driver.observe()
    return sight_of(seen.screen, await driver.html())


def sight_of(screen: str, html: str) -> Sight:
    """A page from what a driver shows of it."""
    head = _HEAD.search(screen)
    path, status = (head["path"], int(head["status"])) if head else ("/", 0)
    return Sight(path, status, Page(html))


def pattern(path: str) -> str:
    """An address with its numbers and what is asked for left out: ``/tools/N/edit``."""
    split = urlsplit(path)
    parts = [
        "N" if re.fullmatch(r"[0-9]+|[0-9a-fA-F]{8,}[0-9a-fA-F-]*", p) else p
        for p in split.path.split("/")
    ]
    return "/".join(parts)


def _is_message(node: Node) -> bool:
    names = node.get("class").lower().split()
    return any(word in name for name in names for word in ("error", "alert", "danger", "flash"))


def _forms(sight: Sight) -> Iterator[Form]:
    page = sight.page
    for node in page.nodes:
        if node.tag != "form" or is_hidden(node):
            continue
        inside = [n for n in page.nodes if _owner(page, n) is node and not is_hidden(n)]
        buttons = [n for n in inside if page.role(n) == "button" and _sends(n)]
        if not buttons:
            continue
        yield Form(
            path=sight.path,
            action=urljoin(sight.path, node.get("action") or sight.path),
            method=(node.get("method") or "get").lower(),
            button=page.name(buttons[0]),
            fields=tuple(_fields(page, inside)),
            around=_around(node),
        )


def _owner(page: Page, node: Node) -> Node | None:
    return page.by_id(node.get("form")) if node.has("form") else node.inside("form")


def _sends(node: Node) -> bool:
    default = "submit" if node.tag == "button" else ""
    return (node.get("type") or default) in {"submit", "image"} and not node.has("disabled")


def _around(form: Node) -> str:
    for tag in ("tr", "li", "article"):
        node = form.inside(tag)
        if node is not None:
            return collapsed(content(node))
    return ""


def _fields(page: Page, inside: list[Node]) -> Iterator[Field]:
    for node in inside:
        kind = (node.get("type") or "text").lower() if node.tag == "input" else node.tag
        if kind in _SKIPPED or (kind not in {"select", "textarea"} and node.tag != "input"):
            continue
        options = [n for n in node.walk() if n.tag == "option"] if kind == "select" else []
        most = node.get("maxlength")
        yield Field(
            label=page.name(node),
            kind=kind,
            value=value_of(node),
            options=tuple(collapsed(content(n)) for n in options if value_of(n).strip()),
            required=node.has("required") or node.get("aria-required") == "true",
            hint=" ".join((page.described(node), node.get("placeholder"), node.get("name"))),
            low=node.get("min"),
            high=node.get("max"),
            most=int(most) if most.isdigit() else 0,
            invalid=node.get("aria-invalid") == "true",
        )
