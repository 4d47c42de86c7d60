"""The tree in plain English, which is itself dialect."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from support.dialect_base import BASE, field_of, read
from support.spec_strategies import Rendered, meaning, specs

from macrohard.llm.offline.dialect import App, parse_spec
from macrohard.llm.offline.dialect.ast import FieldType, Number
from macrohard.llm.offline.dialect.typecheck import infer_type
from macrohard.llm.offline.dialect.wording import (
    aggregate_text,
    condition_text,
    constraint_texts,
    expression_text,
    field_text,
    rule_text,
    type_text,
)

EXAMPLES = Path(__file__).parents[3] / "examples" / "specs"
VERBS = ("add", "list", "show", "edit", "delete")


def rewritten(app: App) -> str:
    """The whole app in our own words."""
    lines = [f"# {app.title}", "", "## Data"]
    for kind in app.kinds:
        lines += [f"### {kind.name} (plural: {kind.plural})"]
        lines += [f"- {field_text(field, kind, app)}" for field in kind.fields]
    lines.append("## Features")
    for kind in app.kinds:
        features = kind.features
        wanted = [verb for verb in VERBS if getattr(features, verb)]
        wanted += [verb for verb in ("import", "export") if getattr(features, f"{verb}_csv")]
        lines.append(f"- {', '.join(wanted)} {kind.plural}")
        for verb in ("filter", "sort", "search"):
            slugs = getattr(features, {"search": "searches"}.get(verb, f"{verb}s"))
            if slugs:
                names = ", ".join(kind.field(slug).name for slug in slugs)
                lines.append(f"- {verb} {kind.plural} by {names}")
        lines += [f"- {aggregate_text(each, kind)}" for each in features.aggregates]
        for each in features.conditions:
            verb = "mark" if each.marks else "list"
            said = condition_text(each.condition, kind, app)
            lines.append(f'- {verb} "{each.name}" {kind.plural} where {said}')
    lines.append("## Rules")
    lines += dict.fromkeys(f"- {rule_text(rule, app)}" for rule in app.rules)
    lines += ["## Interface", *(f"- {_INTERFACES[name]}" for name in app.interfaces)]
    return "\n".join(lines)


_INTERFACES = {"cli": "Command line", "web": "Web pages", "api": "JSON API", "desktop": "Desktop"}


@settings(max_examples=40)
@given(specs())
def test_what_we_write_is_read_as_what_we_meant(spec: Rendered) -> None:
    text = rewritten(spec.app)
    assert meaning(parse_spec(text)) == meaning(spec.app), text


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.md")), ids=lambda path: path.stem)
def test_the_examples_survive_being_rewritten(path: Path) -> None:
    app = parse_spec(path.read_text(encoding="utf-8"))
    assert meaning(parse_spec(rewritten(app))) == meaning(app)


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("x: text, required, up to 9 characters", ["required", "up to 9 characters"]),
        ("x: decimal, positive, default 3", ["at least 0.01", "default 3.00"]),
        ("x: decimal, 3 decimal places, from 1 to 500", ["3 decimal places", "from 1 to 500"]),
        ("x: date, on or after 2024-01-01, unique", ["unique", "not before 2024-01-01"]),
        ("x: one of (a, b), default a", ['default "a"']),
        ("x: yes/no, default no", ["default no"]),
    ],
)
def test_constraints_as_people_write_them(line: str, texts: list[str]) -> None:
    assert constraint_texts(field_of(line)) == texts


def test_types_and_fields() -> None:
    app = parse_spec(BASE)
    item, loan = app.kind("item"), app.kind("loan")
    assert type_text(item.field("status"), app) == "one of (in stock, lent out, not started)"
    assert type_text(loan.field("item"), app) == "reference to item"
    assert (
        field_text(loan.field("cost"), loan, app)
        == "cost (2 decimal places) = quantity * item.price"
    )
    assert field_text(item.field("stock"), item, app) == (
        'stock = total of quantity of movements (where direction is "in") '
        '- total of quantity of movements (where direction is "out")'
    )


def test_brackets_only_where_they_matter() -> None:
    formulas = "(quantity - 1) * 2", "quantity - (1 + 2)", "quantity - 1 + 2", "quantity / (2 * 3)"
    for formula in formulas:
        app = parse_spec(BASE.replace("- cost = ", f"- r = {formula}\n- cost = "))
        loan = app.kind("loan")
        expression = loan.field("r").computed
        assert expression is not None
        assert expression_text(expression, loan, app) == formula


def test_conditions_speak_of_dates_as_of_dates() -> None:
    line = '- list "odd" loans where end <= start and quantity <= 3 or (done and returned is empty)'
    app = read(line, section="Features")
    loan = app.kind("loan")
    (found,) = loan.features.conditions
    assert condition_text(found.condition, loan, app) == (
        "(end is not after start and quantity is at most 3) or (done is yes and returned is empty)"
    )


def test_infer_type() -> None:
    app = parse_spec(BASE)
    cost = app.kind("loan").field("cost").computed
    assert cost is not None
    assert infer_type(cost, app.kind("loan"), app) is FieldType.DECIMAL
    assert infer_type(Number(Decimal(3)), app.kind("loan"), app) is FieldType.INTEGER
