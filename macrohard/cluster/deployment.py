"""How one model is put on GPUs: parallelism, precision, batch limits, and whether it fits."""

from dataclasses import dataclass, field
from typing import Literal

from macrohard.cluster.hardware import Hardware, Precision
from macrohard.cluster.models import WEIGHT_BYTES, ModelShape
from macrohard.errors import ConfigError

RUNTIME_GB = 4.0
"""Runtime, graphs and communication buffers per GPU (aiconfigurator-core 0.12, ``other_mem``)."""
MEMORY_SHARE = 0.9
"""Share of the usable HBM a serving engine fills (the default of vLLM and of TensorRT-LLM)."""


@dataclass(frozen=True, slots=True)
class Parallel:
    """A gang: how one replica is cut over GPUs.

    Attributes:
        tp: Tensor-parallel GPUs of one attention rank.
        dp: Attention ranks (attention data parallelism); each holds its own requests' KV.
        pp: Pipeline stages.
        ep: GPUs the experts are spread over; the rest of ``tp * dp`` cuts each expert.
    """

    tp: int = 1
    dp: int = 1
    pp: int = 1
    ep: int = 1

    @property
    def gpus(self) -> int:
        """GPUs of the gang."""
        return self.tp * self.dp * self.pp

    def __str__(self) -> str:
        """Such as ``tp8`` or ``tp1 dp32 ep32``."""
        parts = [f"tp{self.tp}"]
        parts += [
            f"{n}{v}" for n, v in (("dp", self.dp), ("pp", self.pp), ("ep", self.ep)) if v > 1
        ]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Speculation:
    """Speculative decoding.

    Attributes:
        draft_tokens: Tokens proposed per step.
        acceptance: Chance that each proposed token is accepted, given the one before it was.
    """

    draft_tokens: int = 0
    acceptance: float = 0.0

    @property
    def tokens_per_step(self) -> float:
        """Expected tokens per step, (1 - a^(k+1)) / (1 - a) (Leviathan et al. 2023, eq. 1)."""
        if not self.draft_tokens:
            return 1.0
        if self.acceptance >= 1:
            return self.draft_tokens + 1.0
        a = self.acceptance
        return float((1 - a ** (self.draft_tokens + 1)) / (1 - a))


@dataclass(frozen=True, slots=True)
class Deployment:
    """One replica of a model on a machine.

    Attributes:
        hardware: The machine.
        model: The model.
        parallel: The gang.
        precision: Of the weights.
        kv_bytes: Bytes per cached number.
        max_batch: Requests that may run at once in the replica.
        chunk_tokens: Token budget of one step (chunked prefill).
        block_tokens: Tokens of one KV block.
        backend: Serving engine whose measured tables and overheads are used.
        speculation: Speculative decoding, off by default.
        kv_limit_tokens: KV capacity forced by hand, instead of what memory leaves.
        compute: Precision of the products when it is not that of the weights (INT4 weights are
            unpacked to BF16).
    """

    hardware: Hardware
    model: ModelShape
    parallel: Parallel
    precision: Precision = "fp8"
    kv_bytes: float = 1.0
    max_batch: int = 256
    chunk_tokens: int = 8192
    block_tokens: int = 64
    backend: Literal["trtllm", "sglang", "vllm"] = "trtllm"
    speculation: Speculation = field(default_factory=Speculation)
    kv_limit_tokens: int = 0
    compute: Precision | None = None

    @property
    def compute_precision(self) -> Precision:
        """What products run at: FP4 weights may meet wider activations, or a GPU without FP4."""
        if self.compute:
            return self.compute
        if self.precision != "fp4":
            return self.precision
        return self.model.fp4_compute if self.hardware.fp4_tflops else "bf16"

    @property
    def weights_gb_per_gpu(self) -> float:
        """Weights one GPU holds: experts cut over the whole stage, the rest over ``tp`` only."""
        m, p = self.model, self.parallel
        routed = m.moe_layers * m.experts * m.expert_params
        rest = m.params - routed
        held = routed / (p.tp * p.dp) + rest / p.tp
        return held * WEIGHT_BYTES[self.precision] / p.pp / 1e9

    @property
    def kv_bytes_per_token_gpu(self) -> float:
        """KV bytes that one token of context occupies on one GPU of its rank."""
        m, p = self.model, self.parallel
        cut = 1 if m.attention == "mla" else min(p.tp, m.kv_heads)
        return m.kv_bytes_per_token(self.kv_bytes) / cut / p.pp

    @property
    def kv_room_gb_per_gpu(self) -> float:
        """HBM of one GPU that is left for KV; negative when the weights do not fit."""
        return self.hardware.hbm_usable_gb * MEMORY_SHARE - RUNTIME_GB - self.weights_gb_per_gpu

    @property
    def kv_tokens(self) -> int:
        """KV capacity of the replica in tokens, over all attention ranks."""
        if self.kv_limit_tokens:
            return self.kv_limit_tokens
        per_rank = self.kv_room_gb_per_gpu * 1e9 / self.kv_bytes_per_token_gpu
        return int(max(0.0, per_rank) * self.parallel.dp)

    def check(self, *, context_tokens: int = 0) -> None:
        """Refuse what cannot work.

        Args:
            context_tokens: Longest context the workload has; one such request must fit.

        Raises:
            ConfigError: Bad gang, no room for the weights (by how much, and what would fit), or
                no room for one request.
        """
        m, p, h = self.model, self.parallel, self.hardware
        if min(p.tp, p.dp, p.pp, p.ep) < 1:
            raise ConfigError(f"parallelism of {m.name} must be 1 or more everywhere: {p}")
        if (p.tp * p.dp) % p.ep or (p.ep > 1 and not m.experts):
            raise ConfigError(
                f"ep{p.ep} does not divide the {p.tp * p.dp} GPUs of a stage of {m.name}"
                if m.experts
                else f"{m.name} is dense: it has no experts to spread over ep{p.ep}"
            )
        if m.experts and p.ep > m.experts:
            raise ConfigError(f"ep{p.ep} is more GPUs than {m.name} has experts ({m.experts})")
        if p.gpus // p.pp > h.domain_gpus:
            raise ConfigError(
                f"a gang stage of {p.tp * p.dp} GPUs ({p}) is larger than the NVLink domain of "
                f"{h.name} ({h.domain_gpus}); cut it with pp or use a smaller tp/dp"
            )
        if self.kv_room_gb_per_gpu <= 0:
            raise ConfigError(self._too_big())
        if context_tokens > self.kv_tokens // p.dp:
            raise ConfigError(
                f"one request of {context_tokens:,} tokens does not fit the KV cache of a rank of "
                f"{m.name} on {p} ({self.kv_tokens // p.dp:,} tokens); use more GPUs"
            )

    def _too_big(self) -> str:
        m, p, h = self.model, self.parallel, self.hardware
        short = -self.kv_room_gb_per_gpu
        text = (
            f"{m.name} at {self.precision} does not fit {h.gpu} with {p}: weights take "
            f"{self.weights_gb_per_gpu:.0f} GB per GPU of "
            f"{h.hbm_usable_gb * MEMORY_SHARE - RUNTIME_GB:.0f} GB, {short:.0f} GB too many"
        )
        tp = p.tp
        while tp * 2 <= h.domain_gpus:
            tp *= 2
            bigger = Deployment(h, m, Parallel(tp, 1, p.pp, 1), self.precision)
            if bigger.kv_room_gb_per_gpu > 0:
                return f"{text}; tp{tp} would fit"
        return f"{text}; no tensor parallelism inside its domain of {h.domain_gpus} fits"

    def __str__(self) -> str:
        """Such as ``deepseek-r1 fp4 tp8 on gb200-nvl72``."""
        return f"{self.model.name} {self.precision} {self.parallel} on {self.hardware.name}"
