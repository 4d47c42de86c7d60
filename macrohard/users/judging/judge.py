"""Judges a trial by what the application did. A pure function of scenario, verdict and tape.

The rules:

1. **Steps with checks** (``see``, ``not_see``, ``exit_code``) hold when the checks hold for the
   actions labelled with the step, whatever the user says of it. ``see``: on the screen of some of
   them. ``not_see``: on none (of pages: not on the last). ``exit_code``: after the last. Runs of
   white space count as one
   space; wrapping is undone; the user's own typing does not count. What was read off a picture is
   compared as pictures can be read (:mod:`macrohard.lookalikes`).
2. **Steps without checks** rest on the user's claim: satisfied, with a quote that these actions put
   on the screen.
3. A step without any action was **not tried**, and does not hold.
4. A **crash** (``crash.py``) or a **hang** anywhere, exploration too, is a failure.
5. A verdict with a ``screen_quote`` that was never on the screen is **void**: its claims and
   complaints are left out, which is recorded; steps with checks are judged as before. Quotes are
   compared without white space.
6. A **complaint** counts only when the user is not satisfied on the whole and backs it: it quotes
   (in quotation marks or back quotes) a line that was typed, or names ``action N``, and quotes at
   least four characters which that action put on the screen. Other complaints, and a bad word
   about a step whose checks hold, are noted in the reasons and change nothing.
   A complaint that rests on a **picture** alone, named by its file and shown to the user, is a
   minor defect, which is noted. Where a second look at the picture bears it out, and the user is
   not satisfied on the whole, it counts like one that is backed; where it does not, it is a remark.
7. A user whose **patience** ended (waiting, refusals in a row) leaves a failure that says where.
8. **Satisfied** is who handed in a verdict, with all steps holding and no failure. Who is not
   satisfied leaves at least one failure with evidence.

Nothing here reads a clock, so the same evidence gives the same result.
"""

from macrohard.users.base import StepJudgement, Tape, Taped, TrialResult
from macrohard.users.judging.complaints import backing, named_picture
from macrohard.users.judging.crash import find_crash
from macrohard.users.judging.reports import ENDINGS, UNFINISHED, Reporter
from macrohard.users.judging.screentext import appeared, shown_by
from macrohard.work import Scenario, ScenarioStep, Verdict

_LONGEST = 200
"""Characters of the user's own words in a reason."""
_WHOLE = frozenset({"page", "window"})
"""Where each look shows all there is, so that what is gone now is gone."""


def judge(scenario: Scenario, verdict: Verdict | None, tape: Tape) -> TrialResult:
    """Judge one trial.

    Args:
        scenario: What was to be tried.
        verdict: What the user handed in; None when nothing was.
        tape: What happened.
    """
    reporter = Reporter(scenario, tape)
    false_quotes = _false_quotes(verdict, tape)
    trusted = None if false_quotes else verdict
    _report_problems(reporter, tape)
    steps: tuple[StepJudgement, ...] = ()
    for number, step in enumerate(scenario.steps, start=1):
        if any(entry.step == number for entry in tape.entries):
            steps += (_judge_step(number, step, trusted, tape),)
        else:
            steps += (_untried(number, step, trusted, tape, steps),)
    for found, step in zip(steps, scenario.steps, strict=True):
        if not found.holds:
            reporter.step_fails(found, step, after_failure=reporter.failures_so_far > 0)
    for quote in false_quotes:
        reporter.note(f"The verdict is void: {quote!r} was never on the screen.")
    if trusted is not None:
        _weigh_complaints(reporter, trusted, tape, steps)
    if tape.gave_up:
        reporter.lost_patience()
    if verdict is None:
        reporter.gave_up()
    failures = reporter.failures()
    return TrialResult(
        scenario=scenario.id,
        persona=tape.persona,
        satisfied=verdict is not None and not failures and all(step.holds for step in steps),
        void=bool(false_quotes),
        steps=steps,
        reasons=reporter.reasons(),
        failures=failures,
        actions=len(tape.entries),
        seconds=tape.seconds,
    )


def _false_quotes(verdict: Verdict | None, tape: Tape) -> list[str]:
    if verdict is None:
        return []
    quotes = [step.screen_quote for step in verdict.steps if step.screen_quote.strip()]
    return [quote for quote in quotes if not appeared(quote, tape.entries)]


def _report_problems(reporter: Reporter, tape: Tape) -> None:
    for before, entry in zip((None, *tape.entries), tape.entries, strict=False):
        crash = find_crash(entry, before)
        if crash is not None:
            reporter.crashes(entry, crash)
        for problem in entry.seen.problems:
            reporter.problem(entry, problem)


def _judge_step(
    number: int, step: ScenarioStep, verdict: Verdict | None, tape: Tape
) -> StepJudgement:
    entries = [entry for entry in tape.entries if entry.step == number]
    if _is_checked(step):
        wrong = [f"{text!r} was not shown" for text in step.see if not shown_by(text, entries)]
        last = entries[-1:] if entries[-1].seen.state.at in _WHOLE else entries
        wrong += [f"{text!r} was shown" for text in step.not_see if shown_by(text, last)]
        status = entries[-1].seen.state.exit_status
        if step.exit_code is not None and status != step.exit_code:
            was = "there was none" if status is None else f"it was {status}"
            wrong.append(f"exit status {step.exit_code} was expected, {was}")
        reason = "; ".join(wrong)
    else:
        reason = _doubt_claim(number, verdict, tape)
    return StepJudgement(
        step=number, holds=not reason, tried=True, basis=_basis(step), reason=reason
    )


def _is_checked(step: ScenarioStep) -> bool:
    return bool(step.see or step.not_see or step.exit_code is not None)


def _basis(step: ScenarioStep) -> str:
    return "checks" if _is_checked(step) else "claim"


def _untried(
    number: int,
    step: ScenarioStep,
    verdict: Verdict | None,
    tape: Tape,
    earlier: tuple[StepJudgement, ...],
) -> StepJudgement:
    """A step without an action, with the cause as far as anything tells it."""
    claims = verdict.steps if verdict else ()
    said = next((claim.remark or claim.did for claim in claims if claim.step == number), "")
    wrong = next((each.step for each in earlier if not each.holds), None)
    if said.strip():
        cause = f"the user says: {' '.join(said.split())[:_LONGEST]}"
    elif tape.ending in UNFINISHED:
        cause = f"the user {ENDINGS[tape.ending]} before it"
    elif wrong is not None:
        cause = f"step {wrong} had not held"
    else:
        cause = "the user did not say why"
    reason = f"not tried: {cause}"
    return StepJudgement(step=number, holds=False, tried=False, basis=_basis(step), reason=reason)


def _doubt_claim(number: int, verdict: Verdict | None, tape: Tape) -> str:
    """Why a claim does not carry the step; empty when it does."""
    claim = next((s for s in verdict.steps if s.step == number), None) if verdict else None
    entries = [entry for entry in tape.entries if entry.step == number]
    if claim is None:
        return "there is no account of it that can be relied upon"
    if not claim.satisfied:
        return f"the user was not satisfied: {claim.remark or claim.did}"
    if not claim.screen_quote.strip():
        return "the user quotes nothing from the screen"
    if not appeared(claim.screen_quote, entries):
        return f"the quote {claim.screen_quote!r} is not from this step"
    return ""


def _weigh_complaints(
    reporter: Reporter, verdict: Verdict, tape: Tape, steps: tuple[StepJudgement, ...]
) -> None:
    for complaint in verdict.complaints:
        entry = None if verdict.satisfied else backing(complaint, tape)
        pictured = named_picture(complaint, tape) if entry is None else None
        if entry is not None:
            reporter.complaint(entry, complaint)
        elif pictured is not None:
            _weigh_sight(reporter, pictured, complaint, tape, counts=not verdict.satisfied)
        else:
            reporter.note(f"The user remarks: {complaint}")
    for claim in verdict.steps:
        fine = any(s.step == claim.step and s.holds and s.basis == "checks" for s in steps)
        if not claim.satisfied and fine:
            said = claim.remark or claim.did or "no reason given"
            reporter.note(f"Step {claim.step} does what it should; the user was not happy: {said}")
    if not verdict.satisfied:
        reporter.note(f"The user was not satisfied: {verdict.summary}")


def _weigh_sight(
    reporter: Reporter, entry: Taped, complaint: str, tape: Tape, *, counts: bool
) -> None:
    """A complaint that rests on a picture alone."""
    look = next((each for each in tape.looks if each.complaint == complaint), None)
    if look is None:
        reporter.note(f"Minor, seen once: {complaint}")
    elif not look.holds:
        told = f"a second look does not bear it out: {look.seen}"
        reporter.note(f"The user remarks: {complaint} ({told})")
    elif counts:
        reporter.sight(entry, complaint, look.seen)
    else:
        reporter.note(f"Minor, seen twice: {complaint}")
