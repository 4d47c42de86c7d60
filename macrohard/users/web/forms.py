"""A simulated user of web pages without a browser: follows links and sends forms by their names.

Nothing but the standard library. It sees what somebody sees (or hears) who has neither style
sheets nor scripts: the outline of the page. It keeps cookies, follows redirects, and remembers
pages as they were when it goes back, with what had been typed. Attachments are saved, and looked
into; the page stays. Scripts do not run, nothing is drawn, and there is no keyboard: for these
there is the browser (``browser.py``).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import PurePosixPath
from types import TracebackType
from typing import Literal, Self
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

from macrohard.habits import Habits
from macrohard.users.base import (
    Action,
    Attach,
    Back,
    Choose,
    Click,
    ComeBack,
    Fill,
    Observation,
    Open,
    OtherTab,
    Problem,
    State,
    UserActionError,
    Wait,
)
from macrohard.users.web.outline import hearing_problems, outline, saved_file
from macrohard.users.web.pictures import Gallery
from macrohard.users.web.running import NOT_OURS
from macrohard.users.web.served import Server, ServerError, belongs
from macrohard.users.web.wire import Answer, NoAnswerError, fetch
from macrohard.webpage import Node, Page, collapsed, content, plain_text, value_of

SLOW_S = 5.0
"""A page that takes longer is a defect."""
_HOPS = 5
_FIELDS = frozenset({"textbox", "spinbutton", "searchbox", "checkbox", "radio", "slider"})
_LISTS = frozenset({"combobox", "listbox"})
_CLICKED = frozenset({"link", "button", "checkbox", "radio"})
_FORM = "application/x-www-form-urlencoded"


@dataclass
class View:
    """A page as it lies before the user.

    Attributes:
        path: Path and parameters of its address.
        answer: What came.
        page: The same, read.
        typed: What stands in fields now, by ``id`` of the node; it stays when one goes back.
        files: Files chosen for uploads, likewise.
    """

    path: str
    answer: Answer
    page: Page
    typed: dict[int, str] = field(default_factory=dict)
    files: dict[int, tuple[str, str]] = field(default_factory=dict)


class FormDriver:
    """One user with pages as outlines. Use as an async context manager.

    Args:
        served: The application's server; it runs already.
        habits: Whose language pages are asked for in, and whether a mouse is there.
    """

    def __init__(self, served: Server, habits: Habits | None = None) -> None:
        self._served = served
        self._habits = habits or Habits()
        self._cookies: dict[str, str] = {}
        self._history: list[View] = []
        self._other: list[View] = []
        self._problems: list[Problem] = []
        self._known: set[str] = set()
        self._saved: list[tuple[str, str]] = []
        self._notes: list[str] = []
        self._gallery = Gallery(served)

    async def __aenter__(self) -> Self:
        await self._go("GET", "/")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """There is nothing to close."""

    async def observe(self) -> Observation:
        """What is visible now."""
        return await self._look()

    async def act(self, action: Action) -> Observation:
        """Do one thing, wait for its effect, and look.

        Raises:
            UserActionError: There is no such link, button or field here; says which there are.
            SandboxError: The box failed.
        """
        match action:
            case Click(name=name, twice=twice):
                await self._click(name, twice=twice)
            case Fill(label=label, text=text):
                self._view.typed[id(self._field(label, _FIELDS))] = text
            case Choose(label=label, option=option):
                self._choose(label, option)
            case Attach(label=label, file=file, content=text):
                node = self._file_field(label)
                self._view.files[id(node)] = (file, text)
            case _:
                await self._move(action)
        return await self._look()

    async def _move(self, action: Action) -> None:
        match action:
            case Open(address=address):
                await self._open(address)
            case Back():
                if len(self._history) < 2:
                    raise UserActionError("there is no page to go back to.")
                self._history.pop()
            case OtherTab():
                await self._change_tab()
            case ComeBack():
                await self._come_back()
            case Wait():
                pass
            case _:
                raise UserActionError(
                    "there is no keyboard and no terminal here; click, fill, choose, attach, open, "
                    "back, other_tab and come_back are what can be done."
                )

    async def html(self) -> str:
        """Source of the page that is open; empty where it is none."""
        if not self._history:
            return ""
        kind = self._view.answer.headers.get("content-type", "")
        return self._view.answer.text if kind.startswith("text/html") else ""

    @property
    def _view(self) -> View:
        if not self._history:
            raise UserActionError("no page is open; open / first.")
        return self._history[-1]

    # -- looking ---------------------------------------------------------------------------------

    async def _look(self) -> Observation:
        problems = self._problems
        self._problems = []
        printed = await self._served.printed()
        if "Traceback (most recent call last)" in printed:
            # Told as text too, so that it counts as the crash that it is, with its files.
            problems.append(Problem(kind="error", text="the server printed a traceback"))
        saved, self._saved = self._saved, []
        texts = [text for _, text in saved]
        screens = [saved_file(*each) for each in saved]
        status = None
        if self._history:
            view = self._view
            status = view.answer.status
            title = view.page.title or "(no title)"
            head = f'page "{title}" at {view.path}, status {status}'
            html = view.answer.headers.get("content-type", "").partition(";")[0] == "text/html"
            texts.insert(0, plain_text(view.page) if html else view.answer.text)
            screens.insert(0, f"{head}\n{outline(view.page, view.typed)}")
        if "Traceback" in printed or not self._history:
            texts.append(printed)
        notes, self._notes = self._notes, []
        texts += notes
        return Observation(
            text="\n".join(texts).strip() if len(texts) > 1 else texts[0],
            screen="\n".join(screens),
            state=State(at="page", http_status=status),
            problems=tuple(problems),
        )

    # -- doing -----------------------------------------------------------------------------------

    async def _open(self, address: str) -> None:
        split = urlsplit(address)
        if not belongs(split.netloc, self._served):
            raise UserActionError(f"{address} is another site; only this one can be reached.")
        path = quote(split.path or "/", safe="/%:@!$&'()*+,;=~-._")
        await self._go("GET", path + (f"?{split.query}" if split.query else ""))

    async def _change_tab(self) -> None:
        """To the other tab; cookies are those of both."""
        here, self._history, self._other = self._view.path, self._other, self._history
        if not self._history:
            await self._go("GET", here)

    async def _come_back(self) -> None:
        self._cookies.clear()
        self._history.clear()
        self._other.clear()
        try:
            if not await self._served.restart():
                self._notes.append(f"({NOT_OURS})")
        except ServerError as error:
            self._problems.append(Problem(kind="error", text=str(error)))
            return
        await self._go("GET", "/")

    async def _click(self, name: str, *, twice: bool) -> None:
        node = self._one(self._view.page.find(_CLICKED, name), name, "link or button")
        role = self._view.page.role(node)
        if role == "link":
            target = urljoin(self._view.path, node.get("href"))
            split = urlsplit(target)
            if split.scheme not in {"", "http", "https"} or not belongs(split.netloc, self._served):
                raise UserActionError(f"{name!r} leads to another site: {target}")
            if not target.startswith("#") and not node.get("href").startswith("#"):
                await self._go("GET", _path(split))
        elif role in {"checkbox", "radio"}:
            self._tick(node)
        elif node.has("disabled"):
            raise UserActionError(f"the button {name!r} cannot be pressed.")
        else:
            await self._press(node, name, twice=twice)

    def _tick(self, node: Node) -> None:
        if node.get("type") == "radio":
            for other in self._view.page.nodes:
                if other.tag == "input" and other.get("name") == node.get("name"):
                    self._view.typed[id(other)] = ""
            self._view.typed[id(node)] = "on"
            return
        now = self._view.typed.get(id(node), "on" if node.has("checked") else "")
        self._view.typed[id(node)] = "" if now else "on"

    async def _press(self, node: Node, name: str, *, twice: bool) -> None:
        view = self._view
        form = view.page.by_id(node.get("form")) if node.has("form") else node.inside("form")
        sends = (node.get("type") or "submit") in {"submit", "image"}
        if form is None or form.tag != "form" or not sends:
            scripted = any(n.tag == "script" for n in view.page.nodes)
            if not scripted:
                self._problem("error", f"the button {name!r} does nothing")
            return
        before = len(self._history)
        for _ in range(2 if twice else 1):
            await self._send(view, form, node)
        del self._history[before:-1]  # a browser shows the last answer alone

    async def _send(self, view: View, form: Node, button: Node) -> None:
        fields, files = _entries(view, form, button)
        action = urlsplit(urljoin(view.path, form.get("action") or view.path))
        if not belongs(action.netloc, self._served):
            told = f"the form is sent to another site, {action.netloc}; only this one is reached."
            raise UserActionError(told)
        if (form.get("method") or "get").lower() != "post":
            await self._go("GET", _path(action._replace(query=urlencode(fields))))
            return
        target = _path(action)
        if form.get("enctype") == "multipart/form-data":
            mark = secrets.token_hex(16)
            body = _multipart(fields, files, mark)
            await self._go("POST", target, body, f"multipart/form-data; boundary={mark}")
        else:
            await self._go("POST", target, urlencode(fields).encode(), _FORM)

    async def _go(self, method: str, path: str, body: bytes = b"", kind: str = "") -> None:
        for _ in range(_HOPS):
            headers = {"Accept": "text/html", "Accept-Language": self._habits.language}
            headers |= {"Content-Type": kind} if kind else {}
            headers |= {"Origin": self._served.base} if method == "POST" else {}
            if self._cookies:
                headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self._cookies.items())
            try:
                answer = await fetch(self._served.base, method, path, headers=headers, body=body)
            except NoAnswerError as error:
                kind_: Literal["hang", "error"] = "hang" if "within" in str(error) else "error"
                self._problem(kind_, f"{method} {path}: {error}")
                return
            self._keep(answer)
            if answer.status not in {301, 302, 303, 307, 308} or "location" not in answer.headers:
                await self._show(View(path, answer, Page(answer.text)), method)
                return
            target = urlsplit(urljoin(path, answer.headers["location"]))
            if not belongs(target.netloc, self._served):
                where = f"{target.scheme or 'http'}://{target.netloc}"
                told = f"{path} leads to another site, {where}, which is not asked"
                self._problems.append(Problem(kind="error", text=told, severity="minor"))
                return
            path = _path(target)
            if answer.status not in {307, 308}:
                method, body, kind = "GET", b"", ""
        self._problem("error", f"{path} leads from one address to the next without an end")

    def _keep(self, answer: Answer) -> None:
        for name, value in answer.cookies.items():
            if value:
                self._cookies[name] = value
            else:
                self._cookies.pop(name, None)

    async def _show(self, view: View, method: str) -> None:
        if view.answer.status >= 500:
            self._problem("error", f"{method} {view.path} ended with status {view.answer.status}")
        if view.answer.seconds > SLOW_S:
            self._problem("hang", f"{view.path} took {view.answer.seconds:.0f} seconds")
        name = _attached(view)
        if name:
            self._saved.append((name, view.answer.text))
            return
        if view.answer.headers.get("content-type", "").startswith("text/html"):
            for problem in hearing_problems(view.page):
                if problem.text not in self._known:
                    self._known.add(problem.text)
                    self._problems.append(problem)
            self._problems += await self._gallery.look(view.page, view.path)
        self._history.append(view)

    def _problem(self, kind: Literal["hang", "error", "accessibility"], text: str) -> None:
        self._problems.append(Problem(kind=kind, text=text))

    # -- finding ---------------------------------------------------------------------------------

    def _one(self, found: list[Node], name: str, what: str) -> Node:
        if found:
            if self._habits.input == "keyboard" and found[0].get("tabindex").startswith("-"):
                text = f"the {what} {name!r} cannot be reached with the keyboard"
                self._problem("accessibility", text)
            return found[0]
        page = self._view.page
        roles = _CLICKED if what == "link or button" else _FIELDS | _LISTS
        known = dict.fromkeys(page.name(n) for n in page.nodes if page.role(n) in roles)
        there = ", ".join(repr(each) for each in list(known)[:40] if each) or "none"
        raise UserActionError(f"there is no {what} {name!r} on this page; there are: {there}.")

    def _field(self, label: str, roles: frozenset[str]) -> Node:
        found = self._view.page.find(roles, label)
        if not found and self._view.page.find(_LISTS, label) and roles is _FIELDS:
            raise UserActionError(f"{label!r} is a list: choose one of its options.")
        return self._one(found, label, "field")

    def _file_field(self, label: str) -> Node:
        found = [
            node
            for node in self._view.page.find(frozenset({"button"}), label)
            if node.get("type") == "file"
        ]
        return self._one(found, label, "field for a file")

    def _choose(self, label: str, option: str) -> None:
        node = self._field(label, _LISTS)
        wanted = collapsed(option).casefold()
        options = [n for n in node.walk() if n.tag == "option"]
        for each in options:
            if collapsed(content(each)).casefold() == wanted:
                self._view.typed[id(node)] = value_of(each)
                return
        # As when somebody types into a list: the one that begins so, if it is only one.
        near = [n for n in options if collapsed(content(n)).casefold().startswith(f"{wanted} ")]
        if wanted and len(near) == 1:
            self._view.typed[id(node)] = value_of(near[0])
            return
        there = ", ".join(repr(collapsed(content(each))) for each in options[:40])
        raise UserActionError(f"{label!r} has no option {option!r}; it has: {there}.")


def _path(address: SplitResult) -> str:
    """What is asked of the server itself for an address of its own."""
    return address._replace(scheme="", netloc="", fragment="").geturl() or "/"


def _attached(view: View) -> str:
    """Name of the file that an answer is to be saved as; empty where it is a page, or an error."""
    head = Message()
    head["Content-Disposition"] = view.answer.headers.get("content-disposition", "inline")
    if view.answer.status >= 400 or head.get_content_disposition() != "attachment":
        return ""
    named = head.get_filename() or urlsplit(view.path).path
    return PurePosixPath(named).name or "download"


def _entries(
    view: View, form: Node, button: Node
) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """What a form sends: its fields, and its files (field, name, content)."""
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, str, str]] = []
    for node in view.page.nodes:
        owner = view.page.by_id(node.get("form")) if node.has("form") else node.inside("form")
        name = node.get("name")
        if owner is not form or not name or node.has("disabled"):
            continue
        kind = node.get("type").lower() if node.tag == "input" else node.tag
        if kind in {"submit", "image", "button", "reset"}:
            if node is button:
                fields.append((name, node.get("value")))
        elif kind == "file":
            files.append((name, *view.files.get(id(node), ("", ""))))
        elif kind in {"checkbox", "radio"}:
            on = view.typed.get(id(node), "on" if node.has("checked") else "")
            fields += [(name, node.get("value") or "on")] if on else []
        elif node.tag in {"input", "select", "textarea"}:
            fields.append((name, view.typed.get(id(node), value_of(node))))
    return fields, files


def _multipart(
    fields: list[tuple[str, str]], files: list[tuple[str, str, str]], mark: str
) -> bytes:
    parts = []
    for name, text in fields:
        parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n')
    for name, file, text in files:
        safe: Mapping[int, str] = str.maketrans({'"': "%22", "\r": "", "\n": ""})
        parts.append(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{file.translate(safe)}"\r\nContent-Type: text/csv\r\n\r\n{text}\r\n'
        )
    return "".join([*parts, f"--{mark}--\r\n"]).encode()
