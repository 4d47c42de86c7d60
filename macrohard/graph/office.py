"""What every node works with: the model, the roles, the boxes, the files of the run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from macrohard.artifacts import Artifacts
from macrohard.budget import Budget
from macrohard.config import Settings
from macrohard.documents import write_task
from macrohard.files import write_atomic
from macrohard.graph.board import Board
from macrohard.graph.nouns import offered, plain
from macrohard.graph.repository import Repository
from macrohard.journal import Journal
from macrohard.llm.base import Asker, Model
from macrohard.loop.agent import Assignment, ask
from macrohard.roles import Role, Roster
from macrohard.sandbox.base import SandboxProvider

N = TypeVar("N", bound=BaseModel)


@dataclass(frozen=True)
class Folders:
    """Where the parts of a run directory are."""

    root: Path

    @property
    def app(self) -> Path:
        """The app, a git repository."""
        return self.root / "app"

    @property
    def worktrees(self) -> Path:
        """Checkouts of items under work."""
        return self.root / "worktrees"

    @property
    def calls(self) -> Path:
        """Model calls, one file each."""
        return self.root / "calls"

    @property
    def observations(self) -> Path:
        """What tools answered."""
        return self.root / "observations"

    @property
    def artifacts(self) -> Path:
        """Content-addressed files."""
        return self.root / "artifacts"

    @property
    def documents(self) -> Path:
        """What the stages wrote, for people to read."""
        return self.root / "documents"

    @property
    def packages(self) -> Path:
        """Packages of the app: wheels, and what boxes see."""
        return self.root / "packages"

    @property
    def trials(self) -> Path:
        """Evidence of the simulated users."""
        return self.root / "trials"


@dataclass(frozen=True)
class Office:
    """The context of a build, passed to every node.

    Attributes:
        settings: How to build.
        folders: The run directory.
        model: Answers, stored before they are used.
        roster: The roles there are.
        boxes: Makes sandboxes.
        repository: The app's git repository.
        artifacts: Payloads, by hash.
        journal: Events.
        budget: Caps.
        source: Name of the spec for messages.
        board: Results of items under work.
        slots: How many boxes may work at once.
    """

    settings: Settings
    folders: Folders
    model: Model
    roster: Roster
    boxes: SandboxProvider
    repository: Repository
    artifacts: Artifacts
    journal: Journal
    budget: Budget
    source: str
    board: Board
    slots: asyncio.Semaphore = field(repr=False)

    @asynccontextmanager
    async def stage(self, name: str, round_: int) -> AsyncIterator[None]:
        """Tell the journal that a stage begins, and that it ended."""
        self.journal.write("stage_started", stage=name, round=round_)
        yield
        self.journal.write("stage_finished", stage=name, round=round_)

    async def think(
        self,
        role: Role,
        noun: type[N],
        instruction: str,
        documents: Mapping[str, str | BaseModel],
        *,
        stage: str = "",
        round_: int = 1,
        accept: Callable[[N], str] = lambda _noun: "",
    ) -> N:
        """Have a role without tools hand in a noun that ``accept`` has no complaint about."""
        asker = Asker(role=role.name, stage=stage or role.stage, output=noun.__name__, round=round_)
        job = Assignment(role=role, asker=asker, task=write_task(instruction, documents))
        wanted = offered(noun, windows=bool(self.settings.desktop))
        return plain(await ask(job, self.model, wanted, accept=accept))

    @property
    def memory(self) -> "ToolMemory":
        """What tools answered in this run, over all its starts."""
        return ToolMemory(self.folders.observations)


@dataclass(frozen=True)
class ToolMemory:
    """Tool answers on disk, so that a resumed agent sees again what it saw before the kill."""

    folder: Path

    def recall(self, key: str) -> str | None:
        """The stored answer."""
        path = self.folder / key
        return path.read_text() if path.exists() else None

    def keep(self, key: str, text: str) -> None:
        """Store an answer."""
        write_atomic(self.folder / key, text)
