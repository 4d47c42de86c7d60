"""Everything the documentation, the examples and the template show is read."""

import re
from pathlib import Path

import pytest

import macrohard.cli
from macrohard.llm.offline.dialect import parse_spec

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "spec-dialect.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
WHOLE = next(body for kind, body in BLOCKS if kind == "markdown")
TEMPLATE = Path(macrohard.cli.__file__).with_name("spec_template.md")


def lines_of(kind: str) -> list[str]:
    return [line for each, body in BLOCKS if each == kind for line in body.splitlines() if line]


@pytest.mark.parametrize(
    "path", [*sorted((ROOT / "examples" / "specs").glob("*.md")), TEMPLATE], ids=lambda p: p.name
)
def test_a_spec_we_show_is_read(path: Path) -> None:
    app = parse_spec(path.read_text(encoding="utf-8"), path.name)
    assert all(kind.fields and kind.features.add for kind in app.kinds)


def test_the_examples_cover_every_form_of_rule_and_five_kinds() -> None:
    apps = [
        parse_spec(p.read_text(encoding="utf-8")) for p in (ROOT / "examples/specs").glob("*.md")
    ]
    rules = {type(rule).__name__ for app in apps for rule in app.rules}
    assert rules == {"RecordRule", "BoundRule", "OverlapRule", "UniqueRule", "DeleteRule"}
    assert max(len(app.kinds) for app in apps) >= 5


@pytest.mark.parametrize("body", [body for kind, body in BLOCKS if kind == "data"])
def test_the_forms_of_a_kind_are_alike(body: str) -> None:
    app = parse_spec(f"# Tools\n\n## Data\n\n{body}")
    tool = app.kind("tool")
    assert [(f.name, f.type.value, f.required) for f in tool.fields] == [
        ("name", "text", True),
        ("price", "decimal", False),
    ]


@pytest.mark.parametrize("line", lines_of("fields"))
def test_a_documented_field_is_read(line: str) -> None:
    text = WHOLE.replace("- paid: yes/no, default no\n", f"- paid: yes/no, default no\n- {line}\n")
    name = re.split(r" *[:(=]", line)[0]
    assert name in [field.name for field in parse_spec(text).kind("loan").fields]


@pytest.mark.parametrize("line", lines_of("conditions"))
def test_a_documented_condition_is_read(line: str) -> None:
    text = WHOLE.replace("## Rules", f'- List "odd" loans where {line}\n\n## Rules')
    assert [each.name for each in parse_spec(text).kind("loan").features.conditions][-1] == "odd"


@pytest.mark.parametrize("line", lines_of("features"))
def test_a_documented_feature_is_read(line: str) -> None:
    features = f"## Features\n\n- {line}\n- Add everything.\n\n## Rules"
    text = re.sub(r"## Features.*?## Rules", lambda _: features, WHOLE, flags=re.DOTALL)
    number = text.splitlines().index(f"- {line}") + 1
    made = parse_spec(text)
    told = {
        where
        for kind in made.kinds
        for where in [
            *kind.features.lines.values(),
            *(each.line for each in kind.features.aggregates),
            *(each.line for each in kind.features.conditions),
        ]
    }
    assert number in told


@pytest.mark.parametrize("line", lines_of("rules"))
def test_a_documented_rule_is_read(line: str) -> None:
    text = re.sub(r"## Rules.*", lambda _: f"## Rules\n\n- {line}\n", WHOLE, flags=re.DOTALL)
    number = text.splitlines().index(f"- {line}") + 1
    assert number in {rule.line for rule in parse_spec(text).rules}
