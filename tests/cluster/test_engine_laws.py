"""Laws that hold for any workload: monotony, conservation, determinism, reproducible files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrohard.cluster import simulation
from macrohard.cluster.agents import AgentTraffic, generate_agents
from macrohard.cluster.deployment import Deployment, Parallel, Speculation
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.measured import MeasuredKernels, is_installed
from macrohard.cluster.metrics import summarise
from macrohard.cluster.models import find_model, list_models
from macrohard.cluster.roofline import Roofline
from macrohard.cluster.routing import DESCRIPTIONS, Router, make_router
from macrohard.cluster.simulation import Result, ServingPool, simulate
from macrohard.cluster.step_time import StepTable
from macrohard.cluster.traces import read_azure, read_mooncake
from macrohard.cluster.workload import WorkloadBuilder
from macrohard.errors import ConfigError

SMALL = AgentTraffic(turns=2, calls_per_turn=3, shared=2048, shared_streams=3, first_new=500,
                     new_median=300, longest=40_000, fan_out_share=0.2)  # fmt: skip


def columns(result: Result) -> list[list[float]]:
    names = ("arrived_s", "admitted_s", "first_s", "finished_s", "cached", "replica")
    return [[float(x) for x in getattr(result, name)] for name in names]


@settings(max_examples=40, deadline=None)
@given(
    model=st.sampled_from([m.name for m in list_models()]),
    gang=st.sampled_from([Parallel(4), Parallel(8), Parallel(1, 8, 1, 1)]),
    faster=st.floats(1.01, 4),
    batch=st.integers(1, 256),
    context=st.integers(0, 5_000_000),
)
def test_more_bandwidth_never_slows_decode(
    model: Any, gang: Any, faster: Any, batch: Any, context: Any
) -> None:
    machine = find_hardware("gb200-nvl72")
    quick = replace(machine, hbm_tb_s=machine.hbm_tb_s * faster)
    shape = find_model(model)
    before, after = (
        Roofline(Deployment(hardware, shape, gang, "fp8")) for hardware in (machine, quick)
    )
    assert after.linear_s(batch) <= before.linear_s(batch)
    assert after.context_s * context <= before.context_s * context


@settings(max_examples=30, deadline=None)
@given(tokens=st.integers(1, 4000), more=st.integers(1, 4000), name=st.sampled_from(
    [m.name for m in list_models()]))  # fmt: skip
def test_more_tokens_never_take_less_time(tokens: Any, more: Any, name: Any) -> None:
    roofline = Roofline(Deployment(find_hardware("h200-hgx"), find_model(name), Parallel(8), "fp8"))
    assert roofline.linear_s(tokens + more) >= roofline.linear_s(tokens)


@given(batch=st.integers(1, 64), context=st.integers(0, 10**6), steps=st.integers(1, 300))
def test_a_run_of_steps_is_the_sum_of_its_steps(batch: Any, context: Any, steps: Any) -> None:
    table = StepTable(tuple(1e-3 + 1e-5 * k for k in range(65)), (1e-8,) * 65, 0.0, "test")
    one_by_one = sum(table.step_s(batch, context + k * batch) for k in range(steps))
    assert table.decode_s(batch, context, steps) == pytest.approx(one_by_one)


@pytest.mark.parametrize("router", DESCRIPTIONS)
def test_same_seed_same_bytes_and_nothing_is_lost(router: Any, deploy: Any) -> None:
    """The simulator checks its own balance of calls and blocks and raises when it is off."""
    tight = deploy(kv_limit_tokens=60_000, max_batch=8)
    pool = ServingPool("p", tight, 3, make_router(router))
    results = [
        simulate([pool], generate_agents(30, seed=7, agents=12, traffic=SMALL)) for _ in range(2)
    ]
    assert columns(results[0]) == columns(results[1])
    assert min(results[0].finished_s) > 0
    other = simulate([pool], generate_agents(30, seed=8, agents=12, traffic=SMALL))
    assert columns(other) != columns(results[0])


def test_calls_keep_their_order(deploy: Any) -> None:
    work = generate_agents(20, seed=2, agents=5, traffic=SMALL)
    result = simulate([ServingPool("p", deploy(), 2)], work)
    checked = 0
    for call, (first, count) in enumerate(zip(work.first_child, work.child_count, strict=True)):
        for child in work.children[first : first + count]:
            due_s = float(result.finished_s[call]) + float(work.gap_s[child])
            assert float(result.arrived_s[child]) >= due_s - 1e-9
            checked += 1
    assert checked > 50


def test_two_models_and_disaggregation_share_one_clock(deploy: Any) -> None:
    builder = WorkloadBuilder("two", "test")
    session = builder.add_session()
    for k in range(40):
        builder.add_call(session, builder.add_stream(), 3000, 50, at_s=k * 0.01, pool=k % 2)
    apart = deploy()
    pools = [
        ServingPool("r1", apart, 1, decode=apart, decoders=2),
        ServingPool("llama", deploy("llama-3.1-70b", gang=Parallel(4), precision="fp8"), 1),
    ]
    result = simulate(pools, builder.build())
    assert {int(r) for r in result.replica} == {0, 3}
    assert [account.role for account in result.replicas] == ["prefill", "decode", "decode", "both"]
    assert all(account.decode_s > 0 for account in result.replicas[1:])
    assert result.replicas[0].decode_s == 0


def test_urgent_calls_throw_out_others(deploy: Any) -> None:
    builder = WorkloadBuilder("urgent", "test")
    session = builder.add_session()
    for _ in range(4):
        builder.add_call(session, builder.add_stream(), 2000, 2000, priority=1)
    urgent = builder.add_call(session, builder.add_stream(), 2000, 10, at_s=1.0, priority=0)
    work = builder.build()
    waits = {}
    for name in ("least-loaded", "priority"):
        pool = ServingPool("p", deploy(max_batch=4), 1, Router(name))
        result = simulate([pool], work)
        waits[name] = result.first_s[urgent] - result.arrived_s[urgent]
        assert sum(result.preempted) == (1 if name == "priority" else 0)
    assert waits["priority"] < 0.1 * waits["least-loaded"]


def test_speculation_trades_acceptance_for_time(deploy: Any) -> None:
    assert Speculation(3, 0.0).tokens_per_step == 1
    assert Speculation(3, 1.0).tokens_per_step == 4
    assert Speculation(2, 0.5).tokens_per_step == pytest.approx(1.75)
    builder = WorkloadBuilder("alone", "test")
    builder.add_call(builder.add_session(), builder.add_stream(), 500, 1000)
    ends = [
        simulate(
            [ServingPool("p", deploy(speculation=speculation), 1)], builder.build()
        ).finished_s[0]
        for speculation in (Speculation(), Speculation(3, 0.3), Speculation(3, 0.8))
    ]
    assert ends[2] < ends[1] < ends[0]


def test_kept_kv_survives_a_tool_call_and_not_the_ttl(deploy: Any) -> None:
    def hits(gap_s: float) -> int:
        builder = WorkloadBuilder("tool", "test")
        agent, other = builder.add_session(), builder.add_session()
        stream = builder.add_stream()
        first = builder.add_call(agent, stream, 6000, 10)
        last = builder.add_call(agent, stream, 6500, 10, after=[first], gap_s=gap_s)
        for k in range(40):  # others press on the cache meanwhile
            builder.add_call(other, builder.add_stream(), 6000, 10, at_s=0.5 + k * 0.2)
        tight = deploy(kv_limit_tokens=16_000)
        pool = ServingPool("p", tight, 1, Router("sticky", ttl_s=5.0))
        return int(simulate([pool], builder.build()).cached[last])

    assert hits(4.0) >= 5900
    assert hits(7.5) == 0


def test_ctrl_c_hands_back_what_there_is(deploy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    work = generate_agents(200, seed=1, agents=50, traffic=SMALL)
    sliced = []

    def stop(now_s: float, done: int) -> None:
        sliced.append((now_s, done))
        raise KeyboardInterrupt

    monkeypatch.setattr(simulation, "SLICE_EVENTS", 500)
    result = simulate([ServingPool("p", deploy(), 1)], work, engine="python", on_slice=stop)
    assert result.partial
    assert 0 < summarise(result).calls < len(work)
    assert sliced[0][0] == result.end_s


def test_mooncake_prompts_share_what_their_hashes_share(data_folder: Path, deploy: Any) -> None:
    work = read_mooncake(data_folder / "mooncake_conversation_trace.jsonl")
    assert len(work) == 12_031
    big = deploy("llama-3.1-70b", gang=Parallel(4), kv_limit_tokens=10**9, precision="fp8")
    metrics = summarise(simulate([ServingPool("p", big, 4, make_router("affinity"))], work))
    assert metrics.cache_hit_share == pytest.approx(0.37, abs=0.03)  # the trace's ideal


def test_azure_and_session_traces_are_read(data_folder: Path) -> None:
    azure = read_azure(data_folder / "AzureLLMInferenceTrace_code.csv")
    assert (len(azure), azure.prompt[0], azure.output[0]) == (8819, 4808, 10)
    chained = read_mooncake(data_folder / "aiperf_agentic_1131s_seed42.jsonl")
    assert len(chained) == 14_056
    assert chained.sessions < 1300
    assert sum(parents == 1 for parents in chained.parents) > 12_000


@pytest.mark.skipif(not is_installed(), reason="aiconfigurator-core (extra) is not installed")
def test_measured_kernels_and_roofline_tell_one_story(deploy: Any) -> None:
    deployment = deploy(gang=Parallel(1, 16, 1, 16), max_batch=1024)
    measured, roofline = MeasuredKernels(deployment).table(), Roofline(deployment).table()
    assert "aiconfigurator-core" in measured.source
    for batch in (16, 256, 1024):
        ratio = measured.step_s(batch, batch * 4096) / roofline.step_s(batch, batch * 4096)
        assert 0.5 < ratio < 5
    with pytest.raises(ConfigError, match="no measured kernels for grok-1"):
        MeasuredKernels(deploy("grok-1", gang=Parallel(4), precision="fp8")).table()


def test_without_the_extra_measured_says_what_to_install(
    deploy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "aiconfigurator_core.sdk.engine", None)
    with pytest.raises(ConfigError, match=r"-e '\.\[cluster\]' or use step_time"):
        MeasuredKernels(deploy()).table()
