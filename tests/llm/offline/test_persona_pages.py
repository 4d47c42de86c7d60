"""What users of pages read from an outline, a browser's and the one without."""

import pytest

from macrohard.llm.offline.personas.pages import Look


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
