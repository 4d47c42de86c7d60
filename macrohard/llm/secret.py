"""A key in a type that does not show it: not in logs, not in tracebacks, not by accident."""

import base64
from typing import NoReturn
from urllib.parse import quote


class Secret:
    """A key. Only :meth:`reveal` gives it away; it cannot be pickled, formatted or compared."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the one place that sends it."""
        return self._value

    def scrub(self, text: str) -> str:
        """The text without the key in it, as it is, in base64 or as in a URL."""
        if not self._value:
            return text
        coded = base64.b64encode(self._value.encode()).decode().rstrip("=")
        for form in {self._value, quote(self._value, safe=""), coded}:
            text = text.replace(form, "***")
        return text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")

    def __bool__(self) -> bool:
        return bool(self._value)
