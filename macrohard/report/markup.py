"""HTML that cannot forget to escape: a text is escaped unless it was made here."""

import html
from collections.abc import Iterable
from urllib.parse import quote

_CONTROLS = dict.fromkeys(code for code in range(32) if chr(code) not in "\t\n")
_VOID = frozenset({"meta", "link", "br", "hr", "img"})


class Markup(str):
    """HTML that is ready to be sent."""

    __slots__ = ()


def tag(name: str, /, *content: object, **attributes: object) -> Markup:
    """One element.

    Args:
        name: Name of the element.
        content: Its children, escaped unless they are markup; None is left out.
        attributes: ``class_`` and ``for_`` lose their underscore, other ones become hyphens;
            None is left out, True stands without a value.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        plain = key.rstrip("_").replace("_", "-")
        parts.append(plain if value is True else f'{plain}="{html.escape(str(value))}"')
    opening = f"<{' '.join(parts)}>"
    return Markup(opening if name in _VOID else f"{opening}{join(content)}</{name}>")


def join(content: Iterable[object], between: str = "") -> Markup:
    """Children in a row, escaped unless they are markup; None is left out."""
    return Markup(html.escape(between).join(_safe(child) for child in content if child is not None))


def anchor(kind: str, name: object) -> str:
    """An id for a part of the page, the same wherever it is asked for."""
    return f"{kind}-{quote(str(name), errors='replace')}"


def table(
    caption: str, head: Iterable[str], rows: Iterable[Iterable[object]], numbers: Iterable[int] = ()
) -> Markup:
    """A table with a caption and column headings.

    A cell may be a ready ``td``; anything else is put into one. ``numbers`` are the columns, from
    0, that are set flush right.
    """
    right = set(numbers)
    headings = [
        tag("th", text, scope="col", class_="n" if column in right else None)
        for column, text in enumerate(head)
    ]
    body = [
        tag(
            "tr",
            *(
                cell
                if isinstance(cell, Markup) and cell.startswith("<td")
                else tag("td", cell, class_="n" if column in right else None)
                for column, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    whole = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *headings)),
        tag("tbody", *body),
    )
    return scrolling(whole, caption)


def scrolling(wide: Markup, name: str) -> Markup:
    """A region that scrolls sideways; focusable, so that the keyboard can do it, too."""
    return tag("div", wide, class_="scroll", tabindex="0", role="region", aria_label=name)


def _safe(child: object) -> str:
    if isinstance(child, Markup):
        return child
    # Lone surrogates cannot be encoded, control characters are not HTML; models send both.
    text = str(child).encode("utf-8", "replace").decode().translate(_CONTROLS)
    return html.escape(text)
