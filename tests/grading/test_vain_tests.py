"""Tests that cannot fail: each is told apart, by its source or by how it behaves when run."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.built_apps import write_files

from macrohard.grading.census import take_census
from macrohard.graph.grading import grade_unit
from macrohard.graph.triage import holds

VAIN = {
    "a pair": "assert (core.double(5) == 10, 'wrong')",
    "or true": "assert core.double(5) == 10 or True",
    "or a text": "assert core.double(5) == 10 or 'in vain'",
    "with itself": "assert core.double(5) == core.double(5)",
    "with itself by unittest": "self.assertEqual(core.double(5), core.double(5))",
    "a lambda": "assert lambda: core.double(5) == 10",
    "a generator": "assert (core.double(n) == 2 * n for n in range(5))",
    "true by unittest": "self.assertTrue((core.double(5), 10))",
    "constants by name": "assert EXPECTED == 10",
    "constants of its own": "seen = 10\n    assert seen == EXPECTED",
    "constants and Python": "assert len(str(EXPECTED)) == 2 and isinstance(EXPECTED, int)",
    "Python by unittest": "self.assertEqual(sum((1, 2)), 3)",
}
SOUND = {
    "a value": "assert core.double(5) == EXPECTED",
    "a value that is kept": "seen = core.double(5)\n    assert seen == 10",
    "a name given twice": "seen = 10\n    seen = core.double(seen)\n    assert seen == 10",
    "a parameter": "assert given == EXPECTED",
    "in a loop": "for number in (1, 2):\n        assert number",
    "the app's own sum": "assert total(1, 2) == 3",
    "or": "assert core.double(5) == 10 or core.double(5) == 11",
    "a function handed over": "assert sorted([1], key=core.double) == [1]",
    "a comprehension": "assert [core.double(n) for n in (1, 2)] == [2, 4]",
}
MODULE = """\
from shop import core
from shop.core import double as total

EXPECTED = 10


def test_it(self, given):
    {body}
"""


@pytest.mark.parametrize("kind", [*VAIN, *SOUND])
def test_an_assertion_that_cannot_fail_is_none(kind: str, tmp_path: Path) -> None:
    text = MODULE.format(body={**VAIN, **SOUND}[kind])
    app = write_files({"tests/test_it.py": text}, tmp_path / "app")
    (test,) = take_census(app).tests
    assert ast.parse(text)
    assert test.asserts == (kind in SOUND)


def test_what_hides_a_function_of_pythons_is_not_taken_for_it(tmp_path: Path) -> None:
    for line in ("from shop import len", "from shop import *", "def len(x): return core(x)"):
        text = f"{line}\n\n\ndef test_it():\n    assert len('abc') == 3\n"
        app = write_files({"tests/test_it.py": text}, tmp_path / "app")
        assert take_census(app).tests[-1].asserts, line


WRONG = "def double(number):\n    return number + 1\n"
UNITTEST = "import unittest\n\nfrom shop import core\n\n\n"
NEVER_FAILS = {
    "awaited by nobody": UNITTEST + "class T(unittest.TestCase):\n    async def test_x(self):\n"
    "        self.assertEqual(core.double(5), 10)\n",
    "a generator that nobody runs": UNITTEST
    + "class T(unittest.TestCase):\n    def test_x(self):\n        yield\n"
    "        self.assertEqual(core.double(5), 10)\n",
    "a decorator that swallows": UNITTEST
    + "def quiet(test):\n    def run(self):\n        try:\n            test(self)\n"
    "        except AssertionError as error:\n            print(error)\n    return run\n\n\n"
    "class T(unittest.TestCase):\n    @quiet\n    def test_x(self):\n"
    "        self.assertEqual(core.double(5), 10)\n",
    "a class that calls none of them": UNITTEST
    + "class T(unittest.TestCase):\n    def run(self, result):\n"
    "        result.startTest(self)\n        result.addSuccess(self)\n"
    "        result.stopTest(self)\n\n    def test_x(self):\n"
    "        self.assertEqual(core.double(5), 10)\n",
    "a metaclass": UNITTEST + "class Kind(type):\n    def __new__(kind, name, bases, space):\n"
    "        for key in [key for key in space if key.startswith('test')]:\n"
    "            space[key] = lambda self: None\n"
    "        return super().__new__(kind, name, bases, space)\n\n\n"
    "class T(unittest.TestCase, metaclass=Kind):\n    def test_x(self):\n"
    "        self.assertEqual(core.double(5), 10)\n",
    "a fixture that takes its place": "import pytest\n\nfrom shop import core\n\n\n"
    "@pytest.fixture(autouse=True)\ndef calm(request):\n    request.node.obj = lambda: None\n\n\n"
    "def test_x():\n    assert core.double(5) == 10\n",
    "failures of parts": UNITTEST
    + "class T(unittest.TestCase):\n    def test_x(self):\n        for n in (5, 6):\n"
    "            with self.subTest(n=n):\n                self.assertEqual(core.double(n), 2*n)\n",
    "returned": "from shop import core\n\n\ndef test_x():\n    return core.double(5) == 10\n",
    "without cases": "import pytest\n\nfrom shop import core\n\n\n"
    "@pytest.mark.parametrize('n', [])\ndef test_x(n):\n    assert core.double(n) == 10\n",
    "without cases by a hook": "from shop import core\n\n\ndef pytest_generate_tests(metafunc):\n"
    "    metafunc.parametrize('n', [])\n\n\ndef test_x(n):\n    assert core.double(n) == 10\n",
    "a module that is skipped": "import pytest\n\nfrom shop import core\n\n"
    "pytest.skip('later', allow_module_level=True)\n\n\n"
    "def test_x():\n    assert core.double(5) == 10\n",
    "a module that lacks something": "import pytest\n\nfrom shop import core\n\n"
    "pytest.importorskip('nothing_of_that_name')\n\n\n"
    "def test_x():\n    assert core.double(5) == 10\n",
    "set up by a skip": UNITTEST + "class T(unittest.TestCase):\n    def setUp(self):\n"
    "        raise unittest.SkipTest('later')\n\n    def test_x(self):\n"
    "        self.assertEqual(core.double(5), 10)\n",
    "a class that is none": UNITTEST
    + "class T(unittest.TestCase):\n    __test__ = False\n\n    def test_x(self):\n"
    "        self.assertEqual(core.double(5), 10)\n",
    "made at run time": UNITTEST + "class T(unittest.TestCase):\n    pass\n\n\nfor n in range(5):\n"
    "    setattr(T, f'test_{n}', lambda self: self.assertTrue(core))\n",
}
"""Files of tests that never fail, though what they test is wrong."""


async def test_none_of_these_files_has_a_test_that_counts(
    office: SimpleNamespace, tmp_path: Path
) -> None:
    # Each in an app of its own would start pytest thirty times; whether one hides another is seen
    # by each of them being named.
    names = {kind: f"test_{at:02}.py" for at, kind in enumerate(NEVER_FAILS)}
    tests = {f"tests/{names[kind]}": text for kind, text in NEVER_FAILS.items()}
    app = {"shop/__init__.py": "", "shop/core.py": WRONG, "tests/__init__.py": "", **tests}
    graded = await grade_unit(office, write_files(app, tmp_path / "app"), 1)

    told = "\n".join(
        f"{failure.title}\n{failure.evidence}\n{failure.files}"
        for failure in graded.failures + graded.remarks
    )
    assert graded.passed == 0
    assert any(holds(failure) for failure in graded.failures)
    assert [kind for kind, name in names.items() if name not in told] == []
