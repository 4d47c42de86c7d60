"""A kind that could never hold a record is refused before anything is built."""

from pathlib import Path

import pytest

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
