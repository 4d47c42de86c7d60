"""What an app itself says it needs, held against what was locked."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from macrohard.packages.lock import plain_name, read_lock

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_FILES = ("pyproject.toml", "requirements.txt")


def undeclared(app: Path, lock: str) -> list[tuple[str, str]]:
    """File and package of everything that an app declares and no box has.

    Args:
        app: Root of the app.
        lock: Text of its lock; empty for none.
    """
    locked = {pin.name for pin in read_lock(lock)} if lock else set()
    return [(file, name) for file, name in _declared(app) if plain_name(name) not in locked]


def _declared(app: Path) -> Iterator[tuple[str, str]]:
    for file in _FILES:
        try:
            text = (app / file).read_text(encoding="utf-8")
            lines = _of_project(text) if file.endswith(".toml") else _of_list(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue
        for line in lines:
            if match := _NAME.match(line):
                yield file, match[1]


def _of_project(text: str) -> list[str]:
    project = tomllib.loads(text).get("project")
    needed = project.get("dependencies") if isinstance(project, dict) else None
    return [one for one in needed if isinstance(one, str)] if isinstance(needed, list) else []


def _of_list(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.lstrip().startswith(("#", "-"))]
