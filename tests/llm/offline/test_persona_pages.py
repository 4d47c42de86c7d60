"""What users of pages read from an outline, a browser's and the one without."""

import pytest

from macrohard.llm.offline.personas import visits
from macrohard.llm.offline.personas.pages import Look, Visitor
from macrohard.llm.offline.scene import Action
from macrohard.work import Scenario, ScenarioStep


@pytest.mark.parametrize(
    ("line", "text", "there"),
    [
        ('- textbox "Meals": "0"', "0", True),
        ('- textbox "Meals" [active]: "-5"', "-5", True),
        ('- spinbutton "Meals": 0', "0", True),
        ('- textbox "Meals": "a \\"b\\": c"', 'a "b": c', True),
        ('- textbox "Meals": "so called"', '"so called"', True),
        ('- textbox "Meals": "unclosed', '"unclosed', True),
        ('- textbox "Meals": "0"', "5", False),
        ('- textbox "Meals"', "0", False),
        ('- textbox "Other": "0"', "0", False),
    ],
)
def test_what_stands_in_a_field_is_read_quoted_or_not(line: str, text: str, there: bool) -> None:
    look = Look(f'page "Shed" at /add, status 400\n- main:\n  {line}\n  - button "Save": 0')
    assert look.holds("Meals", text) is there


def test_what_yaml_quotes_is_read_as_it_stands_on_the_page() -> None:
    line = """- 'cell "Name: Zoë O''Hara"'"""
    look = Look(f'page "Singers" at /singers, status 200\n- main:\n  {line}')
    assert look.shows("Zoë O'Hara")
    assert not look.shows("Zoe O'Hara")
    assert Look("- cell \"Zoë O''Hara\"").shows("Zoë O''Hara")


ADDING = [
    Action("open", {"address": "/singers"}),
    Action("click", {"name": "Add a singer"}),
    Action("fill", {"label": "Name", "text": "Ann"}),
    Action("click", {"name": "Add a singer"}),
]
"""The link to the form has the name of its button."""


def _in_two_tabs(answer: str) -> tuple[list[list[str]], Visitor]:
    """What is done, handful by handful, when the form begun first is answered so."""
    step = ScenarioStep(intent="Enter Ann.", expect="She is added.", see=("Added",))
    user = Visitor(Scenario(id="X1", title="Ann", goal="Enter Ann.", criteria=(), steps=(step,)))
    visit = visits._two_tabs(user, ADDING)
    handfuls = []
    actions = next(visit)
    try:
        while True:
            handfuls.append([action.tool for action in actions])
            page = answer if len(handfuls) == 3 else 'page "Singers" at /singers, status 200'
            actions = visit.send([page] * len(actions))
    except StopIteration:
        return handfuls, user


def test_a_form_begun_in_one_tab_is_sent_after_the_other_was_used() -> None:
    handfuls, user = _in_two_tabs('page "Singer 2" at /singers/2, status 200')
    assert handfuls == [
        ["open", "click"],
        ["other_tab", "open", "click", "fill", "click"],
        ["other_tab", "fill", "click"],
    ]
    assert not user.complaints


@pytest.mark.parametrize(
    ("answer", "complains"),
    [
        ('page "Forbidden" at /singers/add, status 403', True),
        (f'page "Add" at /singers/add, status 400\n- heading "{visits.PROBLEM}"', False),
    ],
)
def test_a_form_that_cannot_be_sent_any_more_is_wrong(answer: str, complains: bool) -> None:
    _, user = _in_two_tabs(answer)
    assert bool(user.complaints) is complains
