"""A whole build whose code runs in Docker boxes."""

from pathlib import Path

from support.builds import TINY, tree

from macrohard import build
from macrohard.sandbox.docker import DockerProvider, Engine, leftovers


def test_a_build_in_docker_is_released_like_any_other(engine_address: str, tmp_path: Path) -> None:
    spec = tmp_path / "tea.md"
    spec.write_text(TINY)
    provider = DockerProvider(Engine.find(engine_address), run=str(tmp_path), warm=1)
    built = build(spec, out=tmp_path / "docker", sandbox=provider)

    assert built.status == "released"
    assert built.satisfied == built.scenarios > 0
    assert built.record["tests"]["unit"]["failed"] == 0
    assert built.record["tests"]["unit"]["passed"] > 0
    assert built.record["tests"]["acceptance"]["passed"] > 0
    assert tree(tmp_path / "docker")
    engine = Engine.find(engine_address)
    filters = {"label": f"{leftovers.RUN}={tmp_path}"}
    assert engine.client.containers(all=True, filters=filters) == []
    assert not engine.client.volumes(filters=filters)["Volumes"]
    engine.close()
