"""The demo of a finished run: an editor chooses among the recorded trials, and it is filmed."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from macrohard import work
from macrohard.config import Settings
from macrohard.documents import write_task
from macrohard.errors import UsageError
from macrohard.film.cut import Film, check_tools, make
from macrohard.film.material import Trial, complaint, read_trials, told
from macrohard.llm import Model
from macrohard.llm.base import Asker
from macrohard.llm.store import stored_calls
from macrohard.lock import hold
from macrohard.loop.agent import Assignment, ask
from macrohard.opening import open_study
from macrohard.record import account_of, read_record, sum_costs, write_record
from macrohard.report import write_report

CUTS = "demo.json"
"""The cut list, beside the film."""


@dataclass(frozen=True)
class Demo:
    """A demo.

    Attributes:
        film: Its files.
        cuts: What it shows.
    """

    film: Film
    cuts: work.CutList


async def make_demo(folder: Path, video: Path, *, model: Model | str | None = None) -> Demo:
    """Cut and film the demo of a run that has ended.

    Args:
        folder: The run directory.
        video: Where the film goes: ``.mp4`` or ``.webm``.
        model: Who plays the editor; None for the run's own models.

    Raises:
        UsageError: There is nothing to film, or something to film with is missing.
        RunBusyError: Somebody works on the run.
        MacrohardError: The editor handed in nothing usable, or a cap would be passed.
    """
    check_tools(video)
    with hold(folder):
        record = read_record(folder)
        trials = read_trials(folder, record)
        cuts = await _edit(folder, record, trials, model)
    run = (record.get("app") or {}).get("run") or []
    film = make(cuts, trials, video, started_by=shlex.join(run), motif=_motif(record))
    video.with_name(CUTS).write_text(cuts.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if video.absolute().is_relative_to(folder.absolute()):
        with hold(folder):
            name = video.absolute().relative_to(folder.absolute())
            write_record(folder, {**read_record(folder), "demo": str(name)})
            write_report(folder)
    return Demo(film, cuts)


async def _edit(
    folder: Path, record: dict[str, Any], trials: list[Trial], model: Model | str | None
) -> work.CutList:
    settings = Settings.from_json(record["options"])
    if isinstance(model, str):
        # Nobody else speaks here, so what the run said of tiers and roles does not matter.
        bare = replace(settings.routing, fallbacks=(), tiers={}, roles={})
        settings = replace(settings, model=model, routing=bare)
    own = None if isinstance(model, str) else model
    with open_study(folder, record, settings, model=own) as study:
        role = study.roster.lead("release", "CutList")
        asker = Asker(role=role.name, stage="release", item="demo", output="CutList")
        task = write_task(
            "Cut the demo.",
            {"notes": _notes(folder), "trials": told(trials, _title(folder, record))},
        )
        cuts = await ask(
            Assignment(role=role, asker=asker, task=task),
            study.model,
            work.CutList,
            accept=lambda found: complaint(found, trials),
        )
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


def _motif(record: Mapping[str, Any]) -> str:
    return str((record.get("pictures") or {}).get("motif", ""))


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
    }  # fmt: skip
