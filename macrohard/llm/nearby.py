"""Which models a person could name here: keys that are set, and servers on this machine.

Told where the offline model cannot read a spec. Keys are told by the names of their variables; the
only thing asked of a server is the list of its models, without a key, and only on this machine.
"""

import asyncio
import json
import os
import shlex
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from macrohard.llm.endpoint import Preset, shipped_presets

if TYPE_CHECKING:
    import httpx

PROBE_S = 0.3
"""Seconds in which a server of one's own must have listed its models; all are asked at once."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LONGEST_BYTES = 1_000_000


async def others_to_ask(
    spec: str,
    environment: Mapping[str, str] | None = None,
    presets: Mapping[str, Preset] | None = None,
) -> str:
    """How to have a language model build a spec, with what can be seen from here.

    Args:
        spec: The spec as it was named on the command line.
        environment: Where keys are; the process's by default.
        presets: Where servers may be; the shipped ones by default.
    """
    environment = os.environ if environment is None else environment
    presets = shipped_presets() if presets is None else presets
    command = f"macrohard build {shlex.quote('-' if spec == '<stdin>' else spec)} --model "
    ways = [
        f"`{command}{shlex.quote(f'{name}:{model}')}` (a server answers at {url})"
        for name, url, model in await _servers(environment, presets)
    ]
    keys: dict[str, str] = {}
    for name, one in presets.items():
        if one.key and one.key_needed:
            keys.setdefault(one.key, name)
    ways += [
        f"`{command}{name}:NAME` ({key} is set)"
        for key, name in keys.items()
        if environment.get(key)
    ]
    if ways:
        return f"A language model may read it: {'; or '.join(ways)}."
    return (
        "A language model may read it, but no key is set and no server of one answers on this "
        f"machine. Set a key, such as {' or '.join(list(keys)[:2])}, or start a server, "
        f"such as ollama; then `{command}PROVIDER:NAME`."
    )


async def _servers(
    environment: Mapping[str, str], presets: Mapping[str, Preset]
) -> list[tuple[str, str, str]]:
    """Name, URL and first model of each server that answers on this machine."""
    urls = {
        name: (environment.get(one.url_variable, "") if one.url_variable else "") or one.url
        for name, one in presets.items()
        if not one.key or not one.key_needed
    }
    near = [(name, url) for name, url in urls.items() if _is_here(url)]
    import httpx  # noqa: PLC0415 - slow to import, and needed in this case alone

    # Neither proxies nor credentials of this machine are for a server that is only looked at.
    async with httpx.AsyncClient(trust_env=False, timeout=PROBE_S) as client:
        models = await asyncio.gather(*(_first_model(client, url) for _, url in near))
    return [(name, url, model) for (name, url), model in zip(near, models, strict=True) if model]


async def _first_model(client: "httpx.AsyncClient", url: str) -> str:
    """The first model that a server lists; empty for none, or for another kind of server."""
    import httpx  # noqa: PLC0415

    try:
        async with (
            asyncio.timeout(PROBE_S),
            client.stream("GET", f"{url.rstrip('/')}/models") as answer,
        ):
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > _LONGEST_BYTES:
                    return ""
        name = json.loads(body)["data"][0]["id"] if answer.status_code == 200 else ""
    except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL):
        return ""
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    printable = isinstance(name, str) and all(unicodedata.category(c)[0] != "C" for c in name)
    return name if printable and name else ""


def _is_here(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:
        return False
