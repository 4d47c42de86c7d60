"""The simulator against queues whose answers are known in closed form.

A replica becomes a textbook server by its step table: one place in the batch and a constant step
is a single server; ``c`` places are ``c`` servers; a step that takes time in proportion to the
batch is processor sharing. Output tokens are the service; 300 of them on average, so that the time
to the next step boundary is small beside them.
"""

import math
import random
from statistics import fmean, stdev
from typing import Any

import pytest

from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.models import find_model
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.step_time import StepTable
from macrohard.cluster.workload import WorkloadBuilder

TOKEN_S = 0.001
MEAN_TOKENS = 300
SERVICE_S = TOKEN_S * MEAN_TOKENS
CALLS = 12_000
WARM_UP = 2_000
SEEDS = range(8)
T_999 = 5.41  # Student's t, two-sided 99.9 %, 7 degrees of freedom
STEP_SHARE = 0.02  # what waiting for a step boundary may add, as a share of the answer


def exponential_tokens(rng: Any) -> Any:
    return max(1, math.ceil(rng.expovariate(1 / (MEAN_TOKENS - 0.5))))


def fixed_tokens(rng: Any) -> Any:
    del rng
    return MEAN_TOKENS


def bimodal_tokens(rng: Any) -> Any:
    return 50 if rng.random() < 0.75 else 1050  # mean 300, variance far from exponential


def serve(seed: int, *, load: Any, servers: Any, tokens: Any, sharing: Any = False) -> Any:
    rng = random.Random(seed)
    builder = WorkloadBuilder("poisson", "theory")
    session, now = builder.add_session(), 0.0
    rate = load * servers / SERVICE_S
    for _ in range(CALLS):
        now += rng.expovariate(rate)
        builder.add_call(session, builder.add_stream(), 1, tokens(rng), at_s=now)
    batch = 512 if sharing else servers
    step = [TOKEN_S * (max(n, 1) if sharing else 1) for n in range(2 * batch + 2)]
    deployment = Deployment(
        find_hardware("h200-hgx"),
        find_model("llama-3.1-8b"),
        Parallel(),
        max_batch=batch,
        chunk_tokens=2 * batch + 1,
    )
    table = StepTable(tuple(step), (0.0,) * (batch + 1), 0.0, "theory")
    return simulate([ServingPool("server", deployment, 1, table=table)], builder.build())


def waits(result: Any) -> Any:
    rows = zip(result.arrived_s, result.admitted_s, strict=True)
    return [float(a - b) for b, a in rows][WARM_UP:]


def sojourns(result: Any) -> Any:
    rows = zip(result.arrived_s, result.finished_s, strict=True)
    return [float(a - b) for b, a in rows][WARM_UP:]


def assert_mean(measured: Any, expected: Any) -> None:
    margin = T_999 * stdev(measured) / math.sqrt(len(measured)) + STEP_SHARE * expected
    assert abs(fmean(measured) - expected) < margin
    assert margin < 0.2 * expected  # the bound says something


@pytest.mark.parametrize("load", [0.5, 0.7])
def test_m_m_1_waiting_time(load: Any) -> None:
    measured = [
        fmean(waits(serve(seed, load=load, servers=1, tokens=exponential_tokens))) for seed in SEEDS
    ]
    assert_mean(measured, load / (1 - load) * SERVICE_S)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_m_d_1_waiting_time_is_half_of_m_m_1(load: Any) -> None:
    measured = [
        fmean(waits(serve(seed, load=load, servers=1, tokens=fixed_tokens))) for seed in SEEDS
    ]
    assert_mean(measured, load / (1 - load) * SERVICE_S / 2)


@pytest.mark.parametrize("tokens", [exponential_tokens, bimodal_tokens])
def test_m_g_1_processor_sharing_depends_on_the_mean_only(tokens: Any) -> None:
    load = 0.6
    measured = [
        fmean(sojourns(serve(seed, load=load, servers=1, tokens=tokens, sharing=True)))
        for seed in SEEDS
    ]
    assert_mean(measured, SERVICE_S / (1 - load))


def erlang_c(servers: Any, load: Any) -> Any:
    offered = servers * load
    top = offered**servers / math.factorial(servers) / (1 - load)
    return top / (sum(offered**k / math.factorial(k) for k in range(servers)) + top)


@pytest.mark.parametrize("servers", [4, 16])
def test_erlang_c_waiting_time(servers: Any) -> None:
    load = 0.85
    measured = [
        fmean(waits(serve(seed, load=load, servers=servers, tokens=exponential_tokens)))
        for seed in SEEDS
    ]
    expected = erlang_c(servers, load) * SERVICE_S / (servers * (1 - load))
    margin = T_999 * stdev(measured) / math.sqrt(len(measured)) + TOKEN_S
    assert abs(fmean(measured) - expected) < margin


@pytest.mark.parametrize("sharing", [False, True])
def test_littles_law_holds_exactly(sharing: Any) -> None:
    result = serve(3, load=0.8, servers=1, tokens=exponential_tokens, sharing=sharing)
    total_s = sum(f - a for a, f in zip(result.arrived_s, result.finished_s, strict=True))
    assert result.replicas[0].mean_calls == pytest.approx(total_s / result.end_s, rel=1e-9)
