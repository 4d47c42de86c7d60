"""The simulated benchmark, and a Gaussian process on what it gets wrong.

Physics first: the benchmark is replayed in the simulator (``closed_loop.py``). Then the logarithm
of measured over predicted is regressed on the configuration with a Gaussian process (Rasmussen and
Williams 2006, algorithm 2.1), fitted to training rows only. Measurements far from the fit get a
larger variance and it is fitted again, which is regression with Student's t (ibid., 9.2 and 9.3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from macrohard.cluster.closed_loop import predict
from macrohard.cluster.deployment import Deployment
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.measured import is_installed
from macrohard.cluster.silicon import MODELS, Row, read_rows

_BACKENDS = ("trtllm", "sglang", "vllm")
_MODELS = tuple(dict.fromkeys(MODELS.values()))


def features(row: Row) -> list[float]:
    """A configuration as numbers of comparable size."""
    gang = row.decode or row.prefill
    hardware = find_hardware(row.hardware)
    return [
        math.log2(row.concurrency) / 3,
        math.log2(row.isl) / 2,
        math.log2(row.osl) / 2,
        math.log2(gang.gpus),
        math.log2(row.prefill.gpus),
        math.log2(gang.ep) / 2,
        math.log2(row.prefill.ep) / 2,
        1.0 * (gang.dp > 1),
        1.0 * (row.prefill.dp > 1),
        1.5 * (row.decode is not None),
        2.0 * row.speculation,
        1.0 * (not row.counted),
        math.log2(hardware.hbm_tb_s),
        math.log2(hardware.fp8_tflops / 1000),
        {"fp4": 1.5, "fp8": 0.0, "bf16": -1.5}[row.precision],
        1.5 * (row.compute is not None),
        2.0 * (not row.is_ranged),
        *(1.5 * (row.backend == name) for name in _BACKENDS),
        *(2.0 * (row.model == name) for name in _MODELS),
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
    wanted = np.clip(values - mean, -1.5, 1.5)  # one broken measurement must not bend the rest
    kernel = _kernel(points, points, width, linear)
    variance = np.full(len(values), noise)
    for _ in range(ROUNDS):
        weights = np.linalg.solve(kernel + np.diag(variance), wanted)
        variance = noise * (1 + ((wanted - kernel @ weights) / OUTLIER) ** 2)
    return Correction(points, weights, mean, width, linear)


ROUNDS = 3
OUTLIER = 0.3
"""Rounds of reweighting, and the misfit (a log ratio) from which a measurement counts less."""

HELD_OUT_ERROR = {"ttft": 0.53, "tpot": 0.19}
"""Median absolute error of the roofline as simulations use it, on rows nothing was fitted to
(``macrohard cluster accuracy``, column raw, held out)."""


def nearest(row: Row, measured: Sequence[Row]) -> tuple[Row, float]:
    """The measured configuration most like this one, and how far it is (0 is the same)."""
    mine = features(row)
    best = min(measured, key=lambda other: math.dist(mine, features(other)))
    return best, math.dist(mine, features(best))


@cache
def _measured_rows() -> tuple[Row, ...]:
    return tuple(read_rows(())[0])


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
        compute=deployment.compute,
        isl=max(1, isl),
        osl=max(1, osl),
        concurrency=concurrency,
        prefill=deployment.parallel,
        decode=None,
        workers=(1, 1),
        counted=True,
        speculation=float(deployment.speculation.draft_tokens > 0),
        draft_tokens=deployment.speculation.draft_tokens,
        ttft_s=1.0,
        tpot_s=1.0,
        dump="",
    )
    row, distance = nearest(wanted, _measured_rows())
    ttft_s, tpot_s = predict(row)
    return (
        f"{row.model} {row.precision} {row.decode or row.prefill} on {row.hardware} "
        f"({row.backend}), "
        f"{row.isl:,} prompt and {row.osl:,} output tokens, {row.concurrency} calls at once "
        f"(distance {distance:.1f}; 0 is the same, more than 2 is another thing); there the "
        f"simulator gives {ttft_s / row.ttft_s:.2f} times the measured TTFT and "
        f"{tpot_s / row.tpot_s:.2f} times the measured TPOT"
    )
