"""Steps of a transformer with random weights on one GPU, timed: ``gpu_steps.py OUT.json``.

Needs PyTorch 2.10 or newer and a CUDA GPU; ``bench_gpu.py`` compares what it writes with what the
cluster model predicts. What runs is what an engine runs on the GPU in a step: norms, projections,
rotary embedding, KV written and read, attention, feed-forward or experts (grouped products, routed
by a random gate), the output head, as one CUDA graph. What an engine does on the host is not in it:
scheduling, sampling, tokenizing. Weights are random, so products see ordinary numbers, but routing
is as even as chance makes it. Attention is the faster of PyTorch's two fused kernels.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.bias import causal_lower_right

from macrohard.cluster.models import ModelShape, find_model

DECODES = (
    (1, 1024), (1, 16384), (8, 1024), (8, 16384), (32, 1024), (32, 8192), (64, 4096), (128, 2048),
    (256, 1024),
)  # fmt: skip
"""Requests and the context of each."""
PREFILLS = ((512, 0), (2048, 0), (8192, 0), (2048, 14336), (8192, 24576))
"""New tokens of one prompt, and tokens before them."""
CASES = (
    ("llama-3.1-8b", "bf16", 32, 400_000),
    ("llama-3.1-8b", "fp8", 32, 400_000),
    ("qwen3-32b", "bf16", 16, 262_144),
    ("qwen3-32b", "fp8", 16, 262_144),
    ("qwen3-235b-a22b", "bf16", 4, 262_144),
)
"""Model, precision of the weights, layers that run (the rest takes as long again), KV tokens."""
FUSED = (SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION)


def norm_added(x: Tensor, delta: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The residual stream after a part, and its norm for the next part."""
    x = x + delta
    wide = x.float()
    scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)
    return x, (wide * scale).to(x.dtype) * weight


def gated(x: Tensor) -> Tensor:
    """SwiGLU of gate and up side by side."""
    gate, up = x.chunk(2, -1)
    return functional.silu(gate) * up


def rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary embedding of ``(tokens, heads, dim)``."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), -1)


def to_fp8(x: Tensor) -> Tensor:
    """Static scaling, as engines with calibrated scales do."""
    return (x * 8).clamp(-448, 448).to(torch.float8_e4m3fn)


@dataclass
class Layer:
    """Weights of one layer, ``(out, in)`` each; ``experts`` hold ``(expert, in, out)``."""

    qkv: Tensor
    out: Tensor
    norms: tuple[Tensor, Tensor]
    up: Tensor
    down: Tensor
    gate: Tensor | None


class Slice:
    """Some layers of a model on one GPU, with its output head.

    Args:
        model: Shape.
        precision: ``bf16`` or ``fp8``.
        layers: How many layers.
        device: Where.
    """

    def __init__(self, model: ModelShape, precision: str, layers: int, device: str) -> None:
        self.model, self.device = model, device
        self._one = torch.ones((), device=device, dtype=torch.float32)
        self._fp8 = precision == "fp8"
        compiled: Callable[..., Any] = lambda f: torch.compile(f, dynamic=True)  # noqa: E731
        if device == "cpu":
            compiled = lambda f: f  # noqa: E731
        self._norm, self._gated = compiled(norm_added), compiled(gated)
        self._rotated, self._to_fp8 = compiled(rotated), compiled(to_fp8)
        self.layers = [self._layer() for _ in range(layers)]
        self.head = self._weight(model.vocab, model.hidden)

    def _weight(self, *shape: int) -> Tensor:
        weight = torch.randn(*shape, device=self.device, dtype=torch.bfloat16) * shape[-1] ** -0.5
        return to_fp8(weight) if self._fp8 else weight

    def _layer(self) -> Layer:
        m = self.model
        wide = (m.heads + 2 * m.kv_heads) * m.head_dim
        ones = torch.ones(m.hidden, device=self.device, dtype=torch.bfloat16)
        if m.experts:
            up = self._weight(m.experts, m.hidden, 2 * m.expert_ffn)
            down = self._weight(m.experts, m.expert_ffn, m.hidden)
            gate: Tensor | None = self._weight(m.experts, m.hidden)
        else:
            up, down = self._weight(2 * m.dense_ffn, m.hidden), self._weight(m.hidden, m.dense_ffn)
            gate = None
        out = self._weight(m.hidden, m.heads * m.head_dim)
        return Layer(self._weight(wide, m.hidden), out, (ones, ones), up, down, gate)

    def product(self, x: Tensor, weight: Tensor) -> Tensor:
        """``x @ weight.T``."""
        if not self._fp8:
            return functional.linear(x, weight)
        scale = self._one / 8
        return torch._scaled_mm(  # noqa: SLF001 - PyTorch's way to the FP8 units
            self._to_fp8(x), weight.t(), scale, scale, out_dtype=torch.bfloat16, use_fast_accum=True
        )

    def feed_forward(self, x: Tensor, layer: Layer) -> Tensor:
        """Dense, or routed experts."""
        if layer.gate is None:
            return self.product(self._gated(self.product(x, layer.up)), layer.down)
        m = self.model
        share, chosen = functional.linear(x, layer.gate).softmax(-1).topk(m.experts_per_token)
        flat = chosen.flatten()
        order = flat.argsort()
        counts = torch.zeros(m.experts, device=x.device, dtype=torch.int32)
        counts.scatter_add_(0, flat, torch.ones_like(flat, dtype=torch.int32))
        ends = counts.cumsum(0, dtype=torch.int32)
        rows = x[order // m.experts_per_token]
        up = torch._grouped_mm(rows, layer.up, offs=ends)  # noqa: SLF001
        down = torch._grouped_mm(self._gated(up), layer.down, offs=ends)  # noqa: SLF001
        weighed = down * share.flatten()[order].unsqueeze(-1)
        return torch.zeros_like(x).index_add_(0, order // m.experts_per_token, weighed)

    def step(self, x: Tensor, caches: list[tuple[Tensor, Tensor]], past: int, kind: str) -> Tensor:
        """One step; ``caches`` hold ``(requests, kv heads, context, dim)``."""
        m, tokens = self.model, x.shape[0]
        angle = torch.arange(m.head_dim // 2, device=x.device, dtype=torch.bfloat16)
        cosine, sine = angle.cos(), angle.sin()
        delta = torch.zeros_like(x)
        for layer, (keys, values) in zip(self.layers, caches, strict=True):
            x, seen = self._norm(x, delta, layer.norms[0])
            qkv = self.product(seen, layer.qkv).view(tokens, -1, m.head_dim)
            q, k, v = qkv.split((m.heads, m.kv_heads, m.kv_heads), 1)
            q, k = self._rotated(q, cosine, sine), self._rotated(k, cosine, sine)
            if kind == "decode":
                keys[:, :, past], values[:, :, past] = k, v
                grouped = q.view(tokens, m.kv_heads, m.heads // m.kv_heads, m.head_dim)
                seen = functional.scaled_dot_product_attention(grouped, keys, values)
                seen = seen.reshape(tokens, -1)
            else:
                keys[0, :, past:], values[0, :, past:] = k.transpose(0, 1), v.transpose(0, 1)
                seen = functional.scaled_dot_product_attention(
                    q.transpose(0, 1).unsqueeze(0), keys, values,
                    attn_mask=causal_lower_right(tokens, past + tokens) if past else None,
                    is_causal=not past, enable_gqa=True,
                )  # fmt: skip
                seen = seen[0].transpose(0, 1).reshape(tokens, -1)
            x, seen = self._norm(x, self.product(seen, layer.out), layer.norms[1])
            delta = self.feed_forward(seen, layer)
        return x + delta

    def logits(self, x: Tensor) -> Tensor:
        """The likeliest token of each row."""
        return self.product(x, self.head).argmax(-1)

    def caches(self, requests: int, context: int) -> list[tuple[Tensor, Tensor]]:
        """KV of random numbers."""
        shape = (requests, self.model.kv_heads, context, self.model.head_dim)
        return [
            tuple(torch.randn(shape, device=self.device, dtype=torch.bfloat16) for _ in range(2))
            for _ in self.layers
        ]  # type: ignore[return-value]


def graph_ms(work: Callable[[], Any], repeats: int = 15) -> float:
    """Median milliseconds of a CUDA graph of the work, each run timed by events."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    times = []
    for turn in range(repeats + 3):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        if turn >= 3:
            times.append(begin.elapsed_time(end))
    return statistics.median(times)


def fastest(make: Callable[[], Callable[[], Any]]) -> tuple[float, str]:
    """The faster attention kernel's time and name."""
    found = []
    for backend in FUSED:
        try:
            with sdpa_kernel(backend):
                found.append((graph_ms(make()), backend.name))
        except RuntimeError as error:
            print(f"    {backend.name}: {str(error).splitlines()[0][:100]}")
    return min(found)


def measure(name: str, precision: str, layers: int, room: int) -> Iterator[dict[str, Any]]:
    """Rows of one model; times are scaled to all its layers."""
    model = find_model(name)
    part = Slice(model, precision, layers, "cuda")
    times = model.layers / layers
    for kind, cases in (("decode", DECODES), ("prefill", PREFILLS)):
        for count, length in cases:
            requests, tokens = (count, count) if kind == "decode" else (1, count)
            context = length if kind == "decode" else length + count
            if requests * context > room:
                continue
            caches = part.caches(requests, context)
            x = torch.randn(tokens, model.hidden, device="cuda", dtype=torch.bfloat16)
            past = length - 1 if kind == "decode" else length
            body, kernel = fastest(
                lambda x=x, c=caches, p=past, k=kind: lambda: part.step(x, c, p, k)
            )
            head = graph_ms(lambda x=x, r=requests: part.logits(x[-r:]))
            del caches
            torch.cuda.empty_cache()
            yield {
                "model": name, "precision": precision, "kind": kind, "requests": requests,
                "tokens": tokens, "context": context, "past": past if kind == "prefill" else 0,
                "layers_run": layers, "ms": body * times + head, "attention": kernel,
            }  # fmt: skip


def ceilings() -> dict[str, float]:
    """What a simple kernel and products reach here: TB/s read and written, TFLOP/s."""
    block = torch.randn(2**31, device="cuda", dtype=torch.bfloat16)
    other = torch.empty_like(block)
    stream = 2 * block.nbytes / graph_ms(partial(torch.neg, block, out=other)) / 1e9
    del block, other
    side = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    product = 2 * 8192**3 / graph_ms(lambda: side @ side) / 1e9
    eight = to_fp8(side)
    one = torch.ones((), device="cuda")
    scaled = graph_ms(
        lambda: torch._scaled_mm(  # noqa: SLF001
            eight, eight.t(), one, one, out_dtype=torch.bfloat16, use_fast_accum=True
        )
    )
    return {"stream_tb_s": stream, "bf16_tflops": product, "fp8_tflops": 2 * 8192**3 / scaled / 1e9}


def main() -> None:
    """Measure everything, writing after each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    torch.manual_seed(1)
    found: dict[str, Any] = {
        "gpu": torch.cuda.get_device_name(), "torch": torch.__version__, **ceilings(), "rows": [],
    }  # fmt: skip
    print(found)
    for case in CASES:
        begin = time.perf_counter()
        try:
            with torch.inference_mode():
                for row in measure(*case):
                    print(row, flush=True)
                    found["rows"].append(row)
                    out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        except RuntimeError as error:  # a kernel that this version lacks; the other models go on
            print(f"{case}: {error}")
        torch.cuda.empty_cache()
        print(case, f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
