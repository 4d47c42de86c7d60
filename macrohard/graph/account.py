"""From the graph's state to the part of ``run.json`` that tells what was built, tried and found."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from macrohard import work
from macrohard.artifacts import Artifacts
from macrohard.files import write_atomic
from macrohard.grading.mutation import MutationScore
from macrohard.graph.assets import Pictures
from macrohard.graph.state import State
from macrohard.users.base import TrialResult


def account(state: State, artifacts: Artifacts, cost_by_item: dict[str, Any]) -> dict[str, Any]:
    """Fields of the record that follow from the state; as much as there is of it."""
    fields: dict[str, Any] = {"round": state["round"], "waves": state.get("wave", 0)}
    items = _items(state, artifacts)
    fields["items"] = items
    if state.get("rounds"):
        last = state["rounds"][-1]
        fields["tests"] = {
            "unit": {"passed": last["unit_passed"], "failed": last["unit_failed"]},
            "acceptance": {
                "passed": last["acceptance_passed"],
                "failed": last["acceptance_failed"],
            },
        }
        fields["rounds"] = state["rounds"]
        if last.get("mutation"):
            score = artifacts.noun(last["mutation"], MutationScore)
            fields["mutation"] = {**score.model_dump(mode="json"), "share": round(score.share, 3)}
    trials = _trials(state, artifacts)
    fields["trials"] = trials
    latest = [t for t in trials if t["round"] == state["round"]]
    fields["satisfied"] = sum(1 for t in latest if t["satisfied"])
    fields["scenarios"] = len(latest)
    fields["defects"] = _defects(state, artifacts)
    fields["traceability"] = _trace(state, artifacts, items, trials, cost_by_item)
    fields["team"] = _team(state, artifacts)
    if state.get("notes"):
        notes = artifacts.noun(state["notes"], work.ReleaseNotes)
        left_out = artifacts.noun(state["requirements"], work.Requirements).out_of_scope
        fields["known_issues"] = [line for line in notes.known_issues if line not in left_out]
    if state.get("assets"):
        made = artifacts.noun(state["assets"], Pictures)
        fields["pictures"] = made.model_dump(mode="json")
    if state.get("design"):
        design = artifacts.noun(state["design"], work.Design)
        fields["app"] = {
            "dir": "app",
            "name": design.app,
            "run": list(design.run),
            "serve": list(design.serve),
            "window": list(design.window),
            "test": list(design.test),
            "packages": list(design.packages),
        }
    return fields


def _items(state: State, artifacts: Artifacts) -> list[dict[str, Any]]:
    if not state.get("plan"):
        return []
    last = {r["item"]: r for r in state["results"]}
    return [
        {
            "id": item.id,
            "title": item.title,
            "role": item.role,
            "kind": item.kind.value,
            "round": item.round,
            "stories": list(item.stories),
            "files": list(item.files),
            "depends_on": list(item.depends_on),
            "defects": list(item.defects),
            "outcome": last[item.id]["outcome"] if item.id in last else "waiting",
            "commit": last[item.id]["commit"] if item.id in last else "",
            "reason": last[item.id]["reason"] if item.id in last else "",
        }
        for item in artifacts.noun(state["plan"], work.Plan).items
    ]


def _trials(state: State, artifacts: Artifacts) -> list[dict[str, Any]]:
    if not state.get("trials"):
        return []
    titles = {s.id: s.title for s in artifacts.noun(state["scenarios"], work.Scenarios).scenarios}
    rows = []
    for entry in state["trials"]:
        result = artifacts.noun(entry["result"], TrialResult)
        rows.append(
            {
                "id": entry["trial"],
                "round": entry["round"],
                "scenario": result.scenario,
                "title": titles.get(result.scenario, ""),
                "persona": result.persona,
                "satisfied": result.satisfied,
                "reasons": list(result.reasons),
                "actions": result.actions,
                "seconds": result.seconds,
                "evidence": f"trials/{entry['trial']}",
            }
        )
    return rows


def _defects(state: State, artifacts: Artifacts) -> list[dict[str, Any]]:
    found = []
    history = [artifacts.noun(h, work.Triage) for h in state.get("triage", [])]
    for number, triage in enumerate(history, start=1):
        # What is being repaired is open until a later triage no longer finds it.
        still = number == len(history)
        found += [{**defect.model_dump(mode="json"), "open": still} for defect in triage.defects]
    return found


def _team(state: State, artifacts: Artifacts) -> list[dict[str, str]]:
    if not state.get("staffing"):
        return []
    team = artifacts.noun(state["staffing"], work.Staffing).team
    return [{"role": a.role, "reason": a.reason} for a in team]


def _trace(
    state: State,
    artifacts: Artifacts,
    items: list[dict[str, Any]],
    trials: list[dict[str, Any]],
    cost_by_item: dict[str, Any],
) -> list[dict[str, Any]]:
    """One row a criterion: spec lines, story, tests, scenarios, trials, items, commits, cost."""
    if not state.get("scenarios"):
        return []
    tests: defaultdict[str, list[str]] = defaultdict(list)
    for test, criteria in artifacts.noun(state["acceptance"], work.AcceptanceSuite).covers.items():
        for name in criteria:
            tests[name].append(test)
    journeys: defaultdict[str, list[str]] = defaultdict(list)
    for scenario in artifacts.noun(state["scenarios"], work.Scenarios).scenarios:
        for name in scenario.criteria:
            journeys[name].append(scenario.id)
    latest = [t for t in trials if t["round"] == state["round"]]
    rows = []
    for story in artifacts.noun(state["requirements"], work.Requirements).stories:
        served = [i for i in items if story.id in i["stories"]]
        for criterion in story.criteria:
            scenarios = journeys[criterion.id]
            rows.append(
                {
                    "lines": [source.line for source in story.sources],
                    "story": story.id,
                    "want": story.i_want,
                    "criterion": criterion.id,
                    "given": criterion.given,
                    "when": criterion.when,
                    "then": criterion.then,
                    "tests": tests[criterion.id],
                    "scenarios": scenarios,
                    "trials": [t["id"] for t in latest if t["scenario"] in scenarios],
                    "items": [i["id"] for i in served],
                    "commits": [i["commit"][:12] for i in served if i["commit"]],
                    "usd": sum(cost_by_item.get(i["id"], {}).get("usd", 0.0) for i in served),
                    "tokens": sum(
                        cost_by_item.get(i["id"], {}).get(key, 0)
                        for i in served
                        for key in ("input_tokens", "output_tokens")
                    ),
                }
            )
    return rows


_DOCUMENTS: dict[str, type[work.Noun]] = {
    "brief": work.Brief,
    "requirements": work.Requirements,
    "scenarios": work.Scenarios,
    "acceptance": work.AcceptanceSuite,
    "design": work.Design,
    "staffing": work.Staffing,
    "plan": work.Plan,
    "notes": work.ReleaseNotes,
}


def write_documents(state: State, artifacts: Artifacts, folder: Path) -> None:
    """Lay the documents of the stages out as indented JSON, for people who approve or look on."""
    for name, noun in _DOCUMENTS.items():
        digest = str(state.get(name, ""))
        if digest:
            text = artifacts.noun(digest, noun).model_dump_json(indent=1) + "\n"
            path = folder / f"{name}.json"
            if not path.exists() or path.read_text() != text:
                write_atomic(path, text)
