"""A kind that could never hold a record is refused before anything is built."""

import itertools
import operator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrohard.config import Settings
from macrohard.errors import SpecError
from macrohard.llm import preflight
from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.oracle.feasible import check_feasible
from macrohard.llm.offline.parts.requirements import NO_EXAMPLE, requirements_of
from macrohard.roles import load_roles
from macrohard.spec import read_spec


def check(field: str, *rules: str) -> None:
    lines = ["# Pool", "", "Keeps.", "## Data", "### Thing", f"- {field}", "## Features"]
    lines += ["- Add and list things.", "## Rules", *(f"- {rule}" for rule in rules)]
    check_feasible(parse_spec("\n".join(lines), "pool.md"), "pool.md")


@pytest.mark.parametrize(
    ("field", "rules", "said"),
    [
        ("m: integer, required", ("m is at most 5.", "m is at least 6."), "lines 10 and 11 say"),
        ("m: integer, required, at most 4", ("m is above 5.",), "line 10 says"),
        ("m: integer, required", ("m is above 4.5.", "m is below 4.9."), "lines 10 and 11 say"),
        ("m: decimal, required", ("m is not 7.", "m > 5.", "m < 5.01."), "lines 11 and 12 say"),
        ("m: text, required", ("m is empty.",), "line 10 says: “m is empty”"),
        ("m: integer", ("m is given.", "m > 5.", "m < 4."), "lines 10, 11 and 12 say"),
        ("m: one of (a, b), required", ("m is not a.", "m is not b."), "lines 10 and 11 say"),
        (
            "m: date, required",
            ("m is after 2024-01-01.", "m is before 2024-01-02."),
            "lines 10 and 11 say",
        ),
    ],
)
def test_rules_that_leave_no_value_are_refused_with_their_lines(
    field: str, rules: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        check(field, *rules)
    assert "no thing could ever be added: no value of m (line 6)" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("m: integer", ("m is at most 5.", "m is at least 6.")),  # an empty one keeps both
        ("m: integer, required", ("m is 0.",)),
        ("m: integer, required", ("m is above 4.5.", "m is below 5.5.")),
        ("m: integer, required", ("m is above 1234567.", "m is below 1234569.")),
        ("m: decimal(3), required", ("m is above 5.", "m is below 5.01.", "m is not 5.001.")),
        ("m: date, required", ("m is after 2024-01-01.", "m is before 2024-01-03.")),
        ("m: date, required", ("m is today.",)),
        ("m: text, required", ('m is not "Maple".',)),
        ("m: one of (a, b, c), required", ("m is not a or b.",)),
    ],
)
def test_rules_that_leave_a_value_are_taken(field: str, rules: tuple[str, ...]) -> None:
    check(field, *rules)


def check_data(data: str, *rules: str) -> None:
    """Check kinds written with ``;`` between their lines, from line 5 on."""
    lines = ["# Pool", "", "Keeps.", "## Data", *data.split("; "), "## Features"]
    lines += ["- Add and list everything.", "## Rules", *(f"- {rule}" for rule in rules)]
    check_feasible(parse_spec("\n".join(lines), "pool.md"), "pool.md")


SPAN = "### Thing; - a: date, required; - b: date, required, after a; - span = b - a"
STEPS = "### Thing; - a: integer, required, at least 5; - b: integer, required, at most {}"
PAID = "### Thing; - paid: yes/no, required; - on: date"
MAILED = "### Thing; - m: e-mail, required"
BOSS = "### Thing; - boss: a thing"
PAIR = "### Thing; - part: a part, required; ### Part; - whole: a thing"


@pytest.mark.parametrize(
    ("data", "rules", "said"),
    [
        (SPAN, ("a is after b.",), "no values of a (line 6) and b (line 7), which are required"),
        (SPAN, ("b is before a + 1 days.",), "what lines 7 and 12 say: “b of a thing is after a”"),
        (SPAN, ("span is at least 3.", "b is before a + 3 days."), "let a or b be optional"),
        (STEPS.format(6), ("b is above a + 1.",), "what line 11 says: “b is above a + 1”"),
        (f"{STEPS.format(9)}; - c: decimal", ("c is given.", "c is b.", "c > 9"), "lines 12, 13"),
        ("### Thing; - a: date, required, not in the past", ("a is before today.",), "value of a"),
        (PAID, ("If paid is yes, on is given.", "If paid is no, on is given.", "on is empty."),
         "no values of paid (line 6) and on (line 7) keep what lines 11, 12 and 13 say"),
        (f"{BOSS}, required", (), "each needs a thing that is there already, as its boss."),
        (BOSS, ("boss is given.",), "Let boss be optional."),
        (f"{PAIR}, required", (), "a thing needs a part (part, line 6) and a part needs a thing"),
        (f"{PAIR}, required; ### Rest; - whole: a thing, required", (), "no first thing could"),
    ],
)  # fmt: skip
def test_rules_over_fields_and_kinds_that_leave_no_record_are_refused(
    data: str, rules: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        check_data(data, *rules)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        (SPAN, ("b is before a + 2 days.",)),
        (SPAN, ("span is at least 3.", "b is before a + 4 days.")),
        (SPAN.replace("date, required, after", "date, after"), ("a is after b.",)),
        (STEPS.format(7), ("b is above a + 1.",)),
        ("### Thing; - a: date, required; - b: date-time, required", ("a is after b.",)),
        ("### Thing; - a: decimal, required; - b: integer, required", ("a > b.", "a < b + 1.")),
        (PAID, ("If paid is yes, on is given.", "If paid is no, on is empty.")),
        (MAILED, ('m is "ann@example.com".',)),
        (BOSS, ("If boss is empty, boss is given.",)),
        (f"{BOSS}; - item: a part; ### Part; - n: text", ("item is given.",)),
        (PAIR, ()),
    ],
)
def test_rules_over_fields_and_kinds_that_leave_a_record_are_taken(
    data: str, rules: tuple[str, ...]
) -> None:
    check_data(data, *rules)


_SIDES = st.sampled_from(["a", "b", "c", "2", "4", "a + 1", "b - 2", "c + b - a"])
_SIGNS = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abc"), _SIGNS, _SIDES), min_size=1, max_size=5))
def test_nothing_is_refused_that_a_small_record_keeps(rules: list[tuple[str, str, str]]) -> None:
    data = "; ".join(["### Thing", *(f"- {f}: integer, required, from 0 to 5" for f in "abc")])
    texts = [" ".join(rule) for rule in rules if rule[0] != rule[2]]
    kept = [
        values
        for values in itertools.product(range(6), repeat=3)
        if all(_keeps(text, dict(zip("abc", values, strict=True))) for text in texts)
    ]
    refused = False
    try:
        check_data(data, *texts)
    except SpecError:
        refused = True
    assert not (refused and kept)


def _keeps(text: str, values: dict[str, int]) -> bool:
    left, sign, right = text.split(" ", 2)
    total, way = 0, 1
    for word in right.split():
        if word in "+-":
            way = 1 if word == "+" else -1
        else:
            total += way * (values[word] if word in values else int(word))
    signs = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    signs |= {"=": operator.eq, "!=": operator.ne}
    return bool(signs[sign](values[left], total))


def test_a_kind_without_an_example_is_no_secret() -> None:
    lines = ["# Pool", "", "Keeps.", "## Data", "### Thing", "- m: date, required", "## Features"]
    text = "\n".join([*lines, "- Add and list things.", "## Rules", "- m is today."])
    assumed = requirements_of(parse_spec(text), text).assumptions
    assert any(said.startswith(f"{NO_EXAMPLE} thing was found") for said in assumed)


def test_it_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    lines = "# Pool\n\nKeeps.\n## Data\n### Thing\n- m: text, required\n## Features\n"
    path = tmp_path / "spec.md"
    path.write_text(f"{lines}- Add and list things.\n## Rules\n- m is empty.\n")
    with pytest.raises(SpecError, match="no thing could ever be added"):
        preflight(Settings(), load_roles(), read_spec(path))
