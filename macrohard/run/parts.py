"""What a build may be given in place of its own parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from macrohard.config import Caps
from macrohard.journal import Listener
from macrohard.llm import Model
from macrohard.sandbox import SandboxProvider

Approver = Callable[[str], bool]
"""Asked after a stage that needs approval; True goes on."""
Meter = Callable[[Path, str], dict[str, Any]]
"""What the calls of a run directory take on the modelled cluster of that name."""


@dataclass(frozen=True)
class Parts:
    """Replaceable parts of a build; None for those the settings name.

    Attributes:
        model: Where answers come from.
        boxes: Where code runs.
        listener: Told of every event.
        approver: Asked after stages that need approval.
        handle_signals: Whether SIGINT and SIGTERM stop the run resumably.
        caps: New limits for a run that goes on; those that are None stay as they were.
        prices: More prices for a run that goes on.
        cluster: A new modelled cluster for a run that goes on or is finished; None keeps the run's.
        meter: Reads what the calls take on that cluster; without one, nobody does.
    """

    model: Model | None = None
    boxes: SandboxProvider | None = None
    listener: Listener | None = None
    approver: Approver | None = None
    handle_signals: bool = False
    caps: Caps | None = None
    prices: Mapping[str, Mapping[str, Any]] | None = None
    cluster: str | None = None
    meter: Meter | None = None
