"""The part that cuts a demo: what people see first, then what they type, then what programs ask.

Of each kind of interface the best trial is shown, of the first one most; one refusal is added.
"""

import json
from typing import Any

from macrohard.errors import ModelError
from macrohard.llm.offline.parts.reading import read_text
from macrohard.llm.offline.scene import Scene
from macrohard.work import CutList, Shot

_ORDER = ("web", "desktop", "cli", "api")
_MOST = (4, 2, 1, 1)
"""Steps of the first kind of interface that was tried, of the second, and so on."""
_DESK = 800
"""Pixels; a film that is narrower is of a telephone."""
_REFUSED = ("error", "not possible", "problem", "refused", "must ")


def cut(scene: Scene) -> CutList:
    """Choose by what can be seen: trials that ended well, steps that brought something.

    Raises:
        ModelError: There is nothing to cut.
    """
    material = json.loads(read_text(scene, "trials"))
    trials = [trial for trial in material["trials"] if _shown(trial)]
    if not trials:
        raise ModelError("The offline model was asked to cut a demo, and no trial has a step.")
    shots: list[Shot] = []
    for most, best in zip(_MOST, _best(trials), strict=False):
        first = not shots
        steps = _chosen(_shown(best), most)
        shots += [_shot(best, step) for step in steps]
        if first and (refusal := _refusal(trials, best, steps)):
            shots.append(refusal)
    title = " ".join(material["application"].split())
    return CutList(
        title=_short(title, 60),
        subtitle=_about(read_text(scene, "notes"), title),
        shots=tuple(shots),
    )


def _shown(trial: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in trial["steps"] if step["did"] and step["holds"]]


def _best(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each kind of interface the best trial; those where nobody was satisfied come last."""
    kinds = sorted({trial["interface"] for trial in trials}, key=_ORDER.index)
    best = [max((t for t in trials if t["interface"] == kind), key=_worth) for kind in kinds]
    return sorted(best, key=lambda trial: not trial["satisfied"])


def _worth(trial: dict[str, Any]) -> tuple[bool, int, bool, int]:
    """Satisfied first; then films of a desk's screen, other films, pictures; then what there is."""
    seen = sum(min(_weight(step), 12) for step in _shown(trial))
    wide, _, _ = trial["film"].partition("x")
    film = 0 if not wide else 2 if int(wide) >= _DESK else 1
    return trial["satisfied"], film, trial["pictures"], seen


def _weight(step: dict[str, Any]) -> int:
    """Lines that came; help texts, which nobody reads in a film, count for nothing."""
    typed = " ".join(step["did"])
    return 0 if "--help" in typed or typed.endswith(" -h") else int(step["lines"])


def _chosen(steps: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The first step that did something, then those with most to see, in their own order."""
    first = next((step for step in steps if _weight(step)), steps[0])
    rest = sorted((step for step in steps if step is not first), key=_weight, reverse=True)
    return sorted([first, *rest[: most - 1]], key=lambda step: int(step["step"]))


def _refusal(
    trials: list[dict[str, Any]], best: dict[str, Any], taken: list[dict[str, Any]]
) -> Shot | None:
    """A step, of another trial where need be, in which nonsense was met with a decent answer."""
    if any(_is_refusal(step) for step in taken):
        return None
    last = max(int(step["step"]) for step in taken)
    for trial in (best, *trials):
        for step in _shown(trial):
            late = trial is not best or int(step["step"]) > last
            same = trial["interface"] == best["interface"] and trial["pictures"] == best["pictures"]
            if late and same and trial["satisfied"] and _is_refusal(step):
                return _shot(trial, step)
    return None


def _is_refusal(step: dict[str, Any]) -> bool:
    first = " ".join(step["appeared"]).lower()
    return step["lines"] <= 3 and any(word in first for word in _REFUSED)


def _shot(trial: dict[str, Any], step: dict[str, Any]) -> Shot:
    return Shot(trial=trial["trial"], step=step["step"], caption=_short(step["intent"], 120))


def _about(notes: str, title: str) -> str:
    """What the first line of the notes says after the name."""
    first = next((line.lstrip("# ") for line in notes.splitlines() if line.strip()), "")
    said = first.removeprefix(title).lstrip(": ")
    return _short(said.partition(". ")[0].rstrip("."), 140)


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
