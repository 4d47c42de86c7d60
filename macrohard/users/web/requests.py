"""A simulated user of an API: sends requests, reads answers."""

import json
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import quote

from macrohard.users.base import (
    Action,
    Ask,
    ComeBack,
    Observation,
    Problem,
    State,
    UserActionError,
    Wait,
)
from macrohard.users.web.forms import SLOW_S
from macrohard.users.web.running import NOT_OURS
from macrohard.users.web.served import Server, ServerError
from macrohard.users.web.wire import Answer, NoAnswerError, fetch

_SHOWN_HEADERS = ("location", "allow")


class RequestDriver:
    """One user of an API. Use as an async context manager.

    Args:
        served: The application's server; it runs already.
    """

    def __init__(self, served: Server) -> None:
        self._served = served
        self._last: Observation | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """There is nothing to close."""

    async def observe(self) -> Observation:
        """The last answer."""
        return self._last or Observation(text="", screen="", state=State(at="answer"))

    async def act(self, action: Action) -> Observation:
        """Send a request and read the answer.

        Raises:
            UserActionError: That is no request.
            SandboxError: The box failed.
        """
        match action:
            case Ask(method=method, path=path):
                self._last = await self._ask(action, method.upper(), path)
            case ComeBack():
                self._last = await self._come_back()
            case Wait():
                self._last = await self.observe()
            case _:
                raise UserActionError("this is an API: there is nothing but requests.")
        return self._last

    async def _ask(self, action: Ask, method: str, path: str) -> Observation:
        if not path.startswith("/") or not method.isalpha():
            raise UserActionError("a request has a method and a path that begins with /.")
        target = quote(path, safe="/?&=%:@!$'()*+,;~-._#")
        headers = {"Accept": "application/json"}
        if action.body:
            headers["Content-Type"] = action.content_type
        base = self._served.base
        try:
            answer = await fetch(base, method, target, headers=headers, body=action.body.encode())
        except NoAnswerError as error:
            return await self._observed("", None, [Problem(kind="hang", text=str(error))])
        problems = []
        if answer.status >= 500:
            text = f"{method} {path} ended with status {answer.status}"
            problems.append(Problem(kind="error", text=text))
        if answer.seconds > SLOW_S:
            text = f"{path} took {answer.seconds:.0f} seconds"
            problems.append(Problem(kind="hang", text=text))
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return await self._observed(_told(answer), answer.status, problems, kind)

    async def _come_back(self) -> Observation:
        try:
            restarted = await self._served.restart()
        except ServerError as error:
            return await self._observed("", None, [Problem(kind="error", text=str(error))])
        said = "The server was started again." if restarted else f"({NOT_OURS})"
        return await self._observed(said, None, [])

    async def _observed(
        self, text: str, status: int | None, problems: list[Problem], kind: str = ""
    ) -> Observation:
        printed = await self._served.printed()
        if "Traceback (most recent call last)" in printed:
            text = f"{text}\n{printed}".strip()
        state = State(at="answer", http_status=status, content_type=kind)
        return Observation(text=text, screen=text, state=state, problems=tuple(problems))


def _told(answer: Answer) -> str:
    """An answer as the user reads it; JSON in one line for each of its values."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    body = answer.text
    if answer.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.dumps(json.loads(body), ensure_ascii=False, indent=1)
        except ValueError:
            body = f"(this is not JSON, though it says so)\n{body}"
    heads = [f"{name}: {answer.headers[name]}" for name in _SHOWN_HEADERS if name in answer.headers]
    return "\n".join([f"{answer.status} {phrase}".rstrip(), *heads, body]).rstrip()
