"""The benchmark that measured rows come from, replayed in the simulator.

A client keeps ``C`` requests in flight until ten times as many are done; the next one starts when
one ends; prompts and outputs are uniform between 80 % and 100 % of their nominal length
(InferenceX, ``benchmark_serving.py --random-range-ratio 0.8 --num-prompts 10C --request-rate
inf``). Means over all requests are compared, so a tenth of them are of the burst at the start.
"""

from dataclasses import replace
from typing import Any

from macrohard.cluster.deployment import Deployment, Parallel, Speculation
from macrohard.cluster.engine.jit import has_numba
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.models import find_model
from macrohard.cluster.roofline import Efficiency, Roofline
from macrohard.cluster.silicon import Row
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.step_time import StepTable
from macrohard.cluster.workload import Workload

SHORTEST = 0.8
WAVES = 10
MOST_CALLS = 6000
"""Beyond that many calls fewer waves are simulated, and the first is weighted down to a tenth."""

CHUNK = 8192
"""Token budget of a step, per attention rank (what the engines' configurations mostly say)."""

REQUEST_S = 0.04
"""Client, tokenizer and server around the engine; fitted with ``roofline.Efficiency``."""

ACCEPTANCE = 0.5
"""Chance that a speculated token is accepted (multi-token prediction); fitted likewise."""


def sampled_table(roofline: Roofline, deployment: Deployment) -> StepTable:
    """The roofline's table, exact up to 64 tokens and interpolated between samples beyond."""
    import numpy as np  # noqa: PLC0415 - an extra

    most = deployment.chunk_tokens + deployment.max_batch * (
        deployment.speculation.draft_tokens + 1
    )
    samples = sorted(
        {*range(min(64, most)), *np.geomspace(64, most, 60).astype(int).tolist(), most}
    )
    seconds = [roofline.linear_s(m) for m in samples]
    context = roofline.context_s
    linear: Any = np.interp(np.arange(most + 1), samples, seconds)
    per_token: Any = np.full(deployment.max_batch + 1, context)
    return StepTable(linear, per_token, roofline.pair_s, f"built-in roofline of {deployment}")


def closed_loop_workload(row: Row, calls: int) -> Workload:
    """Chains of calls, one per request in flight."""
    import numpy as np  # noqa: PLC0415 - an extra

    rng, c = np.random.default_rng(1), row.concurrency
    n = max(2, calls // c) * c
    shorter = rng.uniform(SHORTEST if row.is_ranged else 1.0, 1.0, (2, n))
    number = np.arange(n)
    follows = number >= c
    columns: dict[str, Any] = {
        "session": number % c,
        "stream": number,
        "prompt": np.maximum(1, (row.isl * shorter[0]).astype(np.int64)),
        "output": np.maximum(2, (row.osl * shorter[1]).astype(np.int64)),
        "gap_s": np.zeros(n),
        "arrival_s": np.where(follows, -1.0, 0.0),
        "parents": follows.astype(np.int64),
        "first_child": number,
        "child_count": (number < n - c).astype(np.int64),
        "children": np.minimum(number + c, n - 1),
        "stream_parent": np.full(n, -1),
        **{
            name: np.zeros(n, dtype=np.int64)
            for name in ("stream_offset", "priority", "pool", "keeps")
        },
    }
    return Workload(name="closed loop", source="benchmark client", sessions=c, **columns)


def _deployment(row: Row, gang: Parallel, batch: int, speculation: Speculation) -> Deployment:
    verified = (speculation.draft_tokens + 1) * batch
    deployment = Deployment(
        find_hardware(row.hardware),
        find_model(row.model),
        gang,
        row.precision,  # type: ignore[arg-type]  # one of three in the table
        max_batch=batch,
        chunk_tokens=max(CHUNK * gang.dp, 2 * verified),
        speculation=speculation,
        compute=row.compute,
    )
    if deployment.weights_gb_per_gpu > deployment.hardware.hbm_usable_gb:
        deployment.check()  # nobody can have run that: the row's description is wrong
    longest = (row.isl + row.osl + 256) * gang.dp
    return replace(deployment, kv_limit_tokens=max(deployment.kv_tokens, longest))


def _as_measured(deployment: Deployment) -> Deployment:
    """Let past the check what has been run: a gang over several servers, or one that just fits.

    Its step times, made before, know of the network between its servers.
    """
    h = deployment.hardware
    gpus = max(h.domain_gpus, deployment.parallel.gpus)
    return replace(deployment, hardware=replace(h, domain_gpus=gpus, hbm_usable_gb=1e4))


def run_closed_loop(
    row: Row, efficiency: Efficiency | None = None, speculation: Speculation | None = None
) -> tuple[float, float]:
    """Mean TTFT and TPOT of the benchmark, in seconds.

    Raises:
        ConfigError: Nobody can have run that: the weights alone are larger than the memory.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    spec, c = speculation or Speculation(), row.concurrency
    first = _deployment(row, row.prefill, c, Speculation() if row.decode else spec)
    table = sampled_table(Roofline(first, efficiency), first)
    pool = ServingPool("bench", _as_measured(first), row.workers[0], table=table)
    if row.decode:
        then = _deployment(row, row.decode, c, spec)
        pool = replace(
            pool,
            decode=_as_measured(then),
            decoders=row.workers[1],
            decode_table=sampled_table(Roofline(then, efficiency), then),
        )
    work = closed_loop_workload(row, min(WAVES * c, MOST_CALLS))
    result: Any = simulate([pool], work, engine="compiled" if has_numba() else "python")
    first_s, end_s, start_s = map(np.asarray, (result.first_s, result.finished_s, result.arrived_s))
    tpot = (end_s - first_s) / (np.asarray(work.output) - 1)
    rest = 1 - 1 / WAVES
    means = [float(x[:c].mean() / WAVES + rest * x[c:].mean()) for x in (first_s - start_s, tpot)]
    return means[0] + REQUEST_S, means[1]


def predict(row: Row) -> tuple[float, float]:
    """TTFT and TPOT of a measured run; the geometric mean where speculation may have been on.

    Raises:
        ConfigError: Nobody can have run that.
    """
    on = row.speculation
    drafts = Speculation(row.draft_tokens, ACCEPTANCE)
    off = run_closed_loop(row) if on < 1 else (1.0, 1.0)
    with_drafts = run_closed_loop(row, speculation=drafts) if on > 0 else (1.0, 1.0)
    ttft, tpot = (a ** (1 - on) * b**on for a, b in zip(off, with_drafts, strict=True))
    return ttft, tpot
