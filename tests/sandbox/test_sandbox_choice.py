"""Which sandbox a run gets, and what it is told when it gets none."""

from typing import Any, NoReturn

import pytest

from macrohard.errors import ConfigError, SandboxError
from macrohard.sandbox import ProcessProvider, choose
from macrohard.sandbox.docker import DockerProvider, Engine
from macrohard.sandbox.docker.engine import EngineError


def no_engine() -> NoReturn:
    raise EngineError("no container engine was found: there is no socket", absent=True)


class Client:
    """As much of an engine's client as choosing asks."""

    api_version = "1.41"
    base_url = "http+docker://localhost"

    def __init__(self, *, built: bool) -> None:
        self._built = built

    def images(self, tag: str) -> list[str]:
        return [tag] if self._built else []

    def close(self) -> None:
        """Nothing is open."""


def engine(*, built: bool) -> Engine:
    client: Any = Client(built=built)
    return Engine(client, {"NCPU": 2, "Runtimes": {"runc": {}, "runsc": {}}})


@pytest.mark.parametrize("name", ["auto", "process"])
@pytest.mark.parametrize(("offline", "allowed"), [(True, False), (True, True), (False, True)])
def test_processes_run_code_of_the_offline_model_and_what_the_person_allowed(
    name: str, offline: bool, allowed: bool
) -> None:
    chosen = choose(name, model_is_offline=offline, allow_process=allowed, find=no_engine)  # type: ignore[arg-type]

    assert isinstance(chosen, ProcessProvider)


@pytest.mark.parametrize("name", ["auto", "process"])
def test_code_of_a_real_model_does_not_run_in_processes_by_itself(name: str) -> None:
    with pytest.raises(SandboxError, match="--allow-process-sandbox"):
        choose(name, model_is_offline=False, allow_process=False, find=no_engine)  # type: ignore[arg-type]


@pytest.mark.parametrize("offline", [True, False])
def test_docker_is_never_replaced_silently(offline: bool) -> None:
    with pytest.raises(SandboxError, match="no container engine was found"):
        choose("docker", model_is_offline=offline, allow_process=True, find=no_engine)


@pytest.mark.parametrize("offline", [True, False])
def test_an_engine_with_the_image_is_used(offline: bool) -> None:
    said: list[str] = []
    chosen = choose(
        "auto", model_is_offline=offline, allow_process=True,
        say=said.append, find=lambda: engine(built=True),
    )  # fmt: skip

    assert isinstance(chosen, DockerProvider)
    assert said == []


def test_nobody_waits_for_an_image_they_did_not_ask_for() -> None:
    said: list[str] = []
    chosen = choose(
        "auto", model_is_offline=True, allow_process=False,
        say=said.append, find=lambda: engine(built=False),
    )  # fmt: skip

    assert isinstance(chosen, ProcessProvider)
    assert "the process sandbox is used" in said[0]
    assert "macrohard sandbox build python" in said[0]
    assert "minutes" in said[0]


@pytest.mark.parametrize(("name", "offline"), [("auto", False), ("docker", True)])
def test_who_needs_or_names_docker_gets_it_built(name: str, offline: bool) -> None:
    chosen = choose(
        name, model_is_offline=offline, allow_process=False, find=lambda: engine(built=False)  # type: ignore[arg-type]
    )  # fmt: skip

    assert isinstance(chosen, DockerProvider)


def test_a_runtime_the_engine_has_is_used() -> None:
    chosen = choose(
        "auto", model_is_offline=True, allow_process=False, runtime="runsc",
        find=lambda: engine(built=True),
    )  # fmt: skip

    assert any(line.startswith("kernel: holds: the runtime runsc") for line in chosen.describe())


def test_a_runtime_the_engine_lacks_is_named_with_those_it_has() -> None:
    with pytest.raises(SandboxError, match=r"--sandbox-runtime kata: .* it has runc, runsc"):
        choose(
            "auto", model_is_offline=True, allow_process=True, runtime="kata",
            find=lambda: engine(built=True),
        )  # fmt: skip


@pytest.mark.parametrize("own", ["runc", "runsc"])
def test_podman_runs_its_own_runtime_and_so_no_other_is_promised(own: str) -> None:
    about = {
        "BuildahVersion": "1.28.2",
        "DefaultRuntime": own,
        "Runtimes": {"runc": {}, "runsc": {}},
    }
    client: Any = Client(built=True)
    if own == "runsc":
        assert DockerProvider(Engine(client, about), runtime="runsc").name == "docker"
        return
    with pytest.raises(SandboxError, match=r"its own runtime, which is runc.*containers\.conf"):
        DockerProvider(Engine(client, about), runtime="runsc")


def test_an_unknown_kind_is_a_usage_error() -> None:
    with pytest.raises(ConfigError, match="auto, docker or process"):
        choose("podman", model_is_offline=True, allow_process=True)  # type: ignore[arg-type]
