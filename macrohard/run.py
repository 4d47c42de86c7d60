"""One run: its directory, its lock, starting it, going on with it, and stopping it well."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from macrohard.config import Caps, Settings
from macrohard.errors import (
    BudgetError,
    InterruptedRunError,
    MacrohardError,
    NotAcceptedError,
    UsageError,
)
from macrohard.graph.account import account, write_documents
from macrohard.graph.best import leave_best
from macrohard.graph.build import build_graph
from macrohard.graph.checkpoint import open_saver
from macrohard.graph.office import Office
from macrohard.graph.state import ItemResult, State
from macrohard.journal import Listener, read_journal
from macrohard.llm import Model
from macrohard.llm.base import Asker, sees, window_tokens
from macrohard.llm.cassette import record_cassette
from macrohard.llm.routing import price_of
from macrohard.llm.store import StoredModel, stored_calls
from macrohard.lock import hold
from macrohard.opening import open_office
from macrohard.record import FILE, account_of, new_record, now, read_record, sum_costs, write_record
from macrohard.report import write_report
from macrohard.report.timeline import stage_rows
from macrohard.sandbox import SandboxProvider
from macrohard.spec import Spec

DRAIN_S = 60.0
"""How long a stopping run waits for calls in flight, which are paid for either way."""
_SIDE_BY_SIDE = {"plan", "assets"}
"""Stages that the graph has at work at once; see :mod:`macrohard.graph.build`."""
_STEPS = 10_000
"""Bound of the graph's steps, far above what the bounds on rounds and waves allow."""

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


def create_run(
    spec: Spec, settings: Settings, out: Path | None, *, overwrite: bool = False
) -> Path:
    """Make the directory of a new run, whole or not at all.

    Raises:
        UsageError: ``out`` is there already, or cannot be made.
    """
    run_id = _new_id(spec)
    target = out or Path("runs") / run_id
    _check_free(target, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".new-run-", dir=target.parent))
    except OSError as error:
        raise UsageError(f"{target} cannot be made: {error.strerror}.") from error
    try:
        scratch.chmod(0o755)
        (scratch / "spec.md").write_text(spec.text)
        write_record(scratch, new_record(target.name if out else run_id, spec, settings))
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error
    return target


async def drive(folder: Path, parts: Parts, approved: tuple[str, ...] = ()) -> dict[str, Any]:
    """Work on a run until it ends; a finished one is at most placed on another cluster.

    Args:
        folder: The run directory.
        parts: Replaceable parts.
        approved: Stages whose approval was given since the run stopped there.

    Returns:
        The record at the end.

    Raises:
        RunBusyError: Another process works on it.
        NotAcceptedError: A stage waits for approval.
        InterruptedRunError: It was stopped; it can be resumed.
        MacrohardError: What stopped it; the record says so too.
    """
    if not (folder / FILE).exists():
        read_record(folder)
    with hold(folder):
        record = read_record(folder)
        _check_whole(folder, record)
        if parts.cluster is not None:
            record["options"]["cluster"] = parts.cluster
        if record["status"] in {"released", "not accepted"}:
            if parts.cluster is not None:
                _place(folder, record, parts.meter)
                write_record(folder, record)
                write_report(folder)
            return record
        record["options"] = _renewed(record["options"], parts)
        async with open_office(
            folder, record, model=parts.model, boxes=parts.boxes, listener=parts.listener
        ) as office:
            runner = _Runner(folder, record, office, parts, approved)
            return await runner.run()


def _check_whole(folder: Path, record: Mapping[str, Any]) -> None:
    """Refuse a run that has begun and whose parts are gone: going on would build on nothing."""
    if not record["stages"]:
        return
    for part in ("app/.git", "checkpoints.sqlite"):
        if not (folder / part).exists():
            raise UsageError(
                f"{folder} is damaged: {part} is missing. Put it back, or build again."
            )


def _place(folder: Path, record: dict[str, Any], meter: Meter | None) -> None:
    """Put what the calls take on the modelled cluster into the record, when one is set."""
    cluster = record["options"].get("cluster")
    if cluster is None or meter is None:
        return
    try:
        record["cluster"] = meter(folder, cluster)
    except MacrohardError as error:  # no call yet, one too long: the application is as it is
        record["cluster"] = {"hardware": cluster, "error": str(error)}


def _renewed(options: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """The options with new limits and prices in place of the old ones; refused when wrong."""
    given = asdict(parts.caps) if parts.caps is not None else {}
    given = {name: value for name, value in given.items() if value is not None}
    routing = options.get("routing", {})
    prices = {**routing.get("prices", {}), **(parts.prices or {})}
    renewed = {
        **options,
        "caps": {**options["caps"], **given},
        "routing": {**routing, "prices": prices},
    }
    return Settings.from_json(renewed).to_json()


class _Runner:
    """Drives the graph of one run and keeps its record."""

    def __init__(
        self,
        folder: Path,
        record: dict[str, Any],
        office: Office,
        parts: Parts,
        approved: tuple[str, ...],
    ) -> None:
        self._folder = folder
        self._record = record
        self._office = office
        self._parts = parts
        self._approved = set(approved)
        self._calls: dict[str, dict[str, Any]] = {}

    async def run(self) -> dict[str, Any]:
        record, office = self._record, self._office
        office.journal.write(
            "run_started",
            id=record["id"],
            resumed=bool(record["stages"]),
            models=list(office.settings.models),
        )
        record.update(status="running", error=None, finished=None, best=None)
        if self._parts.model is None:
            prices = {name: price_of(name, office.settings) for name in office.settings.models}
            record["prices"] = {name: price and price.said for name, price in prices.items()}
        write_record(self._folder, record)
        stopper = _Stopper(office)
        try:
            if self._parts.handle_signals:
                stopper.listen()
            await self._graph()
        except (asyncio.CancelledError, InterruptedRunError):
            self._end("interrupted", "Stopped before the end.")
            if stopper.asked or not isinstance(office.model, StoredModel):
                raise InterruptedRunError(
                    f"Stopped. Go on with: macrohard resume {self._folder}"
                ) from None
            raise
        except NotAcceptedError as error:
            self._end("stopped", str(error))
            raise
        except MacrohardError as error:
            if isinstance(office.model, StoredModel):
                await office.model.drain(DRAIN_S)
            self._end("stopped" if isinstance(error, BudgetError) else "failed", str(error))
            raise
        except (OSError, sqlite3.OperationalError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            message = (
                f"The run cannot be written: {reason}. Nothing that was stored is lost; when there "
                f"is room again, go on with: macrohard resume {self._folder}"
            )
            with contextlib.suppress(OSError):
                self._end("failed", message)
            raise UsageError(message) from error
        except Exception as error:
            self._end("failed", f"internal error: {type(error).__name__}: {error}")
            raise
        finally:
            stopper.quiet()
        return self._record

    async def _graph(self) -> None:
        config: Any = {"configurable": {"thread_id": "run"}, "recursion_limit": _STEPS}
        async with open_saver(self._folder / "checkpoints.sqlite") as saver:
            graph = build_graph(self._office, saver)
            snapshot = await graph.aget_state(config)
            values: Any = None
            self._office.board.restore(_item_results(snapshot))
            if snapshot.values and not snapshot.next:
                self._update(snapshot.values)
            elif snapshot.values:
                self._check_approval()
            else:
                text = (self._folder / "spec.md").read_text()
                values = {
                    "round": 1, "spec": self._office.artifacts.put(text),
                    "results": [], "trials": [],
                }  # fmt: skip
            while True:
                try:
                    async for state in graph.astream(
                        values, config, stream_mode="values", durability="sync"
                    ):
                        self._update(state)
                except BudgetError as error:
                    await self._leave_best(graph, config, str(error))
                    raise
                snapshot = await graph.aget_state(config)
                if not snapshot.next:
                    break
                values = None
                self._check_approval()
            self._end(snapshot.values["status"], None)

    def _check_approval(self) -> None:
        """Ask a person about the stages that ended, when the settings want that."""
        for stage in _just_ended(self._record["stages"]):
            if stage not in self._office.settings.approve or stage in self._approved:
                continue
            if self._parts.approver is not None and self._parts.approver(stage):
                self._approved.add(stage)
                self._office.journal.write("approved", stage=stage)
                continue
            raise NotAcceptedError(
                f"Stage {stage} was not approved. Look at {self._folder}/documents, then go on "
                f"with: macrohard resume {self._folder} --approved {stage}"
            )

    def _update(self, state: State) -> None:
        cost = self._cost()
        self._record.update(account(state, self._office.artifacts, cost["by_item"]))
        self._record["cost"] = cost
        self._record["stages"] = _stages(self._folder / "events.jsonl")
        self._record["worked_s"] = round(self._office.budget.seconds, 3)
        write_record(self._folder, self._record)
        write_documents(state, self._office.artifacts, self._office.folders.documents)

    def _cost(self) -> dict[str, Any]:
        """The accounts of all calls on disk; each file is read once."""
        for call in stored_calls(self._office.folders.calls, self._calls):
            self._calls[call["key"]] = account_of(call)
        return sum_costs(self._calls[key] for key in sorted(self._calls))

    async def _leave_best(self, graph: Any, config: Any, reason: str) -> None:
        """Leave the best app there is; that this fails must not hide why the run stopped."""
        state = (await graph.aget_state(config)).values
        with contextlib.suppress(MacrohardError, OSError):
            self._record["best"] = await leave_best(self._office, state, reason)

    def _end(self, status: str, error: str | None) -> None:
        self._record["cost"] = self._cost()
        self._record["stages"] = _stages(self._folder / "events.jsonl")
        self._record["worked_s"] = round(self._office.budget.seconds, 3)
        self._record.update(status=status, error=error, finished=now())
        write_record(self._folder, self._record)
        self._office.journal.write("run_finished", status=status, error=error)
        settings = self._office.settings
        if settings.record:
            self._keep_cassette(Path(settings.record))
        if settings.cluster is not None:
            _place(self._folder, self._record, self._parts.meter)
            write_record(self._folder, self._record)
        write_report(self._folder)

    def _keep_cassette(self, target: Path) -> None:
        """Write the cassette, in the run's own folder where its place went away meanwhile."""
        office = self._office
        header = {
            "model": ", ".join(_without_folder(name) for name in office.settings.models),
            "spec": self._record["spec"]["sha256"],
            "windows": _windows(office),
            "seeing": _seeing(office),
            "roles": [role.model_dump(mode="json", exclude={"source"}) for role in office.roster],
        }
        try:
            record_cassette(office.folders.calls, office.artifacts, target, header)
        except UsageError as error:
            spare = self._folder / "cassette.jsonl.gz"
            record_cassette(office.folders.calls, office.artifacts, spare, header)
            office.journal.write("notice", text=f"{error} The cassette is {spare} instead.")


def _item_results(snapshot: Any) -> Iterator[ItemResult]:
    """Results of the items that a checkpoint holds as done, oldest first."""
    yield from snapshot.values.get("results", ())
    for task in snapshot.tasks:
        if isinstance(task.result, Mapping):
            yield from task.result.get("results", ())


def _without_folder(model: str) -> str:
    """A model's name as others may read it: of a mailbox or a replay, not where it lies."""
    kind, _, _ = model.partition(":")
    return kind if kind in {"mailbox", "replay"} else model


def _windows(office: Office) -> dict[str, int]:
    """Context window of each role's model: a replay must cut conversations in the same places."""
    return {
        role.name: window_tokens(office.model, Asker(role=role.name, stage=role.stage))
        for role in office.roster
    }


def _seeing(office: Office) -> list[str]:
    """Roles that were shown pictures where there were any: a replay must show them, too."""
    askers = (Asker(role=role.name, stage=role.stage, looks=True) for role in office.roster)
    return [asker.role for asker in askers if sees(office.model, asker)]


class _Stopper:
    """First signal: no new calls, wait for those in flight, stop. Second: stop at once."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._loop = asyncio.get_running_loop()
        self._work = asyncio.current_task()
        self._drain: asyncio.Task[None] | None = None
        self._signals: list[int] = []
        self.asked = False

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._stop)
            self._signals.append(number)

    def quiet(self) -> None:
        for number in self._signals:
            self._loop.remove_signal_handler(number)
        self._signals.clear()

    def _stop(self) -> None:
        if self.asked:
            self._cancel()
            return
        self.asked = True
        self._office.journal.write("stopping")
        self._drain = self._loop.create_task(self._drain_and_cancel())

    async def _drain_and_cancel(self) -> None:
        if isinstance(self._office.model, StoredModel):
            await self._office.model.drain(DRAIN_S)
        self._cancel()

    def _cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()


def _just_ended(stages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The stages that ended in the step before: the last one, or both of two side by side."""
    last = [row["stage"] for row in stages[-len(_SIDE_BY_SIDE) :]]
    return last if set(last) == _SIDE_BY_SIDE else last[-1:]


def _stages(journal: Path) -> list[dict[str, Any]]:
    """Stages of each round by start: those that announce themselves, coding and users too."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for event in read_journal(journal):
        if event["type"] in {"stage_started", "stage_finished"}:
            key = (event["stage"], event["round"])
            row = rows.setdefault(
                key,
                {"stage": key[0], "round": key[1], "started": event["at"], "finished": None},
            )
            if event["type"] == "stage_finished":
                row["finished"] = event["at"]
    return stage_rows({"stages": list(rows.values())}, read_journal(journal))


def _check_free(target: Path, *, overwrite: bool) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target} exists and is no folder; choose another --out.")
    if not target.exists() or not any(target.iterdir()):
        return
    try:
        record = read_record(target)
    except UsageError:
        raise UsageError(
            f"{target} exists and is not a run of macrohard; it was left untouched. "
            "Choose another --out."
        ) from None
    if not overwrite:
        raise UsageError(
            f"{target} already holds a run ({record['status']}). See it with "
            f"`macrohard show {target}`, go on with `macrohard resume {target}`, "
            "choose another --out, or build it anew with --overwrite."
        )
    with hold(target):
        pass


def _new_id(spec: Spec) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    title = next((line for line in spec.text.splitlines() if line.strip()), "app")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30].strip("-") or "app"
    return f"{slug}-{stamp}-{os.getpid() % 10_000:04d}"
