"""Every bad input gets one clear message with file and line, and exit code 2."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from macrohard.cli.cluster import app
from macrohard.cluster.scenario import load_scenario
from macrohard.cluster.study import run_scenario
from macrohard.cluster.traces import read_azure, read_mooncake
from macrohard.cluster.units import format_quantity, parse_quantity
from macrohard.errors import ConfigError

GOOD = """name: small
hardware: gb200-nvl72
site: {racks: 1}
models:
  - model: llama-3.1-70b
    precision: fp8
    parallel: {tp: 4}
    replicas: 2
workload: {kind: agents, agents: 4}
duration: 1 min
seeds: 2
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Any:
    def write(old: Any = "", new: Any = "", text: Any = GOOD) -> Any:
        assert old in text
        path = tmp_path / "small.yaml"
        path.write_text(text.replace(old, new, 1))
        return path

    return write


BAD = [
    ("duration: 1 min", "duration: 1 fortnight", 10, "unknown unit 'fortnight'"),
    ("duration: 1 min", "duration: 90", 10, "no unit in 90; time is written with"),
    ("duration: 1 min", "duration: -5 s", 10, "out of bounds"),
    ("duration: 1 min", "duration: 0 s", 10, "out of bounds"),
    ("seeds: 2", "seeds: 1G", 11, "out of bounds, 1 to 1000"),
    ("racks: 1", "racks: 1G", 3, "out of bounds"),
    ("agents: 4", "agents: 1G", 9, "out of bounds, 0 to 5e"),
    ("duration: 1 min", "duration: .inf", 10, "no unit|not a finite"),
    ("gb200-nvl72", "gb900", 2, "'gb900' is none of gb200-nvl72"),
    ("racks: 1", "racks: 2, halls: 3", 3, "2 racks cannot fill 3 halls"),
    ("llama-3.1-70b", "llama-9", 5, "unknown model 'llama-9'; the catalogue has"),
    ("replicas: 2", "replicas: 0", 8, "out of bounds, 1 to"),
    ("replicas: 2", "replicas: two", 8, "'two' is no quantity"),
    ("replicas: 2", "replicas: 2.5", 8, "2.5 is no whole number"),
    ("replicas: 2", "replicas: 20", 4, "take 80 GPUs, the site has 72"),
    ("tp: 4", "tp: 128", 7, "larger than the NVLink domain of gb200-nvl72 .72."),
    ("tp: 4", "tp: 4, ep: 4", 7, "is dense"),
    ("tp: 4", "zp: 4", 7, "unknown key models 1.parallel.zp"),
    ("agents: 4", "agents: 4, rate: 1 /s", 9, "either `agents: N`"),
    ("kind: agents, agents: 4", "kind: mooncake, file: no.jsonl", 9, "no.jsonl does not exist"),
    ("seeds: 2", "seed: 1\nseed: 2", 12, "stands here twice"),
    ("seeds: 2", "sedes: 2", 11, "unknown key sedes"),
    ("seeds: 2", "seeds: [", 12, "not YAML"),
    ("models:\n", "model:\n", 1, "models is missing"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), BAD)
def test_scenario_errors_name_file_and_line(
    scenario: Any, old: Any, new: Any, line: Any, message: Any
) -> None:
    path = scenario(old, new)
    with pytest.raises(ConfigError, match=message) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert caught.value.exit_code == 2


def test_a_good_scenario_is_read(scenario: Any) -> None:
    loaded = load_scenario(scenario())
    assert loaded.duration_s == 60
    assert loaded.pools[0].gpus == 8


def test_a_model_that_does_not_fit_says_by_how_much_and_what_would(scenario: Any) -> None:
    path = scenario("llama-3.1-70b", "deepseek-r1")
    path.write_text(path.read_text().replace("tp: 4", "tp: 1"))
    with pytest.raises(ConfigError, match=r"\d+ GB too many; tp\d+ would fit") as caught:
        load_scenario(path)
    assert f"{path}:7: " in str(caught.value)


def test_an_unstable_workload_says_its_utilisation(scenario: Any) -> None:
    path = scenario("agents: 4", "rate: 200 /s, sessions: 2000")
    with pytest.raises(ConfigError, match=r"can never keep up: its utilisation .* \d+ %") as caught:
        run_scenario(load_scenario(path))
    assert str(caught.value).startswith(f"{path}:9: workload: ")


def test_a_model_that_stands_nowhere_is_told_with_its_line(scenario: Any) -> None:
    path = scenario("replicas: 2", "replicas: 1\n  - {name: wide, model: llama-3.1-70b, "
                    "precision: fp8, parallel: {tp: 4, dp: 16}}")  # fmt: skip
    path.write_text(path.read_text().replace("racks: 1", "racks: 1, spares: 64+8"))
    with pytest.raises(ConfigError, match="no room for a whole replica of") as caught:
        run_scenario(load_scenario(path))
    assert str(caught.value).startswith(f"{path}:4: models: best-fit placement")


def test_what_only_a_run_can_tell_names_its_line_too(scenario: Any) -> None:
    path = scenario("tp: 4}", "tp: 72}")
    path.write_text(path.read_text().replace("racks: 1", "racks: 2, lost_trays: 100 %"))
    with pytest.raises(ConfigError, match=r"needs 72 GPUs .* the largest has 68 usable") as caught:
        run_scenario(load_scenario(path))
    assert str(caught.value).startswith(f"{path}:4: models: ")
    path = scenario("agents: 4", "agents: 1M")
    path.write_text(path.read_text().replace("1 min", "10 h"))
    with pytest.raises(ConfigError, match="more than can be laid out at once") as caught:
        run_scenario(load_scenario(path))
    assert str(caught.value).startswith(f"{path}:9: workload: ")


LINE = '{"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [1]}\n'
LATE = LINE.replace(": 0,", ": 9000,")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (LATE + LINE, 2, "time goes backwards"),
        (LINE + LATE[:40], 2, "the last line is cut short"),
        (LINE + "nonsense\n" + LINE, 2, "not JSON"),
        (LINE + '{"timestamp": 1, "input_length": 5}\n', 2, "missing column output_length"),
        ('{"input_length": 5, "output_length": 5}\n', 1, "missing column timestamp"),
        (LINE.replace("600", "-600"), 1, "input_length must be a whole number"),
        (LINE.replace('"timestamp": 0', '"timestamp": "noon"'), 1, "a time must be milliseconds"),
        (LINE.replace("[1]", '["a"]'), 1, "hash_ids must be a list of whole numbers"),
        (LINE + "[]\n", 2, "must be a JSON object"),
    ],
)
def test_mooncake_errors_name_file_and_line(
    tmp_path: Path, text: Any, line: Any, message: Any
) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_mooncake(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "empty file"),
        ("TIMESTAMP,ContextTokens\n", 1, "missing column GeneratedTokens"),
        (HEAD + "2023-11-16 18:00:01,5,5\n2023-11-16 18:00:00,5,5\n", 3, "time goes backwards"),
        (HEAD + "2023-11-16 18:00:01,5\n", 2, "the line is cut short"),
        (HEAD + "yesterday,5,5\n", 2, "cannot read 'yesterday,5,5'"),
        (HEAD + "2023-11-16 18:00:01,-5,5\n", 2, "make no call"),
    ],
)
def test_azure_errors_name_file_and_line(
    tmp_path: Path, text: Any, line: Any, message: Any
) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_azure(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_the_command_line_raises_what_ends_with_2(scenario: Any) -> None:
    result = CliRunner().invoke(app, ["simulate", str(scenario("gb200-nvl72", "gb900"))])
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2


def test_simulate_writes_what_a_machine_can_read(scenario: Any, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["simulate", str(scenario()), "--json", "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document == json.loads((tmp_path / "out" / "result.json").read_text())
    if find_spec("matplotlib"):
        CliRunner().invoke(app, ["simulate", str(scenario()), "--out", str(tmp_path / "again")])
        drawn = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
        again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
        assert set(drawn) == {
            "result.json", *(f"result-{kind}.svg" for kind in ("latencies", "timeline", "racks")),
        }  # fmt: skip
        assert drawn == again
    assert document["numbers"]["calls_per_s"]["mean"] > 0
    assert document["partial"] is False
    assert "roofline" in document["step_time"][0]


def test_compare_puts_routers_and_placements_side_by_side(scenario: Any) -> None:
    result = CliRunner().invoke(
        app,
        ["compare", str(scenario()), "--router", "round-robin,affinity",
         "--placement", "first-fit,best-fit", "--json"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    policies = [(one["router"], one["placement"]) for one in document["answers"]]
    assert policies == [
        ("round-robin", "first-fit"), ("round-robin", "best-fit"),
        ("affinity", "first-fit"), ("affinity", "best-fit"),
    ]  # fmt: skip
    assert document["names"][3] == "affinity, best-fit"
    assert "gpus_schedulable_share" in document["differences"]["affinity, best-fit"]


def test_nothing_but_the_document_is_on_standard_output(scenario: Any) -> None:
    pytest.importorskip("highspy", reason="HiGHS (extra `cluster`) is not installed")
    command = [sys.executable, "-m", "macrohard", "cluster", "compare", str(scenario()),
               "--placement", "optimal", "--json"]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    answer = json.loads(ran.stdout)["answers"][0]
    assert (answer["placement"], answer["placement_proven"]) == ("optimal", True)


def test_hardware_lists_a_source_for_each_number() -> None:
    result = CliRunner().invoke(app, ["hardware", "--json"])
    machines = {machine["name"]: machine for machine in json.loads(result.stdout)}
    assert set(machines) >= {"gb200-nvl72", "gb300-nvl72", "b200-hgx", "h200-hgx", "h100-hgx"}
    for machine in machines.values():
        numbers = {name for name, value in machine.items() if isinstance(value, int | float)}
        assert numbers == set(machine["sources"])
    assert 1528 * machines["gb200-nvl72"]["domain_gpus"] == 110_016


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [("200 MW", "power", 2e8), ("4k", "count", 4000), ("1 h", "time", 3600), ("70 %", "share", 0.7),
     ("$3.50", "money", 3.5), ("1.5 GiB", "bytes", 1.5 * 2**30), ("30/min", "rate", 0.5),
     (7, "count", 7)],
)  # fmt: skip
def test_quantities(text: Any, kind: Any, value: Any) -> None:
    assert parse_quantity(text, kind) == pytest.approx(value)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(2e8, "power", "200 MW"), (0.0051, "time", "5.1 ms"), (7200, "time", "2 h")],
)
def test_quantities_are_written_back(value: Any, kind: Any, text: Any) -> None:
    assert format_quantity(value, kind) == text


def test_a_run_says_whether_what_was_asked_is_kept(scenario: Any) -> None:
    asked = scenario("seeds: 2", "seeds: 2\nslo: {ttft: 1 h, tpot: 1 ms}")
    said = CliRunner().invoke(app, ["simulate", str(asked)]).stdout
    assert re.search(r"The slo \(p90\): ttft [\d,]+ ms, asked 3,600,000 ms: kept; tpot ", said)
    assert "asked 1 ms: missed" in said
