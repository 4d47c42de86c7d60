"""Release: the best commit, the notes, and whether it is accepted."""

from typing import Any

from macrohard import work
from macrohard.files import write_atomic
from macrohard.graph.office import Office
from macrohard.graph.state import RoundResult, State
from macrohard.graph.triage import holds
from macrohard.graph.verify import Failures


async def release(office: Office, state: State) -> dict[str, Any]:
    """Choose the best round, have the notes written, and say whether it is accepted."""
    round_ = state["round"]
    async with office.stage("release", round_):
        best = max(state["rounds"], key=worth)
        await office.repository.reset(best["commit"])
        failures = office.artifacts.noun(state["failures"], Failures).failures
        plan = office.artifacts.noun(state["plan"], work.Plan)
        open_ = _without_repairs(failures, plan)
        accepted = _accepted(office, best, open_) if best["round"] == round_ else False
        outcome = _outcome(office, state, best, failures, accepted=accepted)
        notes = await office.think(
            office.roster.lead("release", "ReleaseNotes"),
            work.ReleaseNotes,
            "Write the release notes.",
            {
                "requirements": office.artifacts.noun(state["requirements"], work.Requirements),
                "design": office.artifacts.noun(state["design"], work.Design),
                "outcome": outcome,
            },
            round_=round_,
        )
        left_out = office.artifacts.noun(state["requirements"], work.Requirements).out_of_scope
        page = _page(notes, left_out, _tried(office, state))
        write_atomic(office.folders.root / "RELEASE.md", page)
        return {
            "notes": office.artifacts.put(notes),
            "status": "released" if accepted else "not accepted",
        }


def worth(result: RoundResult) -> tuple[int, int, int, int]:
    """Orders rounds: the greatest is the best app."""
    failed = result["unit_failed"] + result["acceptance_failed"]
    return (
        int(result["unit_passed"] > 0),
        -(failed + result["trials"] - result["satisfied"]),
        result["satisfied"],
        result["round"],
    )


def _without_repairs(
    failures: tuple[work.Failure, ...], plan: work.Plan
) -> tuple[work.Failure, ...]:
    """Failures except that a repair was given back: what it was to mend still shows, or is gone."""
    repairs = {item.id for item in plan.items if item.kind is work.ItemKind.REPAIR}
    return tuple(
        failure
        for failure in failures
        if failure.source is not work.FailureSource.ITEM
        or failure.id.rpartition("-")[2] not in repairs
    )


def _accepted(office: Office, best: RoundResult, failures: tuple[work.Failure, ...]) -> bool:
    wanted = office.settings.min_satisfied
    if wanted is None:
        wanted = best["trials"]
    others = [f for f in failures if holds(f) and f.source is not work.FailureSource.USER]
    return (
        not others
        and best["unit_passed"] > 0
        and best["acceptance_passed"] > 0
        and best["trials"] > 0
        and best["satisfied"] >= wanted
    )


def _outcome(
    office: Office,
    state: State,
    best: RoundResult,
    failures: tuple[work.Failure, ...],
    *,
    accepted: bool,
) -> str:
    last = office.artifacts.noun(state["triage"][-1], work.Triage)
    lines = [
        f"Accepted: {'yes' if accepted else 'no'}",
        f"Rounds: {state['round']}, released round: {best['round']}",
        f"Unit tests: {best['unit_passed']} passed, {best['unit_failed']} failed",
        f"Acceptance tests: {best['acceptance_passed']} passed, {best['acceptance_failed']} failed",
        f"Simulated users satisfied: {best['satisfied']} of {best['trials']}",
        f"Decision: {last.decision.value}: {last.reason}",
    ]
    lines += [
        f"Open: {d.title} ({d.severity.value}, {d.source.value}, {d.id})" for d in last.defects
    ]
    lines += [f"Dismissed {a.role}: {a.reason}" for a in last.dismissed]
    lines += [
        f"Open: {f.title} ({f.severity.value}, {f.source.value})"
        for f in failures
        if f.id not in {a.role for a in last.dismissed}
        and not any(f.id in d.failures for d in last.defects)
    ]
    return "\n".join(lines)


def _tried(office: Office, state: State) -> str:
    """How pages were tried; empty where there are none."""
    scenarios = office.artifacts.noun(state["scenarios"], work.Scenarios).scenarios
    if not any(scenario.interface == "web" for scenario in scenarios):
        return ""
    if office.settings.browser:
        inside = office.boxes.name == "docker"
        where = "inside the box, without a network" if inside else "the box's port relayed to it"
        return f"Its pages were tried at a real browser, {where}."
    return (
        "Its pages were tried without a browser: links followed and forms sent by their names. "
        "Scripts did not run, and nothing was drawn; build with --browser for that."
    )


def _page(notes: work.ReleaseNotes, left_out: tuple[str, ...], tried: str) -> str:
    """The release notes: what is open is an issue, what was left out on purpose is none."""

    def bullets(lines: tuple[str, ...]) -> str:
        return "\n".join(f"- {line}" for line in lines)

    parts = [
        f"# {notes.headline}",
        f"## What it does\n\n{bullets(notes.what_it_does)}",
        f"## How to run it\n\n{bullets(notes.how_to_run)}",
    ]
    issues = tuple(line for line in notes.known_issues if line not in left_out)
    parts += [f"## Known issues\n\n{bullets(issues)}"] if issues else []
    parts += [f"## Not included\n\n{bullets(left_out)}"] if left_out else []
    parts += [f"## How it was tried\n\n{tried}"] if tried else []
    return "\n\n".join(parts) + "\n"
