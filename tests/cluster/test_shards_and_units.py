"""Several front doors, KV on NVLink within units, pipelines over several racks."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from macrohard.cluster.agents import AgentTraffic, generate_agents
from macrohard.cluster.deployment import Parallel
from macrohard.cluster.engine.jit import has_numba
from macrohard.cluster.failure_domains import FailureDomains, blast_radius
from macrohard.cluster.metrics import summarise
from macrohard.cluster.placement import Fleet, Gang, make_placement, place_all
from macrohard.cluster.routing import Router
from macrohard.cluster.scenario import load_scenario
from macrohard.cluster.shards import door_of_sessions, part_of
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.standing import pool_gangs, stand, standing_pool
from macrohard.cluster.study import compare_policies, run_scenario
from macrohard.cluster.workload import WorkloadBuilder
from macrohard.errors import ConfigError

SMALL = AgentTraffic(turns=2, calls_per_turn=3, shared=2048, shared_streams=3, first_new=500,
                     new_median=300, longest=40_000, fan_out_share=0.2)  # fmt: skip
ENGINES = ["python", *(["compiled"] if has_numba() else [])]


@pytest.mark.parametrize("engine", ENGINES)
def test_doors_share_nothing_and_lose_nothing(engine: Any, deploy: Any) -> None:
    work = generate_agents(40, seed=3, agents=10, traffic=SMALL)
    pool = ServingPool("p", deploy(), 4, Router("affinity", shards=2))
    whole = simulate([pool], work, engine=engine)
    assert min(whole.finished_s) > 0
    door = door_of_sessions(work, [1, 1])
    half = replace(pool, replicas=2, router=Router("affinity"))
    for k in (0, 1):
        own = [call for call in range(len(work)) if door[int(work.session[call])] == k]
        alone = simulate([half], part_of(work, own), engine=engine)
        assert [float(whole.finished_s[c]) for c in own] == [float(x) for x in alone.finished_s]
        assert {int(whole.replica[c]) // 2 for c in own} == {k}
    again = simulate([pool], work, engine=engine)
    assert list(again.finished_s) == list(whole.finished_s)


@pytest.mark.parametrize("engine", ENGINES)
def test_uneven_doors_get_sessions_by_what_stands_behind_them(engine: Any, deploy: Any) -> None:
    work = generate_agents(60, seed=1, agents=30, traffic=SMALL)
    result = simulate([ServingPool("p", deploy(), 3, Router("affinity", shards=2))], work,
                      engine=engine)  # fmt: skip
    assert min(result.finished_s) > 0
    assert len(result.replicas) == 3
    door = door_of_sessions(work, [2, 1])
    assert Counter(door) == {0: 40, 1: 20}
    for call, session in enumerate(work.session):
        assert int(result.replica[call]) // 2 == door[int(session)]


def test_too_few_replicas_for_the_doors_are_refused(deploy: Any) -> None:
    work = generate_agents(4, seed=1, agents=2, traffic=SMALL)
    with pytest.raises(ConfigError, match="3 replicas and 0 decoders are too few for a share"):
        simulate([ServingPool("p", deploy(), 3, Router("affinity", shards=4))], work)


def prompts(count: int) -> Any:
    builder = WorkloadBuilder("prompts", "test")
    for k in range(count):
        builder.add_call(builder.add_session(), builder.add_stream(), 30_000, 40, at_s=k * 2.0)
    return builder.build()


def test_kv_over_nvlink_arrives_sooner_and_stays_in_its_unit(deploy: Any) -> None:
    gang = deploy("llama-3.1-405b", gang=Parallel(4), precision="fp8")
    work = prompts(12)
    seconds = {}
    for transfer in ("nic", "nvlink"):
        pool = ServingPool("p", gang, 2, decode=gang, decoders=2, transfer=transfer)
        seconds[transfer] = summarise(simulate([pool], work)).ttft.p50
    per_token = gang.model.kv_bytes_per_token(gang.kv_bytes) / gang.parallel.tp / 0.7
    machine = gang.hardware
    saved_s = 30_000 * per_token * (8 / machine.nic_gbit_s - 1 / machine.nvlink_gb_s) / 1e9
    assert seconds["nic"] - seconds["nvlink"] == pytest.approx(saved_s, rel=0.02)
    units = ServingPool("p", gang, 4, decode=gang, decoders=2, transfer="nvlink")
    assert (units.units, units.unit_gpus) == (2, 12)
    assert [g.gpus for g in pool_gangs(units)] == [12, 12]
    lame = standing_pool(units, pool_gangs(units)[:1])
    assert lame is not None
    assert (lame.replicas, lame.decoders) == (2, 1)


def test_a_pipeline_over_racks_stands_or_falls_as_a_whole(deploy: Any) -> None:
    wide = deploy("llama-3.1-405b", "b200-hgx", Parallel(8, 1, 2), "fp8")
    pool = ServingPool("p", wide, 3)
    gangs = pool_gangs(pool)
    assert [g.gpus for g in gangs] == [8] * 6
    placed = place_all(gangs, Fleet([8] * 5), make_placement("best-fit", gangs), total_gpus=40)
    standing = [g for g, d in zip(gangs, placed.domains, strict=True) if d is not None]
    left = standing_pool(pool, standing)
    assert left is not None
    assert left.replicas == 2
    lost = blast_radius(gangs, placed, FailureDomains(racks_per_leaf=2))
    assert lost["rack"] == pytest.approx(1 / 3)  # one of three pipelines, the broken one counted
    assert standing_pool(pool, [Gang("p-0.0", 8, "p", unit="p-0")]) is None


def test_a_site_places_urgent_models_first_and_spreads_them(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text("""name: two
hardware: gb200-nvl72
site: {racks: 2, most_per_rack: 9}
models:
  - {name: bulk, model: llama-3.1-70b, precision: fp8, parallel: {tp: 8}, replicas: 15, priority: 1}
  - {name: chat, model: llama-3.1-8b, precision: fp8, parallel: {tp: 4}, replicas: 6, priority: 0}
workload: {kind: agents, agents: 4}
duration: 20 s
""")
    scenario = load_scenario(path)
    standing = stand(scenario, scenario.pools, seed=1)
    rows = [
        (gang.model, domain)
        for gang, domain in zip(standing.gangs, standing.placed.domains, strict=True)
        if domain is not None
    ]
    assert Counter(model for model, _ in rows) == {"chat": 6, "bulk": 15}
    assert max(Counter(rows).values()) <= 9
    numbers = run_scenario(scenario).numbers
    assert numbers["gpus_in_use_share"].mean == pytest.approx(1)
    assert numbers["gpus_schedulable_share"].mean == pytest.approx(1)


FULL = """name: full
hardware: gb200-nvl72
site: {racks: 2, lost_trays: 50 %}
models:
  - {name: wide, model: llama-3.1-70b, precision: fp8, parallel: {tp: 8}, replicas: 16}
  - {name: slim, model: llama-3.1-8b, precision: fp8, parallel: {tp: 4}, replicas: 4}
workload: {kind: agents, agents: 30}
duration: 30 s
seeds: 3
"""


def test_what_finds_no_room_does_not_serve_and_the_result_says_so(tmp_path: Path) -> None:
    """Two racks of 72 and 68 GPUs: small gangs that come early cost a large one its room."""
    (tmp_path / "full.yaml").write_text(FULL)
    answer = run_scenario(load_scenario(tmp_path / "full.yaml"))
    for metrics, standing in zip(answer.metrics, answer.standings, strict=True):
        assert {pool.name: pool.replicas for pool in standing.pools} == {"wide": 15, "slim": 4}
        assert metrics.gpus == standing.placed.placed_gpus == 136
        assert standing.making_room == "no moves help"
    assert answer.numbers["gangs_placed_share"].mean == pytest.approx(0.95)
    assert answer.numbers["gpus_in_use_share"].mean == pytest.approx(136 / 144)
    assert answer.as_json()["making_room"] == "no moves help"


def test_the_optimum_holds_more_and_the_difference_says_so(tmp_path: Path) -> None:
    pytest.importorskip("highspy", reason="HiGHS (extra `cluster`) is not installed")
    (tmp_path / "full.yaml").write_text(FULL)
    scenario = load_scenario(tmp_path / "full.yaml")
    compared = compare_policies(scenario, placements=["best-fit", "optimal"])
    best_fit, optimal = compared.answers
    assert [pool.replicas for pool in optimal.standings[0].pools] == [16, 3]
    assert all(standing.placed.proven for standing in optimal.standings)
    more = compared.differences[0]["gpus_in_use_share"]
    assert more.mean == pytest.approx(4 / 144)
    assert more.excludes_zero
    assert optimal.metrics[0].call != best_fit.metrics[0].call  # latency goes with the placement


def test_what_stands_alike_is_simulated_once(tmp_path: Path) -> None:
    (tmp_path / "full.yaml").write_text(FULL.replace("replicas: 16", "replicas: 4"))
    scenario = load_scenario(tmp_path / "full.yaml")
    first, second = compare_policies(scenario, placements=["first-fit", "best-fit"]).answers
    assert all(a is b for a, b in zip(first.results, second.results, strict=True))
    with pytest.raises(ConfigError, match="unknown placement 'worst-fit'; there are: first-fit"):
        compare_policies(scenario, placements=["worst-fit"])
