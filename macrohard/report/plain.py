"""Progress where there is no terminal: one plain line an event worth telling."""

from macrohard.journal import Event
from macrohard.report.words import clean, duration, mutation_words


def tell(event: Event) -> str:
    """The line for an event; empty for those that are only counted."""
    teller = _TELLERS.get(event["type"])
    if teller is None:
        return ""
    line = teller(event)
    return f"{line[: len(line) - len(line.lstrip())]}{clean(line)}"


def _run_started(event: Event) -> str:
    models = event.get("models", ["offline"])
    # Money may be spent: whoever named the model in a file long ago should see it.
    played = "" if models == ["offline"] else f", played by {', '.join(models)}"
    return f"run {event.get('id', '')} {'goes on' if event.get('resumed') else 'starts'}{played}"


def _stage_started(event: Event) -> str:
    return f"stage {event['stage']}, round {event.get('round', 1)}"


def _item_started(event: Event) -> str:
    return f"  {event['item']} {event['role']}: {event.get('title', '')}"


def _item_finished(event: Event) -> str:
    return f"  {event['item']} {event['outcome']}"


def _tests_finished(event: Event) -> str:
    return f"  {event['suite']} tests: {event['passed']} passed, {event['failed']} failed"


def _check_started(event: Event) -> str:
    return f"  {event['check']}: {event['title']}"


def _check_finished(event: Event) -> str:
    # How tests ended has a line of its own, with figures.
    is_suite = event["check"] in {"unit", "acceptance"}
    return "" if is_suite else f"  {event['check']}: {event['outcome']}"


def _mutants_tried(event: Event) -> str:
    return f"  mutants: {mutation_words(event)}"


def _trial_finished(event: Event) -> str:
    verdict = "satisfied" if event["satisfied"] else "not satisfied"
    reasons = event.get("reasons") or []
    why = f": {reasons[0]}" if reasons and not event["satisfied"] else ""
    took = duration(event.get("seconds") or 0.0)
    return f"  {event['persona']} with {event['scenario']}: {verdict} ({took}){why}"


def _defect(event: Event) -> str:
    if event["severity"] == "minor":
        # Reviewers have dozens of these, and none of them holds a release.
        return ""
    return f"  defect {event['id']} ({event['severity']}): {event['title']}"


def _decision(event: Event) -> str:
    return f"decision after round {event['round']}: {event['decision']}. {event['reason']}"


def _model_failed(event: Event) -> str:
    return f"  {event['model']} failed, {event['instead']} answers instead: {event['reason']}"


def _pictures_left_out(event: Event) -> str:
    return f"  {event['item'] or event['role']} goes without pictures: {event['reason']}"


def _approved(event: Event) -> str:
    return f"stage {event['stage']} was approved"


def _notice(event: Event) -> str:
    return str(event["text"])


def _stopping(_: Event) -> str:
    return "stopping: waiting for calls in flight; once more stops at once"


_TELLERS = {
    "run_started": _run_started,
    "stage_started": _stage_started,
    "item_started": _item_started,
    "item_finished": _item_finished,
    "check_started": _check_started,
    "check_finished": _check_finished,
    "tests_finished": _tests_finished,
    "mutants_tried": _mutants_tried,
    "trial_finished": _trial_finished,
    "defect": _defect,
    "decision": _decision,
    "approved": _approved,
    "model_failed": _model_failed,
    "pictures_left_out": _pictures_left_out,
    "stopping": _stopping,
    "notice": _notice,
}
