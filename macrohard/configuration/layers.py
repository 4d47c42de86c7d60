"""Lays the sources of settings over each other: flags, project, person, environment, defaults."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import TypeAdapter, ValidationError

from macrohard.config import TIERS, Caps, Routing, Settings
from macrohard.configuration.file import FILE, BuildTable, CapsTable, ConfigFile, read_file
from macrohard.configuration.trust import check_project
from macrohard.errors import ConfigError, RoleError
from macrohard.llm.endpoint import Preset, all_presets, find_preset, shipped_presets
from macrohard.roles import load_roles

Key = tuple[str, ...]
"""Where a value stands, as in a configuration file: ``("caps", "usd")``."""

DEFAULT = "default"


@dataclass(frozen=True)
class Value:
    """One value and where it came from.

    Attributes:
        key: Where it stands in a configuration file.
        value: The value, plain JSON types.
        source: A flag, ``FILE:LINE``, a variable of the environment, or ``default``.
    """

    key: Key
    value: Any
    source: str

    @property
    def name(self) -> str:
        """The key as people write it."""
        return ".".join(self.key)


@dataclass(frozen=True)
class Resolved:
    """What holds after all.

    Attributes:
        settings: The settings.
        values: Every value, with its source.
        files: The files that were looked for, and whether they were there.
    """

    settings: Settings
    values: tuple[Value, ...]
    files: tuple[tuple[Path, bool], ...]


def user_file() -> Path:
    """The person's own file, in the folder that the platform has for such."""
    return platformdirs.user_config_path("macrohard") / FILE


def resolve(
    flags: Mapping[Key, Any] | None = None,
    *,
    folder: Path | None = None,
    person: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Resolved:
    """The settings that hold: flags over the project's file over the person's over the environment.

    A ``models.default`` answers for every tier and role that its own source or a higher one does
    not name: naming one model replaces what lower sources say of models.

    Args:
        flags: Values given on the command line, by key; None is not given.
        folder: Where the project's file is; the working directory by default. No other folder is
            looked in: neither the spec's nor that of an app under construction.
        person: The person's file; the one of :func:`user_file` by default.
        environment: The environment; the process's by default.

    Raises:
        ConfigError: A value means nothing; says where it stands.
    """
    environment = os.environ if environment is None else environment
    project_path = (folder or Path()) / FILE
    person_path = person or user_file()
    project, own = read_file(project_path), read_file(person_path)
    if project is not None:
        check_project(project, person_path)
    values: dict[Key, Value] = {}
    for layer in (_environment(environment), _file(own), _file(project), _flags(flags or {})):
        found = list(layer)
        if any(value.key == ("models", "default") for value in found):
            values = {k: v for k, v in values.items() if k[0] not in {"models", "roles"}}
        for value in found:
            _check(value)
            values[value.key] = value
    settings = _settings({key: value.value for key, value in values.items()})
    _check_names(settings, values.values(), environment)
    told = tuple(values.get(v.key, v) for v in _defaults(settings, values))
    rest = tuple(v for k, v in values.items() if k not in {v.key for v in told})
    files = ((project_path, project is not None), (person_path, own is not None))
    return Resolved(settings, (*told, *rest), files)


def _file(file: ConfigFile | None) -> Iterator[Value]:
    if file is not None:
        for key, value in file.values.items():
            yield Value(key, value, file.where(*key))


def _flags(flags: Mapping[Key, Any]) -> Iterator[Value]:
    for key, value in flags.items():
        if value is not None and value != ():
            yield Value(key, value, flag_of(key))


def flag_of(key: Key) -> str:
    """The flag that sets a value, or would if it had one."""
    group, name = key
    if group == "models":
        return "--model" if name == "default" else f"--tier {name}"
    if group == "roles":
        return f"--role {name}"
    return f"--{'max-' if group == 'caps' else ''}{name.replace('_', '-')}"


def variable_of(key: Key) -> str:
    """The variable of the environment that sets a value."""
    group, name = key
    if group == "models":
        return "MACROHARD_MODEL" if name == "default" else f"MACROHARD_MODEL_{name.upper()}"
    return f"MACROHARD_{'MAX_' if group == 'caps' else ''}{name.upper()}"


def _environment(environment: Mapping[str, str]) -> Iterator[Value]:
    for name in ("default", *TIERS):
        variable = variable_of(("models", name))
        text = environment.get(variable, "").strip()
        if text:
            yield Value(("models", name), text, variable)
    for group, table in (("build", BuildTable), ("caps", CapsTable)):
        for name, info in table.model_fields.items():
            variable = variable_of((group, name))
            text = environment.get(variable, "").strip()
            if text:
                yield Value((group, name), _parsed(variable, text, info.annotation), variable)


def _parsed(variable: str, text: str, kind: Any) -> Any:
    """A value from its text; a list is separated by commas."""
    given = [part.strip() for part in text.split(",")] if "list" in str(kind) else text
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"].replace("Input should be ", "must be ")
        raise ConfigError(f"{variable}={text}: {reason}.") from None


def _check(value: Value) -> None:
    """Refuse a value that means nothing, and say where it stands."""
    group, name = value.key
    try:
        if group == "build":
            one: dict[str, Any] = {name: value.value}
            Settings(**one if name != "approve" else {name: tuple(value.value)})
        elif group == "caps":
            Settings(caps=Caps(**{name: value.value}))
        elif group == "endpoints":
            base = shipped_presets().get(name)
            Preset.from_table(name, value.value, base=base)
    except ConfigError as error:
        if value.source.startswith("--"):
            raise
        reason = str(error).removeprefix(f"{flag_of(value.key)} ")
        where = f"{value.source}: " if group == "endpoints" else f"{value.source}: {value.name}: "
        raise ConfigError(f"{where}{reason}") from None


def _check_names(
    settings: Settings, values: Iterable[Value], environment: Mapping[str, str]
) -> None:
    """Refuse names of models and roles that there are not, and say where they stand."""
    presets = all_presets(settings.routing.endpoints)
    given = [value for value in values if value.key[0] in {"models", "roles"}]
    roster = None
    for value in given:
        try:
            if value.key[0] == "roles":
                agents = Path(settings.agents) if settings.agents else None
                roster = roster or load_roles(agents)
                roster.get(value.key[1])
            for name in _chain(value.value):
                kind, _, rest = name.partition(":")
                plain = name == "offline" or (value.key[0] == "roles" and name in TIERS)
                if not plain and not (kind in {"mailbox", "replay"} and rest):
                    find_preset(name, presets, environment)
        except (ConfigError, RoleError) as error:
            reason = str(error).removeprefix("--model ")
            if value.source == "--model":
                raise ConfigError(f"--model {reason}") from None
            named = "" if value.source.startswith("--") else f" {value.name}:"
            raise ConfigError(f"{value.source}:{named} {reason}") from None


def _chain(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _settings(values: Mapping[Key, Any]) -> Settings:
    def group(name: str) -> dict[str, Any]:
        return {key[1]: value for key, value in values.items() if key[0] == name}

    models = {name: _chain(value) for name, value in group("models").items()}
    roles = {name: _chain(value) for name, value in group("roles").items()}
    default = models.pop("default", () if models else ("offline",))
    build: dict[str, Any] = group("build")
    if "approve" in build:
        build["approve"] = tuple(build["approve"])
    return Settings(
        **build,
        model=default[0] if default else "",
        caps=Caps(**group("caps")),
        routing=Routing(
            fallbacks=default[1:],
            tiers=models,
            roles=roles,
            endpoints=group("endpoints"),
            prices=group("prices"),
        ),
    )


def _defaults(settings: Settings, given: Mapping[Key, Value]) -> Iterator[Value]:
    """A value for everything that can be set once, in the order of the file's tables."""
    named = settings.model or None
    yield Value(("models", "default"), named, DEFAULT)
    for tier in TIERS:
        if ("models", tier) in given:
            yield given["models", tier]
    for key, value in given.items():
        if key[0] == "roles":
            yield value
    plain = Settings()
    for name in BuildTable.model_fields:
        value = getattr(plain, name)
        yield Value(("build", name), list(value) if isinstance(value, tuple) else value, DEFAULT)
    for item in fields(Caps):
        yield Value(("caps", item.name), None, DEFAULT)
