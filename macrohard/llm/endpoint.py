"""From a model's name to an endpoint: presets, keys from the environment, URLs."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from macrohard.errors import ConfigError, ModelError
from macrohard.llm.secret import Secret

SchemaMode = Literal["json_schema", "json_object", "none"]


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers, and how to ask there.

    Attributes:
        name: What the person named, such as ``openai:gpt-5``.
        model: The model's name at the endpoint.
        url: Base URL.
        key: The key; empty for servers without one.
        schema: How an output schema is asked for.
        tokens: Name of the limit on output tokens.
    """

    name: str
    model: str
    url: str
    key: Secret
    schema: SchemaMode = "json_schema"
    tokens: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


def presets() -> dict[str, dict[str, Any]]:
    """The shipped presets, by name."""
    return tomllib.loads(files("macrohard.llm").joinpath("presets.toml").read_text())


def is_endpoint(name: str) -> bool:
    """Whether a model's name is meant as an endpoint's."""
    return name.partition(":")[0] in presets() or "#" in name


def find_endpoint(name: str, environment: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint of ``PRESET:MODEL`` or ``URL#MODEL``.

    Args:
        name: What the person named.
        environment: Where keys are; the process's by default.

    Raises:
        ConfigError: The name is no endpoint's.
        ModelError: Its key is not set.
    """
    environment = os.environ if environment is None else environment
    if "#" in name:
        url, _, model = name.partition("#")
        if not url.startswith(("http://", "https://")) or not model:
            raise ConfigError(f"--model {name}: write URL#NAME, such as http://host:8000/v1#name.")
        return Endpoint(name, model, url, Secret(environment.get("OPENAI_API_KEY", "")))
    kind, _, model = name.partition(":")
    known = presets()
    if kind not in known:
        raise ConfigError(
            f"--model {name}: there is no provider {kind!r}; there are {', '.join(known)}, "
            "and URL#NAME for any other server."
        )
    preset = known[kind]
    if not model:
        raise ConfigError(f"--model {name}: name the model, as in {kind}:NAME.")
    variable = preset.get("key", "")
    key = environment.get(variable, "")
    if variable and not key:
        raise ModelError(f"--model {name} needs a key: set {variable}.")
    url = environment.get(preset.get("url_variable", ""), "") or preset["url"]
    return Endpoint(
        name=name,
        model=model,
        url=url,
        key=Secret(key),
        schema=preset.get("schema", "json_schema"),
        tokens=preset.get("tokens", "max_tokens"),
    )
