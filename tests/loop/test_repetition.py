import pytest

from macrohard.llm.base import ToolCall
from macrohard.loop.repetition import WAITS, Repetition


def counts(*turns: tuple[str, str, str]) -> list[int]:
    """What is counted after each turn of one call: tool, arguments, result."""
    repetition = Repetition()
    return [
        repetition.count([ToolCall(id=str(n), name=name, arguments=arguments)], [result])
        for n, (name, arguments, result) in enumerate(turns)
    ]


LS = ("bash", '{"command": "ls"}', "a.py")
TEST = ("bash", '{"command": "pytest"}', "1 failed in 0.31s")
EDIT = ("edit_file", '{"path": "a.py"}', "error: no match")


def test_the_same_with_the_same_result_is_counted() -> None:
    assert counts(LS, LS, LS) == [1, 2, 3]


def test_another_result_begins_anew() -> None:
    assert counts(LS, (*LS[:2], "a.py b.py"), LS) == [1, 1, 1]


def test_durations_make_no_difference_nor_does_the_order_of_arguments() -> None:
    later = ("bash", '{ "command":"pytest" }', "1 failed in 0.42s")
    assert counts(TEST, later) == [1, 2]


@pytest.mark.parametrize("circle", [[TEST, EDIT], [LS, TEST, EDIT]])
def test_circles_of_two_and_three_are_seen(circle: list[tuple[str, str, str]]) -> None:
    assert counts(*circle * 4)[-1] == 4


def test_work_between_two_runs_of_the_tests_is_no_circle() -> None:
    edits = [("edit_file", f'{{"new": {n}}}', "edited") for n in range(6)]
    assert max(counts(*(each for edit in edits for each in (edit, TEST)))) == 1


@pytest.mark.parametrize(
    "wait",
    [("wait", '{"seconds": 5}', "(no prompt)"), ("bash", '{"command": "sleep 30; cat log"}', "")],
)
def test_waiting_is_counted_slowly(wait: tuple[str, str, str]) -> None:
    assert counts(*[wait] * (2 * WAITS))[-1] == 2
