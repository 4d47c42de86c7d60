"""Requests and responses, as everything behind the server sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from macrohard.llm.offline.appgen.fixed.errors import AppError

MAX_FIELDS = 1000
"""Most fields of a form or parameters of an address."""


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes:
        method: In capitals.
        path: Of the address, as it stands there.
        query: Parameters of the address, each given once.
        headers: By name in small letters.
        body: As it came.
        fault: Why it could not be read whole; None where it was.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: "HttpError | None" = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The path in pieces."""
        return tuple(part for part in self.path.split("/") if part)

    @property
    def content_type(self) -> str:
        """What the body is said to be, without parameters, in small letters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


@dataclass(frozen=True)
class Response:
    """What is answered.

    Attributes:
        status: HTTP status.
        body: Text, sent as UTF-8.
        content_type: What the text is.
        headers: More headers.
        data: Sent as it is, instead of the text.
    """

    status: int
    body: str
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    data: bytes = b""


class HttpError(AppError):
    """A request that cannot be answered as it was meant."""

    def __init__(
        self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Say why, with the status that says it to programs."""
        super().__init__(message)
        self.status = status
        self.headers = headers


def readable(request: Request) -> None:
    """Refuse a request that could not be read whole."""
    if request.fault is not None:
        raise request.fault


def not_found(path: str) -> HttpError:
    """Say that nothing is there."""
    return HttpError(404, f"there is nothing at {path[:200]}")


def allow(request: Request, *methods: str) -> None:
    """Refuse every method but these; what may be read may be asked for its head."""
    allowed = (*methods, "HEAD") if "GET" in methods else methods
    if request.method not in allowed:
        raise HttpError(
            405,
            f"{request.method} is not possible here, only {', '.join(allowed)}",
            (("Allow", ", ".join(allowed)),),
        )


def read_address(address: str) -> tuple[str, dict[str, str]]:
    """Take an address apart: path and parameters.

    Raises:
        HttpError: when it has too many parameters, or one twice.
    """
    path, _, query = address.partition("#")[0].partition("?")
    return "/" + path.strip("/"), read_pairs(query)


def read_pairs(text: str) -> dict[str, str]:
    """Read ``name=value&name=value``, as addresses and forms hold it.

    Raises:
        HttpError: when there are too many, or one is given twice: which of them counts?
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise HttpError(400, f"there are more than {MAX_FIELDS} fields") from error
    found = dict(pairs)
    if len(found) < len(pairs):
        raise HttpError(400, f"{twice(name for name, _ in pairs)} is given twice")
    return found


def twice(names: Iterable[str]) -> str:
    """Find the first name that was there before; as much of it as a message shows."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name[:40]
        seen.add(name)
    return ""
