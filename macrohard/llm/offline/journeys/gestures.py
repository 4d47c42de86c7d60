r"""Gestures and requests as scenarios suggest them, one a line: written here, read by users.

    open "/"                        fill "Amount" with "12.50"
    click "Add an expense"          choose "food" for "Category"
    back                            attach "new.csv" to "CSV file" holding "date\n2024-01-31\n"
    come back                       POST /api/expenses {"amount": "12.50"}
    double-click "Save"             type "ls"    press "Down Enter"    wait 2

The last line stands in scenarios that people wrote for any application.

Texts are JSON strings, so that nothing in them can be taken for the end of one.
"""

import json
import re
from collections.abc import Mapping

from macrohard.llm.offline.scene import Action

_TEXT = r'"(?:[^"\\]|\\.)*"'
_FORMS = {
    "open": (rf"open ({_TEXT})", ("address",)),
    "click": (rf"click ({_TEXT})", ("name",)),
    "fill": (rf"fill ({_TEXT}) with ({_TEXT})", ("label", "text")),
    "choose": (rf"choose ({_TEXT}) for ({_TEXT})", ("option", "label")),
    "attach": (rf"attach ({_TEXT}) to ({_TEXT}) holding ({_TEXT})", ("file", "label", "content")),
    "type_line": (rf"type ({_TEXT})", ("text",)),
    "press": (rf"press ({_TEXT})", ("keys",)),
    "wait": (r"wait (\d+(?:\.\d+)?)", ("seconds",)),
    "write": (rf"write ({_TEXT})", ("text",)),
    "point": (r"click at (\d+),? ?(\d+)", ("x", "y")),
    "twice": (rf"double-click ({_TEXT})", ("name",)),
    "back": ("back", ()),
    "come_back": ("come back", ()),
}
_REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*)(?: (?P<body>.*))?")


def press(keys: str) -> str:
    """Press keys."""
    return f"press {_quoted(keys)}"


def open_(address: str) -> str:
    """Go to an address."""
    return f"open {_quoted(address)}"


def click(name: str) -> str:
    """Click a link or a button."""
    return f"click {_quoted(name)}"


def fill(label: str, text: str) -> str:
    """Fill in a field."""
    return f"fill {_quoted(label)} with {_quoted(text)}"


def choose(option: str, label: str) -> str:
    """Choose from a list."""
    return f"choose {_quoted(option)} for {_quoted(label)}"


def attach(file: str, label: str, content: str) -> str:
    """Choose a file to upload."""
    return f"attach {_quoted(file)} to {_quoted(label)} holding {_quoted(content)}"


def request(method: str, path: str, body: Mapping[str, object] | str | None = None) -> str:
    """A request; a text as body is a CSV file."""
    told = "" if body is None else f" {json.dumps(body, ensure_ascii=False)}"
    return f"{method} {path}{told}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def read_gestures(text: str | None) -> list[Action]:
    """The actions of a step's suggestion; none where a line of it is no gesture."""
    found: list[Action] = []
    for line in (text or "").strip().split("\n"):
        action = _gesture(line.strip()) or _request(line.strip())
        if action is None:
            return []
        found.append(action)
    return found


def _gesture(line: str) -> Action | None:
    for tool, (form, names) in _FORMS.items():
        match = re.fullmatch(form, line)
        if match:
            given = {name: json.loads(match[n]) for n, name in enumerate(names, start=1)}
            return (
                Action("click", given | {"twice": True}) if tool == "twice" else Action(tool, given)
            )
    return None


def _request(line: str) -> Action | None:
    match = _REQUEST.fullmatch(line)
    if match is None:
        return None
    asked = {"method": match["method"], "path": match["path"]}
    body = match["body"] or ""
    if body.startswith('"'):
        return Action("ask", {**asked, "body": json.loads(body), "content_type": "text/csv"})
    return Action("ask", {**asked, **({"body": body} if body else {})})
