"""Models: the protocol, the embedded offline model, and the store that keeps every call.

:func:`open_model` is the one place where a model's name becomes a model.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from macrohard.config import Settings
from macrohard.errors import ConfigError
from macrohard.llm.base import (
    Asker,
    Message,
    Model,
    Reply,
    Request,
    Tool,
    ToolCall,
    Usage,
)
from macrohard.roles import Roster
from macrohard.spec import Spec

__all__ = [
    "Asker",
    "Message",
    "Model",
    "Reply",
    "Request",
    "Tool",
    "ToolCall",
    "Usage",
    "is_offline",
    "open_model",
    "preflight",
]


def open_model(
    name: str,
    *,
    faults: float = 0.0,
    seed: int = 0,
    endpoints: Mapping[str, Mapping[str, Any]] | None = None,
) -> Model:
    """The model of that name.

    Args:
        name: ``offline``, ``mailbox:DIR``, ``replay:FILE``, ``PROVIDER:NAME`` or ``URL#NAME``.
        faults: For ``offline``: share of work items it errs in.
        seed: For ``offline``: decides where it errs.
        endpoints: Tables of endpoints that add to the shipped presets.

    Raises:
        ConfigError: There is no such model.
        ModelError: Its key is not set.
    """
    if name == "offline":
        from macrohard.llm.offline.model import OfflineModel  # noqa: PLC0415 - keeps imports light
        from macrohard.llm.offline.scene import Faults  # noqa: PLC0415

        return OfflineModel(Faults(rate=faults, seed=seed))
    kind, _, rest = name.partition(":")
    if kind == "mailbox" and rest:
        from macrohard.llm.mailbox import MailboxModel  # noqa: PLC0415

        return MailboxModel(Path(rest))
    if kind == "replay" and rest:
        from macrohard.llm.cassette import CassetteModel  # noqa: PLC0415

        return CassetteModel(Path(rest))
    from macrohard.llm.endpoint import all_presets, find_endpoint, is_endpoint  # noqa: PLC0415

    presets = all_presets(endpoints or {})
    if is_endpoint(name, presets):
        endpoint = find_endpoint(name, presets=presets)
        if endpoint.preset.api == "responses":
            from macrohard.llm.responses import ResponsesModel  # noqa: PLC0415

            return ResponsesModel(endpoint)
        from macrohard.llm.chat import ChatModel  # noqa: PLC0415

        return ChatModel(endpoint)
    raise ConfigError(
        f"There is no model {name!r}. There is `offline`, the embedded engine; `mailbox:DIR`, "
        f"whose answers somebody writes; PROVIDER:NAME with one of {', '.join(presets)}; "
        "and URL#NAME."
    )


def is_offline(settings: Settings) -> bool:
    """Whether every answer comes from the offline model, now or when it was recorded.

    Such answers are built from our own templates; code from other models is a stranger's. One
    other model anywhere, in whatever part, makes it that; one of tier ``image`` writes no code.
    """
    routing = settings.routing
    words = {tier: chain for tier, chain in routing.tiers.items() if tier != "image"}
    wordy = replace(settings, routing=replace(routing, tiers=words))
    return all(_is_offline(name) for name in wordy.models)


def _is_offline(name: str) -> bool:
    if name.startswith("replay:"):
        from macrohard.llm.cassette import CassetteModel  # noqa: PLC0415

        return bool(CassetteModel(Path(name.removeprefix("replay:"))).header["model"] == "offline")
    return name == "offline"


def preflight(settings: Settings, roster: Roster, spec: Spec) -> None:
    """Refuse at once what the models could not build, or not within the caps.

    Raises:
        SpecError: The offline model has a part and cannot read a line of the spec.
        ConfigError: There is no such model, tier or role.
        ModelError: A key is not set.
        BudgetError: There is a cap in dollars and a price is not known.
    """
    from macrohard.llm.routing import chains_of, check_prices  # noqa: PLC0415 - keeps imports light

    chains = chains_of(settings, roster)
    names = dict.fromkeys(
        (*(name for chain in chains.values() for name in chain), *settings.models)
    )
    for name in names:
        open_model(name, endpoints=settings.routing.endpoints)
    check_prices(settings, names)
    if "offline" in names:
        from macrohard.llm.offline.dialect import parse_spec  # noqa: PLC0415
        from macrohard.llm.offline.oracle.feasible import check_feasible  # noqa: PLC0415

        check_feasible(parse_spec(spec.text, spec.source), spec.source)
