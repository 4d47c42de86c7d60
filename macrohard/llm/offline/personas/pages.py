"""Users of pages and APIs: what they do in which order, in handfuls of actions.

A user sends several actions at once where they need no look in between, and is sent as many
results. All know the page by its outline alone.
"""

import json
import re
from collections.abc import Generator
from dataclasses import dataclass, field

import yaml

from macrohard.llm.offline.journeys.gestures import read_gestures
from macrohard.llm.offline.scene import Action
from macrohard.lookalikes import reads
from macrohard.work import Scenario, ScenarioStep, StepResult, Verdict

Handful = Generator[list[Action], list[str], list[str]]
"""Some actions at once, answered with their results; returns the last ones."""

ACTIONS = 170
"""Actions a user of pages allows itself."""

_HEAD = re.compile(r'^page "(?P<title>.*)" at (?P<path>\S+), status (?P<status>\d+)', re.MULTILINE)
_ANSWER = re.compile(r"^(?P<status>\d{3})\b", re.MULTILINE)
_SPENT = re.compile(r"^error: (?:all \d+ actions|your time is over|you gave up)")
_SINGLE = re.compile(r"^\s*- '.*$", re.MULTILINE)
"""A line of an outline that YAML has to put between single quotes, as where it holds a colon."""
_LONGEST_QUOTE = 100
_WINDOWS = re.compile(r'^(?:window "|no window$|the program has ended$)', re.MULTILINE)


class SpentError(Exception):
    """No action is left."""


@dataclass(frozen=True)
class Look:
    """A page's outline or an answer, as it was shown.

    Attributes:
        text: All of it.
    """

    text: str

    @property
    def status(self) -> int:
        """HTTP status; 0 without one."""
        found = _HEAD.search(self.text) or _ANSWER.search(self.text)
        return int(found["status"]) if found else 0

    @property
    def path(self) -> str:
        """Where the page is."""
        found = _HEAD.search(self.text)
        return found["path"] if found else ""

    @property
    def failed(self) -> str:
        """Why an action could not be done; empty when it was."""
        return self.text.partition("error: ")[2] if self.text.startswith("error: ") else ""

    @property
    def troubles(self) -> list[str]:
        """What was noticed that is wrong by itself."""
        return [line[2:] for line in self.text.splitlines() if line.startswith("! ")]

    @property
    def plain(self) -> str:
        """With what JSON and YAML had to mark unmarked, and white space evened out."""
        text = _SINGLE.sub(lambda line: line[0].replace("''", "'"), self.text)
        return " ".join(text.replace('\\"', '"').split())

    def shows(self, wanted: str) -> bool:
        """Whether a text is there; what was read off a picture is compared as such."""
        there = " ".join(wanted.split()) in self.plain
        return there or (bool(_WINDOWS.search(self.text)) and reads(wanted, self.text))

    def names(self, role: str) -> list[str]:
        """Names of the elements of a role."""
        found = re.findall(rf'- {role} ("(?:[^"\\]|\\.)*")', self.text)
        return [json.loads(name) for name in found]

    def holds(self, label: str, text: str) -> bool:
        """Whether a text stands in a field, whichever way the outline writes it.

        A browser's outline is YAML, in which what could be taken for something else is quoted
        (``- textbox "Meals": "0"``); the one without a browser writes it as it is.
        """
        name = re.escape(json.dumps(label, ensure_ascii=False))
        found = re.search(rf"- (?:textbox|spinbutton|searchbox) {name}[^:\n]*: (.*)", self.text)
        shown = found[1] if found else ""
        held = {shown.strip(), _unquoted(shown).strip()}
        return bool({text.strip(), text.strip().replace(" ", "T", 1)} & held)

    def quote(self, *wanted: str) -> str:
        """A piece of it, one with what was wanted where there is one."""
        for text in wanted:
            if self.shows(text):
                return text[:_LONGEST_QUOTE]
        names = [*self.names("heading"), *self.names("link")]
        return (names or [""])[0][:_LONGEST_QUOTE]


def _unquoted(shown: str) -> str:
    """What a quoted text of YAML says; the text itself where it is none."""
    try:
        said = yaml.safe_load(shown) if shown.startswith(('"', "'")) else shown
    except yaml.YAMLError:
        return shown
    return said if isinstance(said, str) else shown


@dataclass
class Visitor:
    """One person with one scenario on pages or an API.

    Attributes:
        scenario: What is to be done.
        actions: How many actions were done.
        results: Account of the steps.
        complaints: What was wrong, with evidence.
        keys: Whether there is a keyboard.
    """

    scenario: Scenario
    keys: bool = False
    actions: int = 0
    results: list[StepResult] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def spare(self) -> int:
        """Actions that are left when those for the steps to come are kept back."""
        coming = self.scenario.steps[len(self.results) :]
        return ACTIONS - self.actions - sum(len(read_gestures(s.type)) + 1 for s in coming)

    def act(self, *actions: Action, step: int = 0) -> Handful:
        """Do some things; only the last serves the step.

        Raises:
            SpentError: No action is left.
        """
        labelled = [
            Action(a.tool, {**a.arguments, "step": step if n == len(actions) else 0})
            for n, a in enumerate(actions, start=1)
        ]
        results = yield labelled
        for result in results:
            if _SPENT.match(result):
                raise SpentError(result)
            self.actions += 1
        return results

    def look(self, *actions: Action, step: int = 0) -> Generator[list[Action], list[str], Look]:
        """The same, with what is there at last."""
        results = yield from self.act(*actions, step=step)
        failed = next((r for r in results if r.startswith("error: ")), None)
        return Look(failed or results[-1])

    def do(self, number: int, step: ScenarioStep) -> Generator[list[Action], list[str], Look]:
        """Do a step as it is suggested."""
        actions = read_gestures(step.type)
        if not actions:
            self.account(number, step, Look(""), "I did not know what to do for this.")
            return Look("")
        look = yield from self.look(*actions, step=number)
        self.account(number, step, look)
        return look

    def account(self, number: int, step: ScenarioStep, look: Look, why: str = "") -> None:
        """Say how a step went."""
        wrong = [why] if why else []
        wrong += [look.failed] if look.failed else []
        wrong += [f"{text!r} is not there" for text in step.see if not look.shows(text)]
        wrong += look.troubles
        self.results.append(
            StepResult(
                step=number,
                did=(step.type or "nothing").splitlines()[-1][:200],
                satisfied=not wrong,
                screen_quote=look.quote(*step.see) if not look.failed else "",
                remark="; ".join(wrong)[:500],
            )
        )

    def complain(self, look: Look, why: str) -> None:
        """Something is wrong; the last action shows it."""
        shown = look.quote().replace("`", "'").replace('"', "'")
        told = f", it showed `{shown}`" if len(shown) >= 4 else ""
        self.complaints.append(f"action {self.actions}: {why}{told}")

    def verdict(self, words: str) -> Verdict:
        """The account of the session."""
        done = {result.step for result in self.results}
        missed = [
            StepResult(step=number, did="nothing", satisfied=False, remark="I did not come to it.")
            for number in range(1, len(self.scenario.steps) + 1)
            if number not in done
        ]
        steps = (*self.results, *missed)
        good = sum(step.satisfied for step in steps)
        told = f"{good} of {len(steps)} steps went as they should"
        if self.complaints:
            told += f"; {len(self.complaints)} other things were wrong"
        return Verdict(
            satisfied=good == len(steps) and not self.complaints,
            summary=f"{words} {told}.",
            steps=steps,
            complaints=tuple(self.complaints),
        )
