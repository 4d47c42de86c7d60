"""What is checked of hand-ins beyond their schemas, and told to the model."""

import pytest
from pydantic import ValidationError

from macrohard import work
from macrohard.graph.handins import (
    check_design,
    check_items,
    check_requirements,
    check_scenarios,
    check_staffing,
    check_suite,
    check_triage,
    once,
)
from macrohard.roles import load_roles

SPEC = "# Tea\n\nKnow which teas\nthere  are.\n"


def story(name: str = "S1", line: int = 3, text: str = "Know which teas") -> work.Story:
    return work.Story(
        id=name,
        as_a="a",
        i_want="b",
        so_that="c",
        criteria=(work.Criterion(id=f"{name}.C1", given="g", when="w", then="t"),),
        sources=(work.SourceLine(line=line, text=text),),
    )


def requirements(*stories: work.Story) -> work.Requirements:
    return work.Requirements(title="Tea", purpose="p", stories=stories or (story(),))


def item(name: str = "W1", role: str = "cli-engineer", **more: object) -> work.WorkItem:
    return work.WorkItem.model_validate(
        {"id": name, "title": "t", "role": role, "description": "d", **more}
    )


@pytest.mark.parametrize(
    "bad",
    ["../../etc", "W1\nWork-Item: W2", "W1\n", "", "a/b", ".git", "-rf", "W 1", "x" * 200],
)
def test_ids_are_names_and_nothing_more(bad: str) -> None:
    for make in (item, story):
        with pytest.raises(ValidationError):
            make(bad)
    with pytest.raises(ValidationError):
        item(stories=[bad])


def test_requirements_quote_the_spec() -> None:
    check = check_requirements(SPEC)
    assert check(requirements(story(), story("S2", 4, "there are."))) == ""
    said = check(requirements(story(line=4), story("S2", 99, "no")))
    assert "line 4 of the spec is 'there  are.', not 'Know which teas'" in said
    assert "line 99 of the spec is '', not 'no'" in said
    assert check(requirements(story(line=4))) == "", "a quotation is asked about once"


def test_ids_of_requirements_are_their_own() -> None:
    check = check_requirements(SPEC)
    for _ in range(3):
        assert "id S1 is used 2 times" in check(requirements(story(), story()))


def scenario(name: str = "X1", *criteria: str) -> work.Scenario:
    return work.Scenario(
        id=name,
        title="t",
        goal="g",
        criteria=criteria,
        steps=(work.ScenarioStep(intent="i", expect="e"),),
    )


def test_scenarios_name_criteria_that_exist() -> None:
    check = check_scenarios(requirements())
    assert check(work.Scenarios(scenarios=(scenario("X1", "S1.C1"),))) == ""
    assert "S9.C1, which does not exist" in check(
        work.Scenarios(scenarios=(scenario("X1", "S9.C1"),))
    )
    assert "used 2 times" in check(work.Scenarios(scenarios=(scenario(), scenario())))


def suite(
    path: str = "test_a.py", covers: dict[str, tuple[str, ...]] | None = None
) -> work.AcceptanceSuite:
    return work.AcceptanceSuite(
        files=(work.SourceFile(path=path, content="def test_one(tmp_path):\n    assert 1\n"),),
        covers={"test_one": ("S1.C1",)} if covers is None else covers,
    )


def test_a_suite_has_tests_and_covers_what_there_is() -> None:
    assert check_suite(requirements())(suite()) == ""
    assert "nothing would be run" in check_suite(requirements())(suite("helper.py"))
    said = check_suite(requirements())(suite(covers={"test_two": ("S1.C1",), "test_one": ("S7",)}))
    assert "test_two, which is no test function" in said
    assert "criterion S7, which does not exist" in said


def test_a_design_refers_to_itself_and_to_stories() -> None:
    module = work.Module(path="a.py", responsibility="r", depends_on=("b.py",), stories=("S4",))
    design = work.Design(
        app="tea", summary="s", modules=(module, module), interfaces=(), run=("a",), test=("b",)
    )
    said = check_design(requirements())(design)
    assert "module path a.py is used 2 times" in said
    assert "b.py, which is not among the modules" in said
    assert "story S4, which does not exist" in said


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([item()], ""),
        ([item(), item()], "twice: W1"),
        ([item(role="cook")], "cook"),
        ([item(role="architect")], "no engineer"),
        ([item(depends_on=["W2"]), item("W2", depends_on=["W1"])], "circle"),
        ([item(depends_on=["W7"])], "unknown items: W7"),
    ],
)
def test_a_plan_that_cannot_be_worked_on_is_told(items: list[work.WorkItem], said: str) -> None:
    told = check_items(load_roles())(work.Plan(items=tuple(items)))
    assert said in told
    assert bool(told) is bool(said)


def test_staffing_takes_from_the_roster() -> None:
    team = (work.Assignment(role="cook", reason="r"), work.Assignment(role="novice", reason="r"))
    assert check_staffing(["novice"])(work.Staffing(team=team)) == (
        "- 'cook' is no role of the roster"
    )


def test_triage_judges_every_failure_once_asked() -> None:
    failure = work.Failure(id="R1-U1", source=work.FailureSource.UNIT, title="t", evidence="e")
    defect = work.Defect(
        id="D1", title="t", severity=work.Severity.MAJOR, source=work.FailureSource.UNIT,
        evidence="e", failures=("R1-U9",),
    )  # fmt: skip
    noun = work.Triage(
        decision=work.Decision.ANOTHER_ROUND, reason="r", defects=(defect,),
        items=(item("W1", "repair-engineer", defects=["D3"]),),
    )  # fmt: skip
    check = check_triage(
        [failure], lambda noun: work.Plan(items=noun.items), load_roles(), known=["W2"]
    )
    said = check(noun)
    assert "failure R1-U1 is in no defect" in said
    assert "R1-U9 is no failure of this round" in said
    assert "defect D3, which is not among the defects" in said
    assert check(noun) == ""
    clash = noun.model_copy(update={"items": (item("W2", "repair-engineer"),)})
    assert "twice: W2" in check(clash)


def test_a_second_look_is_asked_for_once() -> None:
    check = once(lambda text: f"no {text}")
    assert check("a").startswith("no a\n")
    assert check("a") == ""
