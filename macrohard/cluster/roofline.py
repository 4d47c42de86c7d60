"""The built-in step time: every kernel limited by FLOPS, by HBM, or by the wire. Needs nothing.

For a GPU with HBM bandwidth B and tensor throughput F, an operation on ``m`` tokens that touches
``w`` weight bytes takes max(2 * params * m / F, w / B) (Williams et al. 2009). Mixture-of-experts
layers touch E_loc * (1 - (1 - k/E)^m) experts in expectation. Collectives take latency plus bytes
over NVLink inside the domain and over the NIC beyond it (ring all-reduce: 2 (t - 1) / t of the
data). Docs: docs/cluster.md.
"""

import math
from dataclasses import dataclass

from macrohard.cluster.deployment import Deployment
from macrohard.cluster.models import WEIGHT_BYTES
from macrohard.cluster.step_time import StepTable

ACTIVATION_BYTES = 2.0
DISPATCH_BYTES = 1.0
"""Expert dispatch travels in FP8, the combine in BF16 (DeepEP)."""


@dataclass(frozen=True, slots=True)
class Efficiency:
    """What share of the data sheet is reached, and what a step costs besides.

    The defaults minimise the mean error of TTFT and TPOT in the simulated benchmark
    (``closed_loop.py``) on training rows of ``macrohard cluster accuracy`` (B200, H100 and H200 up
    to 2026-04-06), found by coordinate search over ordinary engineering values.

    Attributes:
        hbm: Share of HBM bandwidth.
        flops: Share of tensor FLOPS of large products.
        expert_flops: The same for grouped products of experts as wide as the model.
        expert_width: Slice of an expert's width at which half of that is reached.
        attention_flops: Share of BF16 FLOPS in attention.
        link: Share of NVLink and NIC bandwidth.
        collective_s: Fixed time of a collective on NVLink; over the NIC three times that.
        dispatch_s: Fixed time of an all-to-all, per doubling of the GPUs in it, beside that.
        layer_s: Fixed time per layer (launches, norms, routing).
        step_s: Fixed time per step (scheduler, sampling, host).
        imbalance: Load of the busiest expert GPU over the mean, when experts are spread.
    """

    hbm: float = 0.65
    flops: float = 0.7
    expert_flops: float = 0.25
    expert_width: float = 512.0
    attention_flops: float = 0.3
    link: float = 0.4
    collective_s: float = 10e-6
    dispatch_s: float = 4e-6
    layer_s: float = 30e-6
    step_s: float = 1.0e-3
    imbalance: float = 1.4


def _tensor_flops(deployment: Deployment) -> float:
    """Dense FLOP/s of the products, at the precision of what the weights meet."""
    return deployment.hardware.flops(deployment.compute_precision)


class Roofline:
    """Step time of a deployment from first principles.

    Args:
        deployment: What runs where.
        efficiency: Shares of the data sheet that are reached.
    """

    def __init__(self, deployment: Deployment, efficiency: Efficiency | None = None) -> None:
        self._d = deployment
        self._e = efficiency or Efficiency()
        hardware = deployment.hardware
        self._hbm = hardware.hbm_tb_s * 1e12 * self._e.hbm
        peak = _tensor_flops(deployment)
        self._flops = peak * self._e.flops
        self._expert_flops = peak * self._e.expert_flops
        self._bf16 = hardware.flops("bf16") * self._e.attention_flops
        self._weight = WEIGHT_BYTES[deployment.precision]

    def _matmul_s(self, params: float, tokens: float, touched: float | None = None) -> float:
        weights = params if touched is None else touched
        read = weights * self._weight
        return max(2 * params * tokens / self._flops, read / self._hbm)

    def _attention_linear_s(self, m: float) -> float:
        """Projections of one layer and the part of attention that does not grow with context."""
        model, p = self._d.model, self._d.parallel
        time = self._matmul_s(model.attention_params / p.tp, m)
        if model.windowed_layers:
            seen = m * model.window * model.kv_values_per_token_layer * self._d.kv_bytes
            cut = min(p.tp, model.kv_heads)
            time += seen / cut / self._hbm * model.windowed_layers / model.layers
        return time

    def _experts_s(self, m: float) -> float:
        """Routed and shared experts of one layer, on the busiest GPU."""
        model, p = self._d.model, self._d.parallel
        gpus = p.tp * p.dp
        cut = gpus // p.ep
        local = model.experts / p.ep
        visits = m * model.experts_per_token
        missed = float((1 - model.experts_per_token / model.experts) ** m)
        active = local * (1 - missed)
        params = model.expert_params / cut
        busiest = self._e.imbalance if p.ep > 1 else 1.0
        width = model.expert_ffn / cut
        rate = self._expert_flops * width / (width + self._e.expert_width)
        flops_s = 2 * params * visits / p.ep * busiest / rate
        routed = max(flops_s, active * params * self._weight / self._hbm)
        shared = self._matmul_s(model.shared_experts * model.expert_params / p.tp, m / p.dp)
        return routed + shared

    def _wire_s(self, data: float, gpus: int) -> float:
        """Fixed and streaming time of moving ``data`` bytes per GPU among ``gpus``."""
        h = self._d.hardware
        inside = gpus <= h.domain_gpus
        rate = h.nvlink_gb_s * 1e9 if inside else h.nic_gbit_s / 8 * 1e9
        return self._e.collective_s * (1 if inside else 3) + data / (rate * self._e.link)

    def _collectives_s(self, m: float, *, moe: bool) -> float:
        """Collectives of one layer: all-reduces of tensor parallelism, all-to-alls of experts."""
        model, p = self._d.model, self._d.parallel
        data = m / p.dp * model.hidden * ACTIVATION_BYTES
        ring = 2 * (p.tp - 1) / p.tp
        reduce_s = self._wire_s(data * ring, p.tp) if p.tp > 1 else 0.0
        if not moe or p.ep == 1:
            return 2 * reduce_s
        sent = m / (p.tp * p.dp) * model.experts_per_token * model.hidden * (p.ep - 1) / p.ep
        out = self._wire_s(sent * DISPATCH_BYTES, p.ep)
        back = self._wire_s(sent * ACTIVATION_BYTES, p.ep)
        return reduce_s + out + back + 2 * self._e.dispatch_s * math.log2(p.ep)

    def _rank_tokens(self, m: float) -> float:
        """Tokens of a step on the busiest attention rank.

        Decoding requests are spread evenly. A prompt stays on one rank, so tokens beyond the batch
        limit fill the ranks one after another, a rank's share of the budget each.
        """
        d = self._d
        decode = min(m, d.max_batch / d.parallel.pp)
        budget = d.chunk_tokens / d.parallel.dp
        return decode / d.parallel.dp + max((m - decode) / d.parallel.dp, min(m - decode, budget))

    def linear_s(self, tokens: int) -> float:
        """Seconds of a step with that many tokens, without attention over the context."""
        if tokens == 0:
            return 0.0
        model, p = self._d.model, self._d.parallel
        m = tokens / p.pp
        busiest = self._rank_tokens(m)
        attention = self._attention_linear_s(busiest)
        dense = self._matmul_s(model.dense_ffn_params / p.tp, busiest) if model.dense_ffn else 0.0
        moe_layers = model.moe_layers
        dense_layers = model.layers - moe_layers
        total = model.layers * (attention + self._e.layer_s)
        total += dense_layers * (dense + self._collectives_s(m, moe=False))
        if moe_layers:
            total += moe_layers * (self._experts_s(m) + self._collectives_s(m, moe=True))
        head = self._matmul_s(model.vocab * model.hidden / p.tp, min(m, self._d.max_batch) / p.dp)
        hops = p.pp - 1
        hop_s = self._wire_s(m * model.hidden * ACTIVATION_BYTES, p.gpus) if hops else 0.0
        return total + head + hops * hop_s + self._e.step_s

    @property
    def context_s(self) -> float:
        """Seconds to attend to one KV token in decode: reading it, or multiplying it."""
        model, p = self._d.model, self._d.parallel
        read = self._d.kv_bytes_per_token_gpu * p.pp / self._hbm
        width = (
            (2 * model.kv_rank + model.rope_dim)
            if model.attention == "mla"
            else (2 * model.head_dim)
        )
        flops = 2 * model.heads / p.tp * width * model.full_attention_layers
        return max(read, flops / self._bf16) / p.dp / p.pp

    @property
    def pair_s(self) -> float:
        """Seconds per query-key pair of prefill attention."""
        model, p = self._d.model, self._d.parallel
        width = 2 * model.head_dim + (model.rope_dim if model.attention == "mla" else 0)
        flops = 2 * model.heads / p.tp * width * model.full_attention_layers
        return flops / self._bf16 / p.dp / p.pp

    def table(self) -> StepTable:
        """Tabulate every step this deployment can make."""
        d = self._d
        per_request = d.speculation.draft_tokens + 1
        most = d.chunk_tokens + d.max_batch * per_request
        context = self.context_s
        return StepTable(
            linear_s=tuple(self.linear_s(m) for m in range(most + 1)),
            context_s=(context,) * (d.max_batch + 1),
            pair_s=self.pair_s,
            source=f"built-in roofline (memory or arithmetic, whichever is slower) of {d}",
        )
