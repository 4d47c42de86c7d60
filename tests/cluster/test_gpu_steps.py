"""Step times against steps measured on GPUs (``benchmarks/measured``)."""

import json
import statistics
from typing import Any

import pytest

from benchmarks import bench_gpu

DENSE = {"llama-3.1-8b", "qwen3-32b"}


@pytest.fixture(params=["h200", "h100"])
def measured(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bench_gpu.MEASURED / f"{request.param}.json").read_text())
    return found


def _ratios(measured: dict[str, Any], name: str, kind: str) -> list[float]:
    ratios = []
    for model in DENSE:
        for precision in ("bf16", "fp8"):
            rows = [
                row
                for row in measured["rows"]
                if (row["model"], row["precision"], row["kind"]) == (model, precision, kind)
            ]
            table = bench_gpu.predictors(rows[0], measured["gpu"])[name].table()
            ratios += [bench_gpu.predicted_ms(table, row) / row["ms"] for row in rows]
    return ratios


@pytest.mark.parametrize("kind", ["decode", "prefill"])
def test_no_step_beats_the_data_sheet(measured: dict[str, Any], kind: str) -> None:
    ratios = _ratios(measured, "sheet", kind)
    assert len(ratios) >= 18
    assert max(ratios) < 1


@pytest.mark.parametrize("kind", ["decode", "prefill"])
def test_the_roofline_without_a_host_is_within_a_fifth(measured: dict[str, Any], kind: str) -> None:
    errors = [abs(ratio - 1) for ratio in _ratios(measured, "kernels", kind)]
    assert statistics.mean(errors) < 0.20


def test_measured_kernels_meet_decode_on_a_gpu(measured: dict[str, Any]) -> None:
    pytest.importorskip("aiconfigurator_core", reason="the measured tables are an extra")
    errors = [abs(ratio - 1) for ratio in _ratios(measured, "sglang", "decode")]
    assert statistics.mean(errors) < 0.06
