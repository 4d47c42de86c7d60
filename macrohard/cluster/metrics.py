"""What a simulation means: latencies, throughput, cache, energy, money."""

import math
from dataclasses import dataclass, fields
from typing import Any

from macrohard.cluster.simulation import Result
from macrohard.cluster.statistics import Quantiles

DECODE_POWER_SHARE = 0.6
"""Share of the way from idle to full power while a GPU only decodes. Prefill draws full power and
decode markedly less (Splitwise, Patel et al. 2024, figure 8); 0.6 is our reading of it."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """One simulation, summarised. Times in seconds.

    Attributes:
        calls: Calls finished.
        sessions: Sessions finished.
        clock_s: How long the clock ran.
        gpus: GPUs of all replicas.
        ttft: Time to first token.
        tpot: Time per output token after the first.
        call: End to end per call.
        session: First call's arrival to last call's end.
        queueing: Arrival to first admission.
        output_tokens_per_s: Over all replicas.
        output_tokens_per_gpu_s: The same per GPU.
        calls_per_s: Calls finished per second.
        sessions_per_h: Sessions finished per hour (apps, when sessions are builds).
        cache_hit_share: Prompt tokens found in cache, of all prompt tokens.
        busy_share: Share of the time that replicas were in a step.
        mean_batch: Decoding calls per replica, averaged over time.
        preemptions: Calls thrown out and computed again.
        deadline_share: Sessions that kept their deadline; 1 without deadlines.
        gpu_hours: GPUs times clock.
        kwh: Energy at the facility's meter.
        usd: Cost of owning the GPUs for that time.
        kwh_per_session: Energy per finished session.
        usd_per_session: Cost per finished session.
    """

    calls: int
    sessions: int
    clock_s: float
    gpus: int
    ttft: Quantiles
    tpot: Quantiles
    call: Quantiles
    session: Quantiles
    queueing: Quantiles
    output_tokens_per_s: float
    output_tokens_per_gpu_s: float
    calls_per_s: float
    sessions_per_h: float
    cache_hit_share: float
    busy_share: float
    mean_batch: float
    preemptions: int
    deadline_share: float
    gpu_hours: float
    kwh: float
    usd: float
    kwh_per_session: float
    usd_per_session: float

    def flat(self) -> dict[str, float]:
        """Every number by name, quantiles as ``ttft_p50`` and so on."""
        numbers: dict[str, float] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Quantiles):
                for level in ("p50", "p90", "p99"):
                    numbers[f"{one.name}_{level}"] = getattr(value, level)
            else:
                numbers[one.name] = value
        return numbers


def _plain(column: Any) -> list[Any]:
    return column.tolist() if hasattr(column, "tolist") else list(column)


def session_spans(result: Result) -> tuple[list[float], list[float]]:
    """Start and end of each session; the end is NaN while a call of it is unfinished."""
    count = result.workload.sessions
    starts, ends = [math.inf] * count, [0.0] * count
    rows = zip(
        _plain(result.workload.session),
        _plain(result.arrived_s),
        _plain(result.finished_s),
        strict=True,
    )
    for session, arrived, finished in rows:
        if finished < 0:
            ends[session] = math.nan
            continue
        starts[session] = min(starts[session], arrived)
        if not math.isnan(ends[session]):
            ends[session] = max(ends[session], finished)
    return starts, ends


def energy_kwh(result: Result) -> float:
    """Energy at the meter: GPUs by what they did, and what else the facility provisions for them.

    Everything beside the GPU (host, network, cooling) counts fully all the time.
    """
    joules = 0.0
    for account in result.replicas:
        pool = result.pools[account.pool]
        deployment = pool.decode if account.role == "decode" and pool.decode else pool.deployment
        hardware, gpus = deployment.hardware, deployment.parallel.gpus
        active_s = account.mixed_s + DECODE_POWER_SHARE * account.decode_s
        beside_w = hardware.all_in_w - hardware.gpu_w + hardware.idle_w
        joules += gpus * (beside_w * result.end_s + (hardware.gpu_w - hardware.idle_w) * active_s)
    return joules / 3.6e6


def _cost_usd(result: Result) -> float:
    total = 0.0
    for pool in result.pools:
        rate = pool.deployment.hardware.usd_per_gpu_h
        total += pool.gpus * rate * result.end_s / 3600
    return total


def summarise(result: Result) -> Metrics:
    """Summarise one simulation over all calls that finished."""
    w = result.workload
    ttft, tpot, call, queueing = [], [], [], []
    tokens = prompt = cached = done = 0
    rows = zip(
        _plain(w.prompt),
        _plain(w.output),
        _plain(result.cached),
        _plain(result.arrived_s),
        _plain(result.admitted_s),
        _plain(result.first_s),
        _plain(result.finished_s),
        strict=True,
    )
    for asked, made, hit, arrived_s, admitted_s, first_s, finished_s in rows:
        if finished_s < 0:
            continue
        done += 1
        tokens += made
        prompt += asked
        cached += hit
        ttft.append(first_s - arrived_s)
        call.append(finished_s - arrived_s)
        queueing.append(admitted_s - arrived_s)
        if made > 1:
            tpot.append((finished_s - first_s) / (made - 1))
    starts, ends = session_spans(result)
    spans = [e - s for s, e in zip(starts, ends, strict=True) if e == e and s < math.inf]  # noqa: PLR0124 - e == e: not NaN
    kept = 1.0
    if len(w.deadline_s):
        limits = [d for d in w.deadline_s if d > 0]
        good = sum(e - s <= d for s, e, d in zip(starts, ends, w.deadline_s, strict=True) if d > 0)
        kept = good / max(1, len(limits))
    clock_s = result.end_s
    gpus = sum(pool.gpus for pool in result.pools)
    kwh, usd = energy_kwh(result), _cost_usd(result)
    replicas = len(result.replicas)
    busy = sum(r.mixed_s + r.decode_s for r in result.replicas)
    per_s = 1 / clock_s if clock_s > 0 else 0.0
    return Metrics(
        calls=done,
        sessions=len(spans),
        clock_s=clock_s,
        gpus=gpus,
        ttft=Quantiles.of(ttft),
        tpot=Quantiles.of(tpot),
        call=Quantiles.of(call),
        session=Quantiles.of(spans),
        queueing=Quantiles.of(queueing),
        output_tokens_per_s=tokens * per_s,
        output_tokens_per_gpu_s=tokens * per_s / gpus,
        calls_per_s=done * per_s,
        sessions_per_h=len(spans) * 3600 * per_s,
        cache_hit_share=cached / prompt if prompt else 0.0,
        busy_share=busy * per_s / replicas,
        mean_batch=sum(r.mean_batch for r in result.replicas) / replicas,
        preemptions=sum(r.preemptions for r in result.replicas),
        deadline_share=kept,
        gpu_hours=gpus * clock_s / 3600,
        kwh=kwh,
        usd=usd,
        kwh_per_session=kwh / len(spans) if spans else math.nan,
        usd_per_session=usd / len(spans) if spans else math.nan,
    )
