"""Runs a workload on a cluster and hands back what happened to every call.

>>> result = simulate([ServingPool("r1", deployment, replicas=9)], workload)   # doctest: +SKIP
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from macrohard.cluster.deployment import Deployment
from macrohard.cluster.fit import check_fit
from macrohard.cluster.measured import MeasuredKernels
from macrohard.cluster.roofline import Roofline
from macrohard.cluster.routing import Router
from macrohard.cluster.step_time import StepTable
from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError, MacrohardError

StepSource = Literal["roofline", "measured"]

SLICE_EVENTS = 20_000
"""Events between two looks at the keyboard; compiled code takes 5 times as many."""

LINK_SHARE = 0.7
"""Share of the line rate that a KV transfer reaches."""

COMPILED_FROM = 3000
"""Calls from which loading compiled code pays."""


@dataclass(frozen=True, slots=True)
class ServingPool:
    """Replicas of one model behind one router.

    Attributes:
        name: Name in results.
        deployment: One replica; with ``decoders``, one prefill replica.
        replicas: How many.
        router: Who gets a call.
        decode: Deployment of a decode replica, when prefill and decode are apart.
        decoders: How many of those.
        step_time: Where step times come from.
        transfer: What KV travels over from prefill to decode: ``nic``, to any decoder, or
            ``nvlink``, within units that stand in one domain (see :attr:`units`).
        priority: Whose gangs are placed first; 0 before 1.
        table: Step times given by hand (tests, calibrations); ``decode_table`` likewise.
    """

    name: str
    deployment: Deployment
    replicas: int
    router: Router = field(default_factory=Router)
    decode: Deployment | None = None
    decoders: int = 0
    step_time: StepSource = "roofline"
    transfer: Literal["nic", "nvlink"] = "nic"
    priority: int = 0
    table: StepTable | None = None
    decode_table: StepTable | None = None

    @property
    def units(self) -> int:
        """Groups of prefill and decode replicas that keep their KV on NVLink, as many as can be."""
        return math.gcd(self.replicas, self.decoders) if self.transfer == "nvlink" else 1

    @property
    def unit_gpus(self) -> int:
        """GPUs of one such group."""
        return self.gpus // self.units

    @property
    def kv_bytes_s(self) -> float:
        """Rate at which a prefill replica sends KV: each GPU of a rank sends its part."""
        hardware = self.deployment.hardware
        link = hardware.nvlink_gb_s if self.transfer == "nvlink" else hardware.nic_gbit_s / 8
        return link * 1e9 * LINK_SHARE * self.deployment.parallel.tp

    @property
    def gpus(self) -> int:
        """GPUs of all its replicas."""
        apart = self.decode.parallel.gpus * self.decoders if self.decode else 0
        return self.replicas * self.deployment.parallel.gpus + apart


@dataclass(frozen=True, slots=True)
class ReplicaAccount:
    """What one replica did. Times in seconds."""

    pool: int
    role: Literal["both", "prefill", "decode"]
    mixed_s: float
    decode_s: float
    prefilled: int
    decoded: float
    evicted_blocks: int
    preemptions: int
    mean_calls: float
    mean_batch: float
    kv_used_share: float


@dataclass(frozen=True, slots=True)
class Result:
    """What happened. Columns have one row per call, in the order of the workload.

    Attributes:
        workload: What was asked.
        pools: Who served it.
        arrived_s: When each call came; negative if it never did.
        admitted_s: When it first entered a batch.
        first_s: When its first token came out.
        finished_s: When its last token came out; negative if it did not.
        cached: Prompt tokens found in cache.
        replica: Replica it was routed to.
        preempted: How often it was thrown out.
        replicas: Accounts of the replicas.
        end_s: Where the clock stopped.
        events: Events processed.
        partial: True when a person stopped it early.
        sources: Where step times come from, one sentence per pool.
    """

    workload: Workload
    pools: tuple[ServingPool, ...]
    arrived_s: Sequence[float]
    admitted_s: Sequence[float]
    first_s: Sequence[float]
    finished_s: Sequence[float]
    cached: Sequence[int]
    replica: Sequence[int]
    preempted: Sequence[int]
    replicas: tuple[ReplicaAccount, ...]
    end_s: float
    events: int
    partial: bool
    sources: tuple[str, ...]

    def to_pandas(self) -> Any:
        """One row per call as a data frame.

        Raises:
            ConfigError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - an extra
        except ImportError:
            raise ConfigError("to_pandas() needs pandas; pip install -e '.[cluster]'") from None
        w = self.workload
        return pd.DataFrame(
            {
                "session": w.session,
                "prompt": w.prompt,
                "output": w.output,
                "cached": self.cached,
                "replica": self.replica,
                "arrived_s": self.arrived_s,
                "admitted_s": self.admitted_s,
                "first_s": self.first_s,
                "finished_s": self.finished_s,
                "preempted": self.preempted,
            }
        )


def step_table(deployment: Deployment, source: StepSource) -> StepTable:
    """Step times of a deployment from the source asked for.

    Raises:
        ConfigError: The source does not cover it.
    """
    return (MeasuredKernels if source == "measured" else Roofline)(deployment).table()


def _lay_out(pools: Sequence[ServingPool]) -> tuple[list[Any], list[Any], list[str]]:
    from macrohard.cluster.engine import build  # noqa: PLC0415 - may start numba

    plans: list[Any] = []
    ranges: list[Any] = []
    sources = []
    for number, pool in enumerate(pools):
        if pool.replicas < 1:
            raise ConfigError(f"pool {pool.name} needs at least one replica, not {pool.replicas}")
        table = pool.table or step_table(pool.deployment, pool.step_time)
        sources.append(f"{pool.name}: {table.source}")
        first = len(plans)
        role = 1 if pool.decode else 0
        rate, units = pool.kv_bytes_s, pool.units
        plans += [
            build.ReplicaPlan(number, role, k % units, rate, pool.deployment, table)
            for k in range(pool.replicas)
        ]
        decoders = len(plans)
        if pool.decode:
            if pool.decoders < 1:
                raise ConfigError(f"pool {pool.name} needs at least one decode replica")
            decode_table = pool.decode_table or step_table(pool.decode, pool.step_time)
            plans += [
                build.ReplicaPlan(number, 2, k % units, rate, pool.decode, decode_table)
                for k in range(pool.decoders)
            ]
        ranges.append((first, decoders, decoders, len(plans), pool.router))
    return plans, ranges, sources


def simulate(
    pools: Sequence[ServingPool],
    workload: Workload,
    *,
    until_s: float = math.inf,
    engine: Literal["auto", "compiled", "python"] = "auto",
    on_slice: Callable[[float, int], None] | None = None,
) -> Result:
    """Run a workload to its end, or to ``until_s``.

    Args:
        pools: Who serves; the workload's ``pool`` column counts them from 0.
        workload: Who asks.
        until_s: Horizon of the clock.
        engine: Compiled code, plain Python, or whichever is faster for this size. Both give the
            same bytes.
        on_slice: Told the clock and the finished calls now and then. Ctrl-C between two slices
            ends the simulation, and the result is marked partial.

    Raises:
        ConfigError: The workload can never be served.
        MacrohardError: The engine lost count of a call or a block (an error of ours).
    """
    from macrohard.cluster.engine import jit  # noqa: PLC0415 - may start numba

    check_fit(pools, workload)
    compiled = engine == "compiled" or (
        engine == "auto" and jit.has_numba() and len(workload) >= COMPILED_FROM
    )
    if compiled and not jit.has_numba():
        raise ConfigError("compiled simulation needs numba; pip install -e '.[cluster]'")
    doors = max(pool.router.shards for pool in pools)
    if doors > 1:
        from macrohard.cluster.shards import run_shards  # noqa: PLC0415 - rarely needed

        threads = os.cpu_count() if compiled else 1
        return run_shards(
            lambda part, work, go_on: _run(part, work, until_s, go_on, compiled=compiled),
            pools, workload, doors, on_slice=on_slice, at_once=threads or 1,
        )  # fmt: skip

    def go_on(now_s: float, finished: int) -> bool:
        if on_slice:
            on_slice(now_s, finished)
        return True

    return _run(pools, workload, until_s, go_on, compiled=compiled)


GoOn = Callable[[float, int], bool]
"""Told the clock and the finished calls now and then; says whether to go on."""


def _run(
    pools: Sequence[ServingPool],
    workload: Workload,
    until_s: float,
    go_on: GoOn,
    *,
    compiled: bool,
) -> Result:
    from macrohard.cluster.engine import build, jit, loop, records  # noqa: PLC0415 - may start numba

    plans, ranges, sources = _lay_out(pools)
    horizon = min(until_s, 1e299)
    world = build.build_world(workload, plans, ranges, horizon_s=horizon, arrays=compiled)
    run = loop.run if compiled else jit.plain(loop.run)
    clock, count = records.rows_of(world.clock)[0], records.rows_of(world.count)[0]
    partial = False
    try:
        while not run(world, SLICE_EVENTS * (5 if compiled else 1)):
            if not go_on(float(clock.now_s), int(count.finished)):
                partial = True
                break
    except KeyboardInterrupt:
        partial = True
    result = _collect(world, pools, workload, sources, partial=partial)
    if not partial:
        _check_balance(world, result, stopped=math.isfinite(until_s))
    return result


def _collect(
    world: Any,
    pools: Sequence[ServingPool],
    workload: Workload,
    sources: Sequence[str],
    *,
    partial: bool,
) -> Result:
    from macrohard.cluster.engine.records import column_of, rows_of  # noqa: PLC0415

    def column(name: str) -> Any:
        return column_of(world.calls, name)

    end = float(rows_of(world.clock)[0].now_s)
    roles: tuple[Literal["both", "prefill", "decode"], ...] = ("both", "prefill", "decode")
    accounts = tuple(
        ReplicaAccount(
            pool=int(r.pool),
            role=roles[int(r.role)],
            mixed_s=float(r.mixed_s),
            decode_s=float(r.decode_s),
            prefilled=int(r.prefilled),
            decoded=float(r.decoded),
            evicted_blocks=int(r.evicted),
            preemptions=int(r.preemptions),
            mean_calls=float(r.area + load * (end - r.area_s)) / end if end else 0.0,
            mean_batch=float(r.batch_area) / end if end else 0.0,
            kv_used_share=1 - float(r.free) / float(r.capacity),
        )
        for r, load in zip(rows_of(world.replicas), world.load, strict=True)
    )
    return Result(
        workload=workload,
        pools=tuple(pools),
        arrived_s=column("arrived_s"),
        admitted_s=column("admitted_s"),
        first_s=column("first_s"),
        finished_s=column("finished_s"),
        cached=column("cached"),
        replica=column("replica"),
        preempted=column("preempted"),
        replicas=accounts,
        end_s=end,
        events=int(rows_of(world.count)[0].events),
        partial=partial,
        sources=tuple(sources),
    )


def _check_balance(world: Any, result: Result, *, stopped: bool) -> None:
    """Every call that entered is finished or in flight; every KV block is free or cached."""
    from macrohard.cluster.engine.records import CALL_DONE, column_of, rows_of  # noqa: PLC0415

    states = column_of(world.calls, "state")
    done = states.count(CALL_DONE) if isinstance(states, list) else (states == CALL_DONE).sum()
    count = rows_of(world.count)[0]
    entered, finished = int(count.entered), int(count.finished)
    in_flight = int(sum(world.load))
    if entered != finished + in_flight or done != finished:
        raise MacrohardError(
            f"simulation lost calls: {entered} entered, {finished} finished, {in_flight} in flight"
        )
    if not stopped and finished != len(result.workload):
        raise MacrohardError(
            f"simulation stopped with {len(result.workload) - finished} calls unfinished"
        )
    for number, r in enumerate(rows_of(world.replicas)):
        if r.running or r.prefilling:
            continue
        if r.free + r.evictable + r.pinned != r.capacity:
            raise MacrohardError(
                f"replica {number} lost KV blocks: {r.free} free, {r.evictable} cached, "
                f"{r.pinned} pinned of {r.capacity}"
            )
