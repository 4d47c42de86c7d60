"""Under which addresses pages and the JSON API keep each kind of record."""

import re

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.dialect.ast import App, Kind

_TAKEN = frozenset({"api"})


def path_of(app: App, kind: Kind) -> str:
    """A kind's name in addresses: its plural, or else its command."""
    wanted = _plural(kind)
    others = {_plural(other) for other in app.kinds if other is not kind}
    others |= {other.command for other in app.kinds if other is not kind}
    return kind.command if not wanted or wanted in others | _TAKEN else wanted


def _plural(kind: Kind) -> str:
    """The plural as an address spells it; accents are dropped as in commands."""
    if not names.plural(kind).isascii():
        return ""
    return re.sub(r"[^a-z0-9]+", "-", names.plural(kind)).strip("-")
