"""Design, plan, building, review and repair of the apps of real specs, without the factory."""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel
from support.workbench import Loop, play, read_tree, scene, write_tree

from macrohard.llm.offline.appgen.names import sentence
from macrohard.llm.offline.parts import PARTS
from macrohard.llm.offline.parts.compiled import Compiled, compile_requirements
from macrohard.llm.offline.parts.fault_kinds import KINDS
from macrohard.llm.offline.parts.faults import possible_mistakes
from macrohard.llm.offline.parts.reviews import review_design
from macrohard.llm.offline.scene import Faults
from macrohard.work import (
    Assignment,
    Decision,
    Design,
    Failure,
    FailureSource,
    Module,
    Plan,
    ReleaseNotes,
    Requirements,
    Review,
    Staffing,
    Submission,
    Triage,
    WorkItem,
)

SPECS = Path(__file__).parents[3] / "examples" / "specs"
WAREHOUSE = """\
# Warehouse

Keeps what is on the shelves of a small warehouse.

## Data

### Item

- name: text, required, unique, up to 40 characters
- price: decimal, required, at least 0.01
- shelf: integer, from 1 to 20
- stock = total of quantity of movements where direction is in
- worth = stock * price

### Movement

- item: reference to Item, required
- direction: one of (in, out), required
- quantity: integer, required, at least 1
- day: date, required, default today

## Features

- Add, list, show, edit and delete items and movements.
- Filter movements by item and direction.
- Sort items by name and price.
- Total quantity of movements by item and by month.
- List "scarce" items where stock is below 5.
- Import and export items as CSV.

## Rules

- Deleting an item deletes its movements.

## Interface

- Command line
"""
TEAM = ("backend-engineer", "data-engineer", "cli-engineer", "technical-writer", "code-reviewer")


@dataclass(frozen=True)
class Project:
    """Everything that is known before anybody codes."""

    requirements: Requirements
    compiled: Compiled
    design: Design
    plan: Plan


def spec_texts() -> dict[str, str]:
    texts = {path.stem: path.read_text() for path in sorted(SPECS.glob("*.md"))}
    return {**texts, "warehouse": WAREHOUSE}


@pytest.fixture(scope="module", params=spec_texts())
def project(request: pytest.FixtureRequest) -> Project:
    text = spec_texts()[request.param]
    requirements = PARTS["Requirements"](
        scene({"spec": text, "brief": "x"}, stage="requirements", output="Requirements")
    )
    assert isinstance(requirements, Requirements)
    design = PARTS["Design"](scene({"requirements": requirements}, stage="design"))
    assert isinstance(design, Design)
    staffing = Staffing(team=tuple(Assignment(role=role, reason="r") for role in TEAM))
    plan = PARTS["Plan"](
        scene({"requirements": requirements, "design": design, "staffing": staffing}, stage="plan")
    )
    assert isinstance(plan, Plan)
    return Project(requirements, compile_requirements(requirements), design, plan)


def submit(
    project: Project, item: WorkItem, folder: Path, *, triage: Triage | None = None, faults: Faults
) -> tuple[Loop, Submission]:
    documents: dict[str, str | BaseModel] = {
        "requirements": project.requirements,
        "design": project.design,
        "item": item,
    }
    if triage:
        named = [d.model_dump(mode="json") for d in triage.defects if d.id in item.defects]
        documents["defects"] = json.dumps(named)
    loop = play(PARTS["Submission"], scene(documents, faults=faults), folder)
    assert isinstance(loop.noun, Submission)
    return loop, loop.noun


def judge(project: Project, failures: Sequence[Failure]) -> Triage:
    documents: dict[str, str | BaseModel] = {
        "requirements": project.requirements,
        "design": project.design,
        "plan": project.plan,
        "failures": json.dumps([failure.model_dump(mode="json") for failure in failures]),
        "history": "[]",
        "limits": "round 1 of 4; budget left: no cap",
    }
    triage = PARTS["Triage"](scene(documents, stage="triage"))
    assert isinstance(triage, Triage)
    return triage


# -- design and plan -------------------------------------------------------------------------


def test_the_design_holds_every_file_and_passes_its_review(project: Project) -> None:
    assert [module.path for module in project.design.modules] == list(project.compiled.files)
    documents = {"requirements": project.requirements, "design": project.design}
    review = PARTS["Review"](scene(documents, stage="design", output="Review"))
    assert review == Review(
        approved=True, summary="Read the design: 0 findings, 0 of which hold a release."
    )
    assert project.design.run == ("python", "-m", project.compiled.app.slug)


def changed(design: Design, path: str, **update: object) -> Design:
    modules = [
        Module.model_validate(module.model_dump() | (update if module.path == path else {}))
        for module in design.modules
    ]
    return design.model_copy(update={"modules": tuple(modules)})


def test_the_review_of_a_design_finds_what_is_wrong(project: Project) -> None:
    design, app = project.design, project.compiled.app
    first, second = [m.path for m in design.modules if m.depends_on][:2]
    circle = changed(design, first, depends_on=(second,))
    wrong = {
        "not designed": changed(design, first, depends_on=("lost.py",)),
        "circle": changed(circle, second, depends_on=(first,)),
        "which the requirements do not have": changed(design, first, stories=("S999",)),
        "The data model has no": design.model_copy(update={"data_model": design.data_model[1:]}),
        "has no field": design.model_copy(
            update={
                "data_model": tuple(
                    entity.model_copy(update={"fields": entity.fields[:-1]})
                    for entity in design.data_model
                )
            }
        ),
        "No module serves": design.model_copy(
            update={"modules": tuple(m.model_copy(update={"stories": ()}) for m in design.modules)}
        ),
        "2 times": design.model_copy(update={"modules": (*design.modules, design.modules[0])}),
    }
    for message, bad in wrong.items():
        found = review_design(project.requirements, bad, app)
        assert any(message in finding.message for finding in found), message


def test_the_plan_shares_out_every_file_once(project: Project) -> None:
    items = project.plan.items
    files = [path for item in items for path in item.files]
    assert sorted(files) == sorted(project.compiled.files)
    assert sum(item.budget_share for item in items) == pytest.approx(1)
    assert {item.role for item in items} <= set(TEAM)
    ids = [item.id for item in items]
    for item in items:
        assert all(ids.index(other) < ids.index(item.id) for other in item.depends_on)
        assert item.stories
        assert all(path in item.description for path in item.files)


# -- building --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    for item in project.plan.items:
        loop, submission = submit(project, item, folder, faults=Faults())
        assert submission.done
        assert "exit code 0" in submission.tests_run, submission.tests_run
        assert loop.turns <= 4
    return folder


def test_without_faults_the_app_is_what_we_would_write(project: Project, built: Path) -> None:
    assert read_tree(built) == dict(project.compiled.files)


@pytest.mark.parametrize(
    "role", ["code-reviewer", "security-reviewer", "test-auditor", "performance-reviewer"]
)
def test_reviewers_read_all_and_approve(project: Project, built: Path, role: str) -> None:
    documents = {"requirements": project.requirements, "design": project.design}
    loop = play(PARTS["Review"], scene(documents, stage="verify", role=role), built)
    review = loop.noun
    assert isinstance(review, Review)
    assert review.approved, review.findings
    assert loop.turns == 2
    read = {str(arguments["path"]) for arguments in loop.used("read_file")}
    assert read == {path for path in project.compiled.files if path.endswith(".py")}


def test_a_reviewer_sees_files_nobody_designed_and_files_that_are_lost(
    project: Project, tmp_path: Path
) -> None:
    files = dict(project.compiled.files)
    lost = next(path for path in files if path.endswith("cli.py"))
    del files[lost]
    files["extra.py"] = '"""Extra."""\n\nprint(eval(input()))\n'
    write_tree(tmp_path, files)
    documents = {"requirements": project.requirements, "design": project.design}
    first = scene(documents, stage="verify", role="security-reviewer")
    loop = play(PARTS["Review"], first, tmp_path)
    review = loop.noun
    assert isinstance(review, Review)
    assert not review.approved
    assert {finding.file for finding in review.findings} == {lost, "extra.py"}
    assert loop.turns == 3


def test_the_notes_say_what_it_does_and_how_to_run_it(project: Project) -> None:
    unsure = "No example wug was found that meets every bound and rule at once."
    documents: dict[str, str | BaseModel] = {
        "requirements": project.requirements.model_copy(update={"assumptions": ("A.", unsure)}),
        "design": project.design,
        "outcome": (
            "Accepted: yes\nAcceptance tests: 9 passed, 0 failed\n"
            "Simulated users satisfied: 2 of 3\nOpen: user: the list is slow"
        ),
    }
    notes = PARTS["ReleaseNotes"](scene(documents, stage="release"))
    assert isinstance(notes, ReleaseNotes)
    assert project.requirements.title in notes.headline
    app = project.compiled.app
    for kind in app.kinds:
        assert sum(line.startswith(f"{kind.plural.capitalize()}: ") for line in notes.what_it_does)
    assert {f"Rule: {sentence(rule.text)}" for rule in app.rules} <= set(notes.what_it_does)
    assert f"`python -m {app.slug} --help` lists the commands." in notes.how_to_run
    served = any(f"python -m {app.slug} serve --port 8000` serves" in s for s in notes.how_to_run)
    assert served is app.is_served
    assert notes.known_issues[:3] == (
        unsure,
        "1 of 3 trials by simulated users ended unsatisfied.",
        "user: the list is slow",
    )


# -- faults and repairs ------------------------------------------------------------------------


def unit_failures(folder: Path, tests: Sequence[str]) -> list[Failure]:
    """Failures as the factory reports them, one for each failing test."""
    names = [path.removesuffix(".py").replace("/", ".") for path in tests]
    result = subprocess.run(
        [sys.executable, "-B", "-m", "unittest", *names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if result.returncode == 0:
        return []
    blocks = result.stderr.split("=" * 70 + "\n")[1:] or [result.stderr]
    return [
        Failure(
            id=f"R1-U{number}",
            source=FailureSource.UNIT,
            title=block.splitlines()[0],
            evidence=block,
        )
        for number, block in enumerate(blocks, start=1)
    ]


def seen_mistake(project: Project, kind: str, folder: Path) -> tuple[str, list[Failure]]:
    """A mistake of a kind which the tests beside it see, written into the app; what they say."""
    compiled = project.compiled
    found = [(p, m) for p, m in possible_mistakes(compiled.files, compiled) if m.kind == kind]
    random.Random(kind).shuffle(found)
    for path, mistake in found:
        if tests := compiled.tests_of(path):
            write_tree(folder, {**compiled.files, path: mistake.made_in(compiled.files[path])})
            if failures := unit_failures(folder, tests):
                return path, failures
    raise AssertionError(f"no mistake of kind {kind} is seen by unit tests")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_shows_and_is_repaired_by_its_evidence(
    project: Project, kind: str, tmp_path: Path
) -> None:
    path, failures = seen_mistake(project, kind, tmp_path)
    assert read_tree(tmp_path)[path] != project.compiled.files[path]
    triage = judge(project, failures)
    assert triage.decision is Decision.ANOTHER_ROUND
    for item in triage.items:
        submit(project, item, tmp_path, triage=triage, faults=Faults())
    assert read_tree(tmp_path) == dict(project.compiled.files)


def test_a_second_fault_that_nothing_points_at_stays(project: Project, tmp_path: Path) -> None:
    broken, failures = seen_mistake(project, "interface mismatch", tmp_path)
    other = next(
        path for path in project.compiled.files if path.endswith("output.py") and path != broken
    )
    hidden = project.compiled.files[other] + "\n\nEXTRA = 1\n"
    write_tree(tmp_path, {other: hidden})
    triage = judge(project, failures)
    for item in triage.items:
        submit(project, item, tmp_path, triage=triage, faults=Faults())
    assert read_tree(tmp_path) == {**project.compiled.files, other: hidden}
