"""Failures become defects, defects become repairs, and a round is judged."""

import json
from collections.abc import Sequence

from pydantic import BaseModel
from support.workbench import scene

from macrohard.llm.offline.parts.triage import judge, read_limits
from macrohard.work import (
    Criterion,
    Decision,
    Design,
    Failure,
    FailureSource,
    ItemKind,
    Module,
    Plan,
    Requirements,
    Severity,
    Story,
    Triage,
    WorkItem,
)

TRACE = """\
  File "/work/app/tests/test_{test}.py", line {line}, in test_{test}
    use()
  File "/work/app/shop/{file}.py", line {line}, in {function}
    return 1
{error}: {value!r} is wrong
"""


def story(number: int) -> Story:
    criteria = [
        Criterion(id=f"S{number}.C{index}", given="g", when="w", then="t") for index in (1, 2)
    ]
    return Story(id=f"S{number}", as_a="clerk", i_want="a", so_that="b", criteria=tuple(criteria))


REQUIREMENTS = Requirements(title="Shop", purpose="p", stories=tuple(map(story, (1, 2, 3))))
DESIGN = Design(
    app="shop",
    summary="s",
    modules=(
        Module(path="shop/db.py", responsibility="data", stories=("S1", "S2", "S3")),
        Module(
            path="shop/items.py", responsibility="i", depends_on=("shop/db.py",), stories=("S1",)
        ),
        Module(
            path="shop/sales.py", responsibility="s", depends_on=("shop/db.py",), stories=("S2",)
        ),
        Module(
            path="tests/test_items.py",
            responsibility="t",
            depends_on=("shop/items.py",),
            stories=("S1",),
        ),
        Module(
            path="tests/test_sales.py",
            responsibility="t",
            depends_on=("shop/sales.py",),
            stories=("S2",),
        ),
    ),
    interfaces=("cli",),
    run=("python", "-m", "shop"),
    test=("python", "-m", "unittest"),
)
PLAN = Plan(
    items=(
        WorkItem(
            id="W1", title="Data", role="data-engineer", description="d", files=("shop/db.py",)
        ),
        WorkItem(
            id="W2",
            title="Items",
            role="backend-engineer",
            description="d",
            files=("shop/items.py", "tests/test_items.py"),
        ),
        WorkItem(
            id="W3",
            title="Sales",
            role="algorithms-engineer",
            description="d",
            files=("shop/sales.py", "tests/test_sales.py"),
        ),
    )
)


def trace(
    file: str, function: str, error: str = "TypeError", line: int = 3, value: str = "x"
) -> str:
    return TRACE.format(
        test="items", file=file, function=function, error=error, line=line, value=value
    )


def failure(number: int, evidence: str, **more: object) -> Failure:
    fields: dict[str, object] = {
        "id": f"F{number}",
        "source": FailureSource.UNIT,
        "title": f"failure {number}",
        "evidence": evidence,
    }
    return Failure.model_validate(fields | more)


def judged(
    failures: Sequence[Failure],
    history: Sequence[Triage] = (),
    limits: str = "round 1 of 4; budget left: 90 calls",
) -> Triage:
    documents: dict[str, str | BaseModel] = {
        "requirements": REQUIREMENTS,
        "design": DESIGN,
        "plan": PLAN,
        "failures": json.dumps([entry.model_dump(mode="json") for entry in failures]),
        "history": json.dumps([entry.model_dump(mode="json") for entry in history]),
        "limits": limits,
    }
    return judge(scene(documents, stage="triage", output="Triage"))


def test_nothing_wrong_ships() -> None:
    triage = judged([])
    assert (triage.decision, triage.defects, triage.items) == (Decision.SHIP, (), ())


def test_one_cause_seen_by_several_tests_is_one_defect() -> None:
    triage = judged(
        [
            failure(1, trace("items", "add", line=3, value="x")),
            failure(2, trace("items", "add", line=4, value="y")),
            failure(3, trace("sales", "add")),
        ]
    )
    assert [defect.failures for defect in triage.defects] == [("F1", "F2"), ("F3",)]
    assert "'x' is wrong" in triage.defects[0].evidence
    assert "'y' is wrong" in triage.defects[0].evidence
    assert triage.defects[0].files[0] == "shop/items.py"


def test_the_same_criterion_seen_by_test_and_user_is_one_defect() -> None:
    triage = judged(
        [
            failure(1, "expected 1, saw 2", source="acceptance", criteria=["S1.C1"]),
            failure(2, "I did not see it", source="user", criteria=["S1.C1"]),
            failure(3, "expected 3, saw 4", source="acceptance", criteria=["S1.C2"]),
        ]
    )
    assert [defect.failures for defect in triage.defects] == [("F1", "F2"), ("F3",)]


def test_the_same_command_with_the_same_symptom_is_one_defect() -> None:
    seen = "$ python -m shop item add --name {}\nKeyError: {!r}"
    triage = judged(
        [failure(1, seen.format("a", "a")), failure(2, seen.format("b", "b"), source="user")]
    )
    assert [defect.failures for defect in triage.defects] == [("F1", "F2")]


def test_a_crowd_of_failures_in_one_file_is_one_defect() -> None:
    crowd = [failure(n, trace("items", f"f{n}", error=f"E{n}Error")) for n in range(1, 5)]
    assert len(judged(crowd).defects) == 1
    assert len(judged(crowd[:2]).defects) == 2


def test_the_gravest_failure_names_the_defect_and_comes_first() -> None:
    triage = judged(
        [
            failure(1, "a", title="mild", severity="minor"),
            failure(2, trace("items", "add"), title="grave", severity="blocker"),
            failure(3, trace("items", "add"), title="same", severity="major"),
        ]
    )
    assert [defect.title for defect in triage.defects] == ["grave", "mild"]
    assert triage.defects[0].severity is Severity.BLOCKER
    assert [defect.id for defect in triage.defects] == ["D1", "D2"]


def test_files_come_from_criteria_when_the_evidence_names_none() -> None:
    triage = judged([failure(1, "saw 2", source="acceptance", criteria=["S2.C1"])])
    assert triage.defects[0].files == ("shop/sales.py",)


def test_a_test_that_fails_by_itself_points_at_what_it_tests() -> None:
    triage = judged([failure(1, 'File "tests/test_sales.py", line 4, in test_a\nAssertionError')])
    assert triage.defects[0].files == ("shop/sales.py", "tests/test_sales.py")


def test_repairs_side_by_side_touch_different_files() -> None:
    triage = judged(
        [
            failure(1, trace("items", "add")),
            failure(2, "saw 2", source="acceptance", criteria=["S2.C1"]),
        ]
    )
    first, second = triage.items
    assert not set(first.files) & set(second.files)
    assert {"shop/items.py", "tests/test_items.py", "shop/db.py"} <= set(first.files)
    assert "shop/sales.py" in second.files
    assert [item.kind for item in triage.items] == [ItemKind.REPAIR] * 2
    assert [item.id for item in triage.items] == ["W4", "W5"]
    assert [item.round for item in triage.items] == [2, 2]
    assert sum(item.budget_share for item in triage.items) == 1


def test_defects_in_the_same_file_go_to_one_engineer() -> None:
    triage = judged(
        [failure(1, trace("items", "add")), failure(2, trace("items", "edit", error="KeyError"))]
    )
    assert len(triage.defects) == 2
    assert [item.defects for item in triage.items] == [("D1", "D2")]


def test_who_wrote_the_files_repairs_them_and_else_the_repair_engineer() -> None:
    sales = 'File "shop/sales.py", line 1, in f\nE   KeyError: 1'
    both = f'File "shop/db.py", line 1, in g\n{sales}'
    assert judged([failure(1, sales)]).items[0].role == "algorithms-engineer"
    assert judged([failure(1, both)]).items[0].role == "repair-engineer"


def test_minor_remarks_alone_do_not_hold_a_release() -> None:
    remark = failure(1, "shop/db.py:3: no docstring", source="review", severity="minor")
    triage = judged([remark])
    assert triage.decision is Decision.SHIP
    assert len(triage.defects) == 1


def test_a_minor_complaint_of_a_user_is_worth_a_round_while_there_is_one() -> None:
    complaint = failure(1, "I saw 2", source="user", severity="minor", criteria=["S1.C1"])
    assert judged([complaint]).decision is Decision.ANOTHER_ROUND
    assert judged([complaint], limits="round 4 of 4").decision is Decision.SHIP


def test_a_minor_complaint_that_a_repair_did_not_change_holds_nothing() -> None:
    complaint = failure(1, "I saw 2", source="user", severity="minor", criteria=["S1.C1"])
    first = judged([complaint])
    assert judged([complaint], [first], "round 2 of 4").decision is Decision.SHIP
    broken = failure(2, trace("items", "add"))
    assert judged([complaint, broken], [first], "round 2 of 4").decision is not Decision.SHIP


def test_the_last_round_stops() -> None:
    broken = failure(1, trace("items", "add"))
    assert judged([broken], limits="round 3 of 4").decision is Decision.ANOTHER_ROUND
    assert judged([broken], limits="round 4 of 4").decision is Decision.STOP


def test_a_spent_budget_stops() -> None:
    broken = failure(1, trace("items", "add"))
    for left, decision in (
        ("0 dollars, 10 calls", Decision.STOP),
        ("1.5 dollars, 0 calls", Decision.STOP),
        ("0.5 dollars, 1,000 tokens", Decision.ANOTHER_ROUND),
        ("no cap", Decision.ANOTHER_ROUND),
    ):
        assert judged([broken], limits=f"round 1 of 4; budget left: {left}").decision is decision


def test_what_does_not_change_is_looked_for_further_around_once_and_then_stops() -> None:
    wrong = [failure(1, "saw 2", source="acceptance", criteria=["S2.C1"])]
    first = judged(wrong)
    second = judged(wrong, [first], "round 2 of 9")
    third = judged(wrong, [first, second], "round 3 of 9")
    assert second.decision is Decision.ANOTHER_ROUND
    assert set(second.items[0].files) > set(first.items[0].files)
    assert "shop/items.py" in second.items[0].files
    assert third.decision is Decision.STOP
    assert [second.defects[0].id, third.defects[0].id] == ["D2", "D3"]


def test_progress_on_one_defect_keeps_the_build_going() -> None:
    stuck = failure(1, "saw 2", source="acceptance", criteria=["S2.C1"])
    history = [judged([stuck]), judged([stuck])]
    new = failure(2, trace("items", "add"))
    assert judged([stuck, new], history, "round 3 of 9").decision is Decision.ANOTHER_ROUND


def test_a_repair_given_back_is_no_defect_of_its_own() -> None:
    history = [judged([failure(1, trace("items", "add"))])]
    given_back = failure(
        1, "nothing differs", source="item", title="work item W4 did not reach main: failed"
    )
    triage = judged([given_back], history, "round 2 of 4")
    assert triage.decision is Decision.SHIP
    assert [entry.role for entry in triage.dismissed] == ["F1"]


def test_an_item_that_was_never_built_is_built_by_repair() -> None:
    lost = failure(
        1,
        "no end after 12 turns",
        source="item",
        title="work item W3 did not reach main: failed",
        files=["shop/sales.py", "tests/test_sales.py"],
        severity="blocker",
    )
    triage = judged([lost])
    assert triage.decision is Decision.ANOTHER_ROUND
    assert {"shop/sales.py", "tests/test_sales.py"} <= set(triage.items[0].files)


def test_limits_without_words_allow_one_more_round() -> None:
    limits = read_limits("", 2)
    assert (limits.round, limits.rounds, limits.over) == (2, 3, False)
