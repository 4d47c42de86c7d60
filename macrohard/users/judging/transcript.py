"""A trial as a text that people read."""

from macrohard.users.base import Tape, Taped, TrialResult
from macrohard.users.judging.reports import describe, trim
from macrohard.work import Scenario, Verdict

_SHOWN = 4_000
"""Characters shown of one action; the tape has all."""


def write_transcript(
    scenario: Scenario, verdict: Verdict | None, tape: Tape, result: TrialResult
) -> str:
    """What the user was asked to do, what happened, and how it was judged."""
    parts = [
        f"{scenario.id} {scenario.title}\n{scenario.goal}\nPlayed by: {tape.persona}",
        *(_entry(entry) for entry in tape.entries),
        *_sight(tape),
        _verdict(verdict),
        _result(result),
    ]
    return "\n\n".join(parts) + "\n"


def _entry(entry: Taped) -> str:
    serves = f"step {entry.step}" if entry.step else "exploring"
    state = entry.seen.state
    after = f"exit status {state.exit_status}" if state.at == "prompt" else state.at
    lines = [f"--- {entry.number} ({serves}, {entry.seconds:.1f} s) {describe(entry)}"]
    if entry.seen.text:
        lines.append(trim(entry.seen.text, _SHOWN))
    lines += [f"({after})", *(f"! {p.kind}: {p.text}" for p in entry.seen.problems)]
    return "\n".join(lines)


def _sight(tape: Tape) -> list[str]:
    """Which pictures the user was shown, and what a second look at them found."""
    if tape.unseen:
        return [f"=== The user was shown no pictures: {tape.unseen}"]
    lines = [f"=== The user was shown {', '.join(tape.shown)}"] if tape.shown else []
    for look in tape.looks:
        word = "bears it out" if look.holds else "does not bear it out"
        lines.append(f"second look at {look.picture} {word}: {look.complaint}\n  {look.seen}")
    return ["\n".join(lines)] if lines else []


def _verdict(verdict: Verdict | None) -> str:
    if verdict is None:
        return "=== No verdict was handed in."
    lines = [f"=== The user says: {verdict.summary}"]
    for step in verdict.steps:
        mark = "yes" if step.satisfied else "NO"
        quote = f' "{step.screen_quote}"' if step.screen_quote else ""
        lines.append(f"step {step.step}: {mark}. {step.did}{quote} {step.remark}".rstrip())
    lines += [f"complaint: {text}" for text in verdict.complaints]
    return "\n".join(lines)


def _result(result: TrialResult) -> str:
    word = "SATISFIED" if result.satisfied else "NOT SATISFIED"
    return "\n".join([f"=== {word} after {result.actions} actions", *result.reasons])
