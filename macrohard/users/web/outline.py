"""Writes the outline of a page, and finds what is wrong with it for those who hear it."""

import json
from collections.abc import Mapping

from macrohard.users.base import Problem
from macrohard.webpage import Node, Page, collapsed, content, is_hidden, value_of

_FIELDS = frozenset(
    {"textbox", "combobox", "listbox", "checkbox", "radio", "spinbutton", "searchbox", "slider"}
)
_LEAVES = frozenset({"link", "button", "heading", "cell", "columnheader", "option"})


def outline(page: Page, typed: Mapping[int, str]) -> str:
    """A page by roles and names, one element a line.

    Args:
        page: The page.
        typed: What stands in fields now, where it is not what came, by ``id`` of the node.
    """
    lines: list[str] = []
    _write(page, page.root, 0, lines, typed)
    return "\n".join(lines)


def _write(page: Page, node: Node, depth: int, lines: list[str], typed: Mapping[int, str]) -> None:
    if not node.tag:
        if collapsed(node.text):
            lines.append(f"{'  ' * depth}- text: {collapsed(node.text)}")
        return
    if is_hidden(node) or node.tag in {"head", "script", "style", "caption"}:
        return
    role = page.role(node)
    if role:
        lines.append("  " * depth + _line(page, node, role, typed))
        depth += 1
        if role == "combobox":
            chosen = typed.get(id(node), None)
            for option in (n for n in node.walk() if n.tag == "option"):
                name = collapsed(content(option))
                here = option.has("selected") if chosen is None else chosen == value_of(option)
                mark = " [selected]" if here else ""
                lines.append(f"{'  ' * depth}- option {json.dumps(name, ensure_ascii=False)}{mark}")
            return
        if role == "link":
            lines.append(f"{'  ' * depth}- /url: {node.get('href')}")
        if role in _LEAVES and not any(page.role(n) for n in node.walk()[1:] if n.tag):
            return
    for child in node.children:
        _write(page, child, depth, lines, typed)


def _line(page: Page, node: Node, role: str, typed: Mapping[int, str]) -> str:
    name = page.name(node)
    line = f"- {role}" + (f" {json.dumps(name, ensure_ascii=False)}" if name else "")
    if role == "heading":
        line += f" [level={node.tag[1:]}]"
    if node.has("disabled"):
        line += " [disabled]"
    if node.get("aria-current"):
        line += " [current]"
    if node.get("aria-invalid") == "true":
        line += " [invalid]"
    if role in {"checkbox", "radio"} and (typed.get(id(node)) or node.has("checked")):
        line += " [checked]"
    if role in _FIELDS and role not in {"combobox", "checkbox", "radio"}:
        text = typed.get(id(node), value_of(node))
        line += f": {text}" if text else ""
    return line


def saved_file(name: str, text: str) -> str:
    """A file that an answer brought, as it is shown below the page: the user looks into it.

    Args:
        name: The file's name.
        text: What it holds.
    """
    return f"saved file {json.dumps(name, ensure_ascii=False)}:\n{text}"


def hearing_problems(page: Page) -> tuple[Problem, ...]:
    """What keeps people from a page who hear it or use the keyboard alone."""
    found: list[tuple[str, bool]] = []
    for node in page.nodes:
        if is_hidden(node):
            continue
        role = page.role(node)
        if (role in _FIELDS or node.get("type") == "file") and not page.label(node):
            what = node.get("name") or node.tag
            found.append((f"the field {what!r} has no label that is tied to it", True))
        if role in {"link", "button"} and not page.name(node):
            found.append((f"a {role} has no name", True))
        if node.tag == "img" and not node.has("alt"):
            found.append((f"the picture {node.get('src')!r} has no text in its place", True))
    html = next((node for node in page.nodes if node.tag == "html"), None)
    if html is None or not html.get("lang"):
        found.append(("the page does not say its language", False))
    if not page.title:
        found.append(("the page has no title", False))
    if not any(node.tag == "h1" for node in page.nodes):
        found.append(("the page has no main heading", False))
    ids = [node.get("id") for node in page.nodes if node.get("id")]
    if len(ids) != len(set(ids)):
        found.append(("two elements have the same id", False))
    return tuple(
        Problem(kind="accessibility", text=text, severity="major" if grave else "minor")
        for text, grave in dict.fromkeys(found)
    )
