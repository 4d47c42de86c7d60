"""What scenarios suggest on pages and for APIs is read as it was written."""

from hypothesis import given
from hypothesis import strategies as st
from support.front_specs import STOCK

from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.journeys import gestures
from macrohard.llm.offline.parts.requirements import requirements_of
from macrohard.llm.offline.parts.scenarios import scenarios_of

TEXTS = st.text(max_size=30)


@given(TEXTS, TEXTS, TEXTS)
def test_gestures_are_read_as_they_were_written(one: str, two: str, three: str) -> None:
    written = "\n".join(
        [
            gestures.open_(one),
            gestures.click(two),
            gestures.fill(one, three),
            gestures.choose(two, three),
            gestures.attach(one, two, three),
            "back",
            "come back",
        ]
    )
    read = [(a.tool, a.arguments) for a in gestures.read_gestures(written)]
    assert read == [
        ("open", {"address": one}),
        ("click", {"name": two}),
        ("fill", {"label": one, "text": three}),
        ("choose", {"option": two, "label": three}),
        ("attach", {"file": one, "label": two, "content": three}),
        ("back", {}),
        ("come_back", {}),
    ]


@given(TEXTS)
def test_requests_are_read_as_they_were_written(text: str) -> None:
    (asked,) = gestures.read_gestures(gestures.request("POST", "/api/x?a=b", {"n": text}))
    assert asked.tool == "ask"
    assert asked.arguments["path"] == "/api/x?a=b"
    (sent,) = gestures.read_gestures(gestures.request("POST", "/api/x/import", text))
    assert sent.arguments["body"] == text
    assert sent.arguments["content_type"] == "text/csv"


def test_a_line_that_is_no_gesture_makes_none_of_them() -> None:
    assert gestures.read_gestures('click "A"\npush the button') == []
    assert gestures.read_gestures(None) == []


def test_scenarios_are_spread_over_the_interfaces() -> None:
    text = STOCK.partition("## Interface")[0] + "\n## Interface\n- command line, web and API\n"
    app = parse_spec(text)
    found = scenarios_of(app, requirements_of(app, text)).scenarios
    assert {scenario.interface for scenario in found} == {"cli", "web", "api"}
    for scenario in found:
        for step in scenario.steps:
            if scenario.interface != "cli":
                assert gestures.read_gestures(step.type), step.type
                assert step.exit_code is None
            else:
                assert step.exit_code is not None
