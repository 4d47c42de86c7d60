"""Where a run stands, added up from its events as they come. What the live view shows."""

from dataclasses import dataclass, field

from macrohard.config import STAGES
from macrohard.journal import Event

_STAGES_OF = {"item": "coding", "check": "verify", "trial": "users"}


@dataclass
class Doing:
    """A work item, a check or a trial.

    Attributes:
        name: Id of the item or the trial, or what checks: a suite of tests or a reviewer.
        who: Role or persona.
        title: What it is about.
        round: Round of the build.
        outcome: How it ended; empty while someone is at it.
        ended: Number of its end among all ends; 0 while someone is at it.
    """

    name: str
    who: str
    title: str
    round: int
    outcome: str = ""
    ended: int = 0


@dataclass
class Tally:
    """Sums over the events of one run.

    Attributes:
        run: Id of the run.
        round: Current round.
        stages: State of each stage in this round: ``waiting``, ``working`` or ``done``.
        items: Work items by id and round, in order of their first start.
        checks: Suites and reviewers by name and round.
        trials: Trials by id.
        tests: Passed and failed by suite, of the last time it ran.
        defects: Accepted by triage so far.
        calls: New answers.
        reused: Answers that were on disk already.
        tokens: Sent and received.
        usd: Dollars.
        last_role: Who answered last.
        status: How the run ended; empty while it goes on.
    """

    run: str = ""
    round: int = 1
    stages: dict[str, str] = field(default_factory=lambda: dict.fromkeys(STAGES, "waiting"))
    items: dict[tuple[str, int], Doing] = field(default_factory=dict)
    checks: dict[tuple[str, int], Doing] = field(default_factory=dict)
    trials: dict[str, Doing] = field(default_factory=dict)
    tests: dict[str, tuple[int, int]] = field(default_factory=dict)
    defects: int = 0
    calls: int = 0
    reused: int = 0
    tokens: int = 0
    usd: float = 0.0
    last_role: str = ""
    status: str = ""
    _ends: int = 0

    def take(self, event: Event) -> None:
        """Count one event; a type nobody knows is left alone."""
        kind = event["type"]
        if kind.startswith("stage_"):
            self._take_stage(event)
        elif kind.startswith(("item_", "check_", "trial_")):
            self._take_doing(event)
        elif kind == "call_finished":
            self._take_call(event)
        elif kind == "run_started":
            self._start(event)
        elif kind == "run_finished":
            self.status = event["status"]
        elif kind == "commit":
            self._take_commit(event["item"])
        elif kind == "tests_finished":
            self.tests[event["suite"]] = (event["passed"], event["failed"])
        elif kind == "defect":
            self.defects += 1

    @property
    def at_work(self) -> list[Doing]:
        """Agents at an item, suites and reviewers at a check, and users at a trial."""
        every = (*self.items.values(), *self.checks.values(), *self.trials.values())
        return [one for one in every if not one.outcome]

    @property
    def checks_of_round(self) -> list[Doing]:
        """The checks of the current round."""
        return [check for check in self.checks.values() if check.round == self.round]

    @property
    def trials_of_round(self) -> list[Doing]:
        """The trials of the current round."""
        return [trial for trial in self.trials.values() if trial.round == self.round]

    def _start(self, event: Event) -> None:
        self.run, self.status = event.get("id", self.run), ""
        # Whoever was at work when the run was killed is no more; the graph starts them again.
        for doing in self.at_work:
            self._end(doing, "interrupted")

    def _take_stage(self, event: Event) -> None:
        stage = event["stage"]
        self._enter_round(event.get("round", self.round))
        if event["type"] == "stage_finished":
            self.stages[stage] = "done"
            return
        # Coding has no events of its own; whichever stage begins, those before it are over.
        for earlier in STAGES[: STAGES.index(stage)] if stage in STAGES else ():
            # Pictures are made beside the plan, and not for every app.
            if earlier != "assets" and (stage, earlier) != ("assets", "plan"):
                self.stages[earlier] = "done"
        self.stages[stage] = "working"

    def _take_doing(self, event: Event) -> None:
        group, _, what = event["type"].partition("_")
        round_ = event.get("round", self.round)
        self._enter_round(round_)
        if group == "item":
            known = self.items.setdefault(
                (event["item"], round_),
                Doing(event["item"], event["role"], event.get("title", ""), round_),
            )
        elif group == "check":
            name = event["check"]
            known = self.checks.setdefault(
                (name, round_), Doing(name, event.get("title", ""), "", round_)
            )
        else:
            known = self.trials.setdefault(
                event["trial"],
                Doing(event["trial"], event.get("persona", ""), event.get("scenario", ""), round_),
            )
        if what == "started":
            known.outcome, known.ended = "", 0
            self.stages[_STAGES_OF[group]] = "working"
        elif "outcome" in event:
            self._end(known, event["outcome"])
        elif "satisfied" in event:
            self._end(known, "satisfied" if event["satisfied"] else "not satisfied")

    def _take_commit(self, item: str) -> None:
        """What was ready is on main now; an item of several rounds means its last."""
        for doing in reversed(self.items.values()):
            if doing.name == item:
                self._end(doing, "merged")
                return

    def _end(self, doing: Doing, outcome: str) -> None:
        self._ends += 1
        doing.outcome, doing.ended = outcome, self._ends

    def _take_call(self, event: Event) -> None:
        self.last_role = event["role"]
        if event.get("reused"):
            self.reused += 1
            return
        self.calls += 1
        self.tokens += event["input_tokens"] + event["output_tokens"]
        self.usd += event["usd"]

    def _enter_round(self, round_: int) -> None:
        if round_ <= self.round:
            return
        self.round = round_
        for stage in STAGES[STAGES.index("coding") :]:
            self.stages[stage] = "waiting"
