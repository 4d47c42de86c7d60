"""Works on a run until it ends."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from macrohard.config import Settings
from macrohard.lock import hold
from macrohard.opening import open_office
from macrohard.record import FILE, read_record, write_record
from macrohard.report import write_report
from macrohard.run.folder import check_whole
from macrohard.run.parts import Parts
from macrohard.run.runner import Runner, place


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
        check_whole(folder, record)
        if parts.cluster is not None:
            record["options"]["cluster"] = parts.cluster
        if record["status"] in {"released", "not accepted"}:
            if parts.cluster is not None:
                place(folder, record, parts.meter)
                write_record(folder, record)
                write_report(folder)
            return record
        record["options"] = _renewed(record["options"], parts)
        async with open_office(
            folder, record, model=parts.model, boxes=parts.boxes, listener=parts.listener
        ) as office:
            runner = Runner(folder, record, office, parts, approved)
            return await runner.run()


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
