"""What a scenario's workload asks for, and whether its pools can ever keep up with it."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from macrohard.cluster.agents import generate_agents
from macrohard.cluster.scenario import MOST_SESSIONS, WorkloadPlan
from macrohard.cluster.simulation import ServingPool, step_table
from macrohard.cluster.traces import read_azure, read_mooncake
from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError

DEFAULT_DURATION_S = 1800.0
"""Clock of a closed loop of agents when the scenario gives none."""

TRACE_JITTER_S = 2.0
"""How far a seed may move an arrival of a trace (Mooncake's clock ticks in steps of 3 s)."""


def make_workload(
    plan: WorkloadPlan, seed: int, duration_s: float, *, pools: int = 1, where: str = ""
) -> Workload:
    """The calls of a plan.

    Args:
        plan: Where they come from.
        seed: For what is generated.
        duration_s: How long they must last.
        pools: Models served; generated sessions take turns among them, the calls of a trace or a
            run all go to the first.
        where: What a complaint begins with: the line of the workload.

    Raises:
        ConfigError: A file that cannot be used, or more sessions than can be laid out.
    """
    if plan.kind == "agents":
        workload = _make_agents(plan, seed, duration_s, where)
    elif plan.kind == "mooncake":
        workload = read_mooncake(plan.files[0], speed=plan.speed, limit=plan.limit)
    elif plan.kind == "azure":
        workload = read_azure(plan.files[0], speed=plan.speed, limit=plan.limit)
    else:
        from macrohard.cluster.factory import replay_runs  # noqa: PLC0415 - rarely needed

        workload = replay_runs(
            plan.files, builds=plan.builds or 100, agents=plan.agents or 10, seed=seed
        )
    if plan.kind in {"mooncake", "azure"}:
        workload = _jittered(workload, seed)
    if pools > 1 and plan.kind == "agents":
        workload = replace(workload, pool=[int(session) % pools for session in workload.session])
    if plan.deadline_s:
        workload = replace(workload, deadline_s=[plan.deadline_s] * workload.sessions)
    if plan.urgent_share < 1:
        every = round(1 / max(plan.urgent_share, 1e-6))
        workload = replace(workload, priority=[int(s % every != 0) for s in workload.session])
    return workload


def _jittered(workload: Workload, seed: int) -> Workload:
    """A trace happened once; seeds move each arrival a little, so that intervals mean something."""
    rng = random.Random(seed)  # noqa: S311 - a simulation
    moved = [at + rng.uniform(0, TRACE_JITTER_S) if at >= 0 else at for at in workload.arrival_s]
    return replace(workload, arrival_s=moved)


def _make_agents(plan: WorkloadPlan, seed: int, duration_s: float, where: str) -> Workload:
    sessions = plan.sessions
    if not sessions and plan.rate_per_s:
        sessions = max(1, round(plan.rate_per_s * min(duration_s, DEFAULT_DURATION_S)))
    if not sessions:  # enough that nobody runs out of work: sessions of one minute at least
        horizon_s = duration_s if math.isfinite(duration_s) else DEFAULT_DURATION_S
        sessions = plan.agents * (2 + round(horizon_s / 180))
    if sessions > MOST_SESSIONS:
        raise ConfigError(
            f"{where}{sessions:,} sessions are more than can be laid out at once "
            f"({MOST_SESSIONS:,.0f}); send less, or shorten the duration"
        )
    return generate_agents(sessions, seed=seed, rate_per_s=plan.rate_per_s, agents=plan.agents)


def check_stable(
    pools: Sequence[ServingPool], workload: Workload, arrival_span_s: float, *, where: str = ""
) -> None:
    """Refuse an open workload whose work does not fit its time, before simulating it.

    The bound is generous: where calls share prompts 95 % of them are taken to be cached, and decode
    runs at the full batch.

    Args:
        pools: Who serves.
        workload: Who asks.
        arrival_span_s: Time from the first arrival to the last.
        where: What the complaint begins with: the line of the workload.

    Raises:
        ConfigError: Utilisation above 1; says how much.
    """
    for number, pool in enumerate(pools):
        prefill = output = context = count = 0
        columns = zip(workload.prompt, workload.output, workload.pool, strict=True)
        for prompt, made, which in columns:
            if which == number:
                prefill += int(prompt)
                output += int(made)
                context += int(prompt)
                count += 1
        if not count or arrival_span_s <= 0:
            continue
        table, d = pool.table or step_table(pool.deployment, pool.step_time), pool.deployment
        shared = len(workload.stream_parent) < count or any(p >= 0 for p in workload.stream_parent)
        new = prefill * (0.05 if shared else 1.0)
        batch = min(d.max_batch, max(1, d.kv_tokens * count // max(1, context)))
        step_s = table.step_s(batch, batch * context // count)
        decode_s = output / batch * step_s / d.speculation.tokens_per_step
        chunk_s = table.prefill_s(d.chunk_tokens) / d.chunk_tokens
        load = (new * chunk_s + decode_s) / (pool.replicas * arrival_span_s)
        if load > 1:
            raise ConfigError(
                f"{where}pool {pool.name} can never keep up: its utilisation would be "
                f"{100 * load:.0f} % on {pool.replicas} replicas"
                f"{', even if 95 % of all prompts were cached' if shared else ''}; "
                f"use {math.ceil(load * pool.replicas / 0.8)} replicas or send less"
            )
