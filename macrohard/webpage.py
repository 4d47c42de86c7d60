"""Reads a page as somebody hears it: its outline by roles and names, its fields, its plain text.

The outline has the form that Playwright gives to accessibility trees (``- link "Name"``), so that
whoever reads one reads the other. Names come from labels, ``aria-label``, ``aria-labelledby``,
titles and content, in the order of the standard as far as pages without scripts need it
(https://www.w3.org/TR/accname-1.2/).
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
)
_HIDDEN = frozenset({"head", "script", "style", "template", "title", "noscript"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "div", "dl", "dt",
    "fieldset", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "label",
    "legend", "li", "main", "nav", "ol", "option", "p", "pre", "section", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_ROLES = {
    "a": "link", "button": "button", "nav": "navigation", "main": "main", "header": "banner",
    "footer": "contentinfo", "table": "table", "tr": "row", "td": "cell", "th": "columnheader",
    "ul": "list", "ol": "list", "li": "listitem", "img": "img", "dialog": "dialog",
    "textarea": "textbox", "select": "combobox", "h1": "heading", "h2": "heading",
    "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading", "dt": "term",
    "dd": "definition", "caption": "caption", "option": "option", "p": "paragraph",
}  # fmt: skip
_NAMED_BY_CONTENT = frozenset(
    {"link", "button", "heading", "cell", "row", "columnheader", "option", "caption"}
)
_INPUTS = {
    "checkbox": "checkbox", "radio": "radio", "submit": "button", "button": "button",
    "reset": "button", "image": "button", "number": "spinbutton", "range": "slider",
    "search": "searchbox", "hidden": "", "file": "button",
}  # fmt: skip
_DEEPEST = 200


@dataclass(eq=False)
class Node:
    """An element, or a text (``tag`` is empty then)."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Node"] = field(default_factory=list)
    parent: "Node | None" = None

    def get(self, name: str) -> str:
        """An attribute; empty without one."""
        return self.attributes.get(name, "")

    def has(self, name: str) -> bool:
        """Whether an attribute is there, with a value or without."""
        return name in self.attributes

    def walk(self) -> "list[Node]":
        """The element and all in it, in the order of the page."""
        found, rest = [], [self]
        while rest:
            node = rest.pop()
            found.append(node)
            rest.extend(reversed(node.children))
        return found

    def inside(self, tag: str) -> "Node | None":
        """The nearest element of a kind around this one."""
        node = self.parent
        while node is not None and node.tag != tag:
            node = node.parent
        return node


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        ends = {"li": {"li"}, "option": {"option"}, "tr": {"tr", "td", "th"}, "td": {"td", "th"},
                "th": {"td", "th"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "p": {"p"}}  # fmt: skip
        while len(self._open) > 1 and self._open[-1].tag in ends.get(tag, ()):
            self._open.pop()
        node = Node(tag, {name: value or "" for name, value in attrs}, parent=self._open[-1])
        self._open[-1].children.append(node)
        if tag not in _VOID and len(self._open) < _DEEPEST:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        tags = [node.tag for node in self._open]
        if tag in tags[1:]:
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(Node("", text=data, parent=self._open[-1]))


class Page:
    """A page that was read.

    Args:
        html: Its source.

    Attributes:
        root: All of it.
    """

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        reader.close()
        self.root = reader.root
        self.nodes = [node for node in self.root.walk() if node.tag]
        self._ids = {node.get("id"): node for node in reversed(self.nodes) if node.get("id")}
        self._labels: dict[int, Node] = {}
        for node in self.nodes:
            if node.tag == "label":
                self._tie(node)

    def _tie(self, label: Node) -> None:
        target = self._ids.get(label.get("for"))
        if not label.has("for"):
            controls = [n for n in label.walk() if n.tag in {"input", "select", "textarea"}]
            target = controls[0] if controls else None
        if target is not None:
            self._labels.setdefault(id(target), label)

    @property
    def title(self) -> str:
        """Its title."""
        node = next((node for node in self.nodes if node.tag == "title"), None)
        return collapsed(content(node)) if node else ""

    def by_id(self, ident: str) -> Node | None:
        """The element of an id."""
        return self._ids.get(ident)

    def role(self, node: Node) -> str:
        """What an element is; empty for one that means nothing by itself."""
        if node.get("role"):
            return node.get("role").split()[0]
        decoration = node.tag == "img" and node.has("alt") and not node.get("alt")
        if decoration or (node.tag == "a" and not node.has("href")):
            return ""
        if node.tag == "input":
            return _INPUTS.get(node.get("type") or "text", "textbox")
        if node.tag == "select" and node.has("multiple"):
            return "listbox"
        if node.tag == "section" and self.label(node):
            return "region"
        return _ROLES.get(node.tag, "")

    def label(self, node: Node) -> str:
        """The name that the author gave an element, its content aside."""
        parts = [self._ids[i] for i in node.get("aria-labelledby").split() if i in self._ids]
        tied = self._labels.get(id(node))
        given = (
            collapsed(" ".join(content(part) for part in parts)),
            collapsed(node.get("aria-label")),
            collapsed(content(tied, without=node)) if tied is not None else "",
            collapsed(node.get("alt")),
        )
        return next((name for name in given if name), "")

    def name(self, node: Node) -> str:
        """What an element is called."""
        given = self.label(node)
        if given:
            return given
        if node.tag == "input" and self.role(node) == "button" and node.get("type") != "file":
            return collapsed(node.get("value")) or "Submit"
        if self.role(node) == "table":
            caption = next((n for n in node.children if n.tag == "caption"), None)
            return collapsed(content(caption)) if caption else ""
        if self.role(node) in _NAMED_BY_CONTENT:
            return collapsed(content(node))
        return collapsed(node.get("title")) or collapsed(node.get("placeholder"))

    def described(self, node: Node) -> str:
        """Hints and errors tied to an element."""
        parts = [self._ids[i] for i in node.get("aria-describedby").split() if i in self._ids]
        return "; ".join(collapsed(content(part)) for part in parts)

    def find(self, roles: frozenset[str], name: str) -> list[Node]:
        """The visible elements of some roles and this name; capitals and blanks do not matter."""
        wanted = collapsed(name).casefold()
        return [
            node
            for node in self.nodes
            if self.role(node) in roles
            and not is_hidden(node)
            and self.name(node).casefold() == wanted
        ]


def is_hidden(node: Node) -> bool:
    """Whether nobody sees or hears an element."""
    at: Node | None = node
    while at is not None:
        if at.tag in _HIDDEN or at.has("hidden") or at.get("aria-hidden") == "true":
            return True
        at = at.parent
    return node.tag == "input" and node.get("type") == "hidden"


def content(node: Node | None, *, without: Node | None = None) -> str:
    """The text of an element, blocks apart; controls show no text of their own."""
    if node is None or node is without or node.tag in {"script", "style", "template"}:
        return ""
    if not node.tag:
        return node.text
    if without is not None and node.tag == "select":
        return ""
    text = "".join(content(child, without=without) for child in node.children)
    if node.tag == "img":
        text = node.get("alt")
    return f"\n{text}\n" if node.tag in _BLOCKS else text


def value_of(node: Node) -> str:
    """What stands in a field, or what an option sends."""
    if node.tag == "textarea":
        return content(node)
    if node.tag == "option":
        return node.get("value") if node.has("value") else collapsed(content(node))
    if node.tag == "select":
        options = [n for n in node.walk() if n.tag == "option"]
        chosen = [n for n in options if n.has("selected")] or options[:1]
        return value_of(chosen[0]) if chosen else ""
    return node.get("value")


def collapsed(text: str) -> str:
    """Runs of white space as one space."""
    return " ".join(text.split())


def plain_text(page: Page) -> str:
    """What is to be read on a page, one line for each block; cells of a row stand in one line."""
    lines: list[str] = []
    _lines(page.root, lines, [""])
    return "\n".join(line for line in map(collapsed, lines) if line)


def _lines(node: Node, lines: list[str], line: list[str]) -> None:
    if node.tag in _HIDDEN or (node.tag and is_hidden(node)):
        return
    if not node.tag:
        line[0] += node.text
        return
    if node.tag in {"td", "th"}:
        line[0] += " "
    elif node.tag in _BLOCKS:
        lines.append(line[0])
        line[0] = ""
    if node.tag == "img":
        line[0] += node.get("alt")
    for child in node.children if node.tag != "select" else ():
        _lines(child, lines, line)
    if (node.tag in _BLOCKS and node.tag not in {"td", "th"}) or node.tag == "document":
        lines.append(line[0])
        line[0] = ""
