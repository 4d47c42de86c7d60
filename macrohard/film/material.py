"""What there is to cut: the trials of a run, as they lie on disk."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from macrohard.film.moving import read_notes
from macrohard.users.base import Tape, Taped, TrialResult
from macrohard.users.judging.reports import describe
from macrohard.work import CutList, Scenario

_LINES = 6
"""Lines of what appeared that an editor is shown of a step."""
_WIDE = 160
_RUN_UP = 7
"""Actions on the way to a step that are shown with it, at most: a form is filled in, then sent."""


@dataclass(frozen=True)
class Trial:
    """One recorded trial.

    Attributes:
        id: Its folder's name.
        folder: Where its evidence lies.
        scenario: What was tried.
        tape: What happened.
        result: How it was judged.
    """

    id: str
    folder: Path
    scenario: Scenario
    tape: Tape
    result: TrialResult

    def entries(self, step: int) -> list[Taped]:
        """What was done for a step."""
        return [entry for entry in self.tape.entries if entry.step == step]

    def with_run_up(self, step: int) -> list[Taped]:
        """What was done for a step, and just before, on the way to it."""
        entries = self.entries(step)
        before = takewhile(
            lambda entry: entry.step == 0,
            (e for e in reversed(self.tape.entries) if e.number < entries[0].number),
        )
        return [*reversed(list(islice(before, _RUN_UP))), *entries]

    def entries_at(self, *places: str) -> list[Taped]:
        """What was done at some kinds of interface (:attr:`State.at`)."""
        return [entry for entry in self.tape.entries if entry.seen.state.at in places]

    @property
    def filmed(self) -> bool:
        """Whether there is a film of it."""
        return read_notes(self.folder) is not None

    @property
    def pictured(self) -> bool:
        """Whether there are pictures of it."""
        return any(entry.seen.picture for entry in self.tape.entries)

    def holds(self, step: int) -> bool:
        """Whether a step was judged to hold."""
        return any(one.step == step and one.holds for one in self.result.steps)


def read_trials(places: Iterable[Path]) -> list[Trial]:
    """The trials with recordings that can be read.

    Args:
        places: Folders of trials.
    """
    found = []
    for place in places:
        try:
            found.append(
                Trial(
                    id=place.name,
                    folder=place,
                    scenario=Scenario.model_validate_json((place / "scenario.json").read_bytes()),
                    tape=Tape.model_validate_json((place / "tape.json").read_bytes()),
                    result=TrialResult.model_validate_json((place / "result.json").read_bytes()),
                )
            )
        except (OSError, ValidationError):
            continue
    return found


def shortcomings(cuts: CutList, trials: Iterable[Trial]) -> tuple[str, ...]:
    """What people see in pages or windows and the demo cannot show as it was, and why."""
    used = {shot.trial for shot in cuts.shots}
    seen = [t for t in trials if t.id in used and t.entries_at("page", "window") and not t.filmed]
    pictured = [trial.id for trial in seen if trial.pictured]
    read = [trial.id for trial in seen if not trial.pictured]
    said = []
    if pictured:
        said.append(
            f"Stills instead of a film: of {_listed(pictured)} there are only pictures, since no "
            "ffmpeg was there when it was tried, or the recording failed."
        )
    if read:
        said.append(
            f"Text instead of a film: in {_listed(read)} the user had no browser, so pages are "
            "shown as they were read. With --browser there would be films of them."
        )
    return tuple(said)


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def told(trials: list[Trial], title: str) -> str:
    """The trials as an editor reads them: JSON."""
    rows = [
        {
            "trial": trial.id,
            "interface": trial.scenario.interface,
            "film": _size(trial),
            "pictures": trial.pictured,
            "persona": trial.result.persona,
            "title": trial.scenario.title,
            "satisfied": trial.result.satisfied,
            "steps": [_step(trial, number) for number in range(1, len(trial.scenario.steps) + 1)],
        }
        for trial in trials
    ]
    return json.dumps({"application": title, "trials": rows}, indent=1, ensure_ascii=False)


def _size(trial: Trial) -> str:
    """Of its film; empty where there is none."""
    notes = read_notes(trial.folder)
    return f"{notes.width}x{notes.height}" if notes else ""


def _step(trial: Trial, number: int) -> dict[str, Any]:
    entries = trial.entries(number)
    last = entries[-1].seen.text.splitlines() if entries else []
    state = entries[-1].seen.state if entries else None
    return {
        "step": number,
        "intent": trial.scenario.steps[number - 1].intent,
        "holds": trial.holds(number),
        "did": [describe(entry)[:_WIDE] for entry in entries],
        "appeared": [line[:_WIDE] for line in last[:_LINES]],
        "lines": len(last),
        "status": None if state is None else state.exit_status or state.http_status,
    }


def complaint(cuts: CutList, trials: list[Trial]) -> str:
    """What is wrong with a cut list; empty when it can be filmed."""
    by_id = {trial.id: trial for trial in trials}
    last: dict[str, int] = {}
    for shot in cuts.shots:
        trial = by_id.get(shot.trial)
        if trial is None:
            return f"there is no trial {shot.trial!r}; there are: {', '.join(sorted(by_id))}."
        if not trial.entries(shot.step):
            steps = sorted({entry.step for entry in trial.tape.entries if entry.step})
            return f"nothing was done for step {shot.step} of {shot.trial}; only for {steps}."
        if shot.step < last.get(shot.trial, 0):
            return f"step {shot.step} of {shot.trial} comes after a later one of the same trial."
        last[shot.trial] = shot.step
    return ""
