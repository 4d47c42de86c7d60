r"""One line of a scenario file: something to do, or something that must be seen.

    type "vit"            press "Down Enter"        wait 2
    open "/tasks"         click "Add"               double-click "Add"
    fill "Name" with "x"  choose "red" for "Colour" attach "a.csv" to "File" holding "a\n1\n"
    write "x"             click at 120,40           (on a screen with windows)
    back                  come back                 POST /api/tasks {"name": "x"}
    see "Added"           not see "Traceback"       exit 0

Texts stand between double quotes, as in JSON, or between back quotes, where nothing is escaped.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

_TEXT = r'("(?:[^"\\]|\\.)*"|`[^`]*`)'
_DOES: dict[str, tuple[str, tuple[str, ...]]] = {
    "type_line": (rf"type {_TEXT}", ("text",)),
    "press": (rf"press {_TEXT}", ("keys",)),
    "wait": (r"wait (\d+(?:\.\d+)?)(?: s(?:econds?)?)?", ("seconds",)),
    "open": (rf"open {_TEXT}", ("address",)),
    "click": (rf"click {_TEXT}", ("name",)),
    "twice": (rf"double-?click {_TEXT}", ("name",)),
    "fill": (rf"fill {_TEXT} with {_TEXT}", ("label", "text")),
    "choose": (rf"choose {_TEXT} for {_TEXT}", ("option", "label")),
    "attach": (rf"attach {_TEXT} to {_TEXT} holding {_TEXT}", ("file", "label", "content")),
    "write": (rf"write {_TEXT}", ("text",)),
    "point": (r"click at (\d+)(?:, ?| )(\d+)", ("x", "y")),
    "back": (r"back", ()),
    "come_back": (r"come back", ()),
}
_GESTURES = {
    "type_line": "type {text}", "press": "press {keys}", "wait": "wait {seconds}",
    "open": "open {address}", "click": "click {name}", "twice": "double-click {name}",
    "fill": "fill {label} with {text}", "choose": "choose {option} for {label}",
    "attach": "attach {file} to {label} holding {content}", "back": "back",
    "come_back": "come back", "write": "write {text}", "point": "click at {x},{y}",
}  # fmt: skip
"""How the offline model reads a deed."""
_CHECKS: dict[str, str] = {
    "see": rf"see {_TEXT}",
    "not_see": rf"(?:not|do not|don't) see {_TEXT}",
    "exit_code": r"exit(?: status| code)? (\d{1,3})",
}
_REQUEST = re.compile(
    r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD) (?P<path>/\S*)(?: (?P<body>.*))?"
)
Surface = Literal["cli", "web", "api", "desktop"]
_SURFACE: dict[str, Surface] = {
    "type_line": "cli",
    "ask": "api",
    "open": "web",
    "point": "desktop",
    "write": "desktop",
}
KNOWN = (
    'type "…", press "…", wait N, open "…", click "…", fill "…" with "…", choose "…" for "…", '
    'write "…", click at X,Y, back, come back, POST /path {…}, see "…", not see "…", exit N'
)
"""For the message about a line that is none of these."""


@dataclass(frozen=True)
class Deed:
    """Something to do.

    Attributes:
        tool: The tool that does it.
        arguments: Its arguments.
    """

    tool: str
    arguments: dict[str, Any]

    @property
    def surface(self) -> Surface | None:
        """The interface that it can only be about; None where it may be any."""
        return _SURFACE.get(self.tool) or (
            "web" if self.tool in {"click", "fill", "choose"} else None
        )

    def gesture(self) -> str:
        """The deed as the offline model reads it."""
        given = {n: json.dumps(v, ensure_ascii=False) for n, v in self.arguments.items()}
        if self.tool == "ask":
            told = (self.arguments[name] for name in ("method", "path", "body") if name in given)
            return " ".join(map(str, told))
        twice = self.tool == "click" and "twice" in given
        return _GESTURES["twice" if twice else self.tool].format(**given)


@dataclass(frozen=True)
class Check:
    """Something that must be true.

    Attributes:
        kind: ``see``, ``not_see`` or ``exit_code``.
        value: The text, or the number.
    """

    kind: str
    value: str


def read_line(text: str) -> Deed | Check | None:
    """A line that does or checks something; None where it is only words."""
    line = text.strip().rstrip(".").strip() if not text.rstrip().endswith("/.") else text.strip()
    for kind, form in _CHECKS.items():
        found = re.fullmatch(form, line, re.IGNORECASE)
        if found:
            return Check(kind, _read(found[1]) if kind != "exit_code" else found[1])
    for tool, (form, names) in _DOES.items():
        found = re.fullmatch(form, line, re.IGNORECASE)
        if found:
            return _deed(tool, [_read(group) for group in found.groups()], names)
    request = _REQUEST.fullmatch(line)
    if request:
        asked = {"method": request["method"], "path": request["path"]}
        return Deed("ask", asked | ({"body": request["body"]} if request["body"] else {}))
    return None


def looks_like_one(text: str) -> bool:
    """Whether somebody meant a line to do or check something: it begins as one does."""
    words = "type|press|wait|open|click|double-?click|fill|choose|attach|write|see|exit|GET|POST"
    words += "|PUT|DELETE"
    return bool(re.match(rf"(?:{words}) [\"`/\d]", text.strip(), re.IGNORECASE))


def _deed(tool: str, texts: list[str], names: tuple[str, ...]) -> Deed:
    read: dict[str, Callable[[str], Any]] = {"seconds": float, "x": int, "y": int}
    given = {name: read.get(name, str)(text) for name, text in zip(names, texts, strict=True)}
    return Deed("click", given | {"twice": True}) if tool == "twice" else Deed(tool, given)


def _read(text: str) -> str:
    return str(json.loads(text, strict=False)) if text.startswith('"') else text.strip("`")
