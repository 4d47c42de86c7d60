"""Finding the one JSON object in what a model wrote."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrohard.llm.json_text import find_object, is_cut_off


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here it is:\n{"a": 1}\nIs that {good}?', {"a": 1}),
        ('```json\n{"a": {"b": [1]}}\n```\nI hope {it} helps.', {"a": {"b": [1]}}),
        ('First\n```\n{"x": 1}\n```\nno, rather\n```json\n{"y": 2}\n```', {"y": 2}),
        ('{"a": "two\nlines\tand a tab"}', {"a": "two\nlines\tand a tab"}),
        ('{"code": "```json\\n{\\"no\\": 1}\\n```"}', {"code": '```json\n{"no": 1}\n```'}),
        ('for example {"a": 1}, but meant is {"a": 1, "b": 2}', {"a": 1, "b": 2}),
        ('a set {x} of\n~~~\n{"a": 1}\n~~~', {"a": 1}),
    ],
)
def test_the_object_is_found(text: str, value: object) -> None:
    found = find_object(text)
    assert found is not None
    assert json.loads(found) == value


@pytest.mark.parametrize("text", ["", "no", "[1, 2]", "{'a': 1}", "{" * 100_000])
def test_where_there_is_none_none_is_found(text: str) -> None:
    assert find_object(text) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}, or rather {"a": [1,',
        '{"a": [1, {"b": "x',
        '{"a": [{"x": 1}, {"y":',
        '```json\n{"a": [1,\n',
        '{"a":' * 50_000,
        "{",
    ],
)
def test_a_part_of_a_cut_off_object_is_no_answer(text: str) -> None:
    assert find_object(text) is None
    assert is_cut_off(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), _JSON), st.text(alphabet="abc .\n`"))
def test_any_object_in_any_prose_is_found(value: dict[str, object], prose: str) -> None:
    found = find_object(f"{prose}\n{json.dumps(value)}\n{prose}")
    assert found is not None
    assert json.loads(found) == value


@settings(max_examples=50)
@given(st.dictionaries(st.text(min_size=1), _JSON, min_size=1), st.data())
def test_any_object_cut_anywhere_is_cut_off(value: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(value)
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    assert find_object(part) is None
    assert is_cut_off(part)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = find_object(text)
    assert found is None or isinstance(json.loads(found), dict)
