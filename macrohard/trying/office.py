"""What trying needs, opened: roles, models, boxes, and the folder for the evidence."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from macrohard.artifacts import Artifacts
from macrohard.budget import Budget
from macrohard.config import Settings
from macrohard.errors import SandboxError, SpecError, UsageError
from macrohard.journal import Journal, Listener
from macrohard.llm import Model, is_offline, open_model
from macrohard.llm.metered import Answerer
from macrohard.llm.routing import check_prices, metered_alone
from macrohard.llm.store import StoredModel
from macrohard.opening import open_answerer, open_roster
from macrohard.roles import Role, Roster
from macrohard.sandbox import SandboxProvider, choose
from macrohard.sitting import second_looker
from macrohard.sitting.pairs import can_use
from macrohard.trying.plan import Plan, Room
from macrohard.trying.scenarios import Written
from macrohard.trying.target import Target
from macrohard.users.web.chromium import needed_browser
from macrohard.users.web.running import Running
from macrohard.users.web.served import ServerError

_STRANGERS = "code from a model other than offline"
_OURS = "an application that the offline model did not build"


def make_plan(target: Target, settings: Settings, plan: Plan, personas: Sequence[str]) -> Plan:
    """The plan with its roles; what cannot be tried is refused before anything is written.

    Args:
        target: The application.
        settings: How to try it.
        plan: What is to be tried.
        personas: Names of roles that play users; none for all of them.

    Raises:
        RoleError: There is no such role.
        UsageError: There is nothing to try, or one of the roles is no user.
        SpecError: The offline model is to try a scenario that has a goal and no steps.
        ConfigError: There is no such model.
        ModelError: A key is not set.
        BudgetError: There is a cap in dollars and a price is not known.
    """
    plan = replace(plan, written=_settled(target, plan.written))
    roster = open_roster(settings)
    named = [_user(roster, name) for name in personas]
    bound = [_user(roster, each.persona) for each in plan.written if each.persona]
    everybody = named or list(roster.of("users", "user"))
    for each in plan.written:
        interface = each.scenario.interface
        if not each.persona and not any(can_use(interface, role) for role in everybody):
            raise UsageError(
                f"nobody tries “{each.scenario.title}” ({each.source}): none of those named uses "
                f"interface {interface}; name another --persona."
            )
    roles = [*everybody, *(role for role in bound if role not in everybody)]
    if not plan.written and not target.scenarios and not plan.explore:
        raise UsageError("nothing to try: give --scenario FILE, or leave out --no-explore.")
    if plan.browser:
        needed_browser(in_box=settings.sandbox != "process" and not target.url)
    for name in settings.models:
        open_model(name, endpoints=settings.routing.endpoints)
    check_prices(settings, settings.models)
    if is_offline(settings):
        _check_playable(plan.written)
    return replace(plan, personas=tuple(roles), looker=second_looker(roster))


def _settled(target: Target, written: Sequence[Written]) -> tuple[Written, ...]:
    """Scenarios with the interface that the application has, where nothing else says it."""
    has_terminal = bool(target.run) or not (target.serve or target.url)
    found = tuple(w.on_pages() if w.undecided and not has_terminal else w for w in written)
    for each in found:
        if target.url and each.scenario.interface not in {"web", "api"}:
            raise SpecError(
                f"“{each.scenario.title}” is not for pages or an API, and nothing else of an "
                "application that runs elsewhere can be reached",
                source=each.source,
            )
    return found


def _user(roster: Roster, name: str) -> Role:
    role = roster.get(name)
    if (role.stage, role.duty) != ("users", "user"):
        known = ", ".join(each.name for each in roster.of("users", "user"))
        raise UsageError(f"--persona {name}: plays no user; there are: {known}.")
    return role


def _check_playable(written: Sequence[Written]) -> None:
    for each in written:
        if not each.playable:
            raise SpecError(
                f"“{each.scenario.title}” has a step that does not say what to do, which takes a "
                'language model: write what to do below each step (- open "/", - type "…"), or '
                "name a model with --model",
                source=each.source,
            )


async def check_running(target: Target) -> None:
    """Refuse an application that is said to run already, and does not answer.

    Raises:
        UsageError: It does not answer.
    """
    if target.url:
        try:
            async with Running(target.url):
                pass
        except ServerError as error:
            raise UsageError(f"--url: {error}. Start it first, or look at the address.") from None


def make_folder(target: Target, out: Path | None) -> Path:
    """The folder for the evidence.

    Raises:
        UsageError: It is there already and not empty, or cannot be made.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = out or Path("tries") / f"{target.name}-{stamp}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty; name another folder with --out.")
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}.") from None
    return folder


@asynccontextmanager
async def open_room(
    target: Target,
    settings: Settings,
    folder: Path,
    *,
    windows: bool = False,
    model: Model | None = None,
    boxes: SandboxProvider | None = None,
    listener: Listener | None = None,
) -> AsyncIterator[Room]:
    """What trying needs, closed at the end.

    Args:
        target: The application.
        settings: How to try it.
        folder: Gets the evidence.
        windows: Whether it opens windows, so that its boxes need a screen.
        model: Where answers come from; None for the models that the settings name.
        boxes: Where it runs; None for the kind that the settings name.
        listener: Told of every event.

    Raises:
        MacrohardError: Something that the settings name cannot be had.
    """
    async with AsyncExitStack() as stack:
        journal = Journal(folder / "events.jsonl", listener)
        stack.callback(journal.close)
        if target.url:
            boxes = None
        else:
            profile = "desktop" if windows else settings.profile
            boxes = boxes or _choose(target, settings, journal, profile=profile)
            stack.push_async_callback(boxes.close)
        yield Room(
            model=_model(settings, folder, journal, model),
            boxes=boxes,
            journal=journal,
            folder=folder,
            # At one server all have the same data: one after the other, so that nobody takes for
            # a fault what another has just done.
            slots=asyncio.Semaphore(1 if target.url else settings.concurrency),
        )


def _model(settings: Settings, folder: Path, journal: Journal, model: Model | None) -> StoredModel:
    budget = Budget(settings.caps)
    answerer: Answerer
    if model is not None:
        answerer = metered_alone(model, budget)
    else:
        answerer = open_answerer(settings, open_roster(settings), budget, journal)
    calls = folder / "calls"
    calls.mkdir(exist_ok=True)
    return StoredModel(
        answerer,
        folder=calls,
        artifacts=Artifacts(folder / "artifacts"),
        journal=journal,
        concurrency=settings.concurrency,
    )


def _choose(
    target: Target, settings: Settings, journal: Journal, *, profile: str
) -> SandboxProvider:
    """Boxes; code that the offline model did not write is a stranger's, whoever tries it."""
    try:
        return choose(
            settings.sandbox,
            model_is_offline=target.ours and not target.packages,
            allow_process=settings.allow_process_sandbox,
            runtime=settings.sandbox_runtime,
            profile=profile,
            say=partial(_notice, journal),
        )
    except SandboxError as error:
        raise SandboxError(str(error).replace(_STRANGERS, _OURS)) from None


def _notice(journal: Journal, text: str) -> None:
    journal.write("notice", text=text)
