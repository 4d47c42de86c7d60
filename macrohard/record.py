"""``run.json``: what a run is and where it stands, in one atomic file for people and programs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from macrohard.config import Settings
from macrohard.errors import UsageError
from macrohard.files import write_atomic
from macrohard.lock import is_held
from macrohard.spec import Spec

SCHEMA_VERSION = 1
FILE = "run.json"
KILLED = "killed"
"""How a run stands that says ``running`` in its file, and that no process works on."""


@dataclass(frozen=True)
class Cost:
    """What a run's model calls came to.

    Attributes:
        calls: Answers on disk.
        input_tokens: Tokens sent.
        cached_tokens: Of these, read from a provider's prompt cache.
        output_tokens: Tokens received.
        usd: Dollars, of the calls whose price is known.
        seconds: Time spent waiting for answers, added up over parallel calls.
        unpriced: Calls whose price is not known.
        estimated: Whether some tokens were counted from the text, because the provider told none.
    """

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    unpriced: int = 0
    estimated: bool = False


def now() -> str:
    """The time, UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_record(run_id: str, spec: Spec, settings: Settings) -> dict[str, Any]:
    """The record of a run that has not begun."""
    return {
        "schema_version": SCHEMA_VERSION,
        "id": run_id,
        "status": "running",
        "spec": {"source": spec.source, "sha256": spec.sha256},
        "options": settings.to_json(),
        "created": now(),
        "finished": None,
        "worked_s": 0.0,
        "round": 1,
        "stages": [],
        "items": [],
        "tests": {},
        "trials": [],
        "satisfied": 0,
        "scenarios": 0,
        "defects": [],
        "known_issues": [],
        "cost": sum_costs([]),
        "prices": {},
        "traceability": [],
        "app": None,
        "best": None,
        "error": None,
    }


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a run directory.

    Raises:
        UsageError: It is no run directory, or of another version, or damaged.
    """
    path = folder / FILE
    try:
        record = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{folder} is not a run: it has no {FILE}. `macrohard runs` lists runs."
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is damaged or cannot be read: {error}") from None
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"{path} has schema version {version}; this macrohard reads {SCHEMA_VERSION}."
        )
    from macrohard.record_shape import what_is_wrong  # noqa: PLC0415 - help must not wait for it

    wrong = what_is_wrong(record)
    if wrong:
        raise UsageError(f"{path} is damaged: {wrong}.")
    found: dict[str, Any] = record
    return found


def read_standing(folder: Path) -> dict[str, Any]:
    """The record as things stand: that of a run that nobody works on any more says ``killed``.

    Raises:
        UsageError: It is no run directory, or of another version, or damaged.
    """
    record = read_record(folder)
    if record["status"] == "running" and not is_held(folder):
        record["status"] = KILLED
    return record


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Replace the record."""
    write_atomic(folder / FILE, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def account_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a stored call that accounts are made of, without its texts."""
    return {
        "request": {"asker": call["request"]["asker"]},
        "reply": {"usage": call["reply"]["usage"]},
        **{name: call[name] for name in ("model", "usd", "seconds")},
    }


def sum_costs(calls: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Totals of stored calls, and by stage, role, item and model (as the person named it)."""
    total = _empty()
    groups: dict[str, defaultdict[str, dict[str, Any]]] = {
        f"by_{name}": defaultdict(_empty) for name in ("stage", "role", "item", "model")
    }
    for call in calls:
        asker, usage = call["request"]["asker"], call["reply"]["usage"]
        keys = {
            "by_stage": asker["stage"],
            "by_role": asker["role"],
            "by_item": asker.get("item") or "-",
            "by_model": call["model"],
        }
        for account in (total, *(groups[name][key] for name, key in keys.items())):
            account["calls"] += 1
            for name in ("input_tokens", "cached_tokens", "output_tokens"):
                account[name] += usage[name]
            account["usd"] += call["usd"] or 0.0
            account["unpriced"] += call["usd"] is None
            account["seconds"] = round(account["seconds"] + call["seconds"], 6)
            account["estimated"] = account["estimated"] or usage["estimated"]
    return {**total, **{name: dict(sorted(group.items())) for name, group in groups.items()}}


def _empty() -> dict[str, Any]:
    return {
        "calls": 0,
        "input_tokens": 0,
        "cached_tokens": 0,
        "output_tokens": 0,
        "usd": 0.0,
        "seconds": 0.0,
        "unpriced": 0,
        "estimated": False,
    }
