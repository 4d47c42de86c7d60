"""Reviews of what precedes design: approve what is whole, name exactly what is not."""

import pytest
from support.front_specs import ALL, STOCK, TINY, read
from support.workbench import scene

from macrohard.errors import ModelError
from macrohard.llm.offline.parts.acceptance import suite_of
from macrohard.llm.offline.parts.reviews_front import (
    review_front,
    review_requirements,
    review_suite,
)
from macrohard.work import (
    AcceptanceSuite,
    Criterion,
    Requirements,
    Severity,
    SourceFile,
    SourceLine,
)


def tiny() -> Requirements:
    return read(TINY)[1]


def with_criterion(requirements: Requirements, **changes: str) -> Requirements:
    story = requirements.stories[0]
    first = story.criteria[0].model_copy(update=changes)
    changed = story.model_copy(update={"criteria": (first, *story.criteria[1:])})
    return requirements.model_copy(update={"stories": (changed, *requirements.stories[1:])})


def only_test(content: str) -> AcceptanceSuite:
    return AcceptanceSuite(
        files=(SourceFile(path="test_a.py", content=content),), covers={"test_a": ("S1.C1",)}
    )


def one_criterion() -> Requirements:
    story = tiny().stories[0]
    criterion = Criterion(id="S1.C1", given="a", when="b", then="c")
    only = story.model_copy(update={"criteria": (criterion,)})
    return tiny().model_copy(update={"stories": (only,)})


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_our_own_requirements_and_suite_are_approved(spec: str) -> None:
    app, requirements = read(spec)
    assert review_requirements(requirements, spec) == []
    assert review_suite(suite_of(app, requirements), requirements) == []


def test_a_lost_line_is_a_blocker_that_names_it() -> None:
    requirements = tiny()
    number = TINY.split("\n").index("- total of grams of teas") + 1
    stories = tuple(
        s for s in requirements.stories if number not in {source.line for source in s.sources}
    )
    found = review_requirements(requirements.model_copy(update={"stories": stories}), TINY)
    (lost,) = (f for f in found if f"Line {number} " in f.message)
    assert lost.severity is Severity.BLOCKER
    assert "- total of grams of teas" in lost.message


def test_a_changed_quotation_is_found() -> None:
    requirements = tiny()
    quotes = tuple(
        SourceLine(line=quote.line, text=quote.text.replace("# Tea list", "# Coffee list"))
        for quote in requirements.definitions
    )
    found = review_requirements(requirements.model_copy(update={"definitions": quotes}), TINY)
    assert any("'# Coffee list'; it reads '# Tea list'" in f.message for f in found)


def test_an_id_that_stands_for_two_things_is_found() -> None:
    second = tiny().stories[0].criteria[1].id
    found = review_requirements(with_criterion(tiny(), id=second), TINY)
    assert [f.criterion for f in found] == [second]


def test_a_word_nobody_can_test_is_found_unless_it_is_quoted() -> None:
    vague = review_requirements(with_criterion(tiny(), then="it is sorted properly"), TINY)
    assert ["'properly'" in f.message for f in vague] == [True]
    assert review_requirements(with_criterion(tiny(), then="it says `properly done`"), TINY) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("def test_a():\n    pass\n", "asserts nothing"),
        ("def helper():\n    print()\n\ndef test_a():\n    helper()\n", "asserts nothing"),
        (
            "def test_a():\n    try:\n        assert 0\n    except AssertionError:\n        pass\n",
            "catches what would fail it",
        ),
        ("def test_a(:\n", "Python cannot read it"),
        ("def test_b():\n    assert 1\n", "covers names test_a, which is no test"),
        ("def test_a():\n    assert 1\n\ndef test_a():\n    assert 2\n", "results cannot be told"),
    ],
)
def test_tests_that_cannot_fail_or_run_are_found(content: str, said: str) -> None:
    found = review_suite(only_test(content), one_criterion())
    assert any(said in finding.message for finding in found), found


@pytest.mark.parametrize(
    "content",
    [
        "def test_a():\n    assert 1 == 1\n",
        "import pytest\n\ndef test_a():\n    with pytest.raises(ValueError):\n        int('x')\n",
        "def check():\n    assert True\n\ndef deep():\n    check()\n\ndef test_a():\n    deep()\n",
    ],
)
def test_tests_that_can_fail_are_left_alone(content: str) -> None:
    assert review_suite(only_test(content), one_criterion()) == []


def test_a_criterion_without_a_test_is_found_by_its_id() -> None:
    app, requirements = read(STOCK)
    suite = suite_of(app, requirements)
    (name, (ident, *_)), *_ = suite.covers.items()
    covers = {test: ids for test, ids in suite.covers.items() if test != name}
    found = review_suite(suite.model_copy(update={"covers": covers}), requirements)
    assert [f.criterion for f in found] == [ident]


@pytest.mark.parametrize("stage", ["requirements", "scenarios"])
def test_the_stage_says_what_is_reviewed(stage: str) -> None:
    app, requirements = read(TINY)
    documents = {
        "spec": TINY,
        "requirements": requirements,
        "acceptance": suite_of(app, requirements),
    }
    review = review_front(scene(documents, stage=stage, output="Review"))
    assert review.approved
    assert review.findings == ()


def test_other_stages_are_not_reviewed_here() -> None:
    with pytest.raises(ModelError, match="verify"):
        review_front(scene({"requirements": tiny()}, stage="verify"))


def test_only_minor_findings_leave_it_approved() -> None:
    app, requirements = read(TINY)
    suite = suite_of(app, requirements)
    first = next(iter(suite.covers))
    covers = {**suite.covers, first: (*suite.covers[first], "S99.C9")}
    documents = {
        "requirements": requirements,
        "acceptance": suite.model_copy(update={"covers": covers}),
    }
    review = review_front(scene(documents, stage="scenarios"))
    assert review.approved
    assert "S99.C9" in review.findings[0].message
