"""What is to be tried by whom, and what that takes."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from macrohard.journal import Journal
from macrohard.llm.base import Model
from macrohard.roles import Role
from macrohard.sandbox.base import SandboxProvider
from macrohard.trying.scenarios import Written


@dataclass(frozen=True)
class Plan:
    """Who tries what.

    Attributes:
        written: Scenarios that somebody wrote.
        personas: Roles that play users, in turn.
        looker: Who takes a second look at what they saw.
        trials: How many trials; None for one each, so that nothing and nobody is left out.
        explore: Whether users look round without a scenario, too.
        browser: Whether users of pages sit at a real browser.
        windows: Whether what is run opens a window.
        offline_packages: Whether no index may be asked for packages.
    """

    written: tuple[Written, ...] = ()
    personas: tuple[Role, ...] = ()
    looker: Role | None = None
    trials: int | None = None
    explore: bool = True
    browser: bool = False
    windows: bool = False
    offline_packages: bool = False

    @property
    def has_windows(self) -> bool:
        """Whether it is a program with windows: nobody then looks at a terminal."""
        return self.windows or any(each.scenario.interface == "desktop" for each in self.written)


@dataclass(frozen=True)
class Room:
    """What trying needs.

    Attributes:
        model: Answers for the roles.
        boxes: Makes sandboxes; None where the application runs already, elsewhere.
        journal: Told of everything.
        folder: Gets the evidence.
        slots: How many users may be at it at once.
    """

    model: Model
    boxes: SandboxProvider | None
    journal: Journal
    folder: Path
    slots: asyncio.Semaphore = field(repr=False)
