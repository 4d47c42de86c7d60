"""A verdict is looked over before it is taken."""

from macrohard.users import HandIn, Tape, TypeLine
from macrohard.users.base import Observation, State, Taped
from macrohard.work import Scenario, ScenarioStep, StepResult, Verdict

STEP = ScenarioStep(intent="be greeted", expect="hello")
SCENARIO = Scenario(id="X", title="t", goal="g", criteria=(), steps=(STEP, STEP))


def tape(*steps: int) -> Tape:
    seen = Observation(text="hello there", screen="", state=State(at="prompt", exit_status=0))
    entries = tuple(
        Taped(number=number, step=step, action=TypeLine(text="hi"), seen=seen)
        for number, step in enumerate(steps, start=1)
    )
    return Tape(scenario="X", persona="p", entries=entries)


def verdict(quote: str = "", *, satisfied: bool = True) -> Verdict:
    step = StepResult(step=1, did="it", satisfied=satisfied, screen_quote=quote)
    return Verdict(satisfied=satisfied, summary="s", steps=(step,))


def test_a_sound_verdict_is_taken() -> None:
    assert HandIn(SCENARIO, lambda: tape(1, 2))(verdict("hello\nthere")) == ""


def test_a_false_quote_and_a_forgotten_step_are_sent_back_once() -> None:
    check = HandIn(SCENARIO, lambda: tape(1))
    answer = check(verdict("goodbye"))
    assert "'goodbye' was never on the screen" in answer
    assert "step 2 (be greeted): no action" in answer
    assert check(verdict("goodbye")) == ""


def test_who_gave_up_at_a_failure_need_not_try_the_rest() -> None:
    assert HandIn(SCENARIO, lambda: tape(1))(verdict(satisfied=False)) == ""
