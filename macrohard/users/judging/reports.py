"""Writes what went wrong in a trial as failures: what was typed, what was expected, what was seen.

The evidence is what a person would write in a bug report. It names the step that failed, and how
to get there, never the scenario.
"""

from macrohard.users.base import (
    Action,
    Press,
    Problem,
    Resize,
    StepJudgement,
    Tape,
    Taped,
    TypeLine,
    Wait,
)
from macrohard.users.judging.crash import Crash
from macrohard.work import Failure, FailureSource, Scenario, ScenarioStep, Severity

_SEEN_LIMIT = 1_500
_EARLIER_LINES = 12
ENDINGS = {
    "submitted": "ended without a verdict",
    "actions": "used up all actions",
    "time": "ran out of patience",
    "tries": "gave up",
    "failed": "could not go on",
}
"""How a trial without a verdict ended."""

UNFINISHED = frozenset({"actions", "time", "failed"})
"""Endings after which there was no going on."""


class Reporter:
    """Collects the failures and the reasons of one trial.

    Args:
        scenario: What was tried.
        tape: What happened.
    """

    def __init__(self, scenario: Scenario, tape: Tape) -> None:
        self._scenario = scenario
        self._tape = tape
        self._found: dict[str, Failure] = {}
        self._bad_actions: dict[int, str] = {}
        self._reasons: list[str] = []

    @property
    def failures_so_far(self) -> int:
        """How many failures there are."""
        return len(self._found)

    def failures(self) -> tuple[Failure, ...]:
        """All failures, in the order they were found."""
        return tuple(self._found.values())

    def reasons(self) -> tuple[str, ...]:
        """All reasons and notes, each once."""
        return tuple(dict.fromkeys(self._reasons))

    def note(self, text: str) -> None:
        """Something worth knowing that is no failure."""
        self._reasons.append(text)

    def crashes(self, entry: Taped, crash: Crash) -> None:
        """An action ended in crash output."""
        self._on_action(entry, crash.title, expected="no crash", seen=crash.text, files=crash.files)

    def problem(self, entry: Taped, problem: Problem) -> None:
        """The driver noticed something by itself."""
        title = f"{problem.kind}: {problem.text}, after {describe(entry)}"
        if problem.severity == "minor":
            self.note(f"Action {entry.number}: {_one_line(title)}.")
            return
        self._on_action(entry, title, expected="an answer", seen=problem.text)

    def complaint(self, entry: Taped, complaint: str) -> None:
        """The user backs a complaint."""
        title = f"complaint: {complaint}"
        self._on_action(entry, title, expected=complaint, seen=entry.seen.text)

    def sight(self, entry: Taped, complaint: str, seen: str) -> None:
        """The user complains of what a picture shows, and a second look bears it out."""
        told = f"Picture {entry.seen.picture}, looked at twice. The second time:\n{seen}"
        self._on_action(entry, f"complaint: {complaint}", expected=complaint, seen=told)

    def step_fails(self, found: StepJudgement, step: ScenarioStep, *, after_failure: bool) -> None:
        """A step of the scenario does not hold."""
        self._reasons.append(f"Step {found.step} ({step.intent}): {found.reason}.")
        entries = [entry for entry in self._tape.entries if entry.step == found.step]
        if not found.tried and after_failure:
            return  # what went wrong before explains it
        if not entries:
            evidence = f"Not tried: {step.intent}\nExpected: {step.expect}\n{self._last_seen()}"
            self._add(f"{step.intent}: {found.reason}", evidence)
            return
        known = next((e for e in entries if e.number in self._bad_actions), None)
        if known is not None:
            return  # the crash or hang is reported already, with the same action
        last = entries[-1]
        evidence = self._evidence(last, f"{step.expect} ({found.reason})", _text(entries))
        self._add(f"{step.intent}: {found.reason}", evidence)

    def lost_patience(self) -> None:
        """The user gave up on the way, whether or not a verdict came after all."""
        title = f"the user gave up {_one_line(self._tape.gave_up)}"
        self._reasons.append(f"{title[0].upper()}{title[1:]}.")
        self._add(title, f"{title}.\n{self._last_seen()}")

    def gave_up(self) -> None:
        """The user handed in nothing."""
        why = f"The user {ENDINGS[self._tape.ending]} after {len(self._tape.entries)} actions"
        self._reasons.append(f"{why}.")
        if not self._found:
            self._add(f"{why}", f"{why}.\n{self._last_seen()}")

    def _on_action(
        self, entry: Taped, title: str, *, expected: str, seen: str, files: tuple[str, ...] = ()
    ) -> None:
        self._bad_actions[entry.number] = title
        self._reasons.append(f"Action {entry.number}: {_one_line(title)}.")
        self._add(title, self._evidence(entry, expected, seen), files)

    def _add(self, title: str, evidence: str, files: tuple[str, ...] = ()) -> None:
        title = _one_line(title)
        if title in self._found:
            return  # the same thing again is no second failure
        number = len(self._found) + 1
        self._found[title] = Failure(
            id=f"{self._scenario.id}.{self._tape.persona}.{number}",
            source=FailureSource.USER,
            title=title,
            evidence=evidence,
            criteria=self._scenario.criteria,
            files=files,
            severity=Severity.MAJOR,
        )

    def _evidence(self, entry: Taped, expected: str, seen: str) -> str:
        lines = []
        earlier = [describe(e) for e in self._tape.entries[: entry.number - 1]]
        if earlier:
            lines += ["Before, in the same folder:", *earlier[-_EARLIER_LINES:]]
        lines += [f"Then {describe(entry)}", f"Expected: {expected}"]
        lines.append(_status(entry))
        lines += ["Seen:", trim(seen) or "(nothing)"]
        return "\n".join(lines)

    def _last_seen(self) -> str:
        if not self._tape.entries:
            return "The user did nothing at all."
        entry = self._tape.entries[-1]
        return f"Last, {describe(entry)}\nSeen:\n{trim(entry.seen.text) or '(nothing)'}"


def describe(entry: Taped) -> str:
    """An action in words."""
    match entry.action:
        case TypeLine(text=text):
            return f"typed: {text}"
        case Press(keys=keys):
            return f"pressed: {keys}"
        case Wait(seconds=seconds):
            return f"waited {seconds:g} s"
        case Resize(rows=rows, columns=columns):
            return f"resized the window to {rows} rows, {columns} columns"
        case _:
            return describe_hand(entry.action)


def describe_hand(action: Action) -> str:
    """What was done on pages, or sent to an API, in words."""
    words = {
        "click": "double-clicked: {name}" if getattr(action, "twice", False) else "clicked: {name}",
        "fill": "filled in {label}: {text}",
        "choose": "chose for {label}: {option}",
        "attach": "attached to {label}: {file}",
        "open": "opened: {address}",
        "point": "double-clicked at {x},{y}"
        if getattr(action, "twice", False)
        else "clicked at {x},{y}",
        "write": "wrote: {text}",
        "ask": "sent: {method} {path} {body}",
        "come_back": "came back after the server had been started again",
        "back": "went back",
        "other_tab": "changed to the other tab",
    }
    return words[action.kind].format(**action.model_dump()).rstrip()


def _status(entry: Taped) -> str:
    state = entry.seen.state
    if state.at in {"page", "answer"}:
        return f"HTTP status: {'none' if state.http_status is None else state.http_status}"
    if state.at == "window":
        return f"Picture: {entry.seen.picture}"
    if state.exit_status is None:
        return "Exit status: none, it runs on"
    return f"Exit status: {state.exit_status}"


def trim(text: str, limit: int = _SEEN_LIMIT) -> str:
    """Head and tail of a long text; the tail gets more, since errors end a text."""
    if len(text) <= limit:
        return text
    head, tail = limit // 3, limit - limit // 3
    return f"{text[:head]}\n[… {len(text) - limit} characters left out …]\n{text[-tail:]}"


def _text(entries: list[Taped]) -> str:
    return "\n".join(entry.seen.text for entry in entries if entry.seen.text)


def _one_line(text: str) -> str:
    return trim(" ".join(text.split()), 200).replace("\n", " ")
