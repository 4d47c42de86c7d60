"""Roofline in a closed loop, and a Gaussian process on what it gets wrong.

Physics first: with ``C`` requests in flight, prefill of ``I`` tokens at ``p`` seconds each and
decode steps of ``d`` seconds, one request's ``O`` output tokens see the prefill of the others:

    TPOT = d + p * I * (C - 1) / O        TTFT = p * I * (1 + C / 20)

(C / 20: a run of ten waves starts with one burst of ``C`` prompts.) With prefill apart, decode is
alone, and TTFT is at least what a saturated prefill makes of Little's law.

Then the logarithm of measured over predicted is regressed on the configuration with a Gaussian
process (Rasmussen and Williams 2006, algorithm 2.1), fitted to training rows only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from macrohard.cluster.deployment import Deployment
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.measured import is_installed
from macrohard.cluster.models import find_model
from macrohard.cluster.roofline import Efficiency, Roofline
from macrohard.cluster.silicon import MODELS, Row, read_rows

_BACKENDS = ("trtllm", "sglang", "vllm")
_MODELS = tuple(dict.fromkeys(MODELS.values()))


def _roofline(row: Row, efficiency: Efficiency | None, *, decode: bool) -> Roofline:
    gang = row.decode if decode and row.decode else row.prefill
    batch = max(8, row.concurrency)
    deployment = Deployment(
        find_hardware(row.hardware),
        find_model(row.model),
        gang,
        row.precision,  # type: ignore[arg-type]  # one of three in the table
        max_batch=batch,
    )
    return Roofline(deployment, efficiency)


def physics(row: Row, efficiency: Efficiency | None = None) -> tuple[float, float]:
    """TTFT and TPOT from the roofline alone, in seconds."""
    first, then = (_roofline(row, efficiency, decode=apart) for apart in (False, True))
    chunk = 8192
    token_s = (first.linear_s(chunk) / chunk) + first.pair_s * row.isl / 2
    prompt_s = max(token_s * row.isl, first.linear_s(row.isl))
    prefills, decodes = (max(1, workers) for workers in row.workers)
    batch = max(1, math.ceil(row.concurrency / (decodes if row.decode else 1)))
    context = batch * (row.isl + row.osl / 2)
    tpot_s = then.linear_s(batch) + then.context_s * context
    if row.decode:
        full_s = row.concurrency * prompt_s / prefills - row.osl * tpot_s
        return max(prompt_s * (1 + row.concurrency / prefills / 20), full_s), tpot_s
    tpot_s += prompt_s * (row.concurrency - 1) / row.osl
    return prompt_s * (1 + row.concurrency / 20), tpot_s


def features(row: Row) -> list[float]:
    """A configuration as numbers of comparable size."""
    gang = row.decode or row.prefill
    hardware = find_hardware(row.hardware)
    prefills, decodes = row.workers
    model = [2.0 * (row.model == name) for name in _MODELS]
    return [
        math.log2(row.concurrency) / 3,
        math.log2(row.isl) / 2,
        math.log2(row.osl) / 2,
        math.log2(gang.tp * gang.dp),
        math.log2(row.prefill.tp * row.prefill.dp),
        math.log2(gang.ep),
        math.log2(row.prefill.ep) / 2,
        1.0 * (gang.dp > 1),
        1.5 * (row.decode is not None),
        2.0 * row.speculation,
        1.0 * (row.decode is not None and prefills == 0),
        math.log2(max(1, prefills)),
        math.log2(max(1, decodes)),
        math.log2(hardware.hbm_tb_s),
        math.log2(hardware.fp8_tflops / 1000),
        {"fp4": 1.5, "fp8": 0.0, "bf16": -1.5}[row.precision],
        *(1.5 * (row.backend == name) for name in _BACKENDS),
        *model,
    ]


@dataclass(frozen=True, slots=True)
class Correction:
    """A fitted Gaussian process.

    Attributes:
        points: Training features.
        weights: Solved weights, one per point.
        mean: Mean of the training residuals.
        width: Length scale of the squared exponential kernel.
        linear: Weight of the linear kernel.
    """

    points: Any
    weights: Any
    mean: float
    width: float
    linear: float

    def __call__(self, rows: Sequence[Sequence[float]]) -> Any:
        """Expected log of measured over predicted."""
        import numpy as np  # noqa: PLC0415 - an extra

        kernel = _kernel(np.asarray(rows), self.points, self.width, self.linear)
        return self.mean + kernel @ self.weights


def _kernel(a: Any, b: Any, width: float, linear: float) -> Any:
    import numpy as np  # noqa: PLC0415 - an extra

    apart = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    return np.exp(-np.maximum(apart, 0) / (2 * width**2)) + linear * (a @ b.T)


def fit(
    rows: Sequence[Sequence[float]],
    residuals: Sequence[float],
    *,
    width: float,
    linear: float,
    noise: float,
) -> Correction:
    """Fit a correction.

    Args:
        rows: Features of the training rows.
        residuals: Their log of measured over predicted.
        width: Length scale.
        linear: Weight of the linear kernel.
        noise: Variance of the measurements.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    points, values = np.asarray(rows), np.asarray(residuals)
    mean = float(np.median(values))
    kernel = _kernel(points, points, width, linear)
    kernel[np.diag_indices_from(kernel)] += noise
    clipped = np.clip(values - mean, -2.0, 2.0)  # one broken measurement must not bend the rest
    return Correction(points, np.linalg.solve(kernel, clipped), mean, width, linear)


HELD_OUT_ERROR = {"ttft": 0.69, "tpot": 0.18}
"""Median absolute error of the roofline as simulations use it, on rows nothing was fitted to
(``macrohard cluster accuracy``, column raw, held out)."""


def nearest(row: Row, measured: Sequence[Row]) -> tuple[Row, float]:
    """The measured configuration most like this one, and how far it is (0 is the same)."""
    mine = features(row)
    best = min(measured, key=lambda other: math.dist(mine, features(other)))
    return best, math.dist(mine, features(best))


@cache
def _measured_rows() -> tuple[Row, ...]:
    return tuple(read_rows({})[0])


def describe_nearest(deployment: Deployment, *, isl: int, osl: int, concurrency: int) -> str:
    """The measured run most like a deployment under a load, and the roofline's error there.

    Args:
        deployment: What is simulated.
        isl: Mean prompt tokens.
        osl: Mean output tokens.
        concurrency: Mean decoding requests of a replica.
    """
    if not is_installed():
        return "unknown: the measured runs are in aiconfigurator-core (extra `cluster`)"
    wanted = Row(
        model=deployment.model.name,
        hardware=deployment.hardware.name,
        backend=deployment.backend,
        precision=deployment.precision,
        isl=max(1, isl),
        osl=max(1, osl),
        concurrency=concurrency,
        prefill=deployment.parallel,
        decode=None,
        workers=(0, 0),
        speculation=float(deployment.speculation.draft_tokens > 0),
        ttft_s=1.0,
        tpot_s=1.0,
        dump="",
    )
    row, distance = nearest(wanted, _measured_rows())
    ttft_s, tpot_s = physics(row)
    return (
        f"{row.model} {row.precision} {row.decode or row.prefill} on {row.hardware} "
        f"({row.backend}), "
        f"{row.isl} in, {row.osl} out, {row.concurrency} at once, distance {distance:.1f}: the "
        f"roofline gives {ttft_s / row.ttft_s:.2f} of the measured TTFT and "
        f"{tpot_s / row.tpot_s:.2f} of the measured TPOT"
    )
