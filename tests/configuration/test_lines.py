"""The line that is told for a key is the line it stands on."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.configuration.lines import key_lines, line_of, syntax_line

TEXT = '''\
# a comment with [brackets]
top = 1

[a]
  one = """
[not.a.header]
two = 2
"""
"quoted key" = [
  1, # ]
  2,
]
dotted.deep.key = { inline = 1, other = "[x]" }
[ b . "c d" ]
x = 1
[[list]]
y = 1
[[list]]
z = 2
'''


def test_every_kind_of_statement() -> None:
    lines = key_lines(TEXT)
    assert lines == {
        ("top",): 2,
        ("a",): 4,
        ("a", "one"): 5,
        ("a", "quoted key"): 9,
        ("a", "dotted"): 13,
        ("a", "dotted", "deep"): 13,
        ("a", "dotted", "deep", "key"): 13,
        ("a", "dotted", "deep", "key", "inline"): 13,
        ("a", "dotted", "deep", "key", "other"): 13,
        ("b",): 14,
        ("b", "c d"): 14,
        ("b", "c d", "x"): 15,
        ("list",): 16,
        ("list", "y"): 17,
        ("list", "z"): 19,
    }
    assert line_of(("a", "one", "nothing"), lines) == 5
    assert line_of(("nowhere",), lines) == 1


_KEYS = st.sampled_from(["a", "b", '"c d"', '"é"', "'[x]'"])
_VALUES = st.sampled_from(
    ["1", '"x"', "[\n 1,\n]", '"""\n[h]\nk = 1\n"""', "{ k = 1 }", "'''\n#'''", "true # [c]"]
)


@given(
    blocks=st.lists(st.lists(st.tuples(_KEYS, _VALUES), max_size=4, unique_by=lambda kv: kv[0])),
    ending=st.sampled_from(["\n", "\r\n"]),
    gap=st.sampled_from(["", "# [c]\n", "\n \n"]),
)
def test_any_document(blocks: list[list[tuple[str, str]]], ending: str, gap: str) -> None:
    text, expected = "", {}
    for number, block in enumerate(blocks):
        text += gap
        expected[f"t{number}",] = text.count("\n") + 1
        text += f"[t{number}]\n"
        for key, value in block:
            text += gap
            expected[f"t{number}", key.strip("\"'")] = text.count("\n") + 1
            text += f"{key} = {value}\n"
    text = text.replace("\n", ending)
    parsed: dict[str, Any] = tomllib.loads(text)
    lines = key_lines(text)
    assert {path: line for path, line in lines.items() if path in expected} == expected
    assert set(lines) >= {(table, key) for table, keys in parsed.items() for key in keys}


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = ", 2), ("a = 1\n\n= 2\n", 3), ('a = """\n\n', 2)]
)
def test_the_line_of_a_syntax_error(text: str, line: int) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert syntax_line(caught.value, text) == line
