"""HTML, in which nothing that people typed can be taken for code."""

from collections.abc import Iterable
from html import escape

VOID = frozenset({"input", "link", "meta", "br", "img"})
"""Elements without an end."""


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


Content = str | Iterable["Content"] | None


def markup(content: Content) -> str:
    """Write content as HTML: plain texts are escaped."""
    if content is None:
        return ""
    if isinstance(content, Html):
        return content
    if isinstance(content, str):
        return escape(content)
    return "".join(map(markup, content))


def tag(name: str, /, *content: Content, **attributes: str | bool | None) -> Html:
    """Write an element; ``for_`` is the attribute ``for``, ``aria_label`` is ``aria-label``."""
    written = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        written += f" {label}" if value is True else f' {label}="{escape(str(value))}"'
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{markup(content)}</{name}>")


def link(text: Content, href: str, **attributes: str | bool | None) -> Html:
    """Write a link."""
    return tag("a", text, href=href, **attributes)


def unseen(text: str) -> Html:
    """Write words for those who hear the page; others see what they mean."""
    return tag("span", text, class_="unseen")
