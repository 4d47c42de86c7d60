"""Models as the command line names them: ``--model``, ``--tier`` and ``--role``."""

from collections.abc import Sequence
from typing import Any

from macrohard.config import check_tier
from macrohard.errors import UsageError


def model_flags(
    models: Sequence[str] | None, tiers: Sequence[str] | None, roles: Sequence[str] | None
) -> dict[tuple[str, ...], Any]:
    """Values by their keys in a configuration file; a flag that is given again makes a chain.

    Raises:
        UsageError: A flag is not ``WHAT=NAME``, or names no tier.
    """
    found: dict[tuple[str, ...], Any] = {}
    if models:
        found["models", "default"] = list(models)
    for flag, group, given in (("--tier", "models", tiers), ("--role", "roles", roles)):
        for text in given or ():
            what, equals, name = text.partition("=")
            if not (what and equals and name):
                raise UsageError(f"{flag} {text}: write {flag} {flag[2:].upper()}=NAME.")
            if group == "models":
                check_tier(what)
            found.setdefault((group, what), []).append(name)
    return found
