"""The judge: by what the application did, not by the user's mood."""

from typing import Any

import pytest

from macrohard.users import Tape, TrialResult, judge
from macrohard.users.base import Action, Observation, Press, Problem, State, Taped, TypeLine
from macrohard.work import Scenario, ScenarioStep, StepResult, Verdict

CHECKED = ScenarioStep(
    intent="add an expense",
    expect="it is added",
    see=("Added expense 1.",),
    not_see=("error",),
    exit_code=0,
)
CLAIMED = ScenarioStep(intent="read the help", expect="it explains the commands")


def scenario(*steps: ScenarioStep) -> Scenario:
    return Scenario(id="X3", title="t", goal="g", criteria=("S1.C1",), steps=steps)


def did(
    text: str,
    *,
    step: int = 1,
    status: int | None = 0,
    action: Action | None = None,
    problems: tuple[Problem, ...] = (),
    screen: str = "",
) -> dict[str, Any]:
    state = State(at="running") if status is None else State(at="prompt", exit_status=status)
    return {
        "step": step,
        "action": action or TypeLine(text="app expense add --amount 5"),
        "seen": Observation(text=text, screen=screen or text, state=state, problems=problems),
    }


def tape(*entries: dict[str, Any], ending: str = "submitted") -> Tape:
    taped = tuple(Taped(number=n, **entry) for n, entry in enumerate(entries, start=1))
    return Tape(scenario="X3", persona="novice", entries=taped, ending=ending)


def verdict(
    *steps: StepResult, satisfied: bool = True, complaints: tuple[str, ...] = ()
) -> Verdict:
    return Verdict(satisfied=satisfied, summary="so so", steps=steps, complaints=complaints)


def claim(quote: str, *, step: int = 1, satisfied: bool = True, remark: str = "") -> StepResult:
    return StepResult(step=step, did="it", satisfied=satisfied, screen_quote=quote, remark=remark)


def check_invariant(result: TrialResult) -> TrialResult:
    assert result.satisfied or result.failures
    assert result.satisfied or result.reasons
    assert not (result.satisfied and result.failures)
    return result


def test_a_checked_step_holds_by_what_was_on_the_screen() -> None:
    result = judge(scenario(CHECKED), verdict(), tape(did("Added\n   expense 1.\n")))
    assert result.satisfied
    assert result.failures == ()
    assert result.actions == 1


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("Added expense 2.", 0, "'Added expense 1.' was not shown"),
        ("Added expense 1.\nerror: disk", 0, "'error' was shown"),
        ("Added expense 1.", 2, "exit status 0 was expected, it was 2"),
        ("Added expense 1.", None, "exit status 0 was expected, there was none"),
    ],
)
def test_each_check_can_fail_whatever_the_user_says(
    text: str, status: int | None, reason: str
) -> None:
    happy = verdict(claim(text))
    result = check_invariant(judge(scenario(CHECKED), happy, tape(did(text, status=status))))
    assert not result.satisfied
    [failure] = result.failures
    assert reason in failure.title
    assert "typed: app expense add --amount 5" in failure.evidence
    assert "it is added" in failure.evidence
    assert text in failure.evidence
    assert failure.criteria == ("S1.C1",)
    assert failure.id == "X3.novice.1"


def test_an_unhappy_user_does_not_outweigh_checks_that_hold() -> None:
    unhappy = verdict(claim("Added expense 1.", satisfied=False, remark="ugly"), satisfied=False)
    result = judge(scenario(CHECKED), unhappy, tape(did("Added expense 1.")))
    assert result.satisfied
    assert any("ugly" in reason for reason in result.reasons)


def test_the_last_action_of_a_step_counts_for_its_exit_status() -> None:
    entries = [did("error: no\n", status=2), did("Added expense 1."), did("", step=0, status=9)]
    step = CHECKED.model_copy(update={"not_see": ()})
    assert judge(scenario(step), verdict(), tape(*entries)).satisfied


def test_a_line_printed_in_two_pieces_is_one_line() -> None:
    entries = [did("Added exp", status=None), did("ense 1.")]
    assert judge(scenario(CHECKED), verdict(), tape(*entries)).satisfied


def test_output_of_two_commands_is_not_joined() -> None:
    step = ScenarioStep(intent="i", expect="e", see=("12",))
    result = judge(scenario(step), verdict(), tape(did("1"), did("2")))
    assert not result.satisfied


def test_a_step_that_was_not_tried_does_not_hold() -> None:
    result = check_invariant(judge(scenario(CHECKED), verdict(), tape(did("hello", step=0))))
    assert not result.satisfied
    assert not result.steps[0].tried
    assert "not tried: the user did not say why" in result.failures[0].title


def test_a_step_that_was_not_tried_is_told_with_the_cause() -> None:
    steps = scenario(CHECKED, CHECKED)
    wrong = did("error: x", status=2)
    assert judge(steps, verdict(), tape(wrong)).steps[1].reason == "not tried: step 1 had not held"
    told = verdict(claim("", step=2, satisfied=False, remark="there is\nno such button"))
    said = judge(steps, told, tape(wrong)).steps[1].reason
    assert said == "not tried: the user says: there is no such button"
    late = judge(steps, None, tape(wrong, ending="time")).steps[1].reason
    assert late == "not tried: the user ran out of patience before it"


def test_steps_after_a_failure_that_were_not_tried_are_no_failures_of_their_own() -> None:
    result = check_invariant(
        judge(scenario(CHECKED, CHECKED), verdict(), tape(did("error: x", status=2)))
    )
    assert len(result.failures) == 1
    assert len(result.reasons) == 2


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (verdict(), "no account"),
        (verdict(claim("")), "quotes nothing"),
        (verdict(claim("usage", satisfied=False, remark="too short")), "too short"),
        (verdict(claim("later text")), "not from this step"),
    ],
)
def test_a_step_without_checks_rests_on_a_claim_with_a_quote(account: Verdict, reason: str) -> None:
    entries = tape(did("usage: app"), did("later text", step=0))
    result = check_invariant(judge(scenario(CLAIMED), account, entries))
    assert not result.satisfied
    assert reason in result.reasons[0]


def test_a_claim_with_a_quote_carries_its_step() -> None:
    account = verdict(claim("usage:  app\nadd"))
    assert judge(scenario(CLAIMED), account, tape(did("usage: app add"))).satisfied


def test_a_quote_may_come_from_the_screen_and_ignores_frames() -> None:
    account = verdict(claim("long name"))
    entries = tape(did("│ long │\n│ name │"))
    assert judge(scenario(CLAIMED), account, entries).satisfied


def test_a_false_quote_voids_the_verdict_and_is_recorded() -> None:
    liar = verdict(claim("usage: app"), claim("never there", step=2))
    entries = tape(did("usage: app"), did("Added expense 1.", step=2))
    result = check_invariant(judge(scenario(CLAIMED, CHECKED), liar, entries))
    assert result.void
    assert any("'never there' was never on the screen" in reason for reason in result.reasons)
    assert [step.holds for step in result.steps] == [False, True]


def test_a_void_verdict_does_not_hide_that_all_checks_hold() -> None:
    liar = verdict(claim("never there"))
    result = judge(scenario(CHECKED), liar, tape(did("Added expense 1.")))
    assert result.void
    assert result.satisfied


GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "/work/app/a.py", line 1, in <module>
  | ExceptionGroup: x
"""
TRACEBACK = """Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/work/app/expenses/__main__.py", line 3, in <module>
    main()
    ^^^^^^
ValueError: bad
"""


def test_a_traceback_is_a_failure_even_while_exploring() -> None:
    entries = tape(did("Added expense 1."), did(TRACEBACK, step=0, status=1))
    result = check_invariant(judge(scenario(CHECKED), verdict(), entries))
    assert not result.satisfied
    [failure] = result.failures
    assert failure.title == "Python traceback: ValueError: bad"
    assert "__main__.py" in failure.evidence
    assert failure.files == ("expenses/__main__.py",)
    assert "Before, in the same folder:\ntyped: app expense add" in failure.evidence


def test_the_same_crash_twice_is_one_failure() -> None:
    again = did(TRACEBACK, step=0, action=TypeLine(text="again"))
    entries = tape(did("Added expense 1."), did(TRACEBACK, step=0), again)
    [failure] = judge(scenario(CHECKED), verdict(), entries).failures
    assert failure.id == "X3.novice.1"
    assert "again" not in failure.evidence


@pytest.mark.parametrize(
    "text",
    [
        "note: Traceback (most recent call last): is a phrase",
        'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\nNameError: x',
    ],
)
def test_talk_of_tracebacks_and_the_users_own_code_are_no_crash(text: str) -> None:
    entries = tape(did("Added expense 1."), did(text, step=0))
    assert judge(scenario(CHECKED), verdict(), entries).satisfied


def test_interrupting_a_program_is_no_crash_unless_it_was_not_interrupted() -> None:
    text = TRACEBACK.replace("ValueError: bad", "KeyboardInterrupt")
    pressed = did(text, step=0, action=Press(keys="Ctrl-C"), status=130)
    assert judge(scenario(CHECKED), verdict(), tape(did("Added expense 1."), pressed)).satisfied
    alone = did(text, step=0)
    assert not judge(scenario(CHECKED), verdict(), tape(did("Added expense 1."), alone)).satisfied


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Segmentation fault (core dumped)", 139),
        ("", 134),
        ("panic: runtime error\n\ngoroutine 1 [running]:", 2),
        ("thread 'main' panicked at src/main.rs:2:5:\nboom", 101),
        ('Exception in thread "main" java.lang.NullPointerException', 1),
        ("TypeError: x is not a function\n    at main (/app/i.js:1:1)\n    at run (/a.js:2:2)", 1),
        ("╭─── Traceback (most recent call last) ───╮\n│ x │", 1),
        (GROUP, 1),
    ],
)
def test_other_crashes(text: str, status: int) -> None:
    entries = tape(did("Added expense 1."), did(text, step=0, status=status))
    result = check_invariant(judge(scenario(CHECKED), verdict(), entries))
    assert not result.satisfied


def test_a_hang_is_a_failure() -> None:
    hang = Problem(kind="hang", text="no output and no prompt for 10 seconds")
    entries = tape(did("Added expense 1."), did("", step=0, status=None, problems=(hang,)))
    result = check_invariant(judge(scenario(CHECKED), verdict(), entries))
    assert "hang" in result.failures[0].title


LIST = did("id  amount\n1   20.75", action=TypeLine(text="app expense list"), step=0)


@pytest.mark.parametrize(
    ("complaint", "counts"),
    [
        ('`app expense list` shows "20.75", it should be 20.80', True),
        ('After action 2 it reads "1   20.75" but 17.50 + 3.25 + 0.05 = 20.80', True),
        ("`app expense list` shows the wrong amount", False),
        ('`app expense list` shows "21.00"', False),
        ('the screen says "20.75" and it is wrong', False),
        ('`app expense list` says "id"', False),
        ("I do not like it", False),
    ],
)
def test_a_complaint_counts_only_with_an_action_and_a_quote(complaint: str, counts: bool) -> None:
    entries = tape(did("Added expense 1."), LIST)
    account = verdict(satisfied=False, complaints=(complaint,))
    result = check_invariant(judge(scenario(CHECKED), account, entries))
    assert result.satisfied is not counts
    assert any(complaint.rsplit(maxsplit=1)[-1] in reason for reason in result.reasons)


def test_a_satisfied_users_complaint_is_a_remark() -> None:
    account = verdict(complaints=('`app expense list` shows "20.75"',))
    assert judge(scenario(CHECKED), account, tape(did("Added expense 1."), LIST)).satisfied


def test_who_hands_in_nothing_is_not_satisfied() -> None:
    result = check_invariant(
        judge(scenario(CHECKED), None, tape(did("Added expense 1."), ending="actions"))
    )
    assert not result.satisfied
    assert "used up all actions" in result.failures[0].title
    assert "Added expense 1." in result.failures[0].evidence


def test_evidence_is_trimmed_and_does_not_tell_the_scenario() -> None:
    other = ScenarioStep(intent="secret intent", expect="secret expectation", see=("ok",))
    entries = tape(did("ok", step=1), did("x" * 100_000, step=2))
    result = judge(scenario(other, CHECKED), verdict(), entries)
    [failure] = result.failures
    assert len(failure.evidence) < 3000
    assert "secret" not in failure.evidence
