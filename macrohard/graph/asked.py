"""Random requests in a build: what an API answers wrong joins the failures of who asked."""

from pathlib import Path

from macrohard.exploring.asking import explore_requests
from macrohard.exploring.findings import Explorer
from macrohard.files import write_atomic
from macrohard.users.base import Driver, TrialResult
from macrohard.work import Failure, FailureSource, Scenario, Severity

TAPE = "random-requests.json"
"""Beside the evidence of the trial: all requests, and their answers."""


async def ask_at_random(
    driver: Driver, scenario: Scenario, result: TrialResult, folder: Path, seed: int
) -> TrialResult:
    """Ask an API what its description offers, once a trial is done; the trial with what that found.

    Args:
        driver: Sits at the API.
        scenario: What was tried; its criteria are those that findings belong to.
        result: Of the trial.
        folder: Gets the tape.
        seed: Of the requests; the same asks the same.

    Raises:
        SandboxError: The box failed.
    """
    user = Explorer(driver, f"{scenario.id}-at-random")
    coverage = await explore_requests(user, seed)
    write_atomic(folder / TAPE, user.tape.model_dump_json(indent=1))
    grave = [finding for finding in user.findings if finding.severity == "major"]
    told = [f"Asked at random: {f.title}." for f in user.findings if f.severity == "minor"]
    failures = tuple(
        Failure(
            id=f"{scenario.id}.{result.persona}.random.{number}",
            source=FailureSource.USER,
            title=finding.title,
            evidence=finding.evidence,
            criteria=scenario.criteria,
            severity=Severity.MAJOR,
        )
        for number, finding in enumerate(grave, start=1)
    )
    return result.model_copy(
        update={
            "satisfied": result.satisfied and not failures,
            "failures": (*result.failures, *failures),
            "reasons": (*result.reasons, *told, *(f"Asked at random: {s}." for s in coverage.left)),
        }
    )
