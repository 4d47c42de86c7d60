"""Measured end-to-end runs: the rows of ``silicon_sample.csv`` in aiconfigurator-core's wheel.

What the table does not say is recovered where possible: concurrency stands inside the source text;
speculative decoding, worker counts and the gangs of older collections come from joining
InferenceX's configurations (``recovery.py``), which are not part of this project and may be absent.
"""

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from macrohard.cluster.deployment import Parallel
from macrohard.cluster.hardware import Precision
from macrohard.cluster.models import find_model
from macrohard.cluster.recovery import Point, Recovered, Side, recover
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
        compute: Of the products; ``bf16`` for INT4 weights, else None.
        isl: Prompt tokens.
        osl: Output tokens.
        concurrency: Requests in flight.
        prefill: Gang of a replica, or of a prefill worker.
        decode: Gang of a decode worker; None when prefill and decode are together.
        workers: Prefill and decode workers; a guess unless ``counted``.
        counted: Whether somebody says how many workers there were, or there is but one.
        speculation: Chance that speculative decoding was on; 0 or 1 when known.
        draft_tokens: Tokens speculated per step if it was.
        ttft_s: Measured time to first token.
        tpot_s: Measured time per output token.
        dump: Which collection the row is from.
    """

    model: str
    hardware: str
    backend: str
    precision: str
    compute: Precision | None
    isl: int
    osl: int
    concurrency: int
    prefill: Parallel
    decode: Parallel | None
    workers: tuple[int, int]
    counted: bool
    speculation: float
    draft_tokens: int
    ttft_s: float
    tpot_s: float
    dump: str

    @property
    def coarse_group(self) -> tuple[Any, ...]:
        """Model and configuration as far as every collection describes it."""
        gangs = self.prefill.gpus, self.prefill.ep, self.decode.gpus if self.decode else 0
        return (self.model, self.hardware, self.backend, self.precision, self.isl, self.osl, *gangs)

    @property
    def group(self) -> tuple[Any, ...]:
        """Model and configuration: rows of one group never stand on both sides of a split."""
        fine = (self.decode, self.workers) if self.decode and self.counted else ()
        return (*self.coarse_group, *fine)

    @property
    def is_ranged(self) -> bool:
        """Whether the client drew lengths between 80 % and 100 % (all but single studies did)."""
        return not self.dump.startswith("source_file=/")

    @property
    def is_known(self) -> bool:
        """Whether speculation and, with prefill apart, worker counts are known."""
        return self.speculation in {0.0, 1.0} and self.counted


def table_path() -> Path:
    """Where the measured rows lie.

    Raises:
        ConfigError: The wheel is not installed.
    """
    spec = find_spec("aiconfigurator_core")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "the measured rows are in aiconfigurator-core; pip install -e '.[cluster]'"
        )
    return Path(spec.origin).parent / "systems" / "silicon_sample.csv"


SERVER_GPUS = 8
"""GPUs of an HGX server."""

NEVER_SPECULATE = {"minimax-m2.5", "qwen3-235b-a22b", "qwen3-32b", "llama-3.1-70b", "llama-3.1-8b",
                   "kimi-k2.5", "gpt-oss-120b"}  # fmt: skip
"""Models that no configuration of these collections runs with speculative decoding."""


def _concurrency(raw: Mapping[str, str]) -> int:
    found = re.search(r"silicon_concurrency=(\d+)", raw["silicon_data_source"])
    return int(found[1]) if found else int(float(raw["batch_size"] or 0))


def _identity(raw: Mapping[str, str]) -> tuple[Any, ...]:
    """The measurement itself: rows with the same latencies to a microsecond are one run."""
    latencies = (round(float(raw[f"silicon_{name}_ms"] or 0), 3) for name in ("ttft", "tpot"))
    return raw["system"], raw["isl"], raw["osl"], _concurrency(raw), *latencies


def _is_dump(raw: Mapping[str, str]) -> bool:
    return raw["silicon_data_source"].startswith("db-dump")


def read_rows(points: Sequence[Point]) -> tuple[list[Row], dict[str, int]]:
    """Usable rows, one per measurement, and what became of the others.

    The same measurement stands in the table up to four times, in different collections and with
    differently complete descriptions; the dump's description is the complete one and is kept.
    """
    with table_path().open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    counts = {"rows": len(table), "duplicates": 0, "unusable": 0}
    kept: dict[tuple[Any, ...], Mapping[str, str]] = {}
    for raw in table:
        identity = _identity(raw)
        if identity not in kept or (_is_dump(raw) and not _is_dump(kept[identity])):
            kept[identity] = raw
    counts["duplicates"] = len(table) - len(kept)
    together = _run_together(kept.values())
    rows = [_read_row(raw, points, together) for raw in kept.values()]
    usable = [row for row in rows if row is not None]
    counts["unusable"] = len(rows) - len(usable)
    counts["configuration known"] = sum(row.is_known for row in usable)
    return usable, counts


def _configuration(raw: Mapping[str, str]) -> tuple[str, ...] | None:
    found = re.search(r"config_id=(\d+)", raw["silicon_data_source"])
    return (found[1], raw["isl"], raw["osl"]) if found else None


def _run_together(table: Iterable[Mapping[str, str]]) -> dict[tuple[str, ...], frozenset[int]]:
    """Concurrencies that a configuration of the dump was run at."""
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for raw in table:
        configuration = _configuration(raw)
        if configuration:
            found[configuration].add(_concurrency(raw))
    return {key: frozenset(values) for key, values in found.items()}


def _sides(raw: Mapping[str, str], names: Sequence[str]) -> tuple[Side, ...]:
    def number(column: str) -> int:
        return max(1, int(float(raw.get(column) or 1)))

    return tuple(
        Side(
            workers=number(f"{name}num_workers"),
            gpus=number(f"{name}tp_size") * number(f"{name}attention_dp_size"),
            ep=number(f"{name}moe_ep_size"),
            attention_ranks=number(f"{name}attention_dp_size") > 1,
        )
        for name in names
    )


def _counted_once(side: Side) -> Side:
    """One side of a run on one server; some descriptions multiply its width by itself.

    Runs of 4 and 8 GPUs of a server of eight stand in the table as 16 (tensor ranks 4, expert
    ranks 4, and their product as the width) and 64; InferenceX's configurations of the same runs
    have 4 and 8.
    """
    width = math.isqrt(side.gpus)
    if side.gpus <= SERVER_GPUS or width * width != side.gpus:
        return side
    return replace(side, gpus=width, ep=min(side.ep, width))


def _is_tensor_parallel(side: Side, model: str) -> bool:
    """Whether attention can be cut that way; totals of several workers often cannot."""
    heads = find_model(model).heads
    return side.attention_ranks or side.gpus <= SERVER_GPUS or heads % side.gpus == 0


def _gang_of(side: Side, experts: bool) -> Parallel:
    ep = side.ep if experts and side.gpus % side.ep == 0 else 1
    return Parallel(1, side.gpus, 1, ep) if side.attention_ranks else Parallel(side.gpus, 1, 1, ep)


def _read_row(
    raw: Mapping[str, str],
    points: Sequence[Point],
    together: Mapping[tuple[str, ...], frozenset[int]],
) -> Row | None:
    model = MODELS.get(raw["model_path"].split("/")[-1].lower())
    ttft, tpot = float(raw["silicon_ttft_ms"] or 0), float(raw["silicon_tpot_ms"] or 0)
    concurrency = _concurrency(raw)
    if not model or concurrency < 1 or ttft <= 0 or tpot <= 0:
        return None
    apart, complete = raw["mode"] == "disagg", _is_dump(raw)
    sides = _sides(raw, ("prefill_", "decode_") if apart else ("",))
    if not apart:
        if raw["system"] not in {"gb200", "gb300"}:
            sides = (_counted_once(sides[0]),)
        if not _is_tensor_parallel(sides[0], model):
            return None
    published = raw["precision"] or raw["gemm_quant_mode"] or "bf16"  # as the weights are published
    precision = _PRECISIONS.get(published, published)
    isl, osl = int(raw["isl"]), int(raw["osl"])
    source = raw["silicon_data_source"].split(";")[0]
    said = Recovered(0.0, 0, None)
    if not source.startswith("source_file=/"):
        served = (model, raw["system"].removesuffix("_sxm"), raw["backend"], published, isl, osl)
        concurrencies = together.get(_configuration(raw) or (), frozenset({concurrency}))
        said = recover(points, served, sides, concurrencies, exact=complete)
    counted = complete or not apart
    if said.sides and not complete:
        sides, counted = said.sides, True
    elif not complete and apart:  # only GPUs are to be trusted; wide gangs run ranks of attention
        wide = tuple(
            replace(side, attention_ranks=side.gpus > 8, ep=side.gpus if side.gpus > 8 else side.ep)
            for side in sides
        )
        sides = said.likely or wide
    gangs = [_gang_of(side, bool(find_model(model).experts)) for side in sides]
    return Row(
        model=model,
        hardware=SYSTEMS[raw["system"]],
        backend=raw["backend"],
        precision=precision,
        compute="bf16" if published == "int4" else None,
        isl=isl,
        osl=osl,
        concurrency=concurrency,
        prefill=gangs[0],
        decode=gangs[1] if apart else None,
        workers=(sides[0].workers, sides[-1].workers),
        counted=counted,
        speculation=0.0 if model in NEVER_SPECULATE else said.speculation,
        draft_tokens=said.draft_tokens,
        ttft_s=ttft / 1e3,
        tpot_s=tpot / 1e3,
        dump=source,
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
    held_coarse = {row.coarse_group for row in listed if is_held_out(row)}

    def touches_held_out(row: Row) -> bool:
        if row.decode and row.counted:
            return row.group in held
        return row.coarse_group in held_coarse  # what is not described may be the same

    parts: list[tuple[Row, Part]] = []
    for row in listed:
        part: Part = "train"
        if is_held_out(row):
            part = "held out"
        elif touches_held_out(row):
            part = "dropped"
        elif row.hardware.startswith("b300"):
            part = "validate"
        elif row.hardware.startswith("gb200"):
            half = sum(map(ord, repr(row.group))) % 2
            part = "validate" if half else "gb200 rest"
        parts.append((row, part))
    return parts
