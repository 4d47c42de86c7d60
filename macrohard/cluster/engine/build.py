"""Lays out the engine's records for a cluster and a workload."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from macrohard.cluster.deployment import Deployment
from macrohard.cluster.engine.queues import NEVER
from macrohard.cluster.engine.records import (
    CALL,
    CLOCK,
    COUNT,
    ENTRY,
    LEVELS,
    POOL,
    QUEUE,
    REPLICA,
    SESSION,
    STREAM,
    World,
    as_flat,
    make_flat,
    make_records,
)
from macrohard.cluster.routing import Router
from macrohard.cluster.step_time import StepTable
from macrohard.cluster.workload import Workload


class ReplicaPlan(NamedTuple):
    """What one replica is.

    Attributes:
        pool: Pool it belongs to.
        role: 0 both, 1 prefill, 2 decode.
        unit: Prefill hands over to the decoders of its unit only.
        kv_bytes_s: Rate at which it sends KV to a decoder.
        deployment: What runs where.
        table: Its step times.
    """

    pool: int
    role: int
    unit: int
    kv_bytes_s: float
    deployment: Deployment
    table: StepTable


def _replica_row(
    plan: ReplicaPlan, linear_at: int, context_at: int, heap_at: int, hist_at: int
) -> dict[str, float]:
    deployment, table = plan.deployment, plan.table
    per_step = deployment.speculation.tokens_per_step
    usual, chunk = 32_768, min(deployment.chunk_tokens, len(table.linear_s) - 1)
    wide = min(64, deployment.max_batch)
    alone_s, together_s = table.step_s(1, usual), table.step_s(wide, wide * usual)
    per_token = deployment.model.kv_bytes_per_token(deployment.kv_bytes)
    return {
        "pool": plan.pool,
        "role": plan.role,
        "unit": plan.unit,
        "capacity": deployment.kv_tokens // deployment.block_tokens,
        "block": deployment.block_tokens,
        "block_steps": max(1, round(deployment.block_tokens / per_step)),
        "chunk": chunk,
        "batch": deployment.max_batch,
        "verify": deployment.speculation.draft_tokens + 1,
        "per_step": per_step,
        "linear": linear_at,
        "linear_last": len(table.linear_s) - 1,
        "context": context_at,
        "pair_s": table.pair_s,
        "prefill_token_s": table.prefill_s(chunk) / chunk,
        "request_s": max(0.0, together_s - alone_s) / max(1, wide - 1) / per_step,
        "wire_token_s": per_token / plan.kv_bytes_s,
        "wire_s": 2e-3,
        "heap": heap_at,
        "hist": hist_at,
        "free": deployment.kv_tokens // deployment.block_tokens,
        **dict.fromkeys(
            ("lru_head", "lru_tail", "pin_head", "pin_tail", "pre_head", "pre_tail", "dec_head",
             "dec_tail"), -1),
    }  # fmt: skip


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _call_columns(workload: Workload) -> dict[str, Any]:
    return {
        "session": workload.session,
        "stream": workload.stream,
        "prompt": workload.prompt,
        "output": workload.output,
        "priority": workload.priority,
        "pool": workload.pool,
        "keeps": workload.keeps,
        "parents": workload.parents,
        "gap_s": workload.gap_s,
        "first_child": workload.first_child,
        "children": workload.child_count,
        "arrived_s": workload.arrival_s,
        "replica": -1,
        "decoder": -1,
        "admitted_s": -1.0,
        "first_s": -1.0,
        "finished_s": -1.0,
    }


def _depth(workload: Workload) -> int:
    """Entries that one pass over the workload can create: one per call and ancestor stream."""
    depth = [0] * len(workload.stream_parent)
    for stream, parent in enumerate(workload.stream_parent):
        depth[stream] = 1 + (depth[parent] if parent >= 0 else 0)
    if not hasattr(workload.stream, "dtype"):
        return sum(depth[stream] for stream in workload.stream)
    import numpy as np  # noqa: PLC0415 - an extra

    return int(np.asarray(depth)[np.asarray(workload.stream)].sum())


def _roots(workload: Workload, *, arrays: bool) -> Any:
    if arrays:
        import numpy as np  # noqa: PLC0415 - an extra

        arrival = np.asarray(workload.arrival_s)
        roots = np.flatnonzero(np.asarray(workload.parents) == 0)
        return roots[np.argsort(arrival[roots], kind="stable")].astype(np.int64)
    waiting_for_none = [call for call, n in enumerate(workload.parents) if n == 0]
    return sorted(waiting_for_none, key=lambda call: workload.arrival_s[call])


def build_world(
    workload: Workload,
    replicas: Sequence[ReplicaPlan],
    pools: Sequence[tuple[int, int, int, int, Router]],
    *,
    horizon_s: float,
    arrays: bool,
) -> World:
    """Everything at time zero.

    Args:
        workload: The calls.
        replicas: All replicas, those of one pool and role side by side.
        pools: Per pool: first and last replica that takes calls, first and last that only
            decodes, and the router.
        horizon_s: When to stop.
        arrays: Numpy records for compiled code, or lists of objects.
    """
    linear: list[float] = []
    context: list[float] = []
    placed: dict[int, tuple[int, int]] = {}
    rows, heap_at, hist_at = [], 0, 0
    for plan in replicas:
        table = plan.table
        if id(table) not in placed:
            placed[id(table)] = (len(linear), len(context))
            linear.extend(table.linear_s)
            context.extend(table.context_s)
        row = _replica_row(plan, *placed[id(table)], heap_at, hist_at)
        rows.append(row)
        heap_at += plan.deployment.max_batch
        hist_at += int(row["block_steps"])
    total_blocks = sum(int(row["capacity"]) for row in rows)
    most_batch = sum(plan.deployment.max_batch for plan in replicas)
    disaggregated = 1 + any(plan.role for plan in replicas)
    size = min(_depth(workload) * disaggregated, total_blocks + 8 * most_batch) + 1
    table_size = 1 << (2 * size).bit_length()
    leaves = 1 << max(1, (len(rows) - 1).bit_length())
    n = len(workload)
    following = [*range(1, size), -1] if not arrays else _counting(size)
    return World(
        calls=make_records(CALL, _call_columns(workload), n, arrays=arrays),
        children=as_flat(workload.children, arrays=arrays),
        roots=_roots(workload, arrays=arrays),
        streams=make_records(
            STREAM,
            {"parent": workload.stream_parent, "offset": workload.stream_offset, "resident": -1},
            len(workload.stream_parent),
            arrays=arrays,
        ),
        sessions=make_records(SESSION, {"replica": -1}, workload.sessions, arrays=arrays),
        replicas=make_records(REPLICA, _columns(rows), len(rows), arrays=arrays),
        entries=make_records(ENTRY, {"next": following}, size, arrays=arrays),
        pools=make_records(POOL, _pool_columns(pools), len(pools), arrays=arrays),
        queues=make_records(QUEUE, {"head": -1, "tail": -1}, len(rows) * LEVELS, arrays=arrays),
        linear=as_flat(linear, arrays=arrays, floats=True),
        context=as_flat(context, arrays=arrays, floats=True),
        heap=make_flat(heap_at, 0, arrays=arrays),
        hist=make_flat(hist_at, 0, arrays=arrays),
        table=make_flat(table_size, -1, arrays=arrays),
        load=make_flat(len(rows), 0, arrays=arrays),
        tree_s=make_flat(2 * leaves, NEVER, arrays=arrays),
        wake_s=make_flat(n + 1, 0.0, arrays=arrays),
        wake=make_flat(n + 1, 0, arrays=arrays),
        clock=make_records(CLOCK, {"horizon_s": horizon_s}, 1, arrays=arrays),
        count=make_records(COUNT, {"mask": table_size - 1, "leaves": leaves}, 1, arrays=arrays),
    )


def _counting(size: int) -> Any:
    import numpy as np  # noqa: PLC0415 - an extra

    following = np.arange(1, size + 1)
    following[-1] = -1
    return following


def _pool_columns(pools: Sequence[tuple[int, int, int, int, Router]]) -> dict[str, list[float]]:
    return _columns(
        [
            {
                "first": first,
                "last": last,
                "decoders": decoders,
                "decoders_last": decoders_last,
                "router": router.code,
                "ttl_s": router.ttl_s,
                "spill": router.spill,
                "threshold": router.threshold,
                "cache_weight": router.cache_weight,
                "load_weight": router.load_weight,
                "preempt": int(router.preempts),
            }
            for first, last, decoders, decoders_last, router in pools
        ]
    )
