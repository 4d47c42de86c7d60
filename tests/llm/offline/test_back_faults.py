"""The mistakes the offline model makes, and when."""

import ast
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.llm.offline.appgen import Part, PartFile
from macrohard.llm.offline.dialect.ast import App
from macrohard.llm.offline.parts.compiled import Compiled
from macrohard.llm.offline.parts.fault_kinds import KINDS, mistakes
from macrohard.llm.offline.parts.faults import chance, slip_in
from macrohard.llm.offline.parts.misreading import adapt_tests
from macrohard.work import Requirements

SHOP = '''"""Sales, Käse included."""

import sys

from shop import items
from shop.rules import check_price

FIELDS = ("name", "price", "amount")


def add(connection, name, price):
    """Add a sale."""
    check_price(connection, price)
    if len(name) > 20:
        raise ValueError("name can have at most 20 characters")
    number = items.insert(connection, name)
    return f"Added sale {number}."


def total(sales):
    """Add up what is paid."""
    return sum(sale.price * sale.amount for sale in sales if sale.paid)


def month(sale):
    """Tell the month."""
    return sale.date[:7]


def main(arguments):
    """Run."""
    if not arguments:
        print("error: nothing to do", file=sys.stderr)
        return 2
    return 0
'''
ADDED = "sale.price + sale.amount"
MODULES = frozenset({"shop", "shop.items", "shop.rules"})


def made(kind: str) -> dict[str, str]:
    """Every mistake of a kind, by the function it is in and the lines it leaves."""
    lines = SHOP.splitlines()
    found = {}
    for mistake in mistakes(SHOP, MODULES):
        if mistake.kind == kind:
            text = mistake.made_in(SHOP)
            new = [line.strip() for line in text.splitlines() if line not in lines]
            found[f"{mistake.piece}: {' '.join(new)}"] = text
    return found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("off-by-one bound", "add: if len(name) >= 20:"),
        ("forgotten rule", "add: "),
        ("wrong total", f"total: return sum({ADDED.replace('+', '*')} for sale in sales)"),
        (
            "wrong total",
            "total: return sum(sale.price + sale.amount for sale in sales if sale.paid)",
        ),
        ("wrong total", "month: return sale.date[:4]"),
        ("interface mismatch", "add: number = items.insert_record(connection, name)"),
        ("interface mismatch", "add: number = items.insert(connection)"),
        ("interface mismatch", "add: check_price(connection)"),
        ("wrong exit code or message", "main: return 1"),
        ("wrong exit code or message", 'main: print("error: nothing to do", file=sys.stdout)'),
        ("wrong exit code or message", 'add: return f"Created sale {number}."'),
        ("lost field", '<module>: FIELDS = ("name", "price")'),
        ("syntax error", "total: def total(sales)"),
    ],
)
def test_each_kind_of_mistake_is_made_where_the_code_has_room_for_it(
    kind: str, expected: str
) -> None:
    assert expected in made(kind)


def test_what_nobody_could_find_is_no_mistake_to_make() -> None:
    source = (
        'YES = {"yes": True, "y": True, "no": False}\n'
        'REQUIRED = ("name", "price", "amount")\n'
        "def rest(found, known):\n    return found - set(known)\n"
        'def plan():\n    return ["CREATE TABLE a", "CREATE TABLE b", "CREATE INDEX c"]\n'
    )
    assert [mistake for mistake in mistakes(source) if mistake.kind != "syntax error"] == []


@pytest.mark.parametrize(
    ("function", "kind", "shared"),
    [
        ("is_large", "off-by-one bound", False),
        ("parse_name", "off-by-one bound", True),
        ("parse_name", "forgotten rule", True),
        ("add", "forgotten rule", False),
        ("parse_name", "syntax error", False),
    ],
)
def test_only_what_others_can_find_is_shared_by_the_tests_beside_it(
    function: str, kind: str, shared: bool
) -> None:
    body = "    if number > 100:\n        raise ValueError(number)\n    return number\n"
    files = {"shop/sums.py": f"def {function}(number):\n{body}"}
    compiled = Compiled(
        requirements=Requirements.model_construct(),
        app=App("Shop", "shop", "p", (), (), ("cli",)),
        files=files,
        parts=(Part("sums", "Sums", "r", (PartFile("shop/sums.py", "r"),), kinds=("sum",)),),
    )
    slips = [slip_in(files, compiled, random.Random(seed)) for seed in range(60)]
    fates = {slip.shared for slip in slips if slip and slip.kind == kind}
    assert fates == ({True, False} if shared else {False})


def test_every_kind_is_possible_and_none_other() -> None:
    assert {mistake.kind for mistake in mistakes(SHOP, MODULES)} == set(KINDS)


def test_only_syntax_errors_do_not_parse() -> None:
    for mistake in mistakes(SHOP, MODULES):
        text = mistake.made_in(SHOP)
        assert text != SHOP
        if mistake.kind == "syntax error":
            with pytest.raises(SyntaxError):
                ast.parse(text)
        else:
            ast.parse(text)


def test_a_forgotten_rule_leaves_no_trace() -> None:
    texts = list(made("forgotten rule").values()) + [
        mistake.made_in(SHOP) for mistake in mistakes(SHOP) if mistake.kind == "forgotten rule"
    ]
    assert any("at most 20" not in text for text in texts)
    assert any("check_price(" not in text for text in texts)


def test_a_file_that_is_no_python_has_no_room_for_mistakes() -> None:
    assert mistakes("def f(:") == ()


@given(st.floats(min_value=0, max_value=1), st.integers(min_value=1, max_value=6))
def test_later_rounds_err_less(rate: float, round_: int) -> None:
    assert 0 <= chance(rate, round_ + 1) <= chance(rate, round_) / 2
    assert chance(rate, 1) == rate


TESTS = '''"""Tests."""

import unittest


class AddTest(unittest.TestCase):
    """Adding."""

    def test_adds(self):
        self.assertEqual(1, 1)

    def test_bound(self):
        self.assertEqual(1, 2)

    def test_name(self):
        self.assertEqual(1, 1)
'''
FAILED = """\
.F.
======================================================================
FAIL: test_bound (tests.test_add.AddTest.test_bound)
----------------------------------------------------------------------
AssertionError: 1 != 2
"""


def test_one_who_misread_the_rule_drops_the_test_that_says_otherwise() -> None:
    adapted = adapt_tests(FAILED, {"tests/test_add.py": TESTS})
    text = adapted["tests/test_add.py"]
    assert "test_bound" not in text
    assert "test_adds" in text
    assert "test_name" in text
    ast.parse(text)


def test_most_tests_failing_convinces_anyone() -> None:
    more = FAILED + FAILED.replace("test_bound", "test_adds")
    assert adapt_tests(more, {"tests/test_add.py": TESTS}) == {}


def test_tests_that_cannot_be_loaded_convince_anyone() -> None:
    output = "ERROR: tests.test_add (unittest.loader._FailedTest.tests.test_add)"
    assert adapt_tests(output, {"tests/test_add.py": TESTS}) == {}


def test_tests_of_others_are_not_adapted() -> None:
    assert adapt_tests(FAILED, {"tests/test_other.py": TESTS}) == {}
