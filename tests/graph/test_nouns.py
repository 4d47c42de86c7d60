"""What roles are asked to hand in: windows are offered where there are any, and nowhere else."""

import json

from macrohard import work
from macrohard.graph.nouns import offered, plain

DESIGN = {
    "app": "shed", "summary": "s", "modules": [{"path": "a.py", "responsibility": "r"}],
    "interfaces": ["desktop"], "run": ["python", "-m", "shed"], "test": ["true"],
}  # fmt: skip


def test_without_windows_every_noun_is_asked_for_as_it_is() -> None:
    for noun in (work.Scenarios, work.Design, work.Requirements):
        assert offered(noun, windows=False) is noun
    assert "desktop" not in json.dumps(work.Scenarios.model_json_schema())
    assert "window" not in json.dumps(work.Design.model_json_schema())
    assert offered(work.Requirements, windows=True) is work.Requirements


def test_with_windows_scenarios_may_be_at_one_and_designs_say_how_it_opens() -> None:
    scenarios = offered(work.Scenarios, windows=True).model_json_schema()
    interface = scenarios["$defs"]["Scenario"]["properties"]["interface"]
    assert interface["enum"] == ["cli", "desktop"]
    assert scenarios["title"] == "Scenarios"
    design = offered(work.Design, windows=True)
    assert design.model_json_schema()["properties"]["window"]["type"] == "array"
    handed_in = design.model_validate({**DESIGN, "window": ["python", "-m", "shed", "window"]})
    kept = plain(handed_in)
    assert type(kept) is work.Design
    assert kept.window == ("python", "-m", "shed", "window")
    assert "window" not in work.Design.model_validate(DESIGN).model_dump()
