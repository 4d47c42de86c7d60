"""What programs call: build a spec, go on with a run, look at the result."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from macrohard.config import Caps, Routing, SandboxName, Settings
from macrohard.errors import ConfigError, SpecError
from macrohard.journal import Listener
from macrohard.llm import Model, is_offline, preflight
from macrohard.llm.cassette import check_recording
from macrohard.llm.nearby import others_to_ask
from macrohard.opening import open_roster
from macrohard.record import Cost, read_record
from macrohard.roles import Roster
from macrohard.run import Approver, Parts, create_run, drive
from macrohard.sandbox import SandboxProvider, choose
from macrohard.spec import Spec, read_spec
from macrohard.trying.result import TryResult
from macrohard.users.web.chromium import needed_browser
from macrohard.windowed import check_windows, settle_windows

T = TypeVar("T")


@dataclass(frozen=True)
class BuildResult:
    """How a build ended.

    Attributes:
        status: ``released`` or ``not accepted``.
        run_dir: The run directory.
        app_dir: The application, a git repository.
        satisfied: Simulated users of the last round who got what they came for.
        scenarios: How many tried.
        cost: What the model calls came to.
        defects: Every defect that triage accepted, in order; ``open`` tells which are left.
        rounds: Rounds it took.
        record: All of ``run.json``.
    """

    status: str
    run_dir: Path
    app_dir: Path
    satisfied: int
    scenarios: int
    cost: Cost
    defects: tuple[dict[str, Any], ...]
    rounds: int
    record: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether the application was released."""
        return self.status == "released"


def build(spec: str | Path | Spec, **options: Any) -> BuildResult:
    """Build an application from a spec and wait for it. Options as of :func:`abuild`.

    Works where an event loop is running, too (a notebook): the build then has a thread of its own.
    """
    return _wait(abuild(spec, **options))


def resume(run_dir: str | Path, **options: Any) -> BuildResult:
    """Go on with a run and wait for it. Options as of :func:`aresume`."""
    return _wait(aresume(run_dir, **options))


async def abuild(
    spec: str | Path | Spec,
    *,
    out: str | Path | None = None,
    model: str | Model = "offline",
    sandbox: SandboxName | SandboxProvider = "auto",
    allow_process_sandbox: bool = False,
    rounds: int = 4,
    min_satisfied: int | None = None,
    mutants: int = 8,
    min_caught: float = 0.5,
    browser: bool = False,
    desktop: bool | None = None,
    offline_packages: bool = False,
    faults: float = 0.0,
    seed: int = 0,
    agents: str | Path | None = None,
    concurrency: int = 4,
    approve: Sequence[str] = (),
    max_usd: float | None = None,
    max_tokens: int | None = None,
    max_calls: int | None = None,
    max_minutes: float | None = None,
    record: str | Path | None = None,
    cluster: str | None = None,
    routing: Routing | None = None,
    overwrite: bool = False,
    on_event: Listener | None = None,
    approver: Approver | None = None,
    handle_signals: bool = False,
) -> BuildResult:
    """Build an application from a spec.

    Nothing is read from configuration files: what is not said here has its default.
    :func:`abuild_with` takes settings from wherever they come.

    Args:
        spec: Path of a file, or of a directory with a spec in it; ``-`` for standard input.
        out: The run directory to make; ``runs/<id>`` by default.
        model: Name of a model, or a model.
        sandbox: Name of a kind of sandbox, or a provider.
        allow_process_sandbox: Whether code of a real model may run in the process sandbox.
        rounds: Most rounds of coding, test and trial.
        min_satisfied: Satisfied simulated users needed for a release; None for all.
        mutants: Faults put into an app that is fit for release, to see whether its tests notice.
        min_caught: Share of these that has to be noticed, 0 to 1; less is told to the manager.
        browser: Whether simulated users of pages sit at a real browser.
        desktop: Whether the app may have windows, and users sit at them; None: as the spec and the
            boxes are.
        offline_packages: Whether packages an app needs must be here already: no index is asked.
        faults: For ``offline``: share of work items in which it errs, 0 to 1.
        seed: Seed of everything random.
        agents: Folder with roles that add to or override the shipped ones.
        concurrency: Model calls, sandboxes and trials at once.
        approve: Stages after which ``approver`` is asked.
        max_usd: Cap in dollars.
        max_tokens: Cap in tokens.
        max_calls: Cap in model calls.
        max_minutes: Cap in minutes of work.
        record: File that gets a cassette of the model's answers; ``model="replay:FILE"`` plays it.
        cluster: Hardware of a modelled cluster, such as ``gb200-nvl72``: the record then says what
            the calls take there.
        routing: Models by tier and role, endpoints and prices.
        overwrite: Whether a finished run in ``out`` may be replaced.
        on_event: Called with every event of the journal.
        approver: Asked after the stages of ``approve``; without one, they stop the run.
        handle_signals: Whether SIGINT and SIGTERM stop the run resumably.

    Raises:
        MacrohardError: One of the tree in :mod:`macrohard.errors`. An application that was built
            but not accepted is no error: see ``status``.
    """
    settings = Settings(
        model=model if isinstance(model, str) else model.name,
        sandbox=sandbox if isinstance(sandbox, str) else "auto",
        allow_process_sandbox=allow_process_sandbox,
        rounds=rounds,
        min_satisfied=min_satisfied,
        mutants=mutants,
        min_caught=min_caught,
        browser=browser,
        desktop=desktop,
        offline_packages=offline_packages,
        faults=faults,
        seed=seed,
        agents=str(Path(agents).absolute()) if agents is not None else None,
        concurrency=concurrency,
        approve=tuple(approve),
        caps=Caps(usd=max_usd, tokens=max_tokens, calls=max_calls, minutes=max_minutes),
        record=str(Path(record).absolute()) if record is not None else None,
        cluster=cluster,
        routing=routing or Routing(),
    )
    return await abuild_with(
        spec,
        settings,
        out=out,
        model=None if isinstance(model, str) else model,
        sandbox=None if isinstance(sandbox, str) else sandbox,
        overwrite=overwrite,
        on_event=on_event,
        approver=approver,
        handle_signals=handle_signals,
    )


def build_with(spec: str | Path | Spec, settings: Settings, **options: Any) -> BuildResult:
    """Build an application from a spec and wait for it. Options as of :func:`abuild_with`."""
    return _wait(abuild_with(spec, settings, **options))


async def abuild_with(
    spec: str | Path | Spec,
    settings: Settings,
    *,
    out: str | Path | None = None,
    model: Model | None = None,
    sandbox: SandboxProvider | None = None,
    overwrite: bool = False,
    on_event: Listener | None = None,
    approver: Approver | None = None,
    handle_signals: bool = False,
) -> BuildResult:
    """Build an application from a spec with settings such as a configuration file gives.

    Args:
        spec: As of :func:`abuild`.
        settings: How to build.
        out: The run directory to make; ``runs/<id>`` by default.
        model: A model of one's own in place of those that the settings name.
        sandbox: Likewise, a provider of sandboxes.
        overwrite: As of :func:`abuild`, and so are the others.
        on_event: See there.
        approver: See there.
        handle_signals: See there.

    Raises:
        MacrohardError: One of the tree in :mod:`macrohard.errors`.
    """
    loaded = spec if isinstance(spec, Spec) else read_spec(spec)
    # Everything that can be refused is refused before anything is written.
    roster = open_roster(settings)
    _check_cluster(settings.cluster)
    if settings.record:
        check_recording(Path(settings.record))
    if model is None:
        await _check_models(settings, roster, loaded)
    asked, settings = settings.desktop, settle_windows(settings, loaded)
    if sandbox is None:
        chosen = choose(
            settings.sandbox,
            model_is_offline=is_offline(settings),
            allow_process=settings.allow_process_sandbox,
            runtime=settings.sandbox_runtime,
            profile=settings.profile,
        )
        await chosen.close()
        if settings.browser:
            needed_browser(in_box=chosen.name == "docker")
        settings = check_windows(settings, asked, in_box=chosen.name == "docker")
    folder = create_run(loaded, settings, Path(out) if out else None, overwrite=overwrite)
    parts = Parts(
        model=model,
        boxes=sandbox,
        listener=on_event,
        approver=approver,
        handle_signals=handle_signals,
        meter=_meter,
    )
    return result_of(folder, await drive(folder, parts))


async def _check_models(settings: Settings, roster: Roster, spec: Spec) -> None:
    """Refuse what the models could not build; say which others there are when it is offline."""
    try:
        preflight(settings, roster, spec)
    except SpecError as error:
        if not is_offline(settings):
            raise
        others = await others_to_ask(spec.source)
        raise SpecError(f"{error.reason}\n{others}", source=error.source, line=error.line) from None


async def aresume(
    run_dir: str | Path,
    *,
    approved: Sequence[str] = (),
    model: Model | None = None,
    sandbox: SandboxProvider | None = None,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    max_calls: int | None = None,
    max_minutes: float | None = None,
    prices: Mapping[str, Mapping[str, Any]] | None = None,
    cluster: str | None = None,
    on_event: Listener | None = None,
    approver: Approver | None = None,
    handle_signals: bool = False,
) -> BuildResult:
    """Go on with a run that was stopped or killed; a finished one is only looked at.

    Args:
        run_dir: The run directory.
        approved: Stages that were approved since.
        model: The model, when the run was begun with one that has no name to open it by.
        sandbox: Likewise.
        max_usd: A new cap in dollars; None keeps the run's.
        max_tokens: A new cap in tokens; None keeps the run's.
        max_calls: A new cap in model calls; None keeps the run's.
        max_minutes: A new cap in minutes of work; None keeps the run's.
        prices: Prices that add to the run's, or replace them.
        cluster: A modelled cluster to place the calls on, those of a finished run, too; None keeps
            the run's.
        on_event: Called with every new event.
        approver: Asked after stages that need approval.
        handle_signals: Whether SIGINT and SIGTERM stop the run resumably.

    Raises:
        MacrohardError: As of :func:`abuild`.
    """
    folder = Path(run_dir)
    _check_cluster(cluster)
    parts = Parts(
        model=model,
        boxes=sandbox,
        caps=Caps(usd=max_usd, tokens=max_tokens, calls=max_calls, minutes=max_minutes),
        listener=on_event,
        approver=approver,
        handle_signals=handle_signals,
        prices=prices,
        cluster=cluster,
        meter=_meter,
    )
    return result_of(folder, await drive(folder, parts, tuple(approved)))


def try_app(app: str | Path | None = None, **options: Any) -> TryResult:
    """Have simulated users try an application, and wait for it. Options as of :func:`atry_app`."""
    return _wait(atry_app(app, **options))


async def atry_app(
    app: str | Path | None = None,
    *,
    run: str = "",
    serve: str = "",
    packages: Sequence[str] = (),
    url: str = "",
    scenarios: str | Path | None = None,
    personas: Sequence[str] = (),
    trials: int | None = None,
    explore: bool = True,
    out: str | Path | None = None,
    settings: Settings | None = None,
    model: Model | None = None,
    sandbox: SandboxProvider | None = None,
    on_event: Listener | None = None,
) -> TryResult:
    """Have simulated users try an application, ours or not.

    Args:
        app: A run directory, or the folder of an application; None where ``run`` or ``serve`` name
            what packages bring.
        run: The line that starts it at a terminal; what ``macrohard.json`` says by default.
        serve: The line that starts its server, with ``{port}``; likewise.
        packages: Packages of the index that it needs.
        url: Where it runs already, instead of all of the above: a server of yours, or one that you
            may test. Users enter, change and delete data there, one after the other.
        scenarios: File of scenarios; by default those of the run that built the application.
        personas: Roles that play users; all by default.
        trials: How many trials; by default as many as leave out no scenario and no persona.
        explore: Whether users look round without a scenario, too.
        out: Folder for the evidence; ``tries/NAME-TIME`` by default.
        settings: Model, sandbox, browser, caps: what is not about building is read.
        model: A model of one's own in place of those that the settings name.
        sandbox: Likewise, a provider of sandboxes.
        on_event: Called with every event.

    Raises:
        MacrohardError: One of the tree in :mod:`macrohard.errors`. Users who are not satisfied
            are no error: see ``accepted``.
    """
    from macrohard import trying  # noqa: PLC0415 - for those who ask

    settings = settings or Settings()
    found = str(app) if app is not None else None
    target = trying.find_target(found, run=run, serve=serve, packages=packages, url=url)
    written = trying.read_scenarios(Path(scenarios)) if scenarios is not None else ()
    plan = trying.Plan(
        written=written,
        trials=trials,
        explore=explore,
        browser=settings.browser,
        windows=bool(settings.desktop),
        offline_packages=settings.offline_packages,
    )
    plan = trying.make_plan(target, settings, plan, personas)
    await trying.check_running(target)
    folder = trying.make_folder(target, Path(out) if out is not None else None)
    async with trying.open_room(
        target,
        settings,
        folder,
        windows=plan.has_windows or bool(target.window),
        model=model,
        boxes=sandbox,
        listener=on_event,
    ) as room:
        return await trying.try_target(target, plan, room)


def result_of(folder: Path, record: dict[str, Any] | None = None) -> BuildResult:
    """The result that a run directory holds."""
    record = record if record is not None else read_record(folder)
    cost = record["cost"]
    return BuildResult(
        status=record["status"],
        run_dir=folder,
        app_dir=folder / "app",
        satisfied=record["satisfied"],
        scenarios=record["scenarios"],
        cost=Cost(**{name: cost[name] for name in Cost.__dataclass_fields__}),
        defects=tuple(record["defects"]),
        rounds=record["round"],
        record=record,
    )


def _check_cluster(hardware: str | None) -> None:
    """Refuse a machine that the catalogue does not have, or that the house model does not fit."""
    if hardware is not None:
        from macrohard.cluster.bill import house_deployment  # noqa: PLC0415 - for those who ask

        try:
            house_deployment(hardware)
        except ConfigError as error:
            raise ConfigError(f"--cluster {hardware}: {error}") from None


def _meter(folder: Path, hardware: str) -> dict[str, Any]:
    from macrohard.cluster.bill import bill_run  # noqa: PLC0415 - for those who ask

    return bill_run(folder, hardware).as_json()


def _wait(work: Coroutine[Any, Any, T]) -> T:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    box: list[T] = []
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            box.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            trouble.append(error)

    thread = threading.Thread(target=run, name="macrohard-build")
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]
    return box[0]
