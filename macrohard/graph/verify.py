"""Verify: unit tests, held-out acceptance tests and code reviews, on main, in fresh boxes."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from macrohard import work
from macrohard.documents import write_task
from macrohard.errors import ReplyError
from macrohard.grading.graded import Graded
from macrohard.graph.equipment import strangers
from macrohard.graph.front import staffed
from macrohard.graph.grading import grade_acceptance, grade_tests, grade_unit
from macrohard.graph.office import Office
from macrohard.graph.state import RoundResult, State
from macrohard.llm.base import Asker
from macrohard.loop.agent import Assignment
from macrohard.loop.agent import work as run_agent
from macrohard.loop.tools import SandboxTools
from macrohard.roles import Role


class Failures(work.Noun):
    """Everything that went wrong in a round."""

    failures: tuple[work.Failure, ...] = ()


async def verify(office: Office, state: State) -> dict[str, Any]:
    """Grade main: both suites and the code reviews at once."""
    round_ = state["round"]
    async with office.stage("verify", round_):
        await office.repository.reset()
        app = office.folders.app
        suite = office.artifacts.noun(state["acceptance"], work.AcceptanceSuite)
        reviewers = staffed(office, state, "verify", "reviewer")
        lock = office.artifacts.text(state["lock"]) if state.get("lock") else ""
        command = office.artifacts.noun(state["design"], work.Design).test
        (unit, acceptance), reviews = await asyncio.gather(
            asyncio.gather(
                _told(office, "unit", round_, grade_unit(office, app, round_, command)),
                _told(office, "acceptance", round_, grade_acceptance(office, app, suite, round_)),
            ),
            asyncio.gather(*(_review(office, state, role) for role in reviewers)),
        )
        failures = [
            *_unfinished(office, state),
            *strangers(app, lock, round_),
            *unit.failures,
            *acceptance.failures,
            *unit.remarks,
            *_remarks(reviewers, reviews, round_),
        ]
        return {
            "failures": office.artifacts.put(Failures(failures=tuple(failures))),
            "reviews": [office.artifacts.put(r) for r in reviews],
            "rounds": [*state.get("rounds", []), await _score(office, round_, unit, acceptance)],
            "mutation": "",
        }


async def _told(office: Office, suite: str, round_: int, grading: Awaitable[Graded]) -> Graded:
    """Await a suite's grades; people are told when it starts and how it ended."""
    office.journal.write("check_started", check=suite, title="tests", round=round_)
    graded = await grading
    failed = len(graded.failures)
    office.journal.write(
        "tests_finished", suite=suite, round=round_, passed=graded.passed, failed=failed
    )
    outcome = "failed" if failed else "passed"
    office.journal.write("check_finished", check=suite, round=round_, outcome=outcome)
    return graded


def fit_for_release(office: Office, state: State) -> bool:
    """Whether all tests of the round passed and every item reached main."""
    last = state["rounds"][-1]
    return bool(
        last["unit_passed"]
        and not last["unit_failed"]
        and not last["acceptance_failed"]
        and not _unfinished(office, state)
    )


async def mutants(office: Office, state: State) -> dict[str, Any]:
    """Whether the unit tests would notice a fault; beside the trials, which mostly wait."""
    command = office.artifacts.noun(state["design"], work.Design).test
    score = await grade_tests(office, office.folders.app, command)
    if score is None:
        return {}
    office.journal.write(
        "mutants_tried",
        round=state["round"],
        tried=score.tried,
        caught=score.caught,
        undecided=score.undecided,
    )
    return {"mutation": office.artifacts.put(score)}


async def _score(office: Office, round_: int, unit: Graded, acceptance: Graded) -> RoundResult:
    return {
        "round": round_,
        "commit": await office.repository.head(),
        "unit_failed": len(unit.failures),
        "unit_passed": unit.passed,
        "acceptance_failed": len(acceptance.failures),
        "acceptance_passed": acceptance.passed,
        "satisfied": 0,
        "trials": 0,
    }


async def _review(office: Office, state: State, role: Role) -> work.Review:
    """A reviewer with tools, in a box of its own. One that fails is no reason to hold a release."""
    documents = {
        "requirements": office.artifacts.text(state["requirements"]),
        "design": office.artifacts.text(state["design"]),
    }
    asker = Asker(role=role.name, stage="verify", output=work.Review.__name__, round=state["round"])
    task = write_task("Review the code in the working directory.", documents)
    async with office.slots, await office.boxes.create(label=role.name) as box:
        await box.put_tree(office.folders.app, "")
        await box.exec(["rm", "-rf", ".git"], timeout_s=30)
        job = Assignment(role=role, asker=asker, task=task)
        tools = SandboxTools(box, role.tools)
        note = {"check": role.name, "round": state["round"]}
        office.journal.write("check_started", title="review", **note)
        try:
            review = await run_agent(job, office.model, work.Review, tools, memory=office.memory)
        except ReplyError as error:
            office.journal.write("check_finished", outcome="failed", **note)
            return work.Review(approved=True, summary=f"No review: {error}")
    found = len(review.findings)
    outcome = "passed" if not found else f"{found} finding{'s' if found > 1 else ''}"
    office.journal.write("check_finished", outcome=outcome, **note)
    return review


def _unfinished(office: Office, state: State) -> list[work.Failure]:
    """A failure for every item whose last attempt of this round did not reach main."""
    last = {r["item"]: r for r in state["results"] if r["round"] == state["round"]}
    plan = office.artifacts.noun(state["plan"], work.Plan)
    replaced = {item.replaces for item in plan.items if item.replaces}
    files = {item.id: item.files for item in plan.items}
    return [
        work.Failure(
            id=f"R{state['round']}-I-{r['item']}",
            source=work.FailureSource.ITEM,
            title=f"work item {r['item']} did not reach main: {r['outcome']}",
            evidence=r["reason"] or r["outcome"],
            files=files.get(r["item"], ()),
            severity=work.Severity.BLOCKER,
        )
        for r in last.values()
        if r["outcome"] != "merged" and r["item"] not in replaced
    ]


def _remarks(roles: list[Role], reviews: list[work.Review], round_: int) -> list[work.Failure]:
    """Findings of the reviewers, as failures; minor ones ride along and hold nothing."""
    found = []
    for role, review in zip(roles, reviews, strict=True):
        for number, finding in enumerate(review.findings, start=1):
            where = ":".join(str(p) for p in (finding.file, finding.line) if p)
            found.append(
                work.Failure(
                    id=f"R{round_}-{role.name}-{number}",
                    source=work.FailureSource.REVIEW,
                    title=finding.message.splitlines()[0][:200],
                    evidence=f"{role.name}: {where + ': ' if where else ''}{finding.message}",
                    criteria=(finding.criterion,) if finding.criterion else (),
                    files=(finding.file,) if finding.file else (),
                    severity=finding.severity,
                )
            )
    return found
