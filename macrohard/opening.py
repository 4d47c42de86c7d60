"""Opens what a run works with: its settings, models, boxes and files."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from macrohard.artifacts import Artifacts
from macrohard.budget import Budget, Spending
from macrohard.config import Settings
from macrohard.errors import BudgetError
from macrohard.graph.board import Board
from macrohard.graph.office import Folders, Office
from macrohard.graph.repository import Repository
from macrohard.journal import Journal, Listener
from macrohard.llm import Model, Usage, is_offline, open_model
from macrohard.llm.cassette import recorded_roster
from macrohard.llm.metered import Answerer, no_price
from macrohard.llm.routing import metered_alone, open_models, price_of
from macrohard.llm.store import StoredModel, stored_calls
from macrohard.packages import Shelf
from macrohard.roles import Roster, load_roles
from macrohard.sandbox import SandboxProvider, choose
from macrohard.users.film import NO_FFMPEG, find_ffmpeg


@asynccontextmanager
async def open_office(
    folder: Path,
    record: dict[str, Any],
    *,
    model: Model | None = None,
    boxes: SandboxProvider | None = None,
    listener: Listener | None = None,
) -> AsyncIterator[Office]:
    """The office of a run, closed at the end.

    Args:
        folder: The run directory.
        record: What ``run.json`` says.
        model: Where answers come from; None for the models that the options name.
        boxes: Where code runs; None for the kind that the options name.
        listener: Told of every event.

    Raises:
        MacrohardError: Something that the options name cannot be had.
    """
    settings = Settings.from_json(record["options"])
    folders = Folders(folder.absolute())
    artifacts = Artifacts(folders.artifacts)
    roster = open_roster(settings)
    folders.calls.mkdir(exist_ok=True)
    journal = Journal(folder / "events.jsonl", listener)
    try:
        boxes = boxes or choose(
            settings.sandbox,
            model_is_offline=is_offline(settings),
            allow_process=settings.allow_process_sandbox,
            runtime=settings.sandbox_runtime,
            profile=settings.profile,
            run=hashlib.sha256(str(folders.root).encode()).hexdigest()[:16],
            say=partial(_notice, journal),
        )
        if settings.browser and find_ffmpeg() is None:
            _notice(journal, NO_FFMPEG)
    except BaseException:
        journal.close()
        raise
    repository = Repository(folders.app, folders.worktrees, record["created"])
    try:
        answers, budget = _answers(
            folders, settings, roster, journal, worked_s=record["worked_s"], model=model
        )
        shelf = Shelf(folders.packages)
        if shelf.ready():
            boxes.use_packages(shelf.site)
        await repository.start()
        yield Office(
            settings=settings,
            folders=folders,
            model=answers,
            roster=roster,
            boxes=boxes,
            repository=repository,
            artifacts=artifacts,
            journal=journal,
            budget=budget,
            source=record["spec"]["source"],
            board=Board(folder / "items"),
            slots=asyncio.Semaphore(settings.concurrency),
        )
    finally:
        await boxes.close()
        shutil.rmtree(folders.worktrees, ignore_errors=True)
        journal.close()


@dataclass(frozen=True)
class Study:
    """What a role needs that only thinks, after a run has ended.

    Attributes:
        model: Answers, stored with the run's and held to its caps.
        roster: The roles there are.
    """

    model: StoredModel
    roster: Roster


@contextmanager
def open_study(
    folder: Path, record: dict[str, Any], settings: Settings, *, model: Model | None = None
) -> Iterator[Study]:
    """The models and roles of a run that has ended, closed at the end.

    Args:
        folder: The run directory.
        record: What ``run.json`` says.
        settings: Which models answer; the caps count what the run has spent.
        model: Where answers come from; None for the models that the settings name.

    Raises:
        MacrohardError: Something that the settings name cannot be had.
    """
    roster = load_roles(Path(settings.agents) if settings.agents else None)
    journal = Journal(folder / "events.jsonl")
    try:
        folders = Folders(folder.absolute())
        answers, _ = _answers(
            folders, settings, roster, journal, worked_s=record["worked_s"], model=model
        )
        yield Study(answers, roster)
    finally:
        journal.close()


def _answers(
    folders: Folders,
    settings: Settings,
    roster: Roster,
    journal: Journal,
    *,
    worked_s: float,
    model: Model | None,
) -> tuple[StoredModel, Budget]:
    budget = _budget(folders, settings, worked_s)
    answerer = (
        metered_alone(model, budget)
        if model is not None
        else open_answerer(settings, roster, budget, journal)
    )
    stored = StoredModel(
        answerer,
        folder=folders.calls,
        artifacts=Artifacts(folders.artifacts),
        journal=journal,
        concurrency=settings.concurrency,
    )
    return stored, budget


def open_roster(settings: Settings) -> Roster:
    """The roles of a build: the shipped ones with those of ``agents``, or those of a cassette.

    A recorded run is played back by the roles it was recorded with, so that a sharper prompt does
    not end all older recordings; ``agents`` given beside it replaces them.

    Raises:
        RoleError: Something is wrong with a role file.
        UsageError: The cassette cannot be read.
    """
    if settings.agents is None:
        for name in settings.models:
            if name.startswith("replay:"):
                return recorded_roster(Path(name.removeprefix("replay:"))) or load_roles()
    return load_roles(Path(settings.agents) if settings.agents else None)


def _notice(journal: Journal, text: str) -> None:
    journal.write("notice", text=text)


def open_answerer(settings: Settings, roster: Roster, budget: Budget, journal: Journal) -> Answerer:
    """The models that the settings name, as one that answers for every role.

    Raises:
        ConfigError: There is no such model.
        ModelError: A key is not set.
    """
    opener = partial(
        open_model,
        faults=settings.faults,
        seed=settings.seed,
        endpoints=settings.routing.endpoints,
    )
    return open_models(settings, roster, budget, journal, opener)


def _budget(folders: Folders, settings: Settings, worked_s: float) -> Budget:
    """The account with what earlier starts spent; calls whose price was not known are priced."""
    spent = Spending()
    for call in stored_calls(folders.calls):
        usage = Usage.model_validate(call["reply"]["usage"])
        usd = call["usd"]
        if usd is None and settings.caps.usd is not None:
            price = price_of(call["model"], settings)
            if price is None:
                raise BudgetError(no_price([call["model"]]))
            usd = price.usd(usage, datetime.now(UTC))
        spent += Spending(usd=usd or 0.0, tokens=usage.input_tokens + usage.output_tokens, calls=1)
    return Budget(settings.caps, spent=spent, seconds=worked_s)
