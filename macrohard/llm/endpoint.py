"""From a model's name to an endpoint: presets, keys from the environment, URLs."""

import fnmatch
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from macrohard.errors import ConfigError, ModelError
from macrohard.llm.base import DEFAULT_WINDOW_TOKENS
from macrohard.llm.prices import listed_window
from macrohard.llm.secret import Secret

SchemaMode = Literal["json_schema", "json_object", "none"]
TokenLimit = Literal["max_tokens", "max_completion_tokens"]
Api = Literal["chat", "responses"]
Thoughts = Literal["", "reasoning_content", "reasoning_details"]

URL_KEY = "MACROHARD_API_KEY"
"""Variable with the key for ``URL#NAME``: a provider's own key goes to its own host alone."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_RESERVED = frozenset({"offline", "mailbox", "replay", "http", "https"})


@dataclass(frozen=True)
class Preset:
    """A kind of endpoint, under the name that stands before the colon of ``--model NAME:MODEL``.

    Attributes:
        url: Base URL.
        key: Environment variable with the key; none for servers of one's own.
        key_needed: Whether there is no use in asking without the key.
        url_variable: Environment variable that replaces the URL when it is set.
        api: What it speaks: chat completions or, statelessly, responses.
        schema: How an output schema is asked for. What a server refuses is left out from then on.
        tokens: Name of the limit on output tokens in chat completions.
        most_tokens: Most output tokens that the server allows to ask for; None for no bound.
        window: Context window in tokens, question and answer together; None for what the price
            list knows of the model, at most 128,000.
        stream: Whether answers are streamed.
        stream_usage: Whether usage is asked for in streams (``stream_options``).
        thoughts: Field of an assistant's message that must be sent again with its tool calls.
        sees: Whether its models can be shown pictures; or those that can, by name, which may end in
            ``*``. Nothing is known of others.
        connections: Most calls in flight; the server's 429 make it fewer.
        body: More fields of each request, such as ``reasoning_effort``.
        priced_as: The provider in the price list; ``free`` for servers of one's own, and empty
            where there is no price but what ``[prices]`` says.
    """

    url: str
    key: str = ""
    key_needed: bool = True
    url_variable: str = ""
    api: Api = "chat"
    schema: SchemaMode = "json_schema"
    tokens: TokenLimit = "max_tokens"
    most_tokens: int | None = None
    window: int | None = None
    stream: bool = True
    stream_usage: bool = True
    thoughts: Thoughts = ""
    sees: bool | Sequence[str] = ()
    connections: int = 512
    body: Mapping[str, Any] = field(default_factory=dict)
    priced_as: str = ""

    def sees_model(self, model: str) -> bool | None:
        """Whether a model can be shown pictures; None where that is not known."""
        if isinstance(self.sees, bool):
            return self.sees
        return True if any(fnmatch.fnmatchcase(model, known) for known in self.sees) else None

    @classmethod
    def from_table(
        cls, name: str, table: Mapping[str, Any], *, base: "Preset | None" = None, where: str = ""
    ) -> "Preset":
        """A preset from a table of a configuration file.

        Args:
            name: Name of the table.
            table: Keys are the attributes of this class.
            base: The preset whose keys are replaced; None where ``url`` is among the keys.
            where: Names the table in errors; ``[endpoints.NAME]`` by default.

        Raises:
            ConfigError: Names the table, the key and what is allowed.
        """
        where = where or f"[endpoints.{name}]"
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise ConfigError(
                f"{where}: an endpoint's name is lower-case letters, digits, - and _, "
                f"and none of {', '.join(sorted(_RESERVED))}."
            )
        for key, value in table.items():
            if key not in _CHECKS:
                raise ConfigError(f"{where}: there is no key {key!r}; there are {_keys()}.")
            if not _CHECKS[key](value):
                # The value is not told: it may be a key that was written where its name belongs.
                raise ConfigError(f"{where}: {key} must be {_MEANT[key]}.")
        if base is None and "url" not in table:
            raise ConfigError(f"{where}: write url, such as url = 'http://host:8000/v1'.")
        return replace(base, **table) if base is not None else cls(**table)


def _one_of(kind: Any) -> Any:
    return lambda value: isinstance(value, str) and value in get_args(kind)


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        # Nothing secret may stand in a URL: it is in the records of a run and in messages.
        bare = not ("@" in parts.netloc or parts.query or parts.fragment)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        return known and bare and value.isprintable() and " " not in value
    except ValueError:  # a port that is no number
        return False


def _is_variable(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"|[A-Z_][A-Z0-9_]*", value))


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) and one for one in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_CHECKS: dict[str, Any] = {
    "url": _is_url,
    "key": _is_variable,
    "key_needed": _is_bool,
    "url_variable": _is_variable,
    "api": _one_of(Api),
    "schema": _one_of(SchemaMode),
    "tokens": _one_of(TokenLimit),
    "most_tokens": _is_count,
    "window": _is_count,
    "stream": _is_bool,
    "stream_usage": _is_bool,
    "thoughts": _one_of(Thoughts),
    "sees": lambda value: _is_bool(value) or _is_names(value),
    "connections": _is_count,
    "body": lambda value: isinstance(value, Mapping),
    "priced_as": lambda value: isinstance(value, str),
}
_MEANT = {
    "url": "a URL that begins with http:// or https://, without user, password or query",
    "key": "the name of an environment variable in capitals; keys themselves stand in no file",
    "key_needed": "true or false",
    "url_variable": "the name of an environment variable",
    "api": " or ".join(get_args(Api)),
    "schema": ", ".join(get_args(SchemaMode)),
    "tokens": " or ".join(get_args(TokenLimit)),
    "most_tokens": "a whole number from 1",
    "window": "a whole number from 1",
    "stream": "true or false",
    "stream_usage": "true or false",
    "thoughts": "empty, reasoning_content or reasoning_details",
    "sees": "true, false, or a list of names of models, which may end in *",
    "connections": "a whole number from 1",
    "body": "a table",
    "priced_as": "a provider's name in the price list, or free",
}


def _keys() -> str:
    return ", ".join(item.name for item in fields(Preset))


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers, and how to ask there.

    Attributes:
        name: What the person named, such as ``openai:gpt-5``.
        model: The model's name at the endpoint.
        url: Base URL.
        key: The key; empty for servers without one.
        preset: How to ask.
    """

    name: str
    model: str
    url: str
    key: Secret
    preset: Preset

    @property
    def window(self) -> int | None:
        """Context window in tokens: what the preset says, or else the price list, with a bound.

        Longer conversations cost more and are read worse, so a larger window is only used by those
        who ask for it.
        """
        if self.preset.window is not None:
            return self.preset.window
        listed = listed_window(self.preset.priced_as, self.model)
        return None if listed is None else min(listed, DEFAULT_WINDOW_TOKENS)

    @property
    def sees(self) -> bool | None:
        """Whether the model can be shown pictures; None where that is not known."""
        return self.preset.sees_model(self.model)


@cache
def shipped_presets() -> Mapping[str, Preset]:
    """The presets that come with macrohard, by name."""
    tables = tomllib.loads(files("macrohard.llm").joinpath("presets.toml").read_text())
    return {name: Preset.from_table(name, table) for name, table in tables.items()}


def is_endpoint(name: str, presets: Mapping[str, Preset] | None = None) -> bool:
    """Whether a model's name is meant as an endpoint's."""
    known = shipped_presets() if presets is None else presets
    return name.partition(":")[0] in known or "#" in name


def find_endpoint(
    name: str,
    environment: Mapping[str, str] | None = None,
    presets: Mapping[str, Preset] | None = None,
) -> Endpoint:
    """The endpoint of ``PRESET:MODEL`` or ``URL#MODEL``.

    Args:
        name: What the person named.
        environment: Where keys are; the process's by default.
        presets: All presets there are; those that are shipped by default.

    Raises:
        ConfigError: The name is no endpoint's.
        ModelError: Its key is not set.
    """
    environment = os.environ if environment is None else environment
    known = shipped_presets() if presets is None else presets
    preset, model = find_preset(name, known, environment)
    variable = preset.key or ("" if "#" not in name else URL_KEY)
    key = environment.get(variable, "").strip() if variable else ""
    if not (key.isascii() and key.isprintable()):
        raise ModelError(f"The key in {variable} holds characters that no key has; set it anew.")
    if "#" in name:
        return Endpoint(name, model, name.partition("#")[0], Secret(key), preset)
    other_url = environment.get(preset.url_variable, "").strip() if preset.url_variable else ""
    if other_url and not _is_url(other_url):
        raise ConfigError(f"{preset.url_variable} must be {_MEANT['url']}.")
    # A server of one's own in the provider's place may well need no key.
    if preset.key and preset.key_needed and not key and not other_url:
        raise ModelError(f"--model {name} needs a key: set {preset.key}.")
    return Endpoint(name, model, other_url or preset.url, Secret(key), preset)


def find_preset(
    name: str, presets: Mapping[str, Preset], environment: Mapping[str, str] | None = None
) -> tuple[Preset, str]:
    """The preset of a model's name, and the model's name there. No key is looked at.

    Raises:
        ConfigError: The name is no endpoint's.
    """
    environment = os.environ if environment is None else environment
    if "#" in name:
        url, _, model = name.partition("#")
        if not _is_url(url) or not model:
            raise ConfigError(
                f"--model {_without_secrets(name)}: write URL#NAME, such as "
                f"http://host:8000/v1#name: {_MEANT['url']}; a key is read from {URL_KEY}."
            )
        for one in presets.values():
            urls = (one.url, environment.get(one.url_variable, "") if one.url_variable else "")
            if any(_host(url) == _host(known) for known in urls if _is_url(known)):
                return one, model
        return Preset(url=url), model
    kind, _, model = name.partition(":")
    if kind not in presets:
        near = get_close_matches(kind, presets, n=1) if model else []
        hint = f"did you mean {near[0]}:{model}? " if near else _meant(name)
        raise ConfigError(
            f"--model {name}: {hint}there is no provider {kind!r}; there are {', '.join(presets)}, "
            "and URL#NAME for any other server."
        )
    if not model:
        raise ConfigError(f"--model {name}: name the model, as in {kind}:NAME.")
    return presets[kind], model


def _meant(name: str) -> str:
    """A suggestion for a model's name that lacks its provider, where the name tells it."""
    owners = {"gpt": "openai", "claude": "anthropic", "grok": "xai", "gemini": "gemini"}
    for beginning, owner in (*owners.items(), ("deepseek", "deepseek")):
        if ":" not in name and name.startswith(beginning):
            return f"did you mean {owner}:{name}? "
    return ""


def all_presets(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Preset]:
    """The shipped presets, with the ``[endpoints.NAME]`` tables of a configuration over them.

    Raises:
        ConfigError: A table means nothing.
    """
    known = dict(shipped_presets())
    for name, table in tables.items():
        known[name] = Preset.from_table(name, table, base=known.get(name))
    return known


def _without_secrets(url: str) -> str:
    """A URL that is no good, without the parts that may be a password or a key."""
    return re.sub(r"//[^/]*@", "//***@", re.sub(r"\?.*", "?***", url))


def _host(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
