"""Drives the graph of one run and keeps its record."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

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
from macrohard.journal import read_journal
from macrohard.llm.routing import price_of
from macrohard.llm.store import StoredModel, stored_calls
from macrohard.record import account_of, now, sum_costs, write_record
from macrohard.report import write_report
from macrohard.report.timeline import stage_rows
from macrohard.run.cassette import keep_cassette
from macrohard.run.parts import Meter, Parts
from macrohard.run.stopper import DRAIN_S, Stopper

_SIDE_BY_SIDE = {"plan", "assets"}
"""Stages that the graph has at work at once; see :mod:`macrohard.graph.build`."""
_STEPS = 10_000
"""Bound of the graph's steps, far above what the bounds on rounds and waves allow."""


class Runner:
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
        """Work until the run ends; the record at the end.

        Raises:
            MacrohardError: What stopped it.
        """
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
        stopper = Stopper(office)
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
            keep_cassette(
                self._office, Path(settings.record), self._folder, self._record["spec"]["sha256"]
            )
        if settings.cluster is not None:
            place(self._folder, self._record, self._parts.meter)
            write_record(self._folder, self._record)
        write_report(self._folder)


def place(folder: Path, record: dict[str, Any], meter: Meter | None) -> None:
    """Put what the calls take on the modelled cluster into the record, when one is set."""
    cluster = record["options"].get("cluster")
    if cluster is None or meter is None:
        return
    try:
        record["cluster"] = meter(folder, cluster)
    except MacrohardError as error:  # no call yet, one too long: the application is as it is
        record["cluster"] = {"hardware": cluster, "error": str(error)}


def _item_results(snapshot: Any) -> Iterator[ItemResult]:
    """Results of the items that a checkpoint holds as done, oldest first."""
    yield from snapshot.values.get("results", ())
    for task in snapshot.tasks:
        if isinstance(task.result, Mapping):
            yield from task.result.get("results", ())


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
