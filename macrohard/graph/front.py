"""From the spec to the plan: roles that think and hand in documents.

Every stage here has the same shape: a lead hands in, reviewers that staffing chose look at it, and
a review that does not approve sends it back to the lead once.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from macrohard import work
from macrohard.errors import PackageError
from macrohard.graph.equipment import equip
from macrohard.graph.handins import (
    check_design,
    check_items,
    check_requirements,
    check_scenarios,
    check_staffing,
    check_suite,
)
from macrohard.graph.office import Office
from macrohard.graph.state import State
from macrohard.roles import Role

N = TypeVar("N", bound=BaseModel)

_FRONT = ("requirements", "scenarios", "design")
_BACK = ("coding", "integrate", "verify", "users")


async def intake(office: Office, state: State) -> dict[str, Any]:
    """Read the spec; decide who reviews the documents to come."""
    spec = office.artifacts.text(state["spec"])
    async with office.stage("intake", 1):
        brief = await office.think(
            office.roster.lead("intake", "Brief"),
            work.Brief,
            # The name alone: the same spec is the same request wherever it lies.
            f"Read this spec ({Path(office.source).name}) and write the brief.",
            {"spec": spec},
        )
        staffing = await _staff(
            office,
            "Choose the reviewers of requirements, tests and design.",
            _FRONT,
            {"brief": brief},
        )
        return {"brief": office.artifacts.put(brief), "staffing": office.artifacts.put(staffing)}


async def requirements(office: Office, state: State) -> dict[str, Any]:
    """Turn the spec into stories with acceptance criteria."""
    spec = office.artifacts.text(state["spec"])
    brief = office.artifacts.noun(state["brief"], work.Brief)
    async with office.stage("requirements", 1):
        noun = await _reviewed(
            office,
            state,
            lead=office.roster.lead("requirements", "Requirements"),
            noun=work.Requirements,
            instruction="Write the requirements.",
            documents={"spec": spec, "brief": brief},
            shown={"spec": spec},
            name="requirements",
            check=lambda: check_requirements(spec),
        )
        return {"requirements": office.artifacts.put(noun)}


async def scenarios(office: Office, state: State) -> dict[str, Any]:
    """Write what users will try and what the app must pass, from the requirements alone."""
    wanted = office.artifacts.noun(state["requirements"], work.Requirements)
    async with office.stage("scenarios", 1):
        journeys, suite = await asyncio.gather(
            office.think(
                office.roster.lead("scenarios", "Scenarios"),
                work.Scenarios,
                "Write the scenarios that simulated users will try.",
                {"requirements": wanted},
                accept=check_scenarios(wanted),
            ),
            _reviewed(
                office,
                state,
                lead=office.roster.lead("scenarios", "AcceptanceSuite"),
                noun=work.AcceptanceSuite,
                instruction="Write the acceptance tests.",
                documents={"requirements": wanted},
                shown={"requirements": wanted},
                name="acceptance",
                check=lambda: check_suite(wanted),
            ),
        )
        return {
            "scenarios": office.artifacts.put(journeys),
            "acceptance": office.artifacts.put(suite),
        }


async def design(office: Office, state: State) -> dict[str, Any]:
    """Cut the app into modules, say how they talk, how it is run and tested."""
    wanted = office.artifacts.noun(state["requirements"], work.Requirements)
    async with office.stage("design", 1):
        noun = await _reviewed(
            office,
            state,
            lead=office.roster.lead("design", "Design"),
            noun=work.Design,
            instruction="Design the application.",
            documents={"requirements": wanted},
            shown={"requirements": wanted},
            name="design",
            check=lambda: check_design(wanted),
        )
        noun, lock = await _equip(office, wanted, noun)
        return {"design": office.artifacts.put(noun), "lock": office.artifacts.put(lock)}


async def _equip(
    office: Office, wanted: work.Requirements, noun: work.Design
) -> tuple[work.Design, str]:
    """Get the packages of a design; what cannot be had goes back to the architect once.

    Returns:
        The design, and the lock of its packages; empty when it needs none.
    """
    try:
        return noun, await equip(office, noun.packages)
    except PackageError as error:
        remarks = json.dumps([{"approved": False, "findings": [str(error)]}], indent=1)
        noun = await office.think(
            office.roster.lead("design", "Design"),
            work.Design,
            "Design the application. Revise the previous version: its packages cannot be had.",
            {"requirements": wanted, "previous": noun, "reviews": remarks},
            round_=3,
            accept=check_design(wanted),
        )
    return noun, await equip(office, noun.packages)


async def plan(office: Office, state: State) -> dict[str, Any]:
    """Staff the build and cut it into work items."""
    artifacts = office.artifacts
    documents = {
        "brief": artifacts.noun(state["brief"], work.Brief),
        "requirements": artifacts.noun(state["requirements"], work.Requirements),
        "design": artifacts.noun(state["design"], work.Design),
    }
    async with office.stage("plan", 1):
        staffing = await _staff(
            office, "Choose the engineers, reviewers and simulated users.", _BACK, documents
        )
        first = artifacts.noun(state["staffing"], work.Staffing)
        team = work.Staffing(
            team=first.team + staffing.team, not_needed=first.not_needed + staffing.not_needed
        )
        noun = await office.think(
            office.roster.lead("plan", "Plan"),
            work.Plan,
            "Cut the work into items.",
            {
                "requirements": documents["requirements"],
                "design": documents["design"],
                "staffing": team,
            },
            accept=check_items(office.roster),
        )
        noun = noun.model_copy(update={"items": tuple(map(_first_build, noun.items))})
        return {
            "staffing": artifacts.put(team),
            "plan": artifacts.put(noun),
            "todo": [item.id for item in noun.items],
            "wave": 1,
        }


def _first_build(item: work.WorkItem) -> work.WorkItem:
    """An item of the first round builds, whatever a planner calls it."""
    first = {"kind": work.ItemKind.BUILD, "round": 1, "replaces": "", "defects": ()}
    return item.model_copy(update=first)


def staffed(office: Office, state: State, stage: str, duty: str) -> list[Role]:
    """The roles of a stage and duty that staffing put on the team, in the order of the roster."""
    names = {a.role for a in office.artifacts.noun(state["staffing"], work.Staffing).team}
    return [role for role in office.roster.of(stage, duty) if role.name in names]


async def review(
    office: Office,
    reviewers: list[Role],
    documents: Mapping[str, str | BaseModel],
    round_: int = 1,
) -> list[work.Review]:
    """Have roles without tools review documents, all at once."""
    names = ", ".join(documents)
    return list(
        await asyncio.gather(
            *(
                office.think(
                    role,
                    work.Review,
                    f"Review what is in the last of: {names}.",
                    documents,
                    round_=round_,
                )
                for role in reviewers
            )
        )
    )


async def _reviewed(
    office: Office,
    state: State,
    *,
    lead: Role,
    noun: type[N],
    instruction: str,
    documents: Mapping[str, str | BaseModel],
    shown: Mapping[str, str | BaseModel],
    name: str,
    check: Callable[[], Callable[[N], str]],
) -> N:
    """A lead's document, revised once when a reviewer does not approve it."""
    draft = await office.think(lead, noun, instruction, documents, accept=check())
    reviewers = [
        role
        for role in staffed(office, state, lead.stage, "reviewer")
        if role.output == work.Review.__name__
    ]
    reviews = await review(office, reviewers, {**shown, name: draft})
    if all(r.approved for r in reviews):
        return draft
    remarks = json.dumps([r.model_dump(mode="json") for r in reviews], indent=1)
    return await office.think(
        lead,
        noun,
        f"{instruction} Revise the previous version: answer every blocker and major finding.",
        {**documents, "previous": draft, "reviews": remarks},
        round_=2,
        accept=check(),
    )


async def _staff(
    office: Office,
    instruction: str,
    stages: tuple[str, ...],
    documents: Mapping[str, str | BaseModel],
) -> work.Staffing:
    choice = [
        role
        for stage in stages
        for role in office.roster.of(stage)
        if role.duty in {"reviewer", "engineer", "user"}
    ]
    roster = json.dumps(
        [
            role.model_dump(include={"name", "stage", "duty", "description", "tools"})
            for role in choice
        ],
        indent=1,
    )
    manager = office.roster.lead("plan", "Staffing")
    return await office.think(
        manager,
        work.Staffing,
        instruction,
        {**documents, "roster": roster},
        accept=check_staffing(role.name for role in choice),
    )
