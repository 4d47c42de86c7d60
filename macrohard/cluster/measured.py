"""Step time from aiconfigurator-core's measured kernel tables (extra ``cluster``).

The tables are sampled once per deployment and boiled down to a :class:`StepTable`, so a query
costs the same as with the roofline. Nothing here is imported unless it is asked for.
"""

import io
import warnings
from bisect import bisect_right
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from typing import Any

from macrohard.cluster.deployment import Deployment
from macrohard.cluster.step_time import StepTable
from macrohard.errors import ConfigError

VERSION = "0.12.0"
"""Version of aiconfigurator-core this adapter was written against."""

_NEAR, _FAR = 1024, 16384
"""Contexts between which the slope of decode over context is taken."""


def is_installed() -> bool:
    """Whether the measured tables are here."""
    from importlib.util import find_spec  # noqa: PLC0415 - kept beside its only use

    return find_spec("aiconfigurator_core") is not None


def _quant_modes(deployment: Deployment) -> dict[str, str | None]:
    gemm = {"fp4": "nvfp4", "fp8": "fp8", "bf16": "bfloat16"}[deployment.precision]
    moe = gemm if deployment.model.experts else None
    if moe == "fp8" and deployment.model.attention == "mla":
        moe = "fp8_block"
    if deployment.model.name.startswith("gpt-oss"):
        gemm, moe = "bfloat16", "w4a16_mxfp4"
    cache = "fp8" if deployment.kv_bytes == 1 else "bfloat16"
    if deployment.model.attention == "mla":
        cache = "bfloat16"  # the only one the MLA tables of trtllm and sglang hold
    return {
        "gemm_quant_mode": gemm,
        "moe_quant_mode": moe,
        "kvcache_quant_mode": cache,
        "fmha_quant_mode": "bfloat16",
    }


class MeasuredKernels:
    """Step time of a deployment from measured kernels.

    Args:
        deployment: What runs where.
        overrides: Arguments for the engine builder, over those derived from the deployment.
    """

    def __init__(self, deployment: Deployment, **overrides: Any) -> None:
        self._d = deployment
        self._overrides = overrides

    def _engine(self) -> Any:
        try:
            from aiconfigurator_core.sdk.engine import EngineHandle  # noqa: PLC0415 - an extra
        except ImportError:
            raise ConfigError(
                "step_time: measured needs aiconfigurator-core "
                f"{VERSION}; pip install -e '.[cluster]' or use step_time: roofline"
            ) from None
        d, p = self._d, self._d.parallel
        arguments: dict[str, Any] = {
            "tp_size": p.tp,
            "pp_size": p.pp,
            "attention_dp_size": p.dp,
            "moe_tp_size": p.tp * p.dp // p.ep if d.model.experts else 1,
            "moe_ep_size": p.ep,
            **_quant_modes(d),
            **self._overrides,
        }
        noise = io.StringIO()
        try:
            with warnings.catch_warnings(), redirect_stdout(noise), redirect_stderr(noise):
                warnings.simplefilter("ignore")
                return EngineHandle.compile(
                    d.model.hf, d.hardware.aic_system, d.backend, **arguments
                )
        except Exception as error:
            raise ConfigError(self._unknown(error)) from error

    def _unknown(self, error: Exception) -> str:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return f"no measured kernels for {self._d} on {self._d.backend}: {reason}"

    def table(self) -> StepTable:
        """Sample the kernels and boil them down.

        Raises:
            ConfigError: The extra is missing, or its tables do not cover this deployment.
        """
        engine = self._engine()
        try:
            return self._sample(engine)
        except ConfigError:
            raise
        except Exception as error:
            raise ConfigError(self._unknown(error)) from error

    def _sample(self, engine: Any) -> StepTable:
        d, ranks = self._d, self._d.parallel.dp
        verified = d.speculation.draft_tokens + 1
        most = d.chunk_tokens + d.max_batch * verified
        sizes = [n for n in _doubling(1, d.max_batch) if n >= 1]
        linear: list[tuple[float, float]] = [(0.0, 0.0)]
        slopes: list[tuple[float, float]] = []
        for size in sizes:
            per_rank = max(1, round(size / ranks))
            near = engine.decode_step_latency(per_rank, _NEAR, 2) / 1e3
            far = engine.decode_step_latency(per_rank, _FAR, 2) / 1e3
            slope = max(0.0, (far - near) / (per_rank * (_FAR - _NEAR)))
            slopes.append((size, slope / ranks))
            linear.append((size, max(near - slope * per_rank * _NEAR, linear[-1][1])))
        pair = self._pair_s(engine)
        last = linear[-1]
        for tokens in _doubling(max(512, d.max_batch * 2), most):
            part = tokens / ranks  # every rank prefills its own request of that length
            seconds = engine.predict_prefill_latency(1, max(1, round(part)), 0) / 1e3
            seconds -= pair * part * part / 2
            last = (tokens, max(seconds, last[1]))
            linear.append(last)
        return StepTable(
            linear_s=_interpolate(linear, most),
            context_s=_interpolate([(0.0, slopes[0][1]), *slopes], d.max_batch),
            pair_s=pair / ranks,
            source=f"aiconfigurator-core {VERSION} kernels of {d.backend} for {d}",
        )

    def _pair_s(self, engine: Any) -> float:
        """Seconds per query-key pair on one rank, from prefill with and without a long past."""
        tokens, past = 2048, 16384
        cold = engine.predict_prefill_latency(1, tokens, 0) / 1e3
        warm = engine.predict_prefill_latency(1, tokens + past, past) / 1e3
        return max(0.0, float(warm - cold)) / (tokens * past)


def _doubling(first: int, last: int) -> list[int]:
    sizes = [first]
    while sizes[-1] < last:
        sizes.append(min(last, sizes[-1] * 2))
    return sizes


def _interpolate(points: list[tuple[float, float]], last: int) -> tuple[float, ...]:
    """Piecewise linear values at 0, 1, ..., ``last`` through points with rising abscissae."""
    xs = [x for x, _ in points]
    segments = list(pairwise(points))
    values = []
    for x in range(last + 1):
        (x0, y0), (x1, y1) = segments[min(max(bisect_right(xs, x) - 1, 0), len(segments) - 1)]
        values.append(y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 > x0 else y1)
    return tuple(values)
