"""Demos: an editor chooses among the recorded trials of a run, or of a try, and it is filmed."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from macrohard import work
from macrohard.config import Settings
from macrohard.documents import write_task
from macrohard.errors import UsageError
from macrohard.film.cut import ICON_SIDE, Film, check_tools, make
from macrohard.film.icon import own_icon
from macrohard.film.material import Trial, complaint, read_trials, shortcomings, told
from macrohard.llm import Model
from macrohard.llm.base import Asker
from macrohard.llm.store import stored_calls
from macrohard.lock import hold
from macrohard.loop.agent import Assignment, ask
from macrohard.opening import open_study
from macrohard.record import FILE, account_of, read_record, sum_costs, write_record
from macrohard.report import write_report
from macrohard.report.words import serve_words
from macrohard.trying.result import RESULT, TryResult

CUTS = "demo.json"
"""The cut list, beside the film."""


@dataclass(frozen=True)
class Demo:
    """A demo.

    Attributes:
        film: Its files.
        cuts: What it shows.
        shortcomings: What it could not show as it was, and why.
    """

    film: Film
    cuts: work.CutList
    shortcomings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Material:
    """What a demo is cut from."""

    trials: list[Trial]
    title: str
    notes: str
    app: Path
    started_by: str = ""


async def make_demo(folder: Path, video: Path, *, model: Model | str | None = None) -> Demo:
    """Cut and film the demo of a run that has ended, or of what ``macrohard try`` left.

    Args:
        folder: The run directory, or the folder with the evidence of a try.
        video: Where the film goes: ``.mp4`` or ``.webm``.
        model: Who plays the editor; None for the run's own models, of a try for ``offline``.

    Raises:
        UsageError: There is nothing to film, or something to film with is missing.
        RunBusyError: Somebody works on the run.
        MacrohardError: The editor handed in nothing usable, or a cap would be passed.
    """
    check_tools(video)
    is_run = (folder / FILE).is_file()
    with hold(folder):
        record: dict[str, Any] = read_record(folder) if is_run else {}
        found = _of_run(folder, record) if is_run else _of_try(folder)
        cuts = await _edit(folder, record, found, model)
    film = make(
        cuts,
        found.trials,
        video,
        started_by=found.started_by,
        icon=own_icon(found.app, ICON_SIDE),
    )
    video.with_name(CUTS).write_text(cuts.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if is_run and video.absolute().is_relative_to(folder.absolute()):
        with hold(folder):
            name = video.absolute().relative_to(folder.absolute())
            write_record(folder, {**read_record(folder), "demo": str(name)})
            write_report(folder)
    return Demo(film, cuts, shortcomings(cuts, found.trials))


def _of_run(folder: Path, record: Mapping[str, Any]) -> _Material:
    # A run that was stopped may have come to a round whose users have not.
    last = max((row["round"] for row in record["trials"]), default=record["round"])
    rows = [row for row in record["trials"] if row["round"] == last]
    trials = read_trials(folder / "trials" / row["id"] for row in rows)
    if not any(trial.tape.entries for trial in trials):
        raise UsageError(
            f"{folder} holds no recorded trial to cut a demo from: nobody has tried its app yet. "
            f"Finish it first with: macrohard resume {folder}"
        )
    app = record.get("app") or {}
    return _Material(
        trials=trials,
        title=_title(folder, record),
        notes=_notes(folder),
        app=folder / app.get("dir", "app"),
        started_by=_start_line(app),
    )


def _start_line(app: Mapping[str, Any]) -> str:
    """What to type: of an application with pages what serves them, with a window what opens it."""
    if app.get("serve"):
        return serve_words(app["serve"])
    return shlex.join(app.get("window") or app.get("run") or [])


def _of_try(folder: Path) -> _Material:
    try:
        result = TryResult.model_validate_json((folder / RESULT).read_bytes())
    except (OSError, ValidationError):
        raise UsageError(f"{folder} is neither a run nor the evidence of a try.") from None
    trials = read_trials(folder / "trials" / row.trial for row in result.trials)
    if not any(trial.tape.entries for trial in trials):
        raise UsageError(
            f"{folder} holds no recorded trial to cut a demo from: users who look round are not "
            "filmed for one. Try it with a scenario: macrohard try APP --scenario FILE"
        )
    return _Material(trials, result.app, f"# {result.app}", folder / "no-app")


async def _edit(
    folder: Path, record: dict[str, Any], found: _Material, model: Model | str | None
) -> work.CutList:
    settings = Settings.from_json(record["options"]) if record else Settings()
    if isinstance(model, str):
        # Nobody else speaks here, so what the run said of tiers and roles does not matter.
        bare = replace(settings.routing, fallbacks=(), tiers={}, roles={})
        settings = replace(settings, model=model, routing=bare)
    own = None if isinstance(model, str) else model
    with open_study(folder, record or {"worked_s": 0.0}, settings, model=own) as study:
        role = study.roster.lead("release", "CutList")
        asker = Asker(role=role.name, stage="release", item="demo", output="CutList")
        task = write_task(
            "Cut the demo.", {"notes": found.notes, "trials": told(found.trials, found.title)}
        )
        cuts = await ask(
            Assignment(role=role, asker=asker, task=task),
            study.model,
            work.CutList,
            accept=lambda cuts: complaint(cuts, found.trials),
        )
    if record:
        record["cost"] = sum_costs(account_of(call) for call in stored_calls(folder / "calls"))
        write_record(folder, record)
    return cuts


def _notes(folder: Path) -> str:
    path = folder / "RELEASE.md"
    if not path.is_file():
        raise UsageError(
            f"{folder} has no release notes yet. Finish it first: macrohard resume {folder}"
        )
    return path.read_text(encoding="utf-8")


def _title(folder: Path, record: Mapping[str, Any]) -> str:
    """The application's name as its spec has it; of a spec without a heading, its package's."""
    found = re.search(r"^#\s+(.+?)\s*$", (folder / "spec.md").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else str((record.get("app") or {}).get("name") or record["id"])


def said(demo: Demo) -> dict[str, Any]:
    """A demo as plain JSON types."""
    film = demo.film
    return {
        "video": str(film.video), "poster": str(film.poster), "captions": str(film.captions),
        "seconds": film.seconds, "cuts": json.loads(demo.cuts.model_dump_json()),
        "shortcomings": list(demo.shortcomings),
    }  # fmt: skip
