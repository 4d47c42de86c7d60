"""A configuration file: read, checked, every fault told with its line."""

import datetime as dt
import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from macrohard.config import SandboxName
from macrohard.configuration.lines import key_lines, line_of, syntax_line
from macrohard.errors import ConfigError

FILE = "macrohard.toml"
_LARGEST_BYTES = 1_000_000
"""No one writes as much by hand; it is another file of that name."""

Name = Annotated[str, Field(min_length=1)]
Chain = Name | Annotated[list[Name], Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ModelsTable(_Table):
    """``[models]``: the chain of each tier; ``default`` is for those that are not named."""

    default: Chain | None = None
    fast: Chain | None = None
    standard: Chain | None = None
    strong: Chain | None = None
    vision: Chain | None = None
    image: Chain | None = None


class BuildTable(_Table):
    """``[build]``: how to build. The options of ``macrohard build`` by their names."""

    sandbox: SandboxName | None = None
    sandbox_runtime: Name | None = None
    allow_process_sandbox: bool | None = None
    rounds: int | None = None
    min_satisfied: int | None = None
    mutants: int | None = None
    min_caught: float | None = None
    browser: bool | None = None
    desktop: bool | None = None
    offline_packages: bool | None = None
    faults: float | None = None
    seed: int | None = None
    agents: Name | None = None
    concurrency: int | None = None
    approve: list[Name] | None = None
    cluster: Name | None = None


class CapsTable(_Table):
    """``[caps]``: hard limits."""

    usd: Amount | None = None
    tokens: Count | None = None
    calls: Count | None = None
    minutes: Amount | None = None


class PriceTable(_Table):
    """``[prices."MODEL"]``: dollars per million tokens, with the date and source of the price."""

    input: Amount
    output: Amount
    cached: Amount | None = None
    date: dt.date | str = ""
    source: str = ""


class _File(_Table):
    models: ModelsTable = ModelsTable()
    roles: dict[str, Chain] = {}
    build: BuildTable = BuildTable()
    caps: CapsTable = CapsTable()
    endpoints: dict[str, dict[str, Any]] = {}
    prices: dict[str, PriceTable] = {}


@dataclass(frozen=True)
class ConfigFile:
    """What a file says.

    Attributes:
        path: The file.
        values: Each value by the path of its key, such as ``("caps", "usd")``; an endpoint and a
            price are one value each.
        lines: The line of each key.
    """

    path: Path
    values: Mapping[tuple[str, ...], Any]
    lines: Mapping[tuple[str, ...], int]

    def where(self, *key: str) -> str:
        """File and line of a key."""
        return f"{self.path}:{line_of(key, self.lines)}"


def read_file(path: Path) -> ConfigFile | None:
    """Read a configuration file; None where there is none.

    Raises:
        ConfigError: It cannot be read, or says something that means nothing: file, line, what.
    """
    try:
        raw = _bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from None
    if len(raw) > _LARGEST_BYTES:
        raise ConfigError(
            f"{path}: more than {_LARGEST_BYTES:,} bytes are too many for a configuration file."
        )
    try:
        text = raw.decode("utf-8-sig")  # some editors put a mark in front
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigError(f"{path}:{syntax_line(error, text)}: no TOML: {reason}.") from None
    except RecursionError:
        raise ConfigError(f"{path}:1: no TOML: nested too deeply.") from None
    lines = key_lines(text)
    try:
        checked = _File.model_validate(table)
    except ValidationError as error:
        raise ConfigError(_complaint(path, error, lines)) from None
    found = ConfigFile(path, dict(_values(checked, path.parent)), lines)
    for name, table in checked.endpoints.items():
        try:
            json.dumps(table, allow_nan=False)
        except (TypeError, ValueError):
            where = found.where("endpoints", name)
            raise ConfigError(f"{where}: endpoints.{name}: no dates, times, nan or inf.") from None
    return found


def _bytes(path: Path) -> bytes:
    """What is in a file, no more than shows that it is too large; a pipe is not waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        return file.read(_LARGEST_BYTES + 1)


def _values(file: _File, folder: Path) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in ("models", "build", "caps"):
        for key, value in getattr(file, name).model_dump(exclude_none=True).items():
            yield (name, key), value
    for role, chain in file.roles.items():
        yield ("roles", role), chain
    for endpoint, table in file.endpoints.items():
        yield ("endpoints", endpoint), table
    for model, price in file.prices.items():
        row = price.model_dump(exclude_none=True, exclude_defaults=True)
        yield ("prices", model), {**row, **({"date": str(price.date)} if price.date else {})}
    if file.build.agents is not None:
        yield ("build", "agents"), str((folder / file.build.agents).absolute())


def _complaint(path: Path, error: ValidationError, lines: Mapping[tuple[str, ...], int]) -> str:
    """The first fault in the file, in one line, and how many more there are."""
    faults: dict[tuple[str, ...], Any] = {}
    for fault in error.errors(include_url=False):
        # A value of several allowed kinds is complained of once a kind; the kind ends the path.
        key = tuple(str(part) for part in fault["loc"])
        key = next((key[:n] for n in range(len(key), 0, -1) if key[:n] in lines), key)
        if fault["type"] == "missing":
            key = tuple(str(part) for part in fault["loc"])
        faults.setdefault(key, fault)
    key, fault = min(faults.items(), key=lambda item: line_of(item[0], lines))
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{path}:{line_of(key, lines)}: {_words(key, fault)}{more}"


def _words(key: tuple[str, ...], fault: Mapping[str, Any]) -> str:
    name = ".".join(key)
    if fault["type"] == "missing":
        return f"{'.'.join(key[:-1])}: {key[-1]} is missing."
    if fault["type"] == "extra_forbidden":
        known = _keys_of(key[:-1])
        near = difflib.get_close_matches(key[-1], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
        return f"unknown key {name}; {hint}"
    said = _allowed(key) or str(fault["msg"]).replace("Input should be ", "must be ")
    # What stands among endpoints may be a key that was written where its variable belongs.
    shown = "" if key[0] == "endpoints" else f" = {_shown(fault['input'])}"
    return f"{name}{shown}: {said}."


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)[:60]


def _keys_of(table: tuple[str, ...]) -> list[str]:
    if not table:
        return list(_File.model_fields)
    if table[0] == "prices":
        return list(PriceTable.model_fields)
    kind = _File.model_fields[table[0]].annotation
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, _Table) else []


def _allowed(key: tuple[str, ...]) -> str:
    """What a value may be, where pydantic's own words for it are long."""
    if key[0] in {"models", "roles"}:
        return "must be a model's name, or a list of names, each asked where the one before fails"
    if key[0] in {"endpoints", "prices"} and len(key) < 3:
        return "must be a table"
    return ""
