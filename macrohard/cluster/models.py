"""Language models as data: the shapes that decide FLOPs, weight bytes and KV bytes."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from macrohard.cluster.hardware import Precision
from macrohard.errors import ConfigError

WEIGHT_BYTES: dict[Precision, float] = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5625}
"""Bytes per weight; FP4 carries one FP8 scale per 16 weights (NVFP4): 4 + 8/16 bits."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Shape of a decoder-only transformer.

    Attributes:
        name: Name in the catalogue.
        source: Where the shape comes from.
        hf: Name on the Hugging Face hub, for the measured tables.
        layers: Transformer layers.
        hidden: Width of the residual stream.
        heads: Query heads.
        head_dim: Width of a head.
        vocab: Size of the vocabulary.
        attention: ``gqa`` or ``mla``.
        kv_heads: Key/value heads (gqa).
        kv_rank: Width of the latent that MLA caches; ``rope_dim`` is cached beside it.
        q_rank: Width of the query latent (mla).
        dense_layers: Leading layers with a dense feed-forward in a mixture-of-experts model.
        dense_ffn: Width of the dense feed-forward.
        experts: Routed experts per layer; 0 for a dense model.
        experts_per_token: Routed experts each token visits.
        shared_experts: Experts every token visits.
        expert_ffn: Width of one expert.
        windowed_layers: Layers that see only ``window`` tokens.
        linear_layers: Layers of linear attention: no KV that grows.
        fp4_compute: Precision of the activations that FP4 weights meet (MXFP4 meets FP8).
    """

    name: str
    source: str
    hf: str
    layers: int
    hidden: int
    heads: int
    head_dim: int
    vocab: int
    attention: Literal["gqa", "mla"] = "gqa"
    kv_heads: int = 0
    kv_rank: int = 0
    rope_dim: int = 0
    q_rank: int = 0
    dense_layers: int = 0
    dense_ffn: int = 0
    experts: int = 0
    experts_per_token: int = 0
    shared_experts: int = 0
    expert_ffn: int = 0
    windowed_layers: int = 0
    window: int = 0
    linear_layers: int = 0
    fp4_compute: Precision = "fp4"

    @property
    def moe_layers(self) -> int:
        """Layers with routed experts."""
        return self.layers - self.dense_layers if self.experts else 0

    @property
    def full_attention_layers(self) -> int:
        """Layers whose KV grows with the context."""
        return self.layers - self.windowed_layers - self.linear_layers

    @property
    def attention_params(self) -> int:
        """Weights of the attention projections of one layer."""
        if self.attention == "mla":
            queries = self.hidden * self.q_rank + self.q_rank * self.heads * (
                self.head_dim + self.rope_dim
            )
            latent = self.hidden * (self.kv_rank + self.rope_dim)
            up = self.kv_rank * self.heads * 2 * self.head_dim
            return queries + latent + up + self.heads * self.head_dim * self.hidden
        return self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)

    @property
    def expert_params(self) -> int:
        """Weights of one expert: gate, up and down projections."""
        return 3 * self.hidden * self.expert_ffn

    @property
    def dense_ffn_params(self) -> int:
        """Weights of one dense feed-forward."""
        return 3 * self.hidden * self.dense_ffn

    @property
    def params(self) -> int:
        """All weights, embedding and output head included."""
        moe = self.moe_layers * (
            (self.experts + self.shared_experts) * self.expert_params + self.hidden * self.experts
        )
        dense = (self.layers - self.moe_layers) * self.dense_ffn_params
        return self.layers * self.attention_params + moe + dense + 2 * self.vocab * self.hidden

    @property
    def kv_values_per_token_layer(self) -> int:
        """Numbers cached per token in one full-attention layer, before sharding."""
        if self.attention == "mla":
            return self.kv_rank + self.rope_dim
        return 2 * self.kv_heads * self.head_dim

    def kv_bytes_per_token(self, kv_bytes: float = 1.0) -> float:
        """KV bytes one token of context occupies over all layers, before sharding.

        Args:
            kv_bytes: Bytes per cached number (1 for FP8, 2 for BF16).
        """
        return self.full_attention_layers * self.kv_values_per_token_layer * kv_bytes


@cache
def _catalogue() -> dict[str, ModelShape]:
    text = (files("macrohard.cluster") / "catalogue" / "models.yaml").read_text("utf-8")
    raw: dict[str, dict[str, Any]] = yaml.safe_load(text)["models"]
    shapes = {}
    for name, fields in raw.items():
        base = dict(raw[fields["same_as"]]) if "same_as" in fields else {}
        own = {key: value for key, value in fields.items() if key != "same_as"}
        shapes[name] = ModelShape(name=name, **(base | own))
    return shapes


def list_models() -> tuple[ModelShape, ...]:
    """Every model of the catalogue, in its order."""
    return tuple(_catalogue().values())


def find_model(name: str) -> ModelShape:
    """The model of that name.

    Raises:
        ConfigError: No such model; the message lists those there are.
    """
    try:
        return _catalogue()[name]
    except KeyError:
        known = ", ".join(_catalogue())
        raise ConfigError(f"unknown model {name!r}; the catalogue has: {known}") from None
