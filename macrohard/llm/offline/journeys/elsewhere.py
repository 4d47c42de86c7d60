"""Journeys on pages and with the JSON API: the same steps, done there.

A journey is written as commands (:mod:`macrohard.llm.offline.journeys.journey`); here each step is
said again in gestures or as a request. Steps that mean nothing there are left out.
"""

import re
import shlex
from collections.abc import Iterable
from urllib.parse import urlencode

from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.criteria.asked import FIGURES, Asked, understood
from macrohard.llm.offline.criteria.surfaces import label
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind
from macrohard.llm.offline.journeys.gestures import (
    attach,
    choose,
    click,
    fill,
    open_,
    request,
)
from macrohard.work import ScenarioStep

PROBLEM = "There is a problem"
NOT_FOUND = "Not found"
_CHOSEN = frozenset({FieldType.ONE_OF, FieldType.YES_NO, FieldType.REFERENCE})
_WRITTEN = re.compile(r"printf (?P<text>.+) > (?P<file>\S+)", re.DOTALL)
_LINKED = re.compile(r"\d+ .+")


class Elsewhere:
    """Says the steps of one journey again.

    Args:
        app: The app.
        surface: ``web`` or ``api``.
    """

    def __init__(self, app: App, surface: str) -> None:
        self.app = app
        self.surface = surface
        self._files: dict[str, str] = {}
        self._exported: Asked | None = None
        self._gone: set[tuple[str, str]] = set()

    def steps(self, steps: Iterable[ScenarioStep]) -> list[ScenarioStep]:
        """The steps that mean something here."""
        said = (self._step(step) for step in steps)
        return [step for step in said if step is not None]

    def _step(self, step: ScenarioStep) -> ScenarioStep | None:
        line = step.type or ""
        written = _WRITTEN.fullmatch(line)
        if written:
            text = shlex.split(written["text"])[0]
            plain = text.replace("\\n", "\n").replace("%%", "%").replace("\\\\", "\\")
            self._files[written["file"]] = plain
            return None
        if line.startswith("cat ") and self._exported is not None:
            return self._said(step, self._exported)
        words = tuple(shlex.split(line))[3:]
        if words == ("--help",):
            return self._overview(step)
        asked = understood(self.app, words)
        if asked is None or asked.kind is None or "--json" in words:
            return None
        if asked.verb == "export":
            self._exported = asked
            return None
        return self._said(step, asked)

    def _overview(self, step: ScenarioStep) -> ScenarioStep:
        if self.surface == "api":
            told = [f"/api/{path_of(self.app, kind)}" for kind in self.app.kinds]
            return changed(step, request("GET", "/api"), ["200", *told])
        told = [capital(kind.plural.lower()) for kind in self.app.kinds]
        return changed(step, open_("/"), told)

    def _said(self, step: ScenarioStep, asked: Asked) -> ScenarioStep | None:
        kind = asked.kind
        if kind is None:
            return None
        refused = step.exit_code not in {0, None}
        if self.surface == "api":
            return self._request(step, asked, refused=refused)
        gestures = self._gestures(asked, kind, refused=refused)
        if not gestures:
            return None
        see = step.see
        if refused:
            missing = asked.verb in {"show", "delete"} and gestures[0].startswith("open")
            see = (NOT_FOUND if missing else PROBLEM,)
        elif asked.verb == "show":
            see = tuple(text.partition(": ")[2] or text for text in step.see)
        return changed(step, "\n".join(gestures), see)

    # -- pages -----------------------------------------------------------------------------------

    def _gestures(self, asked: Asked, kind: Kind, *, refused: bool) -> list[str]:
        root = click(capital(kind.plural.lower()))
        if asked.verb in {"add", "edit"}:
            return self._form(asked, kind, root)
        if asked.verb in {"delete", "show"}:
            return self._one(asked, kind, root, refused=refused)
        if asked.verb == "import":
            text = self._files.get(asked.target)
            chosen = attach(asked.target, "CSV file", text or "")
            end = click(f"Import {kind.plural.lower()}")
            return [root, click("Import"), chosen, end] if text is not None else []
        if asked.verb == "export":
            return [root, click("Export")]
        if asked.verb in FIGURES:
            return [root, click(capital(asked.verb)), *self._figure(asked, kind)]
        listed = click(capital(f"{asked.verb.replace('-', ' ')} {kind.plural.lower()}"))
        return [root, *([listed] if asked.verb != "list" else []), *self._narrowed(asked, kind)]

    def _form(self, asked: Asked, kind: Kind, root: str) -> list[str]:
        one = kind.name.lower()
        filled = self._filled(asked, kind)
        if filled is None:
            return []
        if asked.verb == "add":
            name = f"Add {'an' if one[:1] in 'aeiou' else 'a'} {one}"
            return [root, click(name), *filled, click(name)]
        straight = [open_(f"/{asked.path}/{asked.target}/edit")]
        begin = [root, click(f"Edit {one} {asked.target}")] if kind.features.list else straight
        return [*begin, *filled, click("Save")]

    def _one(self, asked: Asked, kind: Kind, root: str, *, refused: bool) -> list[str]:
        named = f"{kind.name.lower()} {asked.target}"
        address = f"/{asked.path}/{asked.target}"
        there = kind.features.list and int(asked.target) < 1000
        if asked.verb == "show":
            straight = refused or not there
            return [open_(address)] if straight else [root, click(f"Open {named}")]
        again = refused and (kind.slug, asked.target) in self._gone
        if again or not there:
            return [open_(f"{address}/delete")]
        if not refused:
            self._gone.add((kind.slug, asked.target))
        return [root, click(f"Delete {named}"), click(f"Delete {named}")]

    def _filled(self, asked: Asked, kind: Kind) -> list[str] | None:
        found = []
        for slug, text in asked.typed.items():
            field = kind.field(slug)
            if field.type not in _CHOSEN:
                found.append(fill(label(field), text))
                continue
            if not _can_be_chosen(field, text):
                return None
            found.append(choose(_option(text), label(field)))
        return found

    def _narrowed(self, asked: Asked, kind: Kind) -> list[str]:
        found = []
        for slug, text in asked.typed.items():
            if slug == "sort":
                name = text.removeprefix("-").replace("-", " ")
                last = ", last first" if text.startswith("-") else ""
                found.append(choose(f"{name}{last}", "Sort by"))
            elif slug == "search":
                found.append(fill("Search", text))
            else:
                field = kind.field(slug)
                chosen = field.type in _CHOSEN
                option = choose(_option(text), label(field))
                found.append(option if chosen else fill(label(field), text))
        return [*found, click("Show")] if found else []

    def _figure(self, asked: Asked, kind: Kind) -> list[str]:
        found = []
        fields = {a.field for a in kind.features.aggregates if a.op.value == asked.verb}
        if len(fields) > 1 and asked.target:
            found.append(choose(asked.target.replace("-", " "), "Of"))
        if "by" in asked.typed:
            group = asked.typed["by"].replace("-", " ").replace(":", ", ")
            found.append(choose(group, "For each"))
        return [*found, click("Show")] if found else []

    # -- the JSON API ----------------------------------------------------------------------------

    def _request(self, step: ScenarioStep, asked: Asked, *, refused: bool) -> ScenarioStep | None:
        root = f"/api/{asked.path}"
        body: dict[str, object] | str | None = None
        method, path, see = "GET", root, ["200", *filter(_is_plain, step.see)]
        match asked.verb:
            case "add":
                number = (step.see or ("",))[0].rstrip(".").rpartition(" ")[2]
                method, body, see = "POST", dict(asked.typed), ["201", f'"id": {number}']
            case "edit":
                method, path, body = "PATCH", f"{root}/{asked.target}", dict(asked.typed)
                see = ["200", f'"id": {asked.target}']
            case "delete":
                method, path = "DELETE", f"{root}/{asked.target}"
                see = ["200", *(text.removeprefix("Deleted ").rstrip(".") for text in step.see)]
            case "import":
                if asked.target not in self._files:
                    return None
                method, path, body = "POST", f"{root}/import", self._files[asked.target]
                see = ["200", *(text.removeprefix("Imported ").rstrip(".") for text in step.see)]
            case "show":
                path = f"{root}/{asked.target}"
                told = (text.partition(": ")[2] for text in step.see)
                see = ["200", *filter(_is_plain, told)]
            case "list" | "export" as verb:
                path = root + ("/export" if verb == "export" else "") + _query(asked)
            case _:
                tail = f"/{asked.target}" if asked.target else ""
                path = f"{root}/{asked.verb}{tail}{_query(asked)}"
        if refused:
            see = ['"errors"', '"message"']
        see = ['"total": 0' if text.startswith("No ") else text for text in see]
        return changed(step, request(method, path, body), see)


def _query(asked: Asked) -> str:
    return f"?{urlencode(asked.typed)}" if asked.typed else ""


def changed(step: ScenarioStep, type_: str, see: Iterable[str]) -> ScenarioStep:
    """A step that is done in another way, and shows other things."""
    expect = step.expect.replace("in one line that says why", "and it is said why")
    return step.model_copy(
        update={
            "type": type_,
            "expect": expect,
            "see": tuple(dict.fromkeys(see)),
            "exit_code": None,
        }
    )


def _is_plain(text: str) -> bool:
    """Whether a cell reads in JSON as it reads in a table."""
    return text not in {"-", "yes", "no", ""} and not _LINKED.fullmatch(text) and ", " not in text


def _can_be_chosen(field: Field, text: str) -> bool:
    """Whether a list offers this; an empty text is its first line."""
    if not text.strip():
        return not field.required
    if field.type is FieldType.ONE_OF:
        return text.casefold() in {choice.casefold() for choice in field.choices}
    if field.type is FieldType.YES_NO:
        return text in {"yes", "no"}
    return text.isdigit() and int(text) < 1000


def _option(text: str) -> str:
    return text if text.strip() else "(nothing)"


def capital(text: str) -> str:
    """A name as it begins a heading or a button."""
    return text[:1].upper() + text[1:]
