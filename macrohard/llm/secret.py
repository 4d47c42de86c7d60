"""A key in a type that does not show it: not in logs, not in tracebacks, not by accident."""

import base64
import json
from typing import NoReturn
from urllib.parse import quote

SHORTEST = 8
"""Characters from which a value is taken for a key when texts are scrubbed."""


class Secret:
    """A key. Only :meth:`reveal` gives it away; it cannot be pickled, formatted or compared."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the one place that sends it."""
        return self._value

    def scrub(self, text: str) -> str:
        """The text without the key in it: as it is, as in a URL, and in base64 at any place.

        What is shorter than :data:`SHORTEST` is no key (servers of one's own take ``none``), and
        taking it out would take words apart.
        """
        if len(self._value) < SHORTEST:
            return text
        for form in _forms(self._value):
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


def _forms(key: str) -> list[str]:
    """How a key may be written, longest first.

    In base64, a key inside a longer text is written in one of three ways, by where it begins; what
    its neighbours have a part in is left out. ``Basic`` and ``data:`` both come to this.
    """
    raw = key.encode(errors="replace")
    found = {key, quote(key, safe=""), quote(key), json.dumps(key)[1:-1], repr(key)[1:-1]}
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + raw).decode()
        core = coded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        found |= {core, core.translate(_URL_SAFE)}
    return sorted(found, key=len, reverse=True)


_URL_SAFE = str.maketrans("+/", "-_")
