"""What a measured run's row does not say, recovered from InferenceX's configurations.

Each point of a configuration names model, machine, engine, gangs, worker counts, whether tokens
were speculated, and the concurrencies it was run at. A row is matched by what it has in common with
a point; what all matching points agree on is recovered, and the rest stays unknown. No latency is
looked at: what was measured never helps to say what was run.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from macrohard.errors import ConfigError

CONFIG_FILES = ("inferencex_nvidia-master.yaml", "inferencex_nvidia-1k1k-master.yaml")

_PREFIXES = {"dsr1": "deepseek-r1", "gptoss": "gpt-oss-120b", "qwen3.5": "qwen3.5-397b-a17b",
             "kimik2.5": "kimi-k2.5", "glm5": "glm-5", "minimaxm2.5": "minimax-m2.5",
             "llama70b": "llama-3.1-70b"}  # fmt: skip
_BACKENDS = {"trt": "trtllm", "trtllm": "trtllm", "sglang": "sglang", "vllm": "vllm"}


@dataclass(frozen=True, slots=True)
class Side:
    """Workers of one kind: prefill, decode, or both together.

    Attributes:
        workers: How many.
        gpus: GPUs of each.
        ep: GPUs its experts are spread over.
        attention_ranks: Whether attention is data parallel, each GPU a rank.
    """

    workers: int
    gpus: int
    ep: int
    attention_ranks: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a configuration: what ran, and at which concurrencies.

    Attributes:
        served: (model, machine, engine, precision, prompt tokens, output tokens).
        sides: One side, or prefill and decode.
        draft_tokens: Tokens speculated per step, 0 for none.
        concurrencies: Requests in flight that it was run at.
    """

    served: tuple[str, str, str, str, int, int]
    sides: tuple[Side, ...]
    draft_tokens: int
    concurrencies: frozenset[int]


def _side(side: Mapping[str, Any]) -> Side:
    return Side(
        int(side.get("num-worker", 1)),
        int(side.get("tp", 1)),
        int(side.get("ep") or 1),
        bool(side.get("dp-attn", False)),
    )


def _concurrencies(point: Mapping[str, Any]) -> frozenset[int]:
    if point.get("conc-list"):
        return frozenset(map(int, point["conc-list"]))
    low, high = int(point.get("conc-start", 0)), int(point.get("conc-end", 0))
    values = []
    while 0 < low <= high:
        values.append(low)
        low *= 2
    return frozenset(values)


USUAL_DRAFT = 3
"""Draft tokens where a configuration says only that it speculates (the usual MTP setting)."""


def _points(configs: Iterable[Mapping[str, Any]]) -> list[Point]:
    found = []
    for config in configs:
        model = _PREFIXES.get(str(config.get("model-prefix")))
        backend = _BACKENDS.get(str(config.get("framework")).removeprefix("dynamo-"))
        machine = str(config.get("runner")).removeprefix("cluster:").split("-")[0]
        scenarios = config.get("scenarios")
        if not model or not backend or not isinstance(scenarios, dict):
            continue
        for shape in scenarios.get("fixed-seq-len", []):
            served = (model, machine, backend, str(config.get("precision")), int(shape["isl"]),
                      int(shape["osl"]))  # fmt: skip
            for point in shape.get("search-space", []):
                sides = [point["prefill"], point["decode"]] if point.get("decode") else [point]
                settings = " ".join(sides[0].get("additional-settings") or [])
                drafts = re.search(r"mtp(\d)", settings)
                speculates = point.get("spec-decoding", "none") not in {"none", None, False}
                draft = (int(drafts[1]) if drafts else USUAL_DRAFT) if speculates else 0
                found.append(Point(served, tuple(map(_side, sides)), draft, _concurrencies(point)))
    return found


def read_points(folder: Path | None) -> list[Point]:
    """The points of InferenceX's configurations; none without a folder.

    Raises:
        ConfigError: The folder has no such configurations.
    """
    configs: list[Mapping[str, Any]] = []
    if folder and not any((folder / name).is_file() for name in CONFIG_FILES):
        raise ConfigError(f"{folder}: there is none of {', '.join(CONFIG_FILES)}")
    for name in CONFIG_FILES:
        if folder and (folder / name).is_file():
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            configs += yaml.load((folder / name).read_text("utf-8"), Loader=loader).values()  # noqa: S506 - a safe loader
    return _points(configs)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the configurations say about a run; None where they do not agree or do not say.

    Attributes:
        speculation: Chance that tokens were speculated: 0 or 1 when known.
        draft_tokens: Tokens speculated per step, when speculation is on.
        sides: Workers and gangs.
        likely: Those of the configuration run at the most similar concurrency: a guess.
    """

    speculation: float
    draft_tokens: int
    sides: tuple[Side, ...] | None
    likely: tuple[Side, ...] | None = None


def recover(
    points: Iterable[Point],
    served: tuple[str, str, str, str, int, int],
    gangs: tuple[Side, ...],
    concurrencies: frozenset[int],
    *,
    exact: bool,
) -> Recovered:
    """Match a run with the points of the configurations.

    Args:
        points: All points.
        served: Model, machine, engine, precision, prompt and output tokens of the run.
        gangs: Its sides as the row has them.
        concurrencies: Those this very configuration is known to have been run at.
        exact: The row's sides are complete; otherwise only GPUs, and the first side's ``ep``, are.
    """
    alike = [p for p in points if p.served == served and len(p.sides) == len(gangs)]

    def fits(point: Point) -> bool:
        if exact:
            return point.sides == gangs
        pairs = list(zip(point.sides, gangs, strict=True))
        return pairs[0][0].ep == pairs[0][1].ep and all(a.gpus == b.gpus for a, b in pairs)

    same = [p for p in alike if fits(p) and concurrencies & p.concurrencies]
    whole = [p for p in same if concurrencies <= p.concurrencies] or same
    drafts = [p.draft_tokens for p in whole or alike]
    on = [k for k in drafts if k]
    sides = {p.sides for p in whole}
    return Recovered(
        speculation=len(on) / len(drafts) if drafts else 0.5,
        draft_tokens=max(set(on), key=lambda k: (on.count(k), k)) if on else USUAL_DRAFT,
        sides=next(iter(sides)) if len(sides) == 1 else None,
        likely=_nearest([p for p in alike if fits(p)], max(concurrencies)),
    )


def _nearest(points: Sequence[Point], concurrency: int) -> tuple[Side, ...] | None:
    """Sides of the point that was run at the most similar concurrency."""
    apart = [
        (abs(math.log(concurrency / other)), number)
        for number, point in enumerate(points)
        for other in point.concurrencies
    ]
    return points[min(apart)[1]].sides if apart else None
