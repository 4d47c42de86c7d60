"""The split is honest, and the printed errors are what the rows say."""

import math
from statistics import median
from typing import Any

import pytest

from macrohard.cluster.calibration import (
    HELD_OUT_ERROR,
    describe_nearest,
    features,
    fit,
    nearest,
)
from macrohard.cluster.closed_loop import predict, run_closed_loop
from macrohard.cluster.deployment import Parallel, Speculation
from macrohard.cluster.measured import is_installed
from macrohard.cluster.models import find_model
from macrohard.cluster.recovery import Point, Side, recover
from macrohard.cluster.silicon import Row, read_rows, split_rows
from macrohard.cluster.statistics import Estimate, quantile

needs_rows = pytest.mark.skipif(
    not is_installed(), reason="the measured rows are in aiconfigurator-core (extra `cluster`)"
)


@needs_rows
def test_duplicates_are_dropped_and_nothing_is_on_both_sides() -> None:
    rows, counts = read_rows(())
    assert counts["rows"] == 5221
    assert counts["duplicates"] > 696  # those alike in every column, and the same runs told anew
    latencies = [(r.hardware, r.isl, r.osl, r.concurrency, r.ttft_s, r.tpot_s) for r in rows]
    assert len(set(latencies)) == len(latencies)
    parts = split_rows(rows)
    groups = {
        name: {row.group for row, part in parts if part == name}
        for name in ("train", "validate", "gb200 rest", "held out")
    }
    coarse = {row.coarse_group for row, part in parts if part == "held out"}
    for name in ("train", "validate", "gb200 rest"):
        assert groups[name]
        assert not groups[name] & groups["held out"]
    assert not groups["train"] & groups["validate"]
    for row, part in parts:
        if row.hardware.startswith("gb300") or "2026-04-27" in row.dump:
            assert part == "held out"
        if part == "train":
            assert row.hardware in {"b200-hgx", "h100-hgx", "h200-hgx"}
            assert row.counted or row.coarse_group not in coarse


@needs_rows
def test_a_run_on_one_server_has_no_more_gpus_than_the_server() -> None:
    """The table has some widths multiplied by themselves, and totals of runs on many workers."""
    together = [row for row in read_rows(())[0] if row.decode is None]
    for row in together:
        gang = row.prefill
        if row.hardware.endswith("-hgx"):
            assert gang.gpus <= 8
        assert gang.dp > 1 or find_model(row.model).heads % gang.tp == 0
    squared = [row for row in together if row.hardware == "h100-hgx" and row.prefill.dp == 4]
    assert {(row.model, str(row.prefill)) for row in squared} == {
        ("minimax-m2.5", "tp1 dp4 ep4")
    }  # which the table has as 16 GPUs
    queues = [row for row in squared if row.concurrency == 64 and row.isl == 8192]
    for row in queues:  # KV for all of them is not there: they wait for half a minute
        assert predict(row)[0] == pytest.approx(row.ttft_s, rel=0.3)
    assert queues


POINTS = [
    Point(("deepseek-r1", "gb200", "trtllm", "fp4", 8192, 1024),
          (Side(3, 4, 4, True), Side(1, 32, 32, True)), draft, frozenset(runs))
    for draft, runs in ((0, {64, 512}), (3, {180}))
]  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "speculation", "known"), [({512}, 0.0, True), ({180}, 1.0, True), ({999}, 0.5, False)]
)
def test_configurations_say_what_the_rows_leave_out(
    runs: Any, speculation: Any, known: Any
) -> None:
    said_by_row = (Side(1, 4, 4, False), Side(1, 32, 4, False))  # only GPUs and prefill's ep hold
    said = recover(POINTS, POINTS[0].served, said_by_row, frozenset(runs), exact=False)
    assert said.speculation == speculation
    assert (said.sides is not None) == known
    assert said.likely == POINTS[0].sides


def benchmark(**more: Any) -> Row:
    values: dict[str, Any] = {
        "model": "llama-3.1-70b", "hardware": "h200-hgx", "backend": "vllm", "precision": "fp8",
        "compute": None, "isl": 1024, "osl": 256, "concurrency": 16, "prefill": Parallel(4),
        "decode": None, "workers": (1, 1), "counted": True, "speculation": 0.0, "draft_tokens": 0,
        "ttft_s": 1.0, "tpot_s": 1.0, "dump": "",
    }  # fmt: skip
    return Row(**(values | more))


def test_the_simulated_benchmark_queues_as_a_closed_loop_does() -> None:
    pytest.importorskip("numpy", reason="numpy (extra `cluster`) is not installed")
    alone, some, many = (run_closed_loop(benchmark(concurrency=c)) for c in (1, 16, 128))
    assert alone[0] < some[0] < many[0]
    assert alone[1] < some[1] < many[1]
    both = run_closed_loop(benchmark(), speculation=Speculation(3, 0.5))
    assert both[1] < some[1]
    unsure = predict(benchmark(speculation=0.5, draft_tokens=3))
    assert both[1] < unsure[1] < some[1]
    apart = run_closed_loop(benchmark(concurrency=128, decode=Parallel(4)))
    assert apart[1] < many[1]  # no prefill stands between its tokens


@needs_rows
def test_the_error_every_answer_carries_is_the_measured_one() -> None:
    held = [row for row, part in split_rows(read_rows(())[0]) if part == "held out"][::6]
    pairs = [(predict(row), row) for row in held]
    tpot = median(abs(raw[1] / row.tpot_s - 1) for raw, row in pairs)
    # speculation and older worker counts come from a join this test goes without
    assert tpot == pytest.approx(HELD_OUT_ERROR["tpot"], abs=0.1)
    ttft = median(abs(raw[0] / row.ttft_s - 1) for raw, row in pairs)
    assert ttft == pytest.approx(HELD_OUT_ERROR["ttft"], abs=0.1)


@needs_rows
def test_the_nearest_measured_run_of_a_measured_run_is_itself(deploy: Any) -> None:
    rows = [row for row in read_rows(())[0] if row.decode is None][::400]
    for row in rows:
        found, distance = nearest(row, rows)
        assert distance == 0
        assert features(found) == features(row)
    said = describe_nearest(deploy(), isl=8000, osl=1000, concurrency=32)
    assert said.startswith("deepseek-r1 fp4")
    assert "times the measured TPOT" in said


def test_a_correction_learns_a_smooth_error_and_forgets_far_away() -> None:
    pytest.importorskip("numpy", reason="numpy (extra `cluster`) is not installed")
    points = [[x / 10] for x in range(60)]
    values = [math.sin(x[0]) for x in points]
    correction = fit(points, values, width=1.0, linear=0.0, noise=1e-4)
    between = [[1.23], [3.45]]
    for x, guess in zip(between, correction(between), strict=True):
        assert guess == pytest.approx(math.sin(x[0]), abs=0.01)
    assert correction([[100.0]])[0] == pytest.approx(correction.mean)


def test_estimates_over_seeds() -> None:
    estimate = Estimate.of([1.0, 2.0, 3.0])
    assert estimate.mean == 2
    assert estimate.half_width == pytest.approx(4.303 / math.sqrt(3))
    assert not Estimate.of([5.0]).excludes_zero
    assert Estimate.of([32 / 72 * 0.1] * 3).half_width == 0  # no interval made of roundings
    said = [(30650.0, 4412.0), (0.0044684, 1.7e-6), (7.0, 0.0), (math.nan, math.nan)]
    assert [str(Estimate(mean, half, 3)) for mean, half in said] == [
        "30,600 ± 4,400",
        "0.0044684 ± 0.0000017",
        "7.000 ± 0",
        "none",
    ]
    assert str(Estimate.of([1234.5])) == "1,234 (one seed)"
    assert Estimate.of([5.0, 5.1, 4.9]).excludes_zero
    assert quantile([1, 2, 3, 4], 0.5) == 2.5
