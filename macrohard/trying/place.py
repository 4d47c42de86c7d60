"""Where somebody tries an application: in a fresh box, or at a server that runs already."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from macrohard.sandbox.base import Sandbox
from macrohard.sitting import Sitting
from macrohard.trying.plan import Room
from macrohard.trying.target import Target, lay_out
from macrohard.users.seat import Seat, take_seat, take_seat_at
from macrohard.users.web.chromium import Browser, find_inside, needed_browser
from macrohard.users.web.running import Running
from macrohard.users.web.served import Served, Server


@dataclass(frozen=True)
class Place:
    """Where somebody tries it.

    Attributes:
        target: The application.
        folder: Gets the evidence.
        held: The box, with the application in it; None at a server that runs already.
        env: Variables that it needs in the box.
    """

    target: Target
    folder: Path
    held: Sandbox | None = None
    env: dict[str, str] = field(default_factory=dict)

    @property
    def box(self) -> Sandbox:
        """The box, for what only a box has."""
        if self.held is None:
            raise AssertionError("nobody sits at a terminal of a server that runs elsewhere")
        return self.held

    @asynccontextmanager
    async def server(self, label: str) -> AsyncIterator[Server]:
        """The application's server.

        Raises:
            ServerError: It does not start, or does not answer.
            SandboxError: The box failed.
        """
        if self.held is None:
            async with Running(self.target.url) as running:
                yield running
            return
        async with Served(self.held, self.target.serve, label=label, env=self.env) as served:
            yield served

    async def browser(self) -> Browser:
        """A browser in the box, or else on this machine."""
        inside = await find_inside(self.held) if self.held is not None else None
        return inside or needed_browser()

    @asynccontextmanager
    async def seat(self, sitting: Sitting, *, browser: bool) -> AsyncIterator[Seat]:
        """Where a user with a scenario sits.

        Raises:
            ServerError: The application's server does not start, or does not answer.
            SandboxError: The box failed.
        """
        if self.held is not None:
            async with take_seat(
                self.held,
                sitting.scenario,
                self.target.design,
                label=sitting.trial,
                persona=sitting.role,
                evidence=self.folder,
                browser=browser,
                env=self.env,
            ) as seat:
                yield seat
            return
        chromium = needed_browser() if browser else None
        async with (
            self.server(sitting.trial) as server,
            take_seat_at(
                server,
                sitting.scenario,
                self.target.name,
                persona=sitting.role,
                evidence=self.folder,
                browser=chromium,
            ) as seat,
        ):
            yield seat


@asynccontextmanager
async def find_place(
    target: Target, room: Room, site: Path | None, *, label: str, folder: Path
) -> AsyncIterator[Place]:
    """A place to try it, left as it was found where that is possible: boxes are thrown away.

    Args:
        target: The application.
        room: What trying needs.
        site: Folder with its packages, where it has some.
        label: Names the trial.
        folder: Gets the evidence.

    Raises:
        SandboxError: The box failed.
    """
    if room.boxes is None:
        yield Place(target, folder)
        return
    async with await room.boxes.create(label=label) as box:
        yield Place(target, folder, box, await lay_out(box, target, site))
