"""Profiles: what a kind of box has and may use, from ``sandboxes/<name>/profile.toml``."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from macrohard.errors import ConfigError
from macrohard.paths import sandboxes_dir
from macrohard.sandbox.base import Limits


@dataclass(frozen=True)
class Profile:
    """One kind of box.

    Attributes:
        packages: Python packages beside the standard library.
        limits: What a box may use.
    """

    packages: tuple[str, ...]
    limits: Limits


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """Read a profile.

    Args:
        name: Its folder.
        folder: Where profiles are; those that ship with macrohard when None.

    Raises:
        ConfigError: It is missing, not TOML, or says something that means nothing; names the file.
    """
    path = (folder or sandboxes_dir()) / name / "profile.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such sandbox profile") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    packages = data.pop("packages", [])
    limits = data.pop("limits", {})
    if data:
        raise ConfigError(f"{path}: {', '.join(data)}: only packages and limits are understood")
    if not isinstance(packages, list) or not all(isinstance(item, str) for item in packages):
        raise ConfigError(f"{path}: packages must be a list of names")
    return Profile(tuple(packages), _limits(path, limits))


def _limits(path: Path, given: Any) -> Limits:
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: limits must be a table")
    known = [field.name for field in fields(Limits)]
    for name, value in given.items():
        if name not in known:
            raise ConfigError(f"{path}: limits.{name}: choose from {', '.join(known)}")
        if type(value) is not int or value < 1:
            raise ConfigError(f"{path}: limits.{name} = {value!r}: give a whole number above 0")
    return Limits(**given)
