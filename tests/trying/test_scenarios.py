"""Scenarios that people write are read, or refused with the line that cannot be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.errors import SpecError, UsageError
from macrohard.llm.offline.journeys.gestures import read_gestures
from macrohard.trying.lines import Deed, read_line
from macrohard.trying.scenarios import Written, read_scenarios

MARKDOWN = """\
# Lending

persona: careful
goal: Lend the drill.

1. Enter it
   - open "/add"
   - fill "Name" with "Drill"
   - click "Add"
   - see "Added"
   - not see "rror"
   - click "All"
   - see `"Drill"`
2. Start again
   - back
   - see "Drill"

At the end:
- come back
- open "/"
- see "Drill"
"""
YAML = """\
- title: Lending
  persona: careful
  goal: Lend the drill.
  steps:
    - Enter it:
        - open "/add"
        - fill "Name" with "Drill"
        - click "Add"
        - see "Added"
        - not see "rror"
        - click "All"
        - see `"Drill"`
    - Start again:
        - back
        - see "Drill"
  at_the_end: [come back, 'open "/"', 'see "Drill"']
"""


def read(folder: Path, text: str, name: str = "s.md") -> tuple[Written, ...]:
    path = folder / name
    path.write_text(text)
    return read_scenarios(path)


def test_what_is_seen_belongs_to_what_was_done_before(tmp_path: Path) -> None:
    (found,) = read(tmp_path, MARKDOWN)
    assert (found.persona, found.scenario.interface, found.playable) == ("careful", "web", True)
    first, second, third = found.scenario.steps
    assert first.type == 'open "/add"\nfill "Name" with "Drill"\nclick "Add"'
    assert (first.see, first.not_see) == (("Added",), ("rror",))
    assert (second.type, second.see) == ('click "All"', ('"Drill"',))
    assert third.type == "back"
    assert [call.name for call in found.closing] == ["come_back", "open"]
    assert found.judged is not None
    assert found.judged.steps[-1].see == ("Drill",)


def test_yaml_holds_the_same(tmp_path: Path) -> None:
    (markdown,) = read(tmp_path, MARKDOWN)
    (yaml,) = read(tmp_path, YAML, "s.yaml")
    assert yaml.scenario == markdown.scenario
    assert yaml.judged == markdown.judged
    assert yaml.closing == markdown.closing


def test_a_goal_is_a_scenario_for_a_language_model(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "# Lend\n\nLend the drill to Ann,\nby any way.\n")
    assert found.scenario.goal == "Lend the drill to Ann, by any way."
    assert not found.playable


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("1. Enter\n", 1, "begins with"),
        ('# A\n\n1. Enter\n   - opn "/"\n', 4, "cannot be read"),
        ("# A\ninterface: gui\n", 2, "choose cli, web, api"),
        ("# A\n1. open /add\n", 2, "cannot be read"),
        ('# A\nGoal\n- open "/"\n', 3, "below a step"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_told(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    with pytest.raises(SpecError, match=said) as refused:
        read(tmp_path, text)
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("s.yaml", "- title: A\n  goal: 2026-13-45\n", "cannot be read: month"),
        ("s.json", "[" + "9" * 5000 + "]", "cannot be read: .*digits"),
        ("s.json", "[" * 100_000, "too deep"),
        ("s.yaml", "[" * 2_000, "too deep"),
    ],
    ids=["date", "number", "deep", "deep-yaml"],
)
def test_data_that_no_reader_takes_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(SpecError, match=f"{name}: .*{said}"):
        read(tmp_path, text, name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('# A\n1. Open\n   - open "/"\n2. GET /api\n', "interface web, where `GET /api`"),
        ('# A\ninterface: api\n1. Open\n   - open "/"\n', "interface api"),
        ('# A\n1. GET /\n\nAt the end:\n- type "ls"\n- see "x"\n', '`type "ls"` cannot be done'),
    ],
)
def test_a_user_sits_in_one_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError, match=f"s.md:1: .*{said}"):
        read(tmp_path, text)


def test_nothing_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scenario"):
        read(tmp_path, "\n")
    with pytest.raises(UsageError, match=r"No such file"):
        read_scenarios(tmp_path / "none.md")


texts = st.text(min_size=1)
deeds = st.one_of(
    st.builds(lambda t: Deed("type_line", {"text": t}), texts),
    st.builds(lambda t: Deed("open", {"address": t}), texts),
    st.builds(lambda a, b: Deed("fill", {"label": a, "text": b}), texts, texts),
    st.builds(lambda a, b: Deed("choose", {"option": a, "label": b}), texts, texts),
    st.builds(lambda t: Deed("click", {"name": t, "twice": True}), texts),
    st.just(Deed("come_back", {})),
)


@given(deeds)
def test_the_offline_model_reads_what_was_written(deed: Deed) -> None:
    (action,) = read_gestures(deed.gesture())
    assert (action.tool, dict(action.arguments)) == (deed.tool, deed.arguments)
    assert read_line(deed.gesture()) == deed


@given(st.text())
def test_any_line_is_read_or_is_words(text: str) -> None:
    found = read_line(text)
    assert found is None or text.strip()


def test_a_tab_between_quotes_is_a_tab(tmp_path: Path) -> None:
    (written,) = read(tmp_path, '# A\n1. Look\n   - type "ls"\n   - see "a\tb"\n')
    assert "a\tb" in written.scenario.steps[0].model_dump_json().replace("\\t", "\t")
