"""Profiles: what a kind of box has and may use, from ``sandboxes/<name>/profile.toml``."""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from macrohard.errors import ConfigError
from macrohard.paths import sandboxes_dir
from macrohard.sandbox.base import Limits

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*(==[A-Za-z0-9.+_-]+)?")  # it goes to a shell


@dataclass(frozen=True)
class Profile:
    """One kind of box.

    Attributes:
        name: Its folder.
        packages: Python packages beside the standard library, in every kind of sandbox.
        limits: What a box may use.
        extends: Profile whose image this one's is built on; empty for none.
        debian: Debian packages of its image.
        pip: Python packages of its image that are in no other kind of sandbox.
        build_hint: What a build downloads and how long it takes, for people.
    """

    name: str
    packages: tuple[str, ...]
    limits: Limits
    extends: str = ""
    debian: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    build_hint: str = ""


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
    limits = data.pop("limits", {})
    profile = Profile(
        name=name,
        packages=_names(path, "packages", data.pop("packages", [])),
        limits=_limits(path, limits),
        extends=_words(path, "extends", data.pop("extends", "")),
        debian=_names(path, "debian", data.pop("debian", [])),
        pip=_names(path, "pip", data.pop("pip", [])),
        build_hint=_words(path, "build_hint", data.pop("build_hint", "")),
    )
    if data:
        known = ", ".join(field.name for field in fields(Profile) if field.name != "name")
        raise ConfigError(f"{path}: {', '.join(data)}: only {known} are understood")
    return profile


def _words(path: Path, key: str, given: Any) -> str:
    if not isinstance(given, str):
        raise ConfigError(f"{path}: {key} = {given!r}: give one word or sentence")
    return given


def _names(path: Path, key: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise ConfigError(f"{path}: {key} must be a list of names")
    for item in given:
        if not _NAME.fullmatch(item):
            raise ConfigError(f"{path}: {key}: {item!r} is no name of a package")
    return tuple(given)


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
