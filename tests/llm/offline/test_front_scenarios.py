"""Scenarios: from the requirements alone, bounded, and true of a right program."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from support.fake_terminal import shell
from support.front_specs import ALL, ROOMS, SEATS, STOCK, TINY, read
from support.spec_strategies import Rendered, specs
from support.workbench import scene

from macrohard.llm.offline.appgen import generate
from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.parts.requirements import requirements_of
from macrohard.llm.offline.parts.scenarios import scenarios_of, write_scenarios
from macrohard.llm.offline.personas.screen import Screen
from macrohard.llm.offline.personas.user import faults
from macrohard.work import Scenario, Scenarios


def scenarios(spec: str) -> tuple[Scenario, ...]:
    return scenarios_of(*read(spec)).scenarios


def titled(spec: str, part: str) -> Scenario:
    return next(s for s in scenarios(spec) if part in s.title)


def run(folder: Path, spec: str, written: Scenario) -> list[str]:
    """What goes wrong when the steps are typed into a shell beside the generated app."""
    for name, text in generate(parse_spec(spec)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program = shell(folder)
    wrong = []
    for step in written.steps:
        text, status = program(step.type or "")
        wrong += [f"{step.type}: {w}: {text}" for w in faults(step, Screen(text, status))]
    return wrong


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_there_are_as_many_as_kinds_ask_for_and_each_names_its_criteria(spec: str) -> None:
    app, requirements = read(spec)
    found = scenarios_of(app, requirements).scenarios
    known = {c.id for story in requirements.stories for c in story.criteria}
    assert 2 <= len(found) <= 4 + 2 * len(app.kinds)
    assert [s.id for s in found] == [f"X{n}" for n in range(1, len(found) + 1)]
    for each in found:
        assert each.criteria
        assert set(each.criteria) <= known
        assert len(each.steps) <= 24


@settings(max_examples=10)
@given(specs())
def test_random_specs_have_scenarios(spec: Rendered) -> None:
    requirements = requirements_of(parse_spec(spec.text), spec.text)
    assert scenarios_of(parse_spec(spec.text), requirements).scenarios


def test_they_are_written_from_the_requirements_alone_and_the_same_each_time() -> None:
    _, requirements = read(STOCK)
    documents = {"requirements": requirements}
    first = write_scenarios(scene(documents, stage="scenarios"))
    assert isinstance(first, Scenarios)
    assert first == write_scenarios(scene(documents, stage="scenarios"))


def test_rules_are_obeyed_at_their_edge_then_broken() -> None:
    written = titled(STOCK, "below 0")
    allowed, refused = (s for s in written.steps if s.type and "movement add" in s.type)
    assert allowed.exit_code == 0
    assert refused.exit_code == 2
    assert "error:" in refused.see


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        (STOCK, "First steps with items"),
        (STOCK, "An ordinary day with items"),
        (STOCK, "figures of the items"),
        (STOCK, "other programs"),
        (STOCK, "Deleting items"),
        (STOCK, "below 0"),
        (ROOMS, "overlaps"),
        (ROOMS, "are unpaid"),
        (SEATS, "capacity"),
        (TINY, "First steps"),
    ],
)
def test_a_right_program_shows_what_every_step_wants(tmp_path: Path, spec: str, part: str) -> None:
    assert run(tmp_path, spec, titled(spec, part)) == []


def test_what_must_not_be_seen_is_nowhere_by_chance() -> None:
    for spec in ALL.values():
        for written in scenarios(spec):
            for step in written.steps:
                for hidden in step.not_see:
                    assert not any(hidden in seen for seen in step.see)
