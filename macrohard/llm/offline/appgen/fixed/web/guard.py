"""Keeps changes to those that a person meant: forged forms, and forms that are sent twice."""

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookies import CookieError, SimpleCookie

from macrohard.llm.offline.appgen.fixed.web.messages import Request

SESSION = "session"
TOKEN = "_token"  # noqa: S105 (the name of a field)
ONCE = "_once"
REMEMBERED = 10_000
"""Forms that are remembered as sent, the oldest forgotten first."""

Done = tuple[str, str]
"""Where a change leads to, and what was done."""


class Guard:
    """Tells the forms of this server from others, and the first time of each from repeats."""

    def __init__(self) -> None:
        """Begin with a secret of its own, and no form sent."""
        self.secret = secrets.token_bytes(32)
        self.sent: OrderedDict[str, tuple[str, Done]] = OrderedDict()
        self.lock = threading.Lock()

    def token(self, session: str) -> str:
        """Make the token that a form of a session carries."""
        return hmac.new(self.secret, session.encode(), hashlib.sha256).hexdigest()

    def is_ours(self, session: str, fields: Mapping[str, str]) -> bool:
        """Say whether a form came from a page of this session."""
        known, given = self.token(session), fields.get(TOKEN, "")
        return bool(session) and hmac.compare_digest(known.encode(), given.encode())

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Let one form after the other through, so that a second click waits for the first."""
        with self.lock:
            yield

    def first(self, once: str, content: str, act: Callable[[], Done]) -> Done:
        """Do what a form asks for once, and return what came of that, every time.

        A form that was changed before it was sent again, after going back to it, is a new one.

        Args:
            once: Names the form.
            content: A digest of what it holds.
            act: Does what it asks for.
        """
        with self.one_at_a_time():
            before, done = self.sent.get(once, ("", ("", "")))
            if once and before == content:
                return done
            done = act()
            self.sent[once] = (content, done)
            while len(self.sent) > REMEMBERED:
                self.sent.popitem(last=False)
        return done


def digest(fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> str:
    """Make of what a form holds a short text that is another for anything else."""
    written = repr((sorted(fields.items()), sorted(files.items())))
    return hashlib.sha256(written.encode("utf-8", "backslashreplace")).hexdigest()


def cookies(request: Request) -> dict[str, str]:
    """Read the cookies of a request; broken ones are none."""
    try:
        found = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}


def set_cookie(name: str, value: str, *, seconds: int | None = None) -> tuple[str, str]:
    """Make the header that sets a cookie, for this site alone; 0 seconds take it away."""
    lasting = "" if seconds is None else f"; Max-Age={seconds}"
    return "Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{lasting}"


def new_secret() -> str:
    """Make a text that nobody guesses."""
    return secrets.token_urlsafe(16)
