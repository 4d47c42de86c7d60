"""The pieces of the generator: layout, leaving out, wording, SQL, circles."""

import ast
from decimal import Decimal

import pytest
from support.built_apps import DEPOT, ROOMS, app_of

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.circles import in_circles, is_acyclic, ordered
from macrohard.llm.offline.appgen.conditions import lenient, strict
from macrohard.llm.offline.appgen.layout import laid_out
from macrohard.llm.offline.appgen.pysource import docstring, quote, text_lines
from macrohard.llm.offline.appgen.scope import Scope, may_be_empty
from macrohard.llm.offline.appgen.shake import shake
from macrohard.llm.offline.appgen.sqlwhere import sql_condition
from macrohard.llm.offline.appgen.unit.prune import defined_names, pruned
from macrohard.llm.offline.appgen.wording import condition_words, formula
from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    Compare,
    CompareOp,
    Condition,
    FieldRef,
    IsEmpty,
    Number,
    TextValue,
)

LONG = "a" * 40


@pytest.mark.parametrize(
    "line",
    [
        f"    found = call_of_something({LONG}, {LONG}, keyword={LONG})",
        f"def function_of_something({LONG}: int, {LONG}: str) -> list[int]:",
        f"    return {LONG} is not None and {LONG} is not None and {LONG}",
        f"    if {LONG} is None or {LONG} is None or {LONG} is None:",
        f"    value = first_{LONG}({LONG}) if {LONG} is not None else None",
        f"    found = [{LONG} for {LONG} in everything_there_is if {LONG}]",
    ],
)
def test_long_lines_are_broken_and_mean_the_same(line: str) -> None:
    text = line if line.startswith("def") else f"def f():\n{line}"
    text += (
        f"\n{'    ' if line.startswith('def') else '        '}pass" if line.endswith(":") else ""
    )
    broken = laid_out(text)
    assert max(map(len, broken.splitlines())) <= 100
    assert ast.dump(ast.parse(broken)) == ast.dump(ast.parse(text))


def test_short_lines_and_long_texts_stay() -> None:
    text = f'x = call(1, 2)\n"""{LONG} {LONG} {LONG}\n"""\n'
    assert laid_out(text) == text


def test_what_is_not_used_is_left_out() -> None:
    files = {
        "app/__init__.py": '"""App."""\n',
        "app/main.py": "from app import tools\n\ntools.used()\n",
        "app/tools.py": '"""Tools."""\n\nimport os\nimport sys\n\nLIMIT = 3\n"""A limit."""\n\n\n'
        "def used():\n    return helper(sys.path)\n\n\ndef helper(x):\n    return x\n\n\n"
        "def unused():\n    return os.sep * LIMIT\n",
        "app/lonely.py": "def alone():\n    return 1\n",
    }
    shaken = shake(files, ["app/main.py"])
    assert "app/lonely.py" not in shaken
    assert shaken["app/tools.py"] == (
        '"""Tools."""\n\nimport sys\n\n\ndef used():\n    return helper(sys.path)\n\n\n'
        "def helper(x):\n    return x\n"
    )


def test_tests_of_what_is_not_there_are_left_out() -> None:
    defined = defined_names({"app/tools.py": "def there():\n    return 1\n"})
    text = (
        "import unittest\n\nfrom app import tools\n\n\nclass OneTest(unittest.TestCase):\n"
        "    def test_there(self):\n        tools.there()\n\n"
        "    def test_gone(self):\n        tools.gone()\n\n\n"
        "class OtherTest(unittest.TestCase):\n    def test_gone(self):\n        tools.gone()\n"
    )
    kept = pruned(text, defined)
    assert "test_there" in kept
    assert "gone" not in kept
    assert pruned(text.replace("tools.there()", "tools.lost()"), defined) == ""


def condition_code(condition: Condition, kind: str) -> tuple[str, str]:
    """A condition about parts or moves as Python, strict and lenient."""
    app = app_of(DEPOT)
    scopes = [Scope(app, app.kind(kind), kind, "here") for _ in range(2)]
    return strict(condition, scopes[0]).code, lenient(condition, scopes[1]).code


def test_empty_sides_fail_conditions_and_meet_rules() -> None:
    late = Compare(CompareOp.GT, FieldRef("end"), FieldRef("begin"))
    assert condition_code(late, "booking") == (
        "booking.end is not None and booking.end > booking.begin",
        "booking.end is None or booking.end > booking.begin",
    )
    same = Compare(CompareOp.EQ, FieldRef("least"), Number(Decimal(3)))
    assert condition_code(same, "part") == (
        "part.least == 3",
        "part.least is None or part.least == 3",
    )
    other = Compare(CompareOp.NE, FieldRef("least"), Number(Decimal(3)))
    assert condition_code(other, "part") == ("part.least != 3", "part.least != 3")


def test_mixed_conditions_are_bracketed() -> None:
    known = IsEmpty("end", negated=True)
    heavy = Compare(CompareOp.GT, FieldRef("weight"), Number(Decimal("2.5")))
    code, _ = condition_code(BoolOp("or", (known, heavy)), "booking")
    assert code == (
        "booking.end is not None or "
        '(booking.weight is not None and booking.weight > Decimal("2.5"))'
    )


def test_sql_decides_only_what_it_decides_alike() -> None:
    kind = app_of(DEPOT).kind("move")
    way = Compare(CompareOp.NE, FieldRef("way"), TextValue("in"))
    found = sql_condition(kind, way)
    assert found is not None
    assert (found.sql, found.arguments) == ('"way" IS NOT ?', ('"in"',))
    computed = Compare(CompareOp.GT, FieldRef("cost"), Number(Decimal(3)))
    assert sql_condition(kind, computed) is None
    assert sql_condition(kind, BoolOp("and", (way, computed))) is None


def test_formulas_are_told_as_specs_write_them() -> None:
    app = app_of(DEPOT)
    move = app.kind("move")
    assert formula(app, move, move.field("share")) == "cost / part.worth * 100"
    heavy = Compare(CompareOp.GE, FieldRef("pieces"), Number(Decimal(3)))
    assert condition_words(app, move, heavy) == "pieces >= 3"


def test_totals_are_never_empty_but_averages_are() -> None:
    app = app_of(DEPOT)
    part = app.kind("part")
    empty = {f.slug: may_be_empty(app, part, f) for f in part.fields if f.computed is not None}
    assert empty["balance"] is False
    assert empty["worth"] is False
    assert empty["typical_move"] is True
    assert empty["vendor_name"] is True


def test_names_avoid_what_python_and_the_modules_use() -> None:
    spec = ROOMS.replace("Room\n", "Decimal\n", 1).replace("room", "decimal").replace("Rooms", "D")
    kind = app_of(spec.replace("rooms", "decimals")).kind("decimal")
    assert names.class_name(kind) == "DecimalRecord"
    for taken in ("list", "row", "values", "connection"):
        assert taken in names.TAKEN


def test_texts_become_literals_that_read_back() -> None:
    for text in ('say "yes"', "it's", "both \" and '", "back\\slash", "größe"):
        assert ast.literal_eval(quote(text)) == text
    long = " ".join(f'"column_{n}"' for n in range(30))
    (statement,) = ast.parse("\n".join(text_lines("query", long))).body
    assert isinstance(statement, ast.Assign)
    assert ast.literal_eval(statement.value) == long


def test_docstrings_fit_and_close() -> None:
    for text in ("Short.", f"Long: {LONG} {LONG} {LONG}", 'Ends in "quotes"', 'Has """ inside'):
        made = docstring(text)
        assert max(map(len, made.splitlines())) <= 96
        assert isinstance(ast.literal_eval(made), str)


def test_circles_are_found_and_order_is_kept() -> None:
    needs = {"a": {"b"}, "b": {"a"}, "c": {"a"}}
    assert not is_acyclic(needs)
    assert in_circles(needs) == [{"a", "b"}]
    assert ordered({"c": {"a", "b"}, "b": {"a"}, "a": set()}) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="circle"):
        ordered(needs)
