"""Circles and order among things that need each other."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

Needs = Mapping[str, AbstractSet[str]]


def reachable(needs: Needs, start: str) -> set[str]:
    """Everything that something needs, directly or through others."""
    found: set[str] = set()
    unread = list(needs.get(start, ()))
    while unread:
        name = unread.pop()
        if name not in found:
            found.add(name)
            unread += needs.get(name, ())
    return found


def is_acyclic(needs: Needs) -> bool:
    """Whether nothing needs itself."""
    return not any(name in reachable(needs, name) for name in needs)


def in_circles(needs: Needs) -> list[set[str]]:
    """The sets of names that all need each other."""
    reach = {name: reachable(needs, name) for name in needs}
    circles = [
        {other for other in reach[name] if name in reach[other]}
        for name in needs
        if name in reach[name]
    ]
    return [circle for position, circle in enumerate(circles) if circle not in circles[:position]]


def ordered(needs: Needs) -> list[str]:
    """Names so that those which others need come first.

    Raises:
        ValueError: when there is a circle.
    """
    done: list[str] = []
    while len(done) < len(needs):
        ready = [name for name in needs if name not in done and needs[name] <= set(done)]
        if not ready:
            raise ValueError(f"a circle among {sorted(set(needs) - set(done))}")
        done += ready
    return done
