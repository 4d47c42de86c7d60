"""Staffing: everybody on the roster is judged once, for reasons that name the work."""

import json

import pytest
from support.front_specs import SEATS, STOCK, TINY, read
from support.workbench import scene

from macrohard.errors import ModelError
from macrohard.llm.offline.parts.brief import brief_of
from macrohard.llm.offline.parts.staffing import write_staffing
from macrohard.roles import load_roles
from macrohard.work import Staffing

FRONT = ("requirements", "scenarios", "design")
BACK = ("coding", "integrate", "verify", "users")


def roster(*stages: str) -> list[dict[str, object]]:
    offered = [
        role
        for stage in stages
        for role in load_roles().of(stage)
        if role.duty in {"reviewer", "engineer", "user"}
    ]
    return [
        role.model_dump(include={"name", "stage", "duty", "description", "tools"})
        for role in offered
    ]


def staff(spec: str, *stages: str, more: tuple[dict[str, object], ...] = ()) -> Staffing:
    app, requirements = read(spec)
    documents: dict[str, object] = {"brief": brief_of(app)}
    if stages == BACK:
        documents["requirements"] = requirements
    documents["roster"] = json.dumps([*roster(*stages), *more])
    return write_staffing(scene(documents, stage="plan"))  # type: ignore[arg-type]


def chosen(staffing: Staffing) -> set[str]:
    return {assignment.role for assignment in staffing.team}


@pytest.mark.parametrize("stages", [FRONT, BACK])
def test_everybody_on_the_roster_is_judged_exactly_once(stages: tuple[str, ...]) -> None:
    staffing = staff(STOCK, *stages)
    judged = [a.role for a in (*staffing.team, *staffing.not_needed)]
    assert sorted(judged) == sorted(str(role["name"]) for role in roster(*stages))


def test_reviewers_of_documents_are_those_with_checks_of_their_own() -> None:
    assert chosen(staff(STOCK, *FRONT)) == {"requirements-reviewer", "test-reviewer"}


def test_engineers_are_those_whose_trade_the_design_needs() -> None:
    staffing = staff(STOCK, *BACK)
    team = chosen(staffing)
    assert {"repair-engineer", "integration-engineer", "cli-engineer"} <= team
    assert "web-engineer" not in team
    reasons = {a.role: a.reason for a in staffing.team}
    assert "design has work of this trade" in reasons["cli-engineer"]


def test_the_same_four_personas_try_every_program_of_commands() -> None:
    users = {str(role["name"]) for role in roster("users")}
    assert users & chosen(staff(TINY, *BACK)) == {"novice", "hurried", "careful", "hostile"}


def test_pages_are_tried_by_everybody() -> None:
    users = {str(role["name"]) for role in roster("users")}
    assert users - {"at-the-desk"} == users & chosen(
        staff(f"{TINY}\n## Interface\n\n- Web pages\n", *BACK)
    )


def test_reviewers_of_code_follow_from_what_is_built() -> None:
    stock, tiny = staff(STOCK, *BACK), staff(TINY, *BACK)
    assert {"code-reviewer", "test-auditor", "security-reviewer"} <= chosen(stock)
    assert "performance-reviewer" in chosen(staff(SEATS, *BACK))
    assert "security-reviewer" not in chosen(tiny)
    assert "performance-reviewer" not in chosen(tiny)
    reasons = {a.role: a.reason for a in stock.team}
    assert "items, movements" in reasons["security-reviewer"]


def test_a_user_nobody_knows_is_taken_and_a_reviewer_nobody_knows_is_not() -> None:
    more = (
        {"name": "night-clerk", "stage": "users", "duty": "user", "description": "tired"},
        {"name": "lawyer", "stage": "verify", "duty": "reviewer", "description": "laws"},
    )
    staffing = staff(TINY, *BACK, more=more)
    assert "night-clerk" in chosen(staffing)
    assert "lawyer" in {a.role for a in staffing.not_needed}


def test_a_roster_that_is_none_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match="roster"):
        write_staffing(scene({"brief": brief_of(read(TINY)[0]), "roster": "soon"}, stage="plan"))
