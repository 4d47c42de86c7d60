"""Simulated users: they do what is asked in their own way, and judge by what they saw."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from support.fake_terminal import START, Session, play

from macrohard.llm.offline.personas.command import started_with
from macrohard.users import Observation, Tape, Taped, TypeLine, judge
from macrohard.users.base import State
from macrohard.users.tools import show
from macrohard.work import Scenario, ScenarioStep, Verdict

PERSONAS = ("novice", "hurried", "careful", "hostile")

HELP = """usage: shop tea [-h] VERB ...

positional arguments:
  VERB
    add       add a tea
    list      list teas
    show      show one tea
    delete    delete a tea
    total     add up a field

options:
  -h, --help  show this help message and exit"""

ADD = f"{START} tea add --name Assam --grams 5"
SCENARIO = Scenario(
    id="X1",
    title="Teas",
    goal="Know the teas.",
    criteria=("S1.C1",),
    steps=(
        ScenarioStep(intent="Add", type=ADD, expect="added", see=("Added tea 1.",), exit_code=0),
        ScenarioStep(
            intent="Add",
            type=f"{START} tea add --name Ceylon --grams 7",
            expect="added",
            see=("Added tea 2.",),
            exit_code=0,
        ),
        ScenarioStep(
            intent="Err",
            type=f"{START} tea add --name Assam --grams x",
            expect="refused",
            see=("error:",),
            not_see=("Added",),
            exit_code=2,
        ),
        ScenarioStep(
            intent="Total", type=f"{START} tea total grams", expect="12", see=("12",), exit_code=0
        ),
        ScenarioStep(
            intent="Look", type=f"{START} tea list", expect="both", see=("Ceylon",), exit_code=0
        ),
        ScenarioStep(
            intent="Delete",
            type=f"{START} tea delete 2",
            expect="gone",
            see=("Deleted tea 2.",),
            exit_code=0,
        ),
    ),
)


@dataclass
class Shop:
    """A program that does right; what it answers to some lines can be replaced."""

    teas: dict[int, tuple[str, int]] = field(default_factory=dict)
    last: int = 0
    faulty: Callable[["Shop", list[str]], tuple[str, int] | None] = lambda _shop, _words: None

    def __call__(self, line: str) -> tuple[str, int]:
        words = line.removeprefix(START).split()
        answer = self.faulty(self, words)
        return answer if answer is not None else self.answer(words)

    def answer(self, words: list[str]) -> tuple[str, int]:  # noqa: C901, PLR0911 (one case a verb)
        match words:
            case ["--help"] | ["tea", "--help"]:
                return HELP, 0
            case ["tea", "add", "--help"]:
                return "usage: shop tea add [-h] --name NAME [--grams GRAMS]\n\nadds a tea", 0
            case ["tea", "add", "--name", name, "--grams", grams] if grams.isdigit():
                self.last += 1
                self.teas[self.last] = (name, int(grams))
                return f"Added tea {self.last}.", 0
            case ["tea", "add"]:
                return "error: --name is required", 2
            case ["tea", "add", "--grams"]:
                return "error: --grams needs a value", 2
            case ["tea", "list"]:
                return self.table(), 0
            case ["tea", "list", "--json"]:
                rows = ({"id": i, "name": n, "grams": g} for i, (n, g) in self.teas.items())
                return str([*rows]).replace("'", '"'), 0
            case ["tea", "show", number] if number.isdigit() and int(number) in self.teas:
                name, grams = self.teas[int(number)]
                return f"id: {number}\nname: {name}\ngrams: {grams}", 0
            case ["tea", "delete", number] if number.isdigit() and int(number) in self.teas:
                del self.teas[int(number)]
                return f"Deleted tea {number}.", 0
            case ["tea", "total", "grams"]:
                return str(sum(grams for _, grams in self.teas.values())), 0
        return f"error: there is no {' '.join(words)[:40]}", 2

    def table(self) -> str:
        rows = [f"{i:>3}  {name}  {grams}" for i, (name, grams) in self.teas.items()]
        return "\n".join(rows) or "No teas."


def verdict(session: Session) -> Verdict:
    assert session.verdict is not None
    return session.verdict


@pytest.mark.parametrize("persona", [*PERSONAS, "somebody else"])
def test_a_right_program_satisfies_everybody(persona: str) -> None:
    session = play(SCENARIO, Shop(), persona)
    found = verdict(session)
    assert found.satisfied, found
    assert [step.step for step in found.steps] == [1, 2, 3, 4, 5, 6]
    assert len(session.lines) <= 60


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_step_is_done_once_as_suggested_and_under_its_number(persona: str) -> None:
    session = play(SCENARIO, Shop(), persona)
    for number, step in enumerate(SCENARIO.steps, start=1):
        assert session.typed(number) == [step.type]


@pytest.mark.parametrize("persona", PERSONAS)
def test_quotes_were_on_the_screen(persona: str) -> None:
    session = play(SCENARIO, Shop(), persona)
    for step in verdict(session).steps:
        assert step.screen_quote
        assert step.screen_quote in session.screens


def test_personas_go_about_it_differently() -> None:
    explored = {p: tuple(play(SCENARIO, Shop(), p).typed(0)) for p in PERSONAS}
    assert len(set(explored.values())) == 4
    assert explored["novice"][0] == f"{START} --help"
    assert any("addd" in line for line in explored["novice"])
    assert not any("--help" in line for line in explored["hurried"])
    assert f"{START} tea delete 2" in explored["hurried"]
    assert f"{START} tea show 1" in explored["careful"]
    assert any("DROP TABLE" in line for line in explored["hostile"])


def test_the_careful_user_asks_for_no_verb_that_the_help_does_not_list() -> None:
    lean = HELP.replace("    show      show one tea\n", "")
    answer = fault(lambda words: words == ["tea", "--help"], lean, 0)
    session = play(SCENARIO, Shop(faulty=answer), "careful")  # type: ignore[arg-type]
    assert f"{START} tea --help" in session.typed(0)
    assert not any(" tea show " in line for line in session.typed(0))


def test_the_novice_forgets_what_the_help_calls_required() -> None:
    explored = play(SCENARIO, Shop(), "novice").typed(0)
    assert f"{START} tea add --help" not in explored  # two additions: two slips
    steps = (SCENARIO.steps[0],) * 1 + tuple(
        SCENARIO.steps[0].model_copy(
            update={"type": f"{START} tea add --name T{n} --grams 1", "see": (f"Added tea {n}.",)}
        )
        for n in (2, 3)
    )
    session = play(SCENARIO.model_copy(update={"steps": steps}), Shop(), "novice")
    assert f"{START} tea add --help" in session.typed(0)
    assert f"{START} tea add" in session.typed(0)
    assert verdict(session).satisfied


def fault(match: Callable[[list[str]], bool], text: str, status: int) -> Callable[..., object]:
    return lambda _shop, words: (text, status) if match(words) else None


TRACE = 'Traceback (most recent call last):\n  File "shop.py", line 3, in <module>\nKeyError: 1'


@pytest.mark.parametrize(
    ("persona", "match", "text", "status", "said"),
    [
        ("careful", lambda w: w[:2] == ["tea", "total"], "13", 0, "12"),
        ("careful", lambda w: w[:2] == ["tea", "show"], "id: 1\nname: Assam", 0, "grams 5"),
        ("hostile", lambda w: "DROP" in w, TRACE, 1, "crash"),
        ("hostile", lambda w: w[:1] == ["no-such-kind"], "", 0, "refused"),
        ("hostile", lambda w: w[:2] == ["tea", "export"], "error: a\nerror: b", 2, "one line"),
        ("novice", lambda w: w[:2] == ["tea", "addd"], "Added tea 9.", 0, "refused"),
        ("novice", lambda w: w == ["--help"], "error: no", 2, "does not help"),
        ("hurried", lambda w: w == ["t"], "usage: x\nerror: no", 2, "one line"),
    ],
)
def test_what_is_wrong_beside_the_steps_costs_the_satisfaction(
    persona: str, match: Callable[[list[str]], bool], text: str, status: int, said: str
) -> None:
    found = verdict(play(SCENARIO, Shop(faulty=fault(match, text, status)), persona))  # type: ignore[arg-type]
    assert not found.satisfied
    told = " ".join([*found.complaints, *(step.remark for step in found.steps)])
    assert said in told


def test_a_careful_user_sees_that_a_refused_entry_was_kept() -> None:
    def keeps(shop: Shop, words: list[str]) -> tuple[str, int] | None:
        if words[-1:] == ["x"]:
            shop.last += 1
            shop.teas[shop.last] = ("Assam", 0)
            return "error: grams must be a number", 2
        return None

    found = verdict(play(SCENARIO, Shop(faulty=keeps), "careful"))
    assert not found.satisfied
    assert any("not as it was before" in complaint for complaint in found.complaints)


def test_a_hostile_user_sees_that_refused_input_left_traces() -> None:
    def keeps(shop: Shop, words: list[str]) -> tuple[str, int] | None:
        if "no-such-verb" in words:
            shop.last += 1
            shop.teas[shop.last] = ("trace", 0)
        return None

    found = verdict(play(SCENARIO, Shop(faulty=keeps), "hostile"))
    assert not found.satisfied
    assert any("not as it was before" in complaint for complaint in found.complaints)


def test_a_hurried_user_sees_answers_that_change_by_themselves() -> None:
    calls: list[int] = []

    def drifts(_shop: Shop, words: list[str]) -> tuple[str, int] | None:
        if words == ["tea", "total", "grams"]:
            calls.append(1)
            return ("12" if len(calls) == 1 else "13"), 0
        return None

    found = verdict(play(SCENARIO, Shop(faulty=drifts), "hurried"))
    assert any("only sent twice" in complaint for complaint in found.complaints)


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_step_that_fails_is_told_and_the_others_go_on(persona: str) -> None:
    wrong = fault(lambda w: w == ["tea", "list"], "No teas.", 0)
    found = verdict(play(SCENARIO, Shop(faulty=wrong), persona))  # type: ignore[arg-type]
    assert not found.satisfied
    by_step = {step.step: step for step in found.steps}
    assert not by_step[5].satisfied
    assert "'Ceylon' was not shown" in by_step[5].remark
    assert by_step[5].screen_quote == "No teas."
    assert by_step[4].satisfied


def test_a_program_that_hangs_is_waited_for_then_interrupted() -> None:
    hanging = fault(lambda w: w == ["tea", "list"], "", -1)
    session = play(SCENARIO, Shop(faulty=hanging), "careful")  # type: ignore[arg-type]
    assert "(wait)" in [line for _, line, _ in session.lines]
    assert "(press)" in [line for _, line, _ in session.lines]
    assert any("did not come back" in c for c in verdict(session).complaints)


def test_a_step_without_a_line_is_not_claimed() -> None:
    step = ScenarioStep(intent="Find the best tea.", expect="found")
    found = verdict(play(SCENARIO.model_copy(update={"steps": (step,)}), Shop(), "novice"))
    assert not found.satisfied
    assert "did not know what to type" in found.steps[0].remark


def test_who_runs_out_of_actions_still_hands_in_a_verdict() -> None:
    found = verdict(play(SCENARIO, Shop(), "hostile", actions=3))
    assert not found.satisfied
    assert "out of time" in found.summary
    assert [step.step for step in found.steps] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("persona", PERSONAS)
def test_complaints_are_backed_in_the_eyes_of_the_judge(persona: str) -> None:
    wrong = fault(lambda w: "total" in w or "DROP" in w or "addd" in w, TRACE, 1)
    session = play(SCENARIO, Shop(faulty=wrong), persona)  # type: ignore[arg-type]
    statuses = {text: 1 if "Traceback" in text else 0 for _, _, text in session.lines}
    tape = Tape(
        scenario="X1",
        persona=persona,
        entries=tuple(
            Taped(
                number=number,
                step=step,
                action=TypeLine(text=line),
                seen=Observation(
                    text=text, screen="", state=State(at="prompt", exit_status=statuses[text])
                ),
            )
            for number, (step, line, text) in enumerate(session.lines, start=1)
        ),
    )
    result = judge(SCENARIO, verdict(session), tape)
    assert not result.void
    assert not result.satisfied
    assert any("KeyError" in failure.evidence for failure in result.failures)


def test_results_look_as_the_harness_shows_them() -> None:
    seen = Observation(text="No teas.", screen="", state=State(at="prompt", exit_status=0))
    assert show(seen) == "No teas.\n[0] $ "


@pytest.mark.parametrize(
    "note",
    [f"The program is started with: {START}\nMore.", f"The program is started with: {START}."],
)
def test_the_note_tells_how_to_start(note: str) -> None:
    assert started_with(note) == ("python", "-m", "shop")
