"""A real build whose calls are placed on the modelled cluster."""

import json
from pathlib import Path

import pytest
from support.builds import TINY, macrohard, record

from macrohard import BuildResult, build
from macrohard.api import resume
from macrohard.errors import BudgetError, ConfigError


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spec") / "tea.md"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="module")
def built(spec: Path) -> BuildResult:
    return build(spec, out=spec.parent / "run", cluster="gb200-nvl72")


def test_the_record_tells_what_the_calls_take(built: BuildResult) -> None:
    told = record(built.run_dir)["cluster"]
    assert built.record["cluster"] == told
    assert told["hardware"] == "gb200-nvl72"
    assert "not measured" in told["modelled"]
    assert told["calls"] == built.cost.calls == sum(s["calls"] for s in told["by_stage"].values())
    assert told["model_s"] > told["queueing_s"] >= 0
    assert told["gpu_seconds"] > 0
    assert told["kwh"] > 0
    assert told["usd"] > 0
    assert 0 < told["cached_tokens"] < built.cost.input_tokens
    assert "roofline" in told["step_time"]


def test_show_and_the_report_tell_it(built: BuildResult) -> None:
    told = record(built.run_dir)["cluster"]
    shown = " ".join(macrohard("show", built.run_dir).stdout.split())
    assert f"{told['gpu_seconds']:,.1f} GPU-seconds" in shown
    assert "kWh" in shown
    assert "queueing" in shown
    assert json.loads(macrohard("show", built.run_dir, "--json").stdout)["cluster"] == told
    page = (built.run_dir / "report.html").read_text()
    assert "On the modelled cluster" in page
    assert f"{told['gpu_seconds']:,.1f}" in page


def test_a_finished_run_is_placed_on_another_cluster(built: BuildResult) -> None:
    before = record(built.run_dir)
    again = macrohard("resume", built.run_dir, "--cluster", "h100-hgx", "--quiet")
    assert again.returncode == 0, again.stderr
    after = record(built.run_dir)
    assert after["cluster"]["hardware"] == after["options"]["cluster"] == "h100-hgx"
    assert after["cluster"]["gpu_seconds"] > before["cluster"]["gpu_seconds"]
    assert after["cost"] == before["cost"]
    assert "h100-hgx" in (built.run_dir / "report.html").read_text()


def test_a_run_that_stops_early_tells_what_it_took_so_far(spec: Path, tmp_path: Path) -> None:
    with pytest.raises(BudgetError):
        build(spec, out=tmp_path / "run", cluster="gb300-nvl72", max_calls=4)
    stopped = record(tmp_path / "run")
    assert stopped["cluster"]["calls"] == stopped["cost"]["calls"] == 4


def test_a_run_without_calls_says_why_nothing_is_told(spec: Path, tmp_path: Path) -> None:
    with pytest.raises(BudgetError):
        build(spec, out=tmp_path / "run", cluster="gb300-nvl72", max_calls=0)
    assert "no model calls" in record(tmp_path / "run")["cluster"]["error"]
    assert "not modelled" in macrohard("show", tmp_path / "run").stdout


def test_an_unknown_cluster_is_refused_before_anything_is_written(
    spec: Path, tmp_path: Path, built: BuildResult
) -> None:
    refused = macrohard("build", spec, "--out", tmp_path / "run", "--cluster", "tpu")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "--cluster tpu" in refused.stderr
    assert "gb200-nvl72" in refused.stderr
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match="--cluster tpu"):
        resume(built.run_dir, cluster="tpu")
