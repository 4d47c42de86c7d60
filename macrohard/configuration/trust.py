"""What a project's file may say: it may be part of a clone, and so a stranger's.

It can neither send a key that is set on this machine to a host that the person does not know, nor
loosen where code runs, nor make a provider cheaper than it is, which caps in dollars rest on. All
of that can be said by a flag or in the person's own file.
"""

import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from macrohard.configuration.file import ConfigFile
from macrohard.errors import ConfigError
from macrohard.llm.endpoint import shipped_presets
from macrohard.llm.prices import FREE, find_price

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def check_project(file: ConfigFile, person: Path) -> None:
    """Refuse what only the person may say.

    Args:
        file: The project's file.
        person: The person's own file, to name in messages.

    Raises:
        ConfigError: File, line, and what to do instead.
    """
    for (group, name), value in file.values.items():
        where = file.where(group, name)
        if (group, name) == ("build", "allow_process_sandbox") and value:
            raise ConfigError(
                f"{where}: a project's file cannot allow this: say it by the flag, or in {person}."
            )
        if group == "endpoints":
            _check_endpoint(file, person, name, value)
        if group == "prices" and _is_too_cheap(name, value):
            raise ConfigError(
                f"{where}: a project's file cannot make {name} cheaper than its provider's price, "
                f"on which caps in dollars rest: write this in {person}."
            )
        for model in _names(value) if group in {"models", "roles"} else ():
            if "#" in model and not _is_here(model):
                raise ConfigError(
                    f"{where}: a project's file names a server elsewhere by a table: "
                    f"[endpoints.NAME] with its url; then NAME:MODEL."
                )


def _check_endpoint(file: ConfigFile, person: Path, name: str, table: dict[str, Any]) -> None:
    shipped = shipped_presets().get(name)
    kept = shipped.key if shipped is not None else ""
    url = table.get("url")
    if kept and url is not None and not _is_here(str(url)):
        raise ConfigError(
            f"{file.where('endpoints', name, 'url')}: a project's file cannot change where {kept} "
            f"is sent: choose another name for the endpoint, or write this in {person}."
        )
    own = kept or f"{name.upper().replace('-', '_')}_API_KEY"
    if table.get("key", own) != own:
        raise ConfigError(
            f"{file.where('endpoints', name, 'key')}: in a project's file the key of this endpoint "
            f"can only be {own}, so that no other key is sent there; {person} may name any."
        )
    if kept and table.get("priced_as", shipped and shipped.priced_as) != (
        shipped and shipped.priced_as
    ):
        where = file.where("endpoints", name, "priced_as")
        raise ConfigError(f"{where}: priced_as of {name} can only be changed in {person}.")
    if "url_variable" in table:
        where = file.where("endpoints", name, "url_variable")
        raise ConfigError(f"{where}: url_variable can only be set in {person}.")


def _is_too_cheap(name: str, table: dict[str, Any]) -> bool:
    """Whether a price is under the one that the list has, or is for all of a provider's models."""
    kind, _, model = name.partition(":")
    paid = {one: preset.priced_as for one, preset in shipped_presets().items()}
    paid = {one: listed for one, listed in paid.items() if listed not in {"", FREE}}
    if "*" in name:
        return any(fnmatch.fnmatchcase(one, kind) for one in paid)
    price = find_price(name, paid[kind], model, {}) if kind in paid else None
    if price is None:
        return False
    listed = price.said
    own = {**table, "cached": table.get("cached", table["input"])}
    return any(own[rate] < listed[rate] for rate in ("input", "cached", "output"))


def _is_here(url: str) -> bool:
    """Whether a URL, or a model named by one, is on this machine."""
    try:
        return urlsplit(url.partition("#")[0]).hostname in _LOOPBACK
    except ValueError:
        return False


def _names(chain: Any) -> list[str]:
    return [chain] if isinstance(chain, str) else list(chain)
