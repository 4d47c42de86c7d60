"""Random specs: valid ones mean what was meant, damaged ones never do worse than SpecError."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dialect_base import BASE
from support.spec_strategies import Rendered, meaning, specs

from macrohard.errors import SpecError
from macrohard.llm.offline.dialect import parse_spec

EXAMPLES = Path(__file__).parents[3] / "examples" / "specs"
WHOLE = [BASE, *(path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.md")))]
WORDS = sorted({word for text in WHOLE for word in text.split()})


@settings(max_examples=60)
@given(specs())
def test_every_wording_of_a_spec_is_read_as_what_was_meant(spec: Rendered) -> None:
    assert meaning(parse_spec(spec.text)) == meaning(spec.app), spec.text


@settings(max_examples=15)
@given(specs(max_kinds=3))
def test_what_is_read_knows_its_lines(spec: Rendered) -> None:
    lines = spec.text.split("\n")
    for kind in parse_spec(spec.text).kinds:
        assert kind.name in lines[kind.line - 1].lower()
        assert all(field.name in lines[field.line - 1] for field in kind.fields)
        assert all(each.name in lines[each.line - 1] for each in kind.features.conditions)


def read_or_refuse(text: str) -> None:
    refused: SpecError | None = None
    try:
        parse_spec(text)
    except SpecError as error:
        refused = error
    if refused is not None:
        assert 1 <= (refused.line or 0) <= text.count("\n") + text.count("\r") + 1
        assert refused.reason


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A spec somebody has been careless with."""
    lines = draw(st.sampled_from(WHOLE)).split("\n")
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        words = lines[at].split(" ")
        place = draw(st.integers(0, len(words) - 1))
        match draw(st.sampled_from(("drop", "double", "swap", "word", "lose", "noise", "join"))):
            case "drop" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(draw(st.integers(0, len(lines))), lines[at])
            case "swap":
                words[place], words[-1] = words[-1], words[place]
                lines[at] = " ".join(words)
            case "word":
                words[place] = draw(st.sampled_from(WORDS))
                lines[at] = " ".join(words)
            case "lose":
                del words[place]
                lines[at] = " ".join(words)
            case "noise":
                noise = draw(st.text(max_size=4) | st.text("()\"'*-_=#><|`:;,.", max_size=4))
                words.insert(place, noise)
                lines[at] = " ".join(words)
            case _:
                lines[at : at + 2] = [" ".join(lines[at : at + 2])]
    return "\n".join(lines)


@settings(max_examples=300)
@given(damaged())
def test_a_damaged_spec_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)


@settings(max_examples=200)
@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_noise_is_refused(text: str) -> None:
    read_or_refuse(text)
    read_or_refuse(f"# T\n\n## Data\n\n### Thing\n- {text}: text\n- x: {text}\n- y = {text}\n")


HUGE = {
    "words": "x y z (\n" * 120_000,
    "one line": "- " + "a " * 400_000,
    "brackets": "### K\n- a = " + "(" * 900_000,
    "quotes": "### K\n- a: text " + "“" * 900_000,
    "nested": "### K\n- a: text\n" + "    - required\n" * 65_000,
    "comments": "<!-- " * 200_000,
    "stars": "**" * 450_000,
    "emphasis": "- *a *b" * 100_000,
    "fields": "### K\n" + "".join(f"- f{i}: text\n" for i in range(60_000)),
    "kinds": "".join(f"### Thing {i}\n- x: text\n" for i in range(30_000)),
    "choices": "### K\n- a: one of (" + ", ".join(f"c{i}" for i in range(90_000)) + ")\n",
    "sections": "## Data\n" * 100_000,
    "features": "### K\n- a: text\n## Features\n" + "- add k\n" * 9_000,
    "rules": "### K\n- a: integer\n## Rules\n" + "".join(f"- a is not {i}\n" for i in range(9_000)),
    "digits": "### K\n- a: integer, at least " + "9" * 900_000,
    "chain": "### K\n- f0: integer\n" + "".join(f"- f{i} = f{i + 1}\n" for i in range(1, 199)),
    "conditions": "### K\n- a: integer\n## Rules\n- " + "(" * 1900 + "a is 1\n",
    "commas": "### K\n- a: integer\n## Features\n- " + "filter k by a, " * 260 + "\n",
    "dots": "### K\n- a: integer\n## Rules\n- " + "a . " * 900 + "\n",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE.keys())
def test_huge_input_is_read_or_refused_within_seconds(body: str) -> None:
    read_or_refuse(f"# T\n\n## Data\n\n{body}")


def test_a_large_sensible_spec_is_read() -> None:
    kinds = range(300)
    text = "# Large\n\n## Data\n\n" + "".join(
        f"### Thing {i}\n- name: text\n- price: decimal\n"
        f"- next: reference to Thing {(i + 1) % 300}\n- double = price * 2\n"
        for i in kinds
    )
    text += "\n## Rules\n\n" + "".join(f"- Each thing {i}: price is above 1\n" for i in kinds)
    app = parse_spec(text)
    assert (len(app.kinds), len(app.rules)) == (300, 300)
