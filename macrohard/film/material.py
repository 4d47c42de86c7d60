"""What there is to cut: the trials of a run, as they lie on disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from macrohard.errors import UsageError
from macrohard.users.base import Tape, Taped, TrialResult
from macrohard.users.reports import describe
from macrohard.work import CutList, Scenario

_LINES = 6
"""Lines of what appeared that an editor is shown of a step."""
_WIDE = 160


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

    def holds(self, step: int) -> bool:
        """Whether a step was judged to hold."""
        return any(one.step == step and one.holds for one in self.result.steps)


def read_trials(folder: Path, record: Mapping[str, Any]) -> list[Trial]:
    """The trials of a run's last round with recordings that can be read.

    Args:
        folder: The run directory.
        record: What ``run.json`` says.

    Raises:
        UsageError: There is none.
    """
    found = []
    for row in record["trials"]:
        place = folder / "trials" / row["id"]
        if row["round"] != record["round"]:
            continue
        try:
            found.append(
                Trial(
                    id=row["id"],
                    folder=place,
                    scenario=Scenario.model_validate_json((place / "scenario.json").read_bytes()),
                    tape=Tape.model_validate_json((place / "tape.json").read_bytes()),
                    result=TrialResult.model_validate_json((place / "result.json").read_bytes()),
                )
            )
        except (OSError, ValidationError):
            continue
    if not any(trial.tape.entries for trial in found):
        raise UsageError(
            f"{folder} holds no recorded trial to cut a demo from: nobody has tried its app yet. "
            f"Finish it first with: macrohard resume {folder}"
        )
    return found


def told(trials: list[Trial], title: str) -> str:
    """The trials as an editor reads them: JSON."""
    rows = [
        {
            "trial": trial.id,
            "interface": trial.scenario.interface,
            "pictures": any(entry.seen.picture for entry in trial.tape.entries),
            "persona": trial.result.persona,
            "title": trial.scenario.title,
            "satisfied": trial.result.satisfied,
            "steps": [_step(trial, number) for number in range(1, len(trial.scenario.steps) + 1)],
        }
        for trial in trials
    ]
    return json.dumps({"application": title, "trials": rows}, indent=1, ensure_ascii=False)


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
