"""An application that runs already: somebody's own server, which users reach by its address.

There is no box: the server is not ours to start, to end or to look into, and neither is its data.
"""

from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from macrohard.errors import UsageError
from macrohard.users.web.served import ServerError
from macrohard.users.web.wire import NoAnswerError, fetch

NOT_OURS = "the server was not started again: it is not ours to end"
"""Why a user who comes back another day finds the same server."""


class Running:
    """A server that runs already. Use as an async context manager.

    Args:
        address: ``http://host:port``, or with ``https``.
    """

    def __init__(self, address: str) -> None:
        self.base = self.inside = address

    async def __aenter__(self) -> Self:
        try:
            await fetch(self.base, "GET", "/", headers={"Accept": "text/html"})
        except NoAnswerError as error:
            raise ServerError(f"{self.base} does not answer: {error}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """It goes on running."""

    async def restart(self) -> bool:
        """It is not ours to end."""
        return False

    async def printed(self) -> str:
        """What it prints, it prints elsewhere."""
        return ""


def read_address(text: str) -> str:
    """The address of a server as somebody gave it, reduced to scheme, host and port.

    Raises:
        UsageError: It is none.
    """
    wanted = "it takes scheme, host and port alone, such as http://127.0.0.1:8000"
    try:
        split = urlsplit(text.strip())
        port = split.port
    except ValueError as error:
        raise UsageError(f"--url {text}: {error}; {wanted}.") from None
    if split.scheme not in {"http", "https"} or not split.hostname:
        raise UsageError(f"--url {text}: is no address of a server; {wanted}.")
    if "@" in split.netloc:
        raise UsageError(f"--url: a name and password in an address are not used; {wanted}.")
    if split.path not in {"", "/"} or split.query or split.fragment:
        raise UsageError(f"--url {text}: leads to one page of a server; {wanted}.")
    host = f"[{split.hostname}]" if ":" in split.hostname else split.hostname
    usual = {"http": 80, "https": 443}[split.scheme]
    return f"{split.scheme}://{host}" + (f":{port}" if port and port != usual else "")
