"""Faults put into an app: which ones there are, and whether its tests are seen to notice them."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.built_apps import write_files

from macrohard.config import Settings
from macrohard.grading import mutation
from macrohard.grading.mutants import sample
from macrohard.grading.mutation import MutationScore, Survivor, low_score
from macrohard.graph.grading import grade_tests, grade_unit

CORE = """\
def fare(age, zones):
    if age < 6:
        return 0
    price = zones * 2 + 1
    return price // 2 if age < 18 else price
"""
SHARP = """\
import unittest

from shop import core


class FareTest(unittest.TestCase):
    def test_all(self):
        self.assertEqual([core.fare(age, 3) for age in (5, 6, 7, 17, 18, 19)], [0, 3, 3, 3, 7, 7])
        self.assertEqual(core.fare(30, 1), 3)
        self.assertEqual(core.fare(10, 7), 7)
"""
BLUNT = SHARP.split("    def test_all", maxsplit=1)[0] + (
    "    def test_all(self):\n        self.assertIsNotNone(core.fare(30, 3))\n"
)


def _app(folder: Path, test: str, core: str = CORE) -> Path:
    files = {"shop/__init__.py": "", "shop/core.py": core, "tests/__init__.py": ""}
    return write_files({**files, "tests/test_core.py": test}, folder / "app")


def _office(office: SimpleNamespace, mutants: int) -> SimpleNamespace:
    settings = Settings(mutants=mutants)
    return SimpleNamespace(boxes=office.boxes, slots=office.slots, settings=settings)


@pytest.mark.parametrize("office", ["process", "docker"], indirect=True)
async def test_sharp_tests_notice_what_blunt_ones_do_not(
    office: SimpleNamespace, tmp_path: Path
) -> None:
    sharp = await grade_tests(_office(office, 4), _app(tmp_path / "a", SHARP))
    blunt = await grade_tests(_office(office, 4), _app(tmp_path / "b", BLUNT))
    assert sharp is not None
    assert blunt is not None
    assert (sharp.tried, sharp.caught, sharp.survivors) == (4, 4, ())
    assert blunt.tried == 4
    assert blunt.caught <= 2
    assert all(survivor.file == "shop/core.py" for survivor in blunt.survivors)


HOLLOW = """\
import unittest

from shop import core


class FareTest(unittest.TestCase):
    def test_with_itself(self):
        wanted = core.fare(30, 3)
        self.assertEqual(core.fare(30, 3), wanted)

    def test_something_else(self):
        core.fare = lambda age, zones: 7
        self.assertEqual(core.fare(30, 3), 7)

    def test_nonsense(self):
        with self.assertRaises(AssertionError):
            self.assertEqual(core.fare(30, 3), 12345)
"""
"""What no run of the tests can tell from honest ones: see docs/grading.md, what cannot be held."""


async def test_what_passes_whatever_the_app_does_notices_no_mutant(
    office: SimpleNamespace, tmp_path: Path
) -> None:
    app = _app(tmp_path, HOLLOW)
    score = await grade_tests(_office(office, 4), app)
    assert (await grade_unit(office, app, 1)).passed == 3
    assert score is not None
    assert (score.tried, score.caught) == (4, 0)
    assert low_score(score, 0.5, 1) is not None


async def test_none_are_tried_when_none_are_asked(office: SimpleNamespace, tmp_path: Path) -> None:
    assert await grade_tests(_office(office, 0), _app(tmp_path, SHARP)) is None


async def test_a_fault_that_never_ends_is_noticed(
    office: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutation, "CPU_S", 1)
    loop = "def count(n):\n    i = 0\n    while i < n:\n        i = i + n\n    return 'x'\n"
    test = SHARP.split("    def test_all", maxsplit=1)[0] + (
        "    def test_all(self):\n        self.assertEqual(core.count(1), 'x')\n"
        "        self.assertEqual(core.count(0), 'x')\n"
    )
    score = await grade_tests(_office(office, 20), _app(tmp_path, test, loop))
    assert score is not None
    assert score.caught > 0
    assert "i + n -> i - n" not in {survivor.change for survivor in score.survivors}


async def test_a_test_that_fails_alone_has_noticed_nothing(
    office: SimpleNamespace, tmp_path: Path
) -> None:
    flaky = (
        "from pathlib import Path\n\nfrom shop import core\n\n\ndef test_first():\n"
        "    assert core.fare(5, 1) == 0\n    assert 'whole' not in str(Path.cwd())\n"
    )
    score = await grade_tests(_office(office, 5), _app(tmp_path, flaky))
    assert score is not None
    assert score.caught == 0
    assert score.undecided > 0


def test_a_low_score_is_a_remark_with_the_places() -> None:
    survivor = Survivor(file="shop/core.py", line=2, change="a < b -> a <= b")
    score = MutationScore(tried=4, caught=1, survivors=(survivor,))
    told = low_score(score, 0.5, 2)
    assert told is not None
    assert told.severity == "minor"
    assert "shop/core.py:2: a < b -> a <= b" in told.evidence
    assert told.files == ("shop/core.py",)
    assert low_score(score, 0.25, 2) is None
    assert low_score(MutationScore(), 1.0, 1) is None


@given(st.integers(0, 50), st.integers(0, 1000))
def test_a_sample_is_the_same_for_a_seed_and_each_mutant_is_another_program(
    count: int, seed: int
) -> None:
    found = sample({"core.py": CORE, "broken.py": "def"}, count, seed)
    assert found == sample({"broken.py": "def", "core.py": CORE}, count, seed)
    assert len(found) == min(count, 4)
    assert len({mutant.line for mutant in found}) == len(found)
    for mutant in found:
        assert ast.dump(ast.parse(mutant.text)) != ast.dump(ast.parse(CORE))


def test_what_no_test_can_notice_is_left_alone() -> None:
    text = (
        'def f(a: "1 + 1") -> "2 + 2":\n    """Is 1 + 1."""\n    raise ValueError(1)\n\n\n'
        'if __name__ == "__main__":\n    f(1)\n'
    )
    assert sample({"a.py": text}, 10, 0) == ()
