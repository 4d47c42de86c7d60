"""What docs/cluster.md and examples/cluster show is what runs, up to a site of 110,016 GPUs."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from macrohard.cluster.engine.jit import has_numba
from macrohard.cluster.scenario import load_scenario
from macrohard.cluster.standing import stand
from macrohard.cluster.study import run_scenario
from macrohard.errors import ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "cluster"
TRACE = EXAMPLES / "mooncake_conversation_trace.jsonl"
DOCS = (ROOT / "docs" / "cluster.md").read_text("utf-8")


def test_the_scenario_of_the_docs_is_one(tmp_path: Path) -> None:
    path = tmp_path / "docs.yaml"
    found = re.search(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert found
    path.write_text(found[1])
    scenario = load_scenario(path)
    assert (scenario.site.gpus, scenario.pools[0].decoders, scenario.seeds) == (144, 4, 5)


@pytest.mark.skipif(not has_numba(), reason="half a minute as plain Python (extra `cluster`)")
def test_the_python_of_the_docs_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"```python\n(.*?)```", DOCS, re.DOTALL)
    assert found
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(found[1], names)  # noqa: S102 - our own text
    assert names["answer"].numbers["ttft_p90"].seeds == 3


def test_every_example_is_read_or_says_what_to_fetch() -> None:
    for path in sorted(EXAMPLES.glob("*.yaml")):
        if path.name == "mooncake.yaml" and not TRACE.exists():
            with pytest.raises(ConfigError, match=r"mooncake_conversation_trace.jsonl does not"):
                load_scenario(path)
        elif path.name != "mooncake.yaml":
            assert load_scenario(path).source == str(path)


def test_a_site_of_110_016_gpus_stands_and_at_least_95_percent_are_schedulable() -> None:
    site = load_scenario(EXAMPLES / "site.yaml")
    assert (site.site.racks, site.site.gpus) == (1528, 110_016)
    assert site.site.inventory == {
        "GPUs": 110_016, "compute trays": 27_504, "switch trays": 13_752, "power shelves": 12_224,
        "NVLink domains": 1528, "leaf switches": 192, "spine switches": 16, "halls": 8,
        "MW of racks": pytest.approx(201.7, abs=0.1),
    }  # fmt: skip
    numbers = stand(site, site.pools, seed=1).flat()
    assert numbers["gangs_placed_share"] == 1
    assert numbers["gpus_schedulable_share"] > 0.95
    assert numbers["lost_with_a_hall_share"] < 0.13


@pytest.mark.skipif(not has_numba(), reason="minutes as plain Python (extra `cluster`)")
def test_its_agents_are_served_in_one_run_with_the_same_bytes_each_time() -> None:
    site = load_scenario(EXAMPLES / "site.yaml")
    first, again = (run_scenario(replace(site, duration_s=4.0)) for _ in range(2))
    assert first.as_json() == again.as_json()
    assert first.metrics[0].gpus == 109_408
    assert len(first.results[0].replicas) == 13_676
    doors = {int(replica) * 16 // 13_676 for replica in first.results[0].replica if replica >= 0}
    assert doors == set(range(16))
    assert first.metrics[0].calls > 500
