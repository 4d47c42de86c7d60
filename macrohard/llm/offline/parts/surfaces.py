"""Writes the acceptance tests of pages and JSON API: what commands must do, done there."""

from collections.abc import Iterator
from importlib import resources
from urllib.parse import urlencode

from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.criteria.asked import FIGURES, Asked, understood
from macrohard.llm.offline.criteria.check import (
    Answers,
    Case,
    Check,
    Draft,
    Probe,
    Refuses,
    Says,
    Writes,
)
from macrohard.llm.offline.criteria.filing import file_text
from macrohard.llm.offline.criteria.surfaces import label
from macrohard.llm.offline.dialect.ast import App, FieldType, Kind
from macrohard.llm.offline.oracle.base import Base, Made
from macrohard.llm.offline.oracle.reading import has_marks
from macrohard.work import SourceFile

Call = tuple[str, tuple[object, ...], dict[str, object]]
"""A method of the harness, and what it is given."""

_FIXTURES = '''

@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program's server, ended at last."""
    made = Server(NAME, tmp_path_factory.mktemp("server"))
    made.start()
    yield made
    made.stop()
'''
_API = '''

@pytest.fixture
def api(server: Server) -> Api:
    """A program that talks to the JSON API."""
    return Api(server, API_EXAMPLES, API_READS)
'''
_WEB = '''

@pytest.fixture
def web(server: Server) -> Web:
    """Somebody at a browser."""
    return Web(server, WEB_EXAMPLES, WEB_READS)
'''


def helpers(app: App) -> list[SourceFile]:
    """The modules that tests over HTTP need."""
    package = "macrohard.llm.offline.parts.suite"
    texts = {
        name: _standing_alone(resources.files(package).joinpath(name).read_text("utf-8"))
        for name in ("acceptance_http.py", "acceptance_pages.py")
        if app.is_served and ("web" in app.interfaces or "pages" not in name)
    }
    if texts:
        page = resources.files("macrohard").joinpath("webpage.py").read_text("utf-8")
        texts["acceptance_page.py"] = page
    return [SourceFile(path=name, content=text) for name, text in texts.items()]


def _standing_alone(text: str) -> str:
    """A module of the harness as it stands among the tests."""
    alone = text.replace("macrohard.llm.offline.parts.suite.", "")
    return alone.replace("from macrohard.webpage import", "from acceptance_page import")


def fixtures(app: App) -> str:
    """What ``conftest.py`` holds for tests over HTTP; empty where there are none."""
    if not app.is_served:
        return ""
    api, web = "api" in app.interfaces, "web" in app.interfaces
    return _FIXTURES + _API * api + _WEB * web


def imports(app: App) -> str:
    """What these need."""
    if not app.is_served:
        return ""
    api, web = "api" in app.interfaces, "web" in app.interfaces
    lines = [f"from acceptance_http import {'Api, ' * api}Server"]
    lines += ["from acceptance_pages import Web"] * web
    known = ["API_EXAMPLES", "API_READS"] * api + ["NAME"] + ["WEB_EXAMPLES", "WEB_READS"] * web
    return "\n".join([*lines, f"from acceptance_records import {', '.join(known)}"])


def examples(app: App, base: Base, surface: str) -> list[tuple[str, object]]:
    """How the example records are made over HTTP: path, and values or the text of a file."""
    return [_made(app, app.kind(made.kind), made, surface) for made in base.made]


def _made(app: App, kind: Kind, made: Made, surface: str) -> tuple[str, object]:
    path = f"/{path_of(app, kind)}"
    if not kind.features.add:
        text = file_text([list(made.typed), list(made.typed.values())])
        return (f"/api{path}" if surface == "api" else path), text
    if surface == "api":
        return f"/api{path}", dict(made.typed)
    return path, {label(kind.field(slug)): text for slug, text in made.typed.items()}


def reads(app: App, surface: str) -> list[str]:
    """Addresses that together show all data."""
    root = "/api" if surface == "api" else ""
    return [f"{root}/{path_of(app, kind)}" for kind in app.kinds if kind.features.list]


def calls_of(app: App, case: Case, surface: str) -> list[Call]:
    """A case as calls of the harness of pages or JSON API; those that mean nothing there are gone.

    A case is left out whole where the first check means nothing there: the others rest on it.
    """
    found: list[Call] = []
    for check in case.checks:
        if isinstance(check, Probe):
            if check.surface == surface:
                found.append((check.method, check.arguments, {}))
            continue
        asked = understood(app, check.words)
        if asked is None:
            continue
        found += (_api_calls if surface == "api" else _web_calls)(check, asked)
    return found


def groups_of(app: App, stories: list[Draft], surface: str) -> Iterator[tuple[Draft, Case]]:
    """The cases that mean something on a surface."""
    for draft in stories:
        for case in draft.cases:
            if calls_of(app, case, surface):
                yield draft, case


# -- the JSON API ------------------------------------------------------------------------------


def _api_calls(check: Check, asked: Asked) -> Iterator[Call]:
    root, words = f"/api/{asked.path}", check.line if isinstance(check, Says) else ""
    match check:
        case Says() if asked.verb == "add":
            number = int(words.rstrip(".").rpartition(" ")[2])
            yield "sends", ("POST", root, asked.typed, 201, {"id": number}), {}
        case Says() if asked.verb == "edit":
            number = int(asked.target)
            place = f"{root}/{number}"
            yield "sends", ("PATCH", place, asked.typed, 200, {"id": number}), {}
        case Says() if asked.verb == "delete":
            told = words.removeprefix("Deleted ").rstrip(".")
            yield "sends", ("DELETE", f"{root}/{asked.target}", None, 200, {"deleted": told}), {}
        case Says() if asked.verb == "import":
            told = words.removeprefix("Imported ").rstrip(".")
            text = dict(check.files)[asked.target.removeprefix("@")]
            yield "sends", ("POST", f"{root}/import", text, 200, {"imported": told}), {}
        case Refuses():
            yield from _api_refusal(check, asked, root)
        case Answers():
            more: dict[str, object] = {"loose": check.loose, "today": check.today}
            given = {name: value for name, value in more.items() if value}
            yield "answers", (_api_address(asked), check.value), given
        case Writes():
            yield "gives", (f"{root}/export", check.rows), {}


def _api_refusal(check: Refuses, asked: Asked, root: str) -> Iterator[Call]:
    match asked.verb:
        case "add":
            yield "refuses", ("POST", root, asked.typed), {}
        case "edit":
            yield "refuses", ("PATCH", f"{root}/{asked.target or '1'}", asked.typed), {}
        case "delete":
            yield "refuses", ("DELETE", f"{root}/{asked.target}"), {}
        case "import":
            text = dict(check.files).get(asked.target.removeprefix("@"))
            if text is not None:
                yield "refuses", ("POST", f"{root}/import", text), {}
        case "export":
            return
        case _:
            yield "refuses", ("GET", _api_address(asked)), {}


def _api_address(asked: Asked) -> str:
    return f"/api{_address(asked)}"


def _address(asked: Asked) -> str:
    """Where something is read."""
    path = f"/{asked.path}"
    if asked.verb == "show":
        path += f"/{asked.target}"
    elif asked.verb != "list":
        path += f"/{asked.verb}" + (f"/{asked.target}" if asked.target else "")
    return path + (f"?{urlencode(asked.typed)}" if asked.typed else "")


# -- pages ---------------------------------------------------------------------------------------


def _names(kind: Kind) -> dict[str, str]:
    """What columns are called on pages."""
    found = {"id": "id", **{field.slug: field.name.lower() for field in kind.fields}}
    return found | ({"marks": "marks"} if has_marks(kind) else {})


def _labelled(asked: Asked) -> dict[str, str]:
    kind = asked.kind
    return {label(kind.field(slug)): text for slug, text in asked.typed.items()} if kind else {}


def _web_calls(check: Check, asked: Asked) -> Iterator[Call]:
    root = f"/{asked.path}"
    match check:
        case Says() if asked.verb == "add":
            yield "sends", (f"{root}/add", _labelled(asked), check.line), {}
        case Says() if asked.verb in {"edit", "delete"}:
            place = f"{root}/{asked.target}/{asked.verb}"
            yield "sends", (place, _labelled(asked), check.line), {}
        case Says() if asked.verb == "import":
            name = asked.target.removeprefix("@")
            yield "uploads", (f"{root}/import", name, dict(check.files)[name], check.line), {}
        case Refuses():
            yield from _web_refusal(check, asked, root)
        case Answers() if asked.kind is not None:
            yield from _web_answer(check, asked, asked.kind)
        case Writes():
            yield "gives", (f"{root}/export", check.rows), {}


def _web_answer(check: Answers, asked: Asked, kind: Kind) -> Iterator[Call]:
    more: dict[str, object] = {"loose": check.loose, "today": check.today}
    given = {name: value for name, value in more.items() if value}
    address = _page_address(asked)
    if address is None:
        return
    if asked.verb in FIGURES:
        yield "figures", (address, asked.verb, check.value), {}
    elif asked.verb == "show":
        yield "shows", (address, check.value, _names(kind)), given
    else:
        nothing = f"No {kind.plural.lower()}."
        given.pop("today", None)
        yield "lists", (address, check.value, _names(kind), nothing), given


def _page_address(asked: Asked) -> str | None:
    """Where something is read on pages; None where pages do not ask for it."""
    typed = dict(asked.typed)
    for slug, text in asked.typed.items():
        if not text and slug not in {"sort", "search", "by"} and asked.kind:
            choosable = {FieldType.ONE_OF, FieldType.YES_NO, FieldType.REFERENCE}
            if asked.kind.field(slug).type not in choosable:
                return None
            typed[slug] = "_none"
    if asked.verb in FIGURES:
        typed = {**({"_field": asked.target} if asked.target else {}), **typed}
        return f"/{asked.path}/{asked.verb}" + (f"?{urlencode(typed)}" if typed else "")
    return _address(Asked(asked.path, asked.kind, asked.verb, asked.target, typed))


def _web_refusal(check: Refuses, asked: Asked, root: str) -> Iterator[Call]:
    known = {field.slug for field in asked.kind.fields} if asked.kind else set()
    filled = {f.slug for f in asked.kind.fields if f.stored} if asked.kind else set()
    match asked.verb:
        case "add" if set(asked.typed) <= filled:
            yield "refuses", (f"{root}/add", _labelled(asked)), {}
        case "edit" if asked.typed and set(asked.typed) <= filled:
            yield "refuses", (f"{root}/{asked.target}/edit", _labelled(asked)), {}
        case "delete":
            yield "refuses", (f"{root}/{asked.target}/delete", {}), {}
        case "import":
            name = asked.target.removeprefix("@")
            if name in dict(check.files):
                yield "refuses_file", (f"{root}/import", name, dict(check.files)[name]), {}
        case "add" | "edit" | "export":
            return
        case _ if asked.kind is None or set(asked.typed) <= known | {"sort", "search", "by"}:
            address = _page_address(asked)
            if address is not None:
                yield "refuses_page", (address,), {}
        case _:
            yield "refuses_page", (_address(asked),), {}
