"""Measured end-to-end runs: the rows of ``silicon_sample.csv`` in aiconfigurator-core's wheel.

What the table does not say is recovered where possible: concurrency stands inside the source text;
speculative decoding and worker counts come from joining InferenceX's configurations, which are not
part of this project and may be absent.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import yaml

from macrohard.cluster.deployment import Parallel
from macrohard.errors import ConfigError

SYSTEMS = {
    "gb200": "gb200-nvl72", "gb300": "gb300-nvl72", "b200_sxm": "b200-hgx", "b300_sxm": "b300-hgx",
    "h200_sxm": "h200-hgx", "h100_sxm": "h100-hgx",
}  # fmt: skip
"""System names of the table to those of our catalogue."""

MODELS = {
    "minimax-m2.5": "minimax-m2.5", "qwen3-235b-a22b-fp8": "qwen3-235b-a22b",
    "qwen3-32b": "qwen3-32b", "qwen3.5-397b-a17b": "qwen3.5-397b-a17b",
    "deepseek-r1": "deepseek-r1", "deepseek-v3": "deepseek-r1", "llama-3.1-70b": "llama-3.1-70b",
    "llama-3.1-8b-instruct": "llama-3.1-8b", "kimi-k2.5": "kimi-k2.5",
    "deepseek-r1-nvfp4": "deepseek-r1", "deepseek-v3.1-nvfp4": "deepseek-r1",
    "llama-3.1-8b-instruct-fp8": "llama-3.1-8b", "qwen3-32b-nvfp4": "qwen3-32b",
    "gpt-oss-120b": "gpt-oss-120b", "glm-5": "glm-5",
}  # fmt: skip
"""Model names of the table, without their owner, to those of our catalogue."""

_PREFIXES = {"dsr1": "deepseek-r1", "gptoss": "gpt-oss-120b", "qwen3.5": "qwen3.5-397b-a17b",
             "kimik2.5": "kimi-k2.5", "glm5": "glm-5", "minimaxm2.5": "minimax-m2.5",
             "llama70b": "llama-3.1-70b"}  # fmt: skip

_PRECISIONS = {"int4": "fp4", "nvfp4": "fp4", "w4a16_mxfp4": "fp4", "fp8_block": "fp8",
               "bfloat16": "bf16"}  # fmt: skip

Part = Literal["train", "validate", "held out", "gb200 rest", "dropped"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured run.

    Attributes:
        model: Name in our catalogue.
        hardware: Name in our catalogue.
        backend: Serving engine.
        precision: Of the weights.
        isl: Prompt tokens.
        osl: Output tokens.
        concurrency: Requests in flight.
        prefill: Gang of a replica, or of a prefill worker.
        decode: Gang of a decode worker; None when prefill and decode are together.
        workers: Prefill and decode workers, 0 where nobody says.
        speculation: Chance that speculative decoding was on, from the join; 0.5 when unknown.
        ttft_s: Measured time to first token.
        tpot_s: Measured time per output token.
        dump: Which collection the row is from.
    """

    model: str
    hardware: str
    backend: str
    precision: str
    isl: int
    osl: int
    concurrency: int
    prefill: Parallel
    decode: Parallel | None
    workers: tuple[int, int]
    speculation: float
    ttft_s: float
    tpot_s: float
    dump: str

    @property
    def group(self) -> tuple[Any, ...]:
        """Model and configuration: rows of one group never stand on both sides of a split."""
        return (self.model, self.hardware, self.backend, self.precision, self.isl, self.osl,
                self.prefill, self.decode)  # fmt: skip


def table_path() -> Path:
    """Where the measured rows lie.

    Raises:
        ConfigError: The wheel is not installed.
    """
    spec = find_spec("aiconfigurator_core")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "the measured rows are in aiconfigurator-core; install macrohard[cluster]"
        )
    return Path(spec.origin).parent / "systems" / "silicon_sample.csv"


def _gang(row: Mapping[str, str], side: str) -> Parallel:
    def number(name: str) -> int:
        text = row.get(f"{side}{name}") or "1"
        return max(1, int(float(text)))

    tp, dp, pp = number("tp_size"), number("attention_dp_size"), number("pp_size")
    moe_tp, ep = number("moe_tp_size"), number("moe_ep_size")
    if moe_tp * ep > 1 and tp * dp > moe_tp * ep:
        # some rows carry tp * ep as tp: the experts' cut tells the size of the gang
        tp = max(1, moe_tp * ep // dp) if moe_tp * ep >= dp else tp
        if tp * dp > moe_tp * ep:
            tp, dp = moe_tp * ep, 1
    if (tp * dp) % ep:
        ep = 1
    return Parallel(tp, dp, pp, ep)


def _speculation(configs: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], set[Any]]:
    """(model, system, precision, isl, osl, concurrency or range) to what InferenceX runs there."""
    known: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
    for config in configs:
        model = _PREFIXES.get(str(config.get("model-prefix")))
        runner = re.sub(r"^cluster:", "", str(config.get("runner"))).split("-")[0]
        backend = str(config.get("framework")).replace("dynamo-", "").replace("trt", "trtllm")
        scenarios = config.get("scenarios", {})
        for shape in scenarios.get("fixed-seq-len", []) if isinstance(scenarios, dict) else []:
            for point in shape.get("search-space", []):
                on = point.get("spec-decoding", "none") not in {"none", None, False}
                apart = point.get("prefill"), point.get("decode")
                workers = tuple(int((side or {}).get("num-worker", 0)) for side in apart)
                decode = apart[1] or point
                key = (model, runner, str(config.get("precision")), backend, shape["isl"],
                       shape["osl"], int(decode.get("tp", 1)), bool(apart[1]))  # fmt: skip
                for concurrency in point.get("conc-list") or _range(point):
                    known[*key, concurrency].add((on, workers))
    return known


def _range(point: Mapping[str, Any]) -> list[int]:
    low, high = int(point.get("conc-start", 0)), int(point.get("conc-end", 0))
    values = []
    while 0 < low <= high:
        values.append(low)
        low *= 2
    return values


def read_configs(folder: Path | None) -> dict[tuple[Any, ...], set[Any]]:
    """InferenceX's configurations, or nothing when the folder is not there."""
    configs: list[Mapping[str, Any]] = []
    for name in ("inferencex_nvidia-master.yaml", "inferencex_nvidia-1k1k-master.yaml"):
        if folder and (folder / name).is_file():
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            configs += yaml.load((folder / name).read_text("utf-8"), Loader=loader).values()  # noqa: S506 - a safe loader
    return _speculation(configs)


def read_rows(configs: Mapping[tuple[Any, ...], set[Any]]) -> tuple[list[Row], dict[str, int]]:
    """Usable rows, and how many there were, were duplicates, and could not be used."""
    counts = {"rows": 0, "duplicates": 0, "unusable": 0, "speculation known": 0}
    seen: set[tuple[str, ...]] = set()
    rows = []
    with table_path().open(newline="", encoding="utf-8") as file:
        for raw in csv.DictReader(file):
            counts["rows"] += 1
            identity = tuple(v for k, v in raw.items() if k not in {"id", "silicon_data_source"})
            if identity in seen:
                counts["duplicates"] += 1
                continue
            seen.add(identity)
            row = _read_row(raw, configs)
            if row is None:
                counts["unusable"] += 1
                continue
            counts["speculation known"] += row.speculation in {0.0, 1.0}
            rows.append(row)
    return rows, counts


def _read_row(raw: Mapping[str, str], configs: Mapping[tuple[Any, ...], set[Any]]) -> Row | None:
    source = raw["silicon_data_source"]
    found = re.search(r"silicon_concurrency=(\d+)", source)
    model = MODELS.get(raw["model_path"].split("/")[-1].lower())
    ttft, tpot = float(raw["silicon_ttft_ms"] or 0), float(raw["silicon_tpot_ms"] or 0)
    concurrency = int(found[1]) if found else int(float(raw["batch_size"] or 0))
    if not model or concurrency < 1 or ttft <= 0 or tpot <= 0:
        return None
    apart = raw["mode"] == "disagg"
    prefill = _gang(raw, "prefill_" if apart else "")
    decode = _gang(raw, "decode_") if apart else None
    precision = raw["precision"] or raw["gemm_quant_mode"] or "bf16"  # as the weights are published
    precision = _PRECISIONS.get(precision, precision)
    isl, osl = int(raw["isl"]), int(raw["osl"])
    workers = tuple(int(float(raw[f"{side}_num_workers"] or 0)) for side in ("prefill", "decode"))
    tp = (decode or prefill).tp * (decode or prefill).dp
    matches = configs.get(
        (model, raw["system"].removesuffix("_sxm"), precision, raw["backend"], isl, osl, tp, apart,
         concurrency), set(),
    )  # fmt: skip
    speculation = sum(on for on, _ in matches) / len(matches) if matches else 0.5
    counted = {pair for _, pair in matches}
    if apart and not workers[0] and len(counted) == 1:
        workers = next(iter(counted))
    return Row(
        model=model,
        hardware=SYSTEMS[raw["system"]],
        backend=raw["backend"],
        precision=precision,
        isl=isl,
        osl=osl,
        concurrency=concurrency,
        prefill=prefill,
        decode=decode,
        workers=(workers[0], workers[1]),
        speculation=speculation,
        ttft_s=ttft / 1e3,
        tpot_s=tpot / 1e3,
        dump=source.split(";")[0],
    )


def split_rows(rows: Iterable[Row]) -> list[tuple[Row, Part]]:
    """Each row with its part.

    Held out: every GB300 row and the dump of 2026-04-27. Train: B200, H100 and H200 up to
    2026-04-06. Validate: B300 and half of the GB200 groups; the other half is reported apart. A
    group that has a held-out row is dropped from all other parts.
    """
    listed = list(rows)

    def is_held_out(row: Row) -> bool:
        return row.hardware.startswith("gb300") or row.dump.startswith("db-dump/2026-04-27")

    held = {row.group for row in listed if is_held_out(row)}
    parts: list[tuple[Row, Part]] = []
    for row in listed:
        part: Part = "train"
        if is_held_out(row):
            part = "held out"
        elif row.group in held:
            part = "dropped"
        elif row.hardware.startswith("b300"):
            part = "validate"
        elif row.hardware.startswith("gb200"):
            half = sum(map(ord, repr(row.group))) % 2
            part = "validate" if half else "gb200 rest"
        parts.append((row, part))
    return parts
