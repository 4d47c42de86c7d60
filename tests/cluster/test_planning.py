"""Plans: the fewest GPUs that meet the objectives, for every model, on racks that have the room."""

from pathlib import Path
from typing import Any

import pytest

from macrohard.cluster.pictures import draw_plan
from macrohard.cluster.placement import Gang
from macrohard.cluster.planner import _room, make_plan
from macrohard.cluster.scenario import load_scenario
from macrohard.errors import ConfigError

TWO = """name: two teams
hardware: gb200-nvl72
site: {racks: 2, most_per_rack: 2}
models:
  - {name: chat, model: llama-3.1-8b, precision: fp8, parallel: {tp: 1}}
  - {name: coder, model: llama-3.1-70b, precision: fp8, parallel: {tp: 4}, priority: 1}
router: {name: affinity}
workload: {kind: agents, agents: 16}
slo: {ttft: 2 s, tpot: 20 ms}
duration: 20 s
seeds: 1
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("plan") / "two.yaml"
    path.write_text(TWO)
    return make_plan(load_scenario(path))


def test_every_model_gets_its_fewest_gpus_that_meet_the_objectives(made: Any) -> None:
    assert [model.name for model in made.models] == ["chat", "coder"]
    for model in made.models:
        assert model.best is not None
        assert model.best.ttft_p90_s <= 2
        assert model.best.tpot_p90_s <= 0.020
        met = [c for c in model.tried if c.meets]
        assert model.best.gpus == min(c.gpus for c in met)
        for c in model.candidates:  # one replica less misses them
            less = [t for t in model.tried if t.parallel == c.parallel and t.replicas < c.replicas]
            assert not c.meets or all(not one.meets for one in less)


def test_the_plan_says_which_racks_and_keeps_to_the_failure_domains(made: Any) -> None:
    assert made.placed is not None
    assert None not in made.placed.domains
    for model in made.models:
        racks = made.racks_of(model.name)
        assert len(racks) == -(-model.best.replicas // 2)
        line = next(text for text in made.sentences() if text.startswith(f"{model.name}: "))
        assert f"{model.best.replicas} replicas of {model.best.parallel}" in line
        assert ("racks 0 to 1" if len(racks) == 2 else "on rack 0") in line
    assert made.as_json()["models"][0]["racks"] == made.racks_of("chat")


def test_the_plan_is_drawn_a_front_per_model(made: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib (extra `cluster`) is not installed")
    names = [path.name for path in draw_plan(made, tmp_path)]
    assert names == ["pareto-chat.svg", "pareto-coder.svg", "racks.svg"]
    drawn = (tmp_path / "pareto-chat.svg").read_text()
    for said in ("interactivity: output tokens per second and user", "Pareto front"):
        assert f"<!-- {said} -->" in drawn


def test_a_model_gets_the_room_that_others_leave(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(TWO.replace("racks: 2, most_per_rack: 2", "racks: 1, spares: 68+4"))
    scenario = load_scenario(path)
    reserved = [Gang(f"other{k}", 8, "other") for k in range(7)]
    assert _room(scenario, [], scenario.pools[1]) == 17
    assert _room(scenario, reserved, scenario.pools[1]) == 3  # 12 GPUs are left, in gangs of 4


def test_what_no_site_can_do_is_said(tmp_path: Path) -> None:
    path = tmp_path / "tight.yaml"
    path.write_text(TWO.replace("agents: 16", "agents: 800").replace("racks: 2", "racks: 1"))
    made = make_plan(load_scenario(path))
    assert made.placed is None
    assert any("nothing on this site meets the objectives" in line for line in made.sentences())
    path.write_text(TWO.replace("tpot: 20 ms", "tpot: 20 us"))
    with pytest.raises(ConfigError, match="fast enough for the slo even alone") as caught:
        make_plan(load_scenario(path))
    assert str(caught.value).startswith(f"{path}:4: models: ")
