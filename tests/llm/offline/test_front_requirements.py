"""Requirements: nothing of the spec is lost, every criterion is concrete, the way back is exact."""

import re

import pytest
from hypothesis import given, settings
from support.front_specs import ALL, STOCK, TINY, read
from support.spec_strategies import Rendered, specs
from support.workbench import scene

from macrohard.errors import ModelError, SpecError
from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.parts.brief import write_brief
from macrohard.llm.offline.parts.requirements import (
    quoted_text,
    read_requirements,
    requirements_of,
    write_requirements,
)
from macrohard.work import Requirements


def told(requirements: Requirements) -> dict[int, str]:
    sources = [s for story in requirements.stories for s in story.sources]
    return {quote.line: quote.text for quote in (*requirements.definitions, *sources)}


@settings(max_examples=25)
@given(specs())
def test_the_quoted_lines_mean_the_same_app(spec: Rendered) -> None:
    app = parse_spec(spec.text)
    requirements = requirements_of(app, spec.text)
    assert read_requirements(requirements) == app
    lines = spec.text.split("\n")
    assert told(requirements) == {n: t for n, t in enumerate(lines, start=1) if t.strip()}


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_ids_are_unique_and_criteria_belong_to_their_story(spec: str) -> None:
    _, requirements = read(spec)
    ids = [c.id for story in requirements.stories for c in story.criteria]
    assert len(set(ids)) == len(ids)
    for number, story in enumerate(requirements.stories, start=1):
        assert story.id == f"S{number}"
        assert [c.id for c in story.criteria] == [
            f"S{number}.C{place}" for place in range(1, len(story.criteria) + 1)
        ]


def test_there_is_a_story_for_every_feature_and_rule_on_its_line() -> None:
    app, requirements = read(STOCK)
    lines = STOCK.split("\n")
    for story in requirements.stories:
        for source in story.sources:
            assert source.text == lines[source.line - 1]
    wanted = {
        story.i_want: {source.line for source in story.sources} for story in requirements.stories
    }
    for rule in app.rules:
        assert {rule.line} in wanted.values()
    for kind in app.kinds:
        for aggregate in kind.features.aggregates:
            assert {aggregate.line} in wanted.values()


def test_criteria_say_values_that_the_fields_take() -> None:
    _, requirements = read(STOCK)
    text = {c.id: c for story in requirements.stories for c in story.criteria}
    bounds = [c for c in text.values() if "reorder level is at most 1000" in c.then]
    assert len(bounds) == 1
    assert "whose reorder level is 1001, then one with 1000" in bounds[0].when
    code = [c for c in text.values() if "9 characters, then one with 8" in c.when]
    assert len(code) == 1


def test_the_edge_of_a_rule_is_named_in_numbers() -> None:
    _, requirements = read(STOCK)
    (story,) = (s for s in requirements.stories if "below 0 is refused" in s.i_want)
    quantities = [int(n) for n in re.findall(r"quantity (\d+)", story.criteria[0].when)]
    assert len(quantities) == 2
    assert quantities[0] == quantities[1] + 1


def test_conventions_name_the_program_its_kinds_and_the_examples() -> None:
    app, requirements = read(STOCK)
    conventions = "\n".join(requirements.conventions)
    assert f"python -m {app.slug} " in conventions
    assert "Options of movement: --item, --direction, --quantity, --day, --remark." in conventions
    assert "item 1: name Maple" in conventions
    assert "exit code 2" in conventions


def test_what_cannot_be_shown_is_said_among_the_assumptions() -> None:
    spec = (
        "# Parts\n\n## Data\n\n### Part\n- whole: reference to Part, required\n- size: integer\n\n"
        "## Features\n- add, list, delete parts\n"
    )
    app = parse_spec(spec)
    requirements = requirements_of(app, spec)
    assert any("No example part was found" in text for text in requirements.assumptions)


def test_requirements_are_written_from_the_document_alone_and_the_same_each_time() -> None:
    first = write_requirements(scene({"spec": TINY}, stage="requirements"))
    assert first == write_requirements(scene({"spec": TINY}, stage="requirements"))
    assert quoted_text(first).rstrip("\n") == "\n".join(TINY.split("\n")).rstrip("\n")


def test_a_line_outside_the_dialect_is_named() -> None:
    spec = TINY.replace("- total of grams of teas", "- brew tea at dawn")
    with pytest.raises(SpecError) as caught:
        write_requirements(scene({"spec": spec}, stage="requirements"))
    assert caught.value.line == spec.split("\n").index("- brew tea at dawn") + 1


def test_a_request_without_the_spec_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match="spec"):
        write_requirements(scene({}, stage="requirements"))


def test_the_brief_says_who_and_what() -> None:
    brief = write_brief(scene({"spec": STOCK}, stage="intake"))
    assert brief.title == "Workshop Stock"
    assert brief.interfaces == ("cli",)
    assert brief.users == ("whoever keeps the items", "whoever keeps the movements")
    app = parse_spec(STOCK)
    assert len(brief.unclear) == len(app.assumptions)


CELLAR = """# Cellar

## Data

### Bottle
- name: text, required, unique
- since: date-time
- laid down: date
- price: decimal, at least 0
- kept: yes/no

## Features
- Add, list, show, edit and delete bottles
- List old bottles: since is at most 2024-12-31 and kept is yes
- List ripe bottles: laid down is before 2020-01-01 or price is 25
- Mark bottles as "dear" when price is above 12.50
"""


def test_both_sides_of_what_a_condition_compares_with_are_tried() -> None:
    """A condition that takes one day, minute or cent too many or too few is noticed."""
    _, requirements = read(CELLAR)
    tried = [
        (found[1], "not" not in criterion.then)
        for story in requirements.stories
        for criterion in story.criteria
        if (found := re.search(r"whose (.+), and the \w+ bottles are asked for", criterion.when))
    ]
    assert tried == [
        ("since is 2024-12-31 23:59", True),
        ("since is 2025-01-01 00:00", False),
        ("laid down is 2019-12-31", True),
        ("laid down is 2020-01-01", False),
        ("price is 12.50", False),
        ("price is 12.51", True),
    ]
