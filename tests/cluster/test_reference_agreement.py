"""The engine's closed forms against the token-by-token replica, on random workloads."""

import random
from typing import Any

import pytest
from cluster.token_reference import Call, TokenReplica

from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.engine.jit import has_numba
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.models import find_model
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.step_time import StepTable
from macrohard.cluster.workload import WorkloadBuilder


def random_table(rng: Any, batch: Any, chunk: Any) -> Any:
    linear, value = [0.0], rng.uniform(1e-3, 8e-3)
    for _ in range(chunk + batch):
        value += rng.uniform(0, 2e-5)
        linear.append(value)
    context = tuple(rng.uniform(1e-8, 4e-7) for _ in range(batch + 1))
    return StepTable(tuple(linear), context, rng.uniform(1e-10, 5e-9), "random")


def random_case(seed: int) -> Any:
    rng = random.Random(seed)
    batch, chunk = rng.choice([2, 4, 8, 16]), rng.choice([128, 256, 512])
    table = random_table(rng, batch, chunk)
    roots = [(-1, 0) for _ in range(rng.randint(1, 3))]
    streams = list(roots)
    streams += [
        (rng.randrange(len(roots)), 64 * rng.randint(0, 6)) for _ in range(rng.randint(2, 12))
    ]
    calls, now = [], 0.0
    for number in range(rng.randint(10, 60)):
        now += rng.expovariate(1 / rng.choice([0.005, 0.05, 0.5]))
        stream = rng.randrange(len(streams))
        prompt = streams[stream][1] + rng.randint(1, 700)
        calls.append((stream, prompt, rng.randint(1, 150), now))
        del number
    longest = max(p + o for _, p, o, _ in calls)
    blocks = (longest // 64 + 3) + rng.choice([0, 2, 8, 30, 200])
    return table, batch, chunk, blocks, streams, calls


def run_engine(case: Any, engine: Any) -> Any:
    table, batch, chunk, blocks, streams, calls = case
    builder = WorkloadBuilder("random", "test")
    for parent, offset in streams:
        builder.add_stream(parent, offset)
    session = builder.add_session()
    for stream, prompt, output, at_s in calls:
        builder.add_call(session, stream, prompt, output, at_s=at_s)
    deployment = Deployment(
        find_hardware("h200-hgx"),
        find_model("llama-3.1-8b"),
        Parallel(),
        max_batch=batch,
        chunk_tokens=chunk,
        kv_limit_tokens=blocks * 64,
    )
    return simulate([ServingPool("m", deployment, 1, table=table)], builder.build(), engine=engine)


def run_reference(case: Any) -> Any:
    table, batch, chunk, blocks, streams, calls = case
    replica = TokenReplica(
        table=table,
        capacity_blocks=blocks,
        block=64,
        max_batch=batch,
        chunk=chunk,
        parents=[parent for parent, _ in streams],
        offsets=[offset for _, offset in streams],
    )
    return replica.run([Call(number, *call) for number, call in enumerate(calls)])


@pytest.mark.parametrize("seed", range(60))
def test_closed_form_agrees_with_every_token_taken(seed: int) -> None:
    case = random_case(seed)
    fast, slow = run_engine(case, "python"), run_reference(case)
    for number, call in enumerate(slow):
        assert fast.cached[number] == call.cached
        assert fast.preempted[number] == call.preempted
        assert fast.first_s[number] == pytest.approx(call.first_s, rel=1e-3)
        assert fast.finished_s[number] == pytest.approx(call.finished_s, rel=1e-3)


def test_random_cases_reach_preemption_and_eviction() -> None:
    results = [run_engine(random_case(seed), "python") for seed in range(60)]
    assert sum(sum(result.preempted) > 0 for result in results) >= 5
    assert sum(result.replicas[0].evicted_blocks > 0 for result in results) >= 10
    assert sum(sum(result.cached) > 0 for result in results) >= 20


@pytest.mark.skipif(not has_numba(), reason="numba (extra `cluster`) is not installed")
@pytest.mark.parametrize("seed", range(10))
def test_compiled_and_written_code_give_the_same_bytes(seed: int) -> None:
    case = random_case(seed)
    written, compiled = run_engine(case, "python"), run_engine(case, "compiled")
    for column in ("admitted_s", "first_s", "finished_s", "cached", "replica"):
        assert getattr(compiled, column).tolist() == getattr(written, column)
