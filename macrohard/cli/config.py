"""``macrohard config show``: what holds here, and where each value came from."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from macrohard.cli.consoles import out, print_json
from macrohard.cli.options import Debug, Json
from macrohard.errors import MacrohardError

if TYPE_CHECKING:
    from macrohard.config import Settings
    from macrohard.configuration import Resolved

app = typer.Typer(
    help="Look at the configuration. Flags come before macrohard.toml here, before your own "
    "file, before the environment.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _config() -> None:
    """A group even while it has one command."""


@app.command("show")
def show(
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Print each value with where it came from.

    And the models with their keys and prices: of keys only the names of their variables are shown.
    """
    from macrohard.configuration import resolve  # noqa: PLC0415 - keeps help fast

    found = resolve()
    models, problem = list(_models(found.settings)), _problem(found.settings)
    if json_:
        print_json(
            {
                "values": [
                    {"name": v.name, "value": v.value, "from": v.source} for v in found.values
                ],
                "models": models,
                "problem": problem,
                "files": [{"path": str(p.absolute()), "read": read} for p, read in found.files],
            }
        )
        return
    _print(found, models)
    if problem is not None:
        typer.echo(f"\nA build would stop at once: {problem}")


def _problem(settings: "Settings") -> str | None:
    """Why a build with these settings would be refused before it begins, keys apart."""
    from macrohard.llm.routing import chains_of, check_prices  # noqa: PLC0415
    from macrohard.roles import load_roles  # noqa: PLC0415

    try:
        chains_of(settings, load_roles(Path(settings.agents) if settings.agents else None))
        check_prices(settings, settings.models)
    except MacrohardError as error:
        return str(error)
    return None


def _models(settings: "Settings") -> Iterator[dict[str, Any]]:
    """Each model that is named: who is answered by it, its key, its price, whether it sees."""
    from macrohard.llm.routing import price_of, sees_of  # noqa: PLC0415
    from macrohard.roles import load_roles  # noqa: PLC0415

    roster = load_roles(Path(settings.agents) if settings.agents else None)
    chains = {role.name: settings.chain(role.name, role.tier) for role in roster}
    for name in settings.models:
        price = price_of(name, settings)
        yield {
            "model": name,
            "roles": sorted(role for role, chain in chains.items() if chain[:1] == (name,)),
            "stands_in_for": sorted(role for role, chain in chains.items() if name in chain[1:]),
            **_endpoint(name, settings),
            "price": price.said if price is not None else None,
            "sees": sees_of(name, settings),
            "looks": name in settings.routing.tiers.get("vision", ()),
        }


def _endpoint(name: str, settings: "Settings") -> dict[str, Any]:
    from macrohard.llm.endpoint import all_presets, find_preset, is_endpoint  # noqa: PLC0415

    presets = all_presets(settings.routing.endpoints)
    if not is_endpoint(name, presets):
        return {"url": None, "key": None, "key_set": False}
    preset, _ = find_preset(name, presets)
    moved = bool(preset.url_variable and os.environ.get(preset.url_variable))
    url = f"as {preset.url_variable} says" if moved else preset.url
    key = preset.key or None
    return {"url": url, "key": key, "key_set": bool(key and os.environ.get(key))}


def _print(found: "Resolved", models: list[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415 - keeps help fast
    from rich.text import Text  # noqa: PLC0415

    def table(*heads: str) -> Table:
        one = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for head in heads:
            one.add_column(head, overflow="fold")
        return one

    values = table("Setting", "Value", "From")
    for value in found.values:
        values.add_row(*(Text(t) for t in (value.name, _said(value.value), value.source)))
    named = table(
        "Model", "Key", "Dollars per million tokens: input, cached, output", "Sees", "Roles"
    )
    for model in models:
        cells = (
            model["model"],
            _key_words(model),
            _price_words(model["price"]),
            {True: "yes", False: "no", None: "not known"}[model["sees"]],
            _role_words(model),
        )
        named.add_row(*(Text(cell) for cell in cells))
    console = out()
    console.print(values)
    console.print()
    console.print(named)
    console.print()
    for path, read in found.files:
        text = f"{path.absolute()}: {'read' if read else 'not there'}"
        console.print(Text(text), soft_wrap=True)


def _said(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(one)}" for key, one in value.items())
    return str(value)


def _key_words(model: dict[str, Any]) -> str:
    if not model["key"]:
        return "none needed"
    return f"{model['key']} ({'set' if model['key_set'] else 'not set'})"


def _price_words(price: dict[str, Any] | None) -> str:
    if price is None:
        return "not known"
    rates = ", ".join(f"{price[name]:g}" for name in ("input", "cached", "output"))
    where = ", ".join(part for part in (price["source"], price["date"]) if part)
    return f"{rates} ({where})" if where else rates


def _role_words(model: dict[str, Any]) -> str:
    parts = [f"{len(model['roles'])} roles"] if model["roles"] else []
    if model["stands_in_for"]:
        parts.append(f"stands in for {len(model['stands_in_for'])}")
    if model["looks"]:
        parts.append("users who look")
    return ", ".join(parts) or "no role"
